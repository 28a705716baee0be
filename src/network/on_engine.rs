//! What a network does on its engine, as futures: a front that waits until they are done and one that cannot are both
//! written on them. `Network` says what each does, and its errors.

use super::{Dataset, Fit, Predictions};
use crate::engine::{AnyEngine, Engine};
use crate::error::Result;
use crate::loss::Objective;
use crate::model::{Dropout, Model, Spec};
use crate::train::{Epoch, Finished, Measures, Next, Snapshot, fit_validated, record_loss, trained_for};

/// Rows that are computed at a time; more take more memory.
const ROWS: usize = 256;

/// Fits a model on an engine that has its network. Where that fails, both are as they were before.
pub async fn fit(model: &mut Model, engine: &mut AnyEngine, data: &Dataset, fit: &mut Fit<'_>) -> Result<Finished> {
    fit_from(model, engine, data, fit, None, None).await
}

/// As [`fit`], from a snapshot of an earlier run on, which may have been on another device. Where `each_epoch` is there,
/// it is given a snapshot after every epoch.
pub async fn fit_from(
    model: &mut Model,
    engine: &mut AnyEngine,
    data: &Dataset,
    fit: &mut Fit<'_>,
    from: Option<Snapshot>,
    mut each_epoch: Option<&mut dyn FnMut(&Snapshot)>,
) -> Result<Finished> {
    let (train, val) = fit.rows(data)?;
    let run = fit.run(model.spec, data, &train, &val)?;
    let loss = run.options.loss;
    Objective { loss, dropout: Dropout { p: run.options.dropout, ..Dropout::default() } }.check(&model.spec)?;
    data.check(&model.spec)?;
    data.check_targets(&model.spec, loss)?;
    engine.load_data(data.as_windows())?;
    engine.set_parameters(&model.parameters)?;
    let fitted = async {
        // Where the callback stops it, the run ends with the last weights.
        let mut best = None;
        let keeps = each_epoch.is_some();
        let watch = |epoch: &Epoch| match fit.watch(epoch) {
            Next::Continue if keeps && epoch.ended => Next::Keep,
            next => next,
        };
        let keep = |snapshot: &Snapshot| {
            best = snapshot.best.clone();
            if let Some(each_epoch) = &mut each_epoch {
                each_epoch(snapshot);
            }
            Ok(())
        };
        let finished = fit_validated(engine, &run, from, watch, keep).await?;
        if let Some((_, parameters)) = best {
            engine.set_parameters(&parameters)?;
        }
        Ok((finished, engine.parameters().await?))
    };
    match fitted.await {
        Ok((finished, parameters)) => {
            model.parameters = parameters;
            record_loss(model, loss);
            Ok(finished)
        }
        Err(error) => {
            // A device that went away fails here too, and again at the next call.
            let _ = engine.set_parameters(&model.parameters);
            Err(error)
        }
    }
}

/// The outputs for every row.
pub async fn predict(spec: &Spec, engine: &mut AnyEngine, data: &Dataset) -> Result<Predictions> {
    data.check(spec)?;
    let ids: Vec<u32> = (0..data.rows() as u32).collect();
    engine.load_data(data.as_windows())?;
    let values = engine.predict(&ids, ROWS).await?;
    let (steps, outputs) = (spec.read_steps(data.steps()), spec.outputs());
    Ok(Predictions { rows: data.rows(), steps, outputs, values })
}

/// What the outputs for the data are worth.
pub async fn evaluate(model: &Model, engine: &mut AnyEngine, data: &Dataset) -> Result<Measures> {
    let called_for = data.loss(&model.spec)?;
    let loss = trained_for(model).unwrap_or(called_for);
    data.check_targets(&model.spec, loss)?;
    let outputs = predict(&model.spec, engine, data).await?.into_vec();
    let ids: Vec<u32> = (0..data.rows() as u32).collect();
    Measures::of(&model.spec, loss, data.as_windows(), &ids, &outputs)
}
