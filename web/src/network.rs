//! Networks: built or loaded, fitted, asked, streamed.

use crate::dataset::Dataset;
use crate::device::Device;
use crate::exercise::cell;
use crate::js::{Result, in_words, options, refused, value};
use crate::lost::processor;
use js_sys::{Function, Uint8Array};
use refrain::Error;
use refrain::engine::{AnyEngine, Engine, Precision};
use refrain::model::{LoadOptions, Model, Nonlinearity, Readout};
use refrain::network::{Builder, Fit, on_engine};
use refrain::train::{self, Snapshot};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::ops::ControlFlow;
use wasm_bindgen::prelude::*;

/// A recurrent network with its weights, on a device.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Network {
    model: Model,
    engine: AnyEngine,
    notes: Vec<String>,
    /// Why it went on on the processor.
    lost: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct NetworkOptions {
    cell: String,
    inputs: usize,
    hidden: usize,
    layers: Option<usize>,
    bidirectional: bool,
    outputs: Option<usize>,
    readout: Option<Readout>,
    nonlinearity: Option<Nonlinearity>,
    forget_bias: Option<f32>,
    precision: Option<Precision>,
    seed: u64,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct FileOptions {
    name: Option<String>,
    nonlinearity: Option<Nonlinearity>,
    readout: Option<Readout>,
    module: Option<String>,
    head_module: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FitOptions {
    epochs: Option<usize>,
    batch: Option<usize>,
    lr: Option<f64>,
    clip: Option<f64>,
    dropout: Option<f32>,
    validate: Option<f64>,
    patience: Option<usize>,
    seed: Option<u64>,
}

#[wasm_bindgen]
impl Network {
    /// A new network with its initial weights.
    #[wasm_bindgen(constructor)]
    pub fn new(
        device: &Device,
        #[wasm_bindgen(js_name = "options", unchecked_param_type = "NetworkOptions")] wanted: JsValue,
    ) -> Result<Network> {
        let wanted: NetworkOptions = options(&wanted)?;
        let precision = wanted.precision.unwrap_or_default();
        let mut builder = Builder::new(cell(&wanted.cell)?, wanted.inputs, wanted.hidden)
            .layers(wanted.layers.unwrap_or(1))
            .bidirectional(wanted.bidirectional)
            .seed(wanted.seed);
        if let Some(outputs) = wanted.outputs {
            builder = builder.head(outputs);
        }
        match wanted.readout {
            None | Some(Readout::Last) => {}
            Some(Readout::LastStep) => builder = builder.last_step(),
            Some(Readout::Every) => builder = builder.every_step(),
        }
        if let Some(nonlinearity) = wanted.nonlinearity {
            builder = builder.nonlinearity(nonlinearity);
        }
        if let Some(bias) = wanted.forget_bias {
            builder = builder.forget_bias(bias);
        }
        let model = builder.model().map_err(refused)?;
        let engine = device.0.engine_with(model.spec, &model.parameters, precision).map_err(refused)?;
        Ok(Network { model, engine, notes: Vec::new(), lost: None })
    }

    /// The network of a model file: one that this library wrote, here or at the command line, or a state_dict that
    /// PyTorch wrote as safetensors.
    pub fn load(
        device: &Device,
        file: &[u8],
        #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "FileOptions")] wanted: JsValue,
    ) -> Result<Network> {
        let FileOptions { name, nonlinearity, readout, module, head_module } = options(&wanted)?;
        let name = name.unwrap_or_else(|| "the model".to_owned());
        let loaded = Model::read(&name, file, &LoadOptions { nonlinearity, readout, module, head_module });
        let loaded = loaded.map_err(refused)?;
        let engine = device.0.engine(loaded.model.spec, &loaded.model.parameters).map_err(refused)?;
        let notes = loaded.notes.iter().chain(&loaded.ignored).map(in_words).collect();
        Ok(Network { notes, model: loaded.model, engine, lost: None })
    }

    /// What it is.
    #[wasm_bindgen(getter, unchecked_return_type = "NetworkDescription")]
    pub fn about(&self) -> Result<JsValue> {
        #[derive(Serialize)]
        struct Description<'a> {
            network: String,
            inputs: usize,
            outputs: usize,
            bidirectional: bool,
            parameters: usize,
            device: &'a str,
            notes: &'a [String],
        }
        let spec = &self.model.spec;
        value(&Description {
            network: spec.to_string(),
            inputs: spec.input,
            outputs: spec.outputs(),
            bidirectional: spec.bidirectional,
            parameters: self.model.parameters.len(),
            device: &self.engine.device().name,
            notes: &self.notes,
        })
    }

    /// Fits the network to data. The callback is told of every epoch, and ends the run where it returns `false`; what it
    /// returns is not waited for. Where the GPU is lost, training goes on from the last epoch on the processor.
    #[wasm_bindgen(unchecked_return_type = "Fitted")]
    pub async fn fit(
        &mut self,
        data: &Dataset,
        #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "FitOptions")] wanted: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "(epoch: FitEpoch) => void | boolean")] callback: Option<
            Function,
        >,
    ) -> Result<JsValue> {
        #[derive(Serialize)]
        struct Epoch<'a> {
            epoch: usize,
            epochs: usize,
            loss: f64,
            val: Option<f64>,
            device: &'a str,
            lost: Option<&'a str>,
        }
        #[derive(Serialize)]
        struct Fitted<'a> {
            epochs: usize,
            history: &'a [f64],
            val: &'a [f64],
            best: Option<usize>,
        }
        let FitOptions { epochs, batch, lr, clip, dropout, validate, patience, seed } = options(&wanted)?;
        let mut threw = None;
        let mut fit = Fit::default();
        if let Some(epochs) = epochs {
            fit = fit.epochs(epochs);
        }
        if let Some(batch) = batch {
            fit = fit.batch(batch);
        }
        if let Some(lr) = lr {
            fit = fit.adam(lr);
        }
        if let Some(clip) = clip {
            fit = fit.clip(clip);
        }
        if let Some(dropout) = dropout {
            fit = fit.dropout(dropout);
        }
        if let Some(fraction) = validate {
            fit = fit.validate(fraction);
        }
        if let Some(patience) = patience {
            fit = fit.patience(patience);
        }
        // What the callback is told of the device changes while it is at work.
        let on = RefCell::new((self.engine.device().name.clone(), self.lost.clone()));
        let mut told = 0;
        let mut fit = fit.seed(seed.unwrap_or(0)).on_epoch(|epoch| {
            // An epoch that was lost with the GPU after the callback was told of it is trained again, and not told again.
            let again = epoch.epoch <= told;
            told = told.max(epoch.epoch);
            let Some(callback) = callback.as_ref().filter(|_| !again) else { return ControlFlow::Continue(()) };
            let (device, lost) = &*on.borrow();
            let train::Epoch { epoch, epochs, loss, val, .. } = *epoch;
            let about = Epoch { epoch, epochs, loss, val, device, lost: lost.as_deref() };
            match value(&about).and_then(|about| callback.call1(&JsValue::NULL, &about)) {
                Ok(answer) if answer == JsValue::FALSE => ControlFlow::Break(()),
                Ok(_) => ControlFlow::Continue(()),
                Err(error) => {
                    threw = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        let mut last = None;
        let finished = loop {
            let Network { model, engine, .. } = self;
            let from = last.clone();
            let mut keep = |snapshot: &Snapshot| last = Some(snapshot.clone());
            let each_epoch: Option<&mut dyn FnMut(&Snapshot)> =
                if engine.device().backend == "native" { None } else { Some(&mut keep) };
            match on_engine::fit_from(model, engine, &data.0, &mut fit, from, each_epoch).await {
                Ok(finished) => break finished,
                Err(error) => {
                    self.recover(error)?;
                    on.replace((self.engine.device().name.clone(), self.lost.clone()));
                }
            }
        };
        drop(fit);
        if let Some(error) = threw {
            return Err(error);
        }
        let best = finished.best.map(|best| best.epoch);
        value(&Fitted { epochs: finished.epochs, history: &finished.history, val: &finished.val, best })
    }

    /// The outputs for every row: [rows, outputs], or [rows, steps, outputs] where every step has one.
    pub async fn predict(&mut self, data: &Dataset) -> Result<Vec<f32>> {
        loop {
            match on_engine::predict(&self.model.spec, &mut self.engine, &data.0).await {
                Ok(found) => return Ok(found.into_vec()),
                Err(error) => self.recover(error)?,
            }
        }
    }

    /// What the outputs for the data are worth.
    #[wasm_bindgen(unchecked_return_type = "Measures")]
    pub async fn evaluate(&mut self, data: &Dataset) -> Result<JsValue> {
        loop {
            match on_engine::evaluate(&self.model, &mut self.engine, &data.0).await {
                Ok(found) => return value(&found),
                Err(error) => self.recover(error)?,
            }
        }
    }

    /// Begins a stream of so many sequences, whose states are these, [states, layers, rows, hidden], or zero.
    #[wasm_bindgen(js_name = "openStream")]
    pub fn open_stream(&mut self, rows: usize, states: Option<Vec<f32>>) -> Result<()> {
        self.engine.open_stream(rows, states.as_deref()).map_err(refused)
    }

    /// Goes on by one step, [rows, inputs]; gives [rows, outputs].
    pub async fn step(&mut self, x: Vec<f32>) -> Result<Vec<f32>> {
        self.engine.step(&x).await.map_err(refused)
    }

    /// Goes on by so many steps, [rows, steps, inputs]; gives [rows, steps, outputs].
    #[wasm_bindgen(js_name = "stepMany")]
    pub async fn step_many(&mut self, x: Vec<f32>, steps: usize) -> Result<Vec<f32>> {
        self.engine.step_many(&x, steps).await.map_err(refused)
    }

    /// The stream's states.
    pub async fn states(&mut self) -> Result<Vec<f32>> {
        self.engine.states().await.map_err(refused)
    }

    /// Why it went on on the processor, where the GPU was lost.
    #[wasm_bindgen(getter)]
    pub fn lost(&self) -> Option<String> {
        self.lost.clone()
    }

    /// All weights.
    #[wasm_bindgen(getter)]
    pub fn parameters(&self) -> Vec<f32> {
        self.model.parameters.clone()
    }

    /// The network as a safetensors file, under PyTorch's names.
    pub fn model(&self) -> Result<Uint8Array> {
        Ok(Uint8Array::from(self.model.to_bytes().map_err(refused)?.as_slice()))
    }
}

impl Network {
    /// Goes on on the processor where an adapter was lost; any other error is the caller's.
    fn recover(&mut self, error: Error) -> Result<()> {
        let (device, lost) = processor(error, self.engine.device())?;
        self.engine = device.engine(self.model.spec, &self.model.parameters).map_err(refused)?;
        self.lost = Some(lost);
        Ok(())
    }
}
