//! The sine exercise, step by step.

use crate::device::Device;
use crate::js::{Result, options, pixels, refused, told, value, wrong};
use crate::lost::processor;
use js_sys::{Function, Uint8Array};
use refrain::Error;
use refrain::bench_table::cell_name;
use refrain::engine::{AnyEngine, Engine, Moments};
use refrain::exercise::{self, Sine, SineOptions, free_run};
use refrain::model::{CellKind, Model, Spec, initial_parameters};
use refrain::optim::Optimizer;
use refrain::train::{self, Metrics, Options, State, evaluate, fit, portion};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use wasm_bindgen::prelude::*;

/// A network and the sine that it learns: trained a few epochs at a time, so that one can look at it in between.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Exercise {
    sine: Sine,
    spec: Spec,
    engine: AnyEngine,
    options: Options,
    state: State,
    /// Of an adapter, which may be lost: what it had after the last epoch.
    kept: Kept,
    /// Why it went on on the processor.
    lost: Option<String>,
}

/// A network after an epoch.
#[derive(Debug)]
struct Kept {
    state: State,
    parameters: Vec<f32>,
    moments: Moments,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct ExerciseOptions {
    cell: String,
    hidden: usize,
    lr: f64,
    seed: u64,
    batch: usize,
    samples: usize,
    seq_len: usize,
    noise: f64,
}

impl Default for ExerciseOptions {
    fn default() -> Self {
        let (sine, train) = (SineOptions::default(), train::Options::default());
        ExerciseOptions {
            cell: cell_name(CellKind::RnnTanh).to_owned(),
            hidden: 20,
            lr: train.optimizer.lr(),
            seed: 0,
            batch: train.batch,
            samples: sine.samples,
            seq_len: sine.seq_len,
            noise: sine.noise,
        }
    }
}

/// The cell of a name.
pub fn cell(name: &str) -> Result<CellKind> {
    let found = CellKind::ALL.into_iter().find(|&cell| cell_name(cell) == name);
    found.ok_or_else(|| wrong(format!("cell is `{name}`, expected {}", CellKind::ALL.map(cell_name).join(", "))))
}

#[wasm_bindgen]
impl Exercise {
    /// Makes the data, and puts a new network on the device.
    #[wasm_bindgen(constructor)]
    pub fn new(
        device: &Device,
        #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "ExerciseOptions")] wanted: JsValue,
    ) -> Result<Exercise> {
        let ExerciseOptions { cell: name, hidden, lr, seed, batch, samples, seq_len, noise } = options(&wanted)?;
        let sine = Sine::new(&SineOptions { samples, seq_len, noise, seed }).map_err(refused)?;
        let spec = Spec::new(cell(&name)?, 1, hidden, 1);
        spec.check_size().map_err(refused)?;
        let parameters = initial_parameters(&spec, seed);
        let mut engine = device.0.engine(spec, &parameters).map_err(refused)?;
        engine.load_data(sine.windows()).map_err(refused)?;
        let portion = portion(engine.device(), parameters.len(), seq_len, batch.min(samples));
        let options = Options { batch, optimizer: Optimizer::adam(lr), seed, portion, report: 1, ..Options::default() };
        options.check().map_err(refused)?;
        let moments = Moments { m: vec![0.0; parameters.len()], v: vec![0.0; parameters.len()] };
        let kept = Kept { state: State::default(), parameters, moments };
        Ok(Exercise { sine, spec, engine, options, state: State::default(), kept, lost: None })
    }

