//! Networks over segments of time ([`Segments`](crate::model::Segments)), on any engine: it runs the recurrent layers,
//! over the segments and again for every position of the horizon; the embedding, the positions and the head, a few
//! percent of the work, run on the host.

mod linear;
mod passes;
mod shape;

use crate::data::{Sequences, Windows};
use crate::engine::{
    self, DeviceInfo, Differentiated, Engine, Gradients, Moments, OutputGradients, Outputs, Steps, check_d_outputs,
};
use crate::error::{Error, Result};
use crate::loss::Objective;
use crate::model::{Dropout, Layout, Spec};
pub use passes::SegmentedTape;
use passes::Way;
use shape::Rows;

/// A network over segments, whose recurrent layers are on an engine. Steps that are queued run when something is asked
/// that depends on them; new parameters take their place.
#[derive(Debug)]
pub struct Segmented<E> {
    /// What the recurrent layers are on.
    engine: E,
    spec: Spec,
    layout: Layout,
    parameters: Vec<f32>,
    moments: Moments,
    windows: Option<Windows>,
    queue: Vec<Queued>,
    /// Losses of the steps since they were last asked for.
    losses: Vec<f32>,
}

/// [`Steps`] that own what they borrow.
#[derive(Debug)]
struct Queued {
    ids: Vec<u32>,
    history: Vec<f64>,
    steps: Steps<'static>,
}

impl<E: Engine> Segmented<E> {
    /// The network `spec` with the block `parameters`. The engine has the layers of [`Spec::recurrent`] with their part
    /// of the block, which `make` gives it.
    ///
    /// # Errors
    /// [`Error::Config`] where the spec is not valid; [`Error::Length`] where the block has another length; and what
    /// `make` refuses.
    pub fn new(spec: Spec, parameters: &[f32], make: impl FnOnce(Spec, &[f32]) -> Result<E>) -> Result<Self> {
        spec.validate()?;
        let layout = Layout::new(&spec);
        Error::check_len("parameters", &[("block", layout.len())], parameters.len())?;
        let engine = make(spec.recurrent(), &parameters[layout.recurrent()])?;
        let zeros = vec![0.0; layout.len()];
        let moments = Moments { m: zeros.clone(), v: zeros };
        let (windows, queue, losses) = (None, Vec::new(), Vec::new());
        Ok(Segmented { engine, spec, layout, parameters: parameters.to_vec(), moments, windows, queue, losses })
    }

    fn way(&mut self) -> Way<'_, E> {
        let Segmented { engine, spec, layout, parameters, .. } = self;
        Way { engine, spec, layout, parameters }
    }

    /// Runs the steps that are queued.
    async fn flush(&mut self) -> Result<()> {
        for queued in std::mem::take(&mut self.queue) {
            let steps = Steps { ids: &queued.ids, history: &queued.history, ..queued.steps };
            let windows = self.windows.clone().ok_or_else(not_loaded)?;
            for (k, ids) in steps.ids.chunks(steps.batch).enumerate() {
                let rows = Rows::windows(&windows, ids);
                let targets: Vec<f32> = ids.iter().flat_map(|&id| windows.target(id as usize).into_owned()).collect();
                let Differentiated { loss, mut gradients, .. } =
                    self.differentiate_rows(&rows, None, &targets, &steps.objective(k), false).await?;
                self.losses.push(loss);
                steps.clip.map(|clip| clip.apply(&mut gradients.parameters)).transpose()?;
                let Moments { m, v } = &mut self.moments;
                steps.update(k).apply_all(&gradients.parameters, &mut self.parameters, m, v);
                self.engine.set_parameters(&self.parameters[self.layout.recurrent()])?;
            }
        }
        Ok(())
    }

    async fn differentiate_rows(
        &mut self,
        rows: &Rows<'_>,
        states: Option<&[f32]>,
        targets: &[f32],
        objective: &Objective,
        with_x: bool,
    ) -> Result<Differentiated> {
        let (outputs, tape) = self.way().record(rows, states, &objective.dropout).await?;
        let lengths: Vec<usize> = (0..rows.count()).map(|row| rows.length(row)).collect();
        let (loss, d_y) = objective.loss.mean_of(&self.spec, &lengths, &outputs.y, targets);
        let gradients = self.way().backward(tape, OutputGradients { y: &d_y, states: &[] }, with_x).await?;
        Ok(Differentiated { loss: loss as f32, outputs, gradients })
    }
}

impl<E: Engine> Engine for Segmented<E> {
    type Tape = SegmentedTape<E::Tape>;

    fn device(&self) -> &DeviceInfo {
        self.engine.device()
    }

    async fn parameters(&mut self) -> Result<Vec<f32>> {
        self.flush().await?;
        Ok(self.parameters.clone())
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        Error::check_len("parameters", &[("block", self.layout.len())], parameters.len())?;
        self.engine.set_parameters(&parameters[self.layout.recurrent()])?;
        self.queue.clear();
        self.parameters.copy_from_slice(parameters);
        self.moments.m.fill(0.0);
        self.moments.v.fill(0.0);
        Ok(())
    }

    async fn moments(&mut self) -> Result<Moments> {
        self.flush().await?;
        Ok(self.moments.clone())
    }

    fn set_moments(&mut self, moments: &Moments) -> Result<()> {
        for (name, values) in [("m", &moments.m), ("v", &moments.v)] {
            Error::check_len(name, &[("block", self.layout.len())], values.len())?;
        }
        self.moments = moments.clone();
        Ok(())
    }

    fn load_data(&mut self, windows: &Windows) -> Result<()> {
        engine::check_windows(&self.spec, windows)?;
        self.windows = Some(windows.clone());
        Ok(())
    }

    fn train(&mut self, steps: &Steps) -> Result<()> {
        steps.check(&self.spec, self.windows.as_ref().ok_or_else(not_loaded)?)?;
        if steps.carry {
            return Err(Error::config("carry", "true", "false, for a network over segments"));
        }
        let (ids, history) = (steps.ids.to_vec(), steps.history.to_vec());
        self.queue.push(Queued { ids, history, steps: Steps { ids: &[], history: &[], ..*steps } });
        Ok(())
    }

    async fn losses(&mut self) -> Result<Vec<f32>> {
        self.flush().await?;
        Ok(std::mem::take(&mut self.losses))
    }

    async fn predict(&mut self, ids: &[u32], batch: usize) -> Result<Vec<f32>> {
        self.flush().await?;
        let windows = self.windows.clone().ok_or_else(not_loaded)?;
        windows.check_ids(ids)?;
        if batch == 0 {
            return Err(Error::config("batch", batch, "at least 1"));
        }
        let mut y = Vec::new();
        for ids in ids.chunks(batch) {
            y.append(&mut self.way().forward(&Rows::windows(&windows, ids), None).await?.y);
        }
        Ok(y)
    }

    async fn forward(&mut self, sequences: &Sequences<'_>) -> Result<Outputs> {
        self.flush().await?;
        engine::check_sequences(&self.spec, sequences)?;
        self.way().forward(&Rows::sequences(sequences), sequences.states.as_deref()).await
    }

    async fn record(&mut self, sequences: &Sequences<'_>, dropout: &Dropout) -> Result<(Outputs, Self::Tape)> {
        self.flush().await?;
        engine::check_sequences(&self.spec, sequences)?;
        dropout.check()?;
        self.way().record(&Rows::sequences(sequences), sequences.states.as_deref(), dropout).await
    }

    async fn backward(&mut self, tape: Self::Tape, d_outputs: OutputGradients<'_>, with_x: bool) -> Result<Gradients> {
        self.flush().await?;
        check_d_outputs(&self.spec, tape.rows(), 1, d_outputs)?;
        self.way().backward(tape, d_outputs, with_x).await
    }

    async fn differentiate(
        &mut self,
        sequences: &Sequences<'_>,
        targets: &[f32],
        objective: &Objective,
    ) -> Result<Differentiated> {
        self.flush().await?;
        engine::check_sequences(&self.spec, sequences)?;
        objective.check(&self.spec)?;
        let lengths: Vec<usize> = (0..sequences.rows).map(|row| sequences.length(row)).collect();
        objective.loss.check_targets(&self.spec, sequences.steps, &lengths, targets)?;
        let (rows, states) = (Rows::sequences(sequences), sequences.states.as_deref());
        self.differentiate_rows(&rows, states, targets, objective, true).await
    }

    fn open_stream(&mut self, _: usize, _: Option<&[f32]>) -> Result<()> {
        Err(no_stream())
    }

    async fn step_many(&mut self, _: &[f32], _: usize) -> Result<Vec<f32>> {
        Err(no_stream())
    }

    async fn states(&mut self) -> Result<Vec<f32>> {
        Err(no_stream())
    }
}

fn not_loaded() -> Error {
    Error::config("windows", "none", "windows that were loaded before")
}

fn no_stream() -> Error {
    Error::config("a stream's network", "one over segments", "one that goes step by step")
}