    /// Trains `epochs` more epochs, or until the callback, which is told of each, returns `false`. Where the GPU is
    /// lost, it goes on from the last epoch on the processor.
    pub async fn train(
        &mut self,
        epochs: usize,
        #[wasm_bindgen(unchecked_optional_param_type = "Callback<ExerciseEpoch>")] callback: Option<Function>,
    ) -> Result<()> {
        #[derive(Serialize)]
        struct Epoch<'a> {
            epoch: usize,
            loss: f64,
            steps: &'a [f32],
            device: &'a str,
            lost: Option<&'a str>,
        }
        let target = self.state.epochs + epochs;
        while self.state.epochs < target {
            let Exercise { sine, engine, options, state, kept, lost, .. } = self;
            let options = Options { epochs: target, ..*options };
            let mut threw = None;
            let mut stopped = false;
            let begun = state.clone();
            let done = fit(engine, &options, &sine.train_ids(), begun, async |engine: &mut AnyEngine, progress| {
                let Some(report) = &progress.report else { return Ok(ControlFlow::Continue(())) };
                if engine.device().backend != "native" {
                    let (parameters, moments) = (engine.parameters().await?, engine.moments().await?);
                    *kept = Kept { state: progress.state.clone(), parameters, moments };
                }
                state.clone_from(progress.state);
                let epoch = Epoch {
                    epoch: progress.epoch,
                    loss: report.loss,
                    steps: report.steps,
                    device: &engine.device().name,
                    lost: lost.as_deref(),
                };
                match told(callback.as_ref(), &epoch).await {
                    Ok(true) => return Ok(ControlFlow::Continue(())),
                    Ok(false) => stopped = true,
                    Err(error) => threw = Some(error),
                }
                Ok(ControlFlow::Break(()))
            })
            .await;
            if let Some(error) = threw {
                return Err(error);
            }
            match done {
                Err(error) => self.recover(error)?,
                Ok(_) if stopped => break,
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// Why it went on on the processor, where the GPU was lost.
    #[wasm_bindgen(getter)]
    pub fn lost(&self) -> Option<String> {
        self.lost.clone()
    }

    /// Epochs trained.
    #[wasm_bindgen(getter)]
    pub fn epochs(&self) -> usize {
        self.state.epochs
    }

    /// Parameters of the network.
    #[wasm_bindgen(getter)]
    pub fn parameters(&self) -> usize {
        refrain::model::Layout::new(&self.spec).len()
    }

    /// The errors on the windows held out.
    #[wasm_bindgen(unchecked_return_type = "Metrics")]
    pub async fn test(&mut self) -> Result<JsValue> {
        let ids = self.sine.test_ids();
        loop {
            match evaluate(&mut self.engine, self.sine.windows(), &ids, self.options.batch).await {
                Ok(found) => return value(&found),
                Err(error) => self.recover(error)?,
            }
        }
    }

    /// The errors of repeating the last value on the windows held out.
    #[wasm_bindgen(unchecked_return_type = "Metrics")]
    pub fn naive(&self) -> Result<JsValue> {
        let ids = self.sine.test_ids();
        let targets: Vec<f32> = ids.iter().map(|&id| self.sine.windows().target(id as usize)[0]).collect();
        value(&Metrics::of(&self.sine.repeat_last(&ids), &targets).map_err(refused)?)
    }

    /// A forecast of `steps` points after a window that was held out, fed with its own output.
    #[wasm_bindgen(js_name = "freeRun")]
    pub async fn free_run(&mut self, steps: usize) -> Result<FreeRun> {
        let shown = self.sine.test_ids()[0] as usize;
        let given = self.sine.windows().window(shown).to_vec();
        let forecast = loop {
            match free_run(&mut self.engine, &given, steps).await {
                Ok(forecast) => break forecast,
                Err(error) => self.recover(error)?,
            }
        };
        let truth = self.sine.truth(shown, 0, given.len() + steps);
        let rmse = Metrics::of(&forecast, &truth[given.len()..]).map_err(refused)?.rmse;
        let (cell, hidden) = (cell_name(self.spec.cell).to_uppercase(), self.spec.hidden);
        let title = format!("{cell} with {hidden} hidden units, fed with its own output");
        Ok(FreeRun(exercise::FreeRun { title, given, truth, forecast, rmse }))
    }

    /// The network as a safetensors file, under PyTorch's names.
    pub async fn model(&mut self) -> Result<Uint8Array> {
        let parameters = loop {
            match self.engine.parameters().await {
                Ok(parameters) => break parameters,
                Err(error) => self.recover(error)?,
            }
        };
        let bytes = Model::new(self.spec, parameters).to_bytes().map_err(refused)?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }
}

impl Exercise {
    /// Goes on on the processor from the last epoch where an adapter was lost; any other error is the caller's.
    fn recover(&mut self, error: Error) -> Result<()> {
        let (device, lost) = processor(error, self.engine.device())?;
        let Kept { state, parameters, moments } = &self.kept;
        let mut engine = device.engine(self.spec, parameters).map_err(refused)?;
        engine.set_moments(moments).map_err(refused)?;
        engine.load_data(self.sine.windows()).map_err(refused)?;
        self.state.clone_from(state);
        (self.engine, self.lost) = (engine, Some(lost));
        Ok(())
    }
}

/// A forecast that was fed with its own output.
#[wasm_bindgen]
#[derive(Debug)]
pub struct FreeRun(exercise::FreeRun);

#[wasm_bindgen]
impl FreeRun {
    /// The window that it began with.
    #[wasm_bindgen(getter)]
    pub fn given(&self) -> Vec<f32> {
        self.0.given.clone()
    }

    /// What is true, from the window's first point on.
    #[wasm_bindgen(getter)]
    pub fn truth(&self) -> Vec<f32> {
        self.0.truth.clone()
    }

    /// The forecast, from the first point after the window on.
    #[wasm_bindgen(getter)]
    pub fn forecast(&self) -> Vec<f32> {
        self.0.forecast.clone()
    }

    /// The forecast against the truth.
    #[wasm_bindgen(getter)]
    pub fn rmse(&self) -> f64 {
        self.0.rmse
    }

    /// The picture, so many pixels wide, as the text of an SVG file.
    pub fn svg(&self, width: f64) -> Result<String> {
        Ok(self.0.svg(pixels(width)?))
    }

    /// A row a point, as CSV.
    pub fn csv(&self) -> String {
        self.0.csv()
    }
}
