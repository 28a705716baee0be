//! From a table to a forecaster, and what it makes of other tables.

use crate::device::Device;
use crate::exercise::cell;
use crate::forecasts::{Backtest, Forecast};
use crate::js::{Result, bytes, in_words, refused, told, value, with_table, wrong};
use crate::lost;
use crate::table::{TableOptions, Word};
use js_sys::{Function, Uint8Array};
use refrain::Error;
use refrain::engine::{AnyEngine, Engine};
use refrain::forecast::picture::network_in_words;
use refrain::forecast::table::Table;
use refrain::forecast::time::Calendar;
use refrain::forecast::{self, BacktestOptions, Center, Channels, Recipe, Scaling, Task, Training};
use refrain::loss::Quantiles;
use refrain::optim::Optimizer;
use refrain::train::{Epoch, Next, Snapshot, fit_validated};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

/// Milliseconds from one call of the callback to the next, at least.
const PAUSE: f64 = 60.0;

/// A network, and what it forecasts from what.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Forecaster {
    inner: forecast::Forecaster,
    /// Rows that trained it, validated it, and were held out; of a model that was loaded nobody knows.
    rows: Option<[usize; 3]>,
    /// What training made no use of, and what else of the table decided over the task.
    notes: Vec<String>,
    /// Why training went on on the processor.
    lost: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TrainOptions {
    target: Names,
    past: Vec<String>,
    future: Vec<String>,
    #[serde(rename = "static")]
    statics: Vec<String>,
    weight: Option<String>,
    calendar: Vec<Calendar>,
    window: Option<usize>,
    horizon: Option<usize>,
    season: Option<usize>,
    quantiles: Vec<f32>,
    channels: Option<Channels>,
    center: Option<Center>,
    scaling: Option<Scaling>,
    log: Option<bool>,
    val: Option<Word>,
    test: Option<Word>,
    cell: Option<String>,
    hidden: Option<usize>,
    layers: Option<usize>,
    members: Option<usize>,
    epochs: Option<usize>,
    batch: Option<usize>,
    lr: Option<f64>,
    seed: u64,
}

/// One name, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Names::Several(Vec::new())
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HeldOutOptions {
    from: Option<Word>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ForecastOptions {
    steps: Option<usize>,
    level: Option<f64>,
}

/// How far training has come.
#[derive(Serialize)]
struct Progress<'a> {
    member: usize,
    members: usize,
    epoch: usize,
    epochs: usize,
    step: usize,
    steps: usize,
    history: &'a [f64],
    val: &'a [f64],
    best: Option<usize>,
    device: &'a str,
    lost: Option<&'a str>,
}

impl TrainOptions {
    fn task(&self, table: &TableOptions) -> Result<Task> {
        let targets = match &self.target {
            Names::One(name) => vec![name.clone()],
            Names::Several(names) => names.clone(),
        };
        if targets.is_empty() {
            return Err(wrong("target is not given, expected the column to forecast"));
        }
        let plain = Task::new(targets);
        let quantiles = (!self.quantiles.is_empty()).then(|| Quantiles::new(&self.quantiles)).transpose();
        Ok(Task {
            past: self.past.clone(),
            future: self.future.clone(),
            statics: self.statics.clone(),
            except: table.except(),
            weight: self.weight.clone(),
            calendar: self.calendar.clone(),
            window: self.window,
            horizon: self.horizon,
            season: self.season,
            quantiles: quantiles.map_err(refused)?,
            channels: self.channels,
            center: self.center,
            scaling: self.scaling.unwrap_or(plain.scaling),
            log: self.log,
            val: Word::parsed("val", self.val.as_ref())?.unwrap_or_else(|| plain.val.clone()),
            test: Word::parsed("test", self.test.as_ref())?.unwrap_or_else(|| plain.test.clone()),
            ..plain
        })
    }

    fn recipe(&self) -> Result<Recipe> {
        let defaults = Recipe::default();
        Ok(Recipe {
            cell: self.cell.as_deref().map_or(Ok(defaults.cell), cell)?,
            hidden: self.hidden.or(defaults.hidden),
            layers: self.layers.unwrap_or(defaults.layers),
            members: self.members.unwrap_or(defaults.members),
            epochs: self.epochs,
            batch: self.batch,
            optimizer: self.lr.map(Optimizer::adam),
            seed: self.seed,
            ..defaults
        })
    }
}

#[wasm_bindgen]
impl Forecaster {
    /// Trains on a table: CSV, as text or as its bytes. The callback is told every fraction of a second how far it has
    /// come; where it returns `false`, the forecaster is as good as it has become. Where the GPU is lost, training, or
    /// the measuring of intervals after it, goes on from there on the processor.
    pub async fn train(
        device: &Device,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] csv: JsValue,
        #[wasm_bindgen(js_name = "options", unchecked_param_type = "TrainOptions")] wanted: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Callback<TrainProgress>")] callback: Option<Function>,
    ) -> Result<Forecaster> {
        let (of_table, wanted): (TableOptions, TrainOptions) = with_table(&wanted)?;
        let task = wanted.task(&of_table)?;
        let read = task.read_options(of_table.read()?);
        let table = Table::read(of_table.name(), bytes(&csv)?.as_slice(), &read).map_err(refused)?;
        drop(csv);
        let mut training = Training::new(&table, &task, &read, &wanted.recipe()?, None).map_err(refused)?;
        drop(table);
        let mut engine = training.engine(&device.0).map_err(refused)?;
        let rows = training.problem.rows();
        let notes = training.notes.iter().chain(&training.problem.notes()).map(in_words).collect();

        // A piece at a time, from snapshot to snapshot, which gives the same bits as without a pause.
        let (mut snapshot, mut lost): (Option<Snapshot>, Option<String>) = (None, None);
        let mut member = 1;
        let trained = loop {
            let begun = js_sys::Date::now();
            let mut last: Option<Epoch> = None;
            let mut kept = None;
            let watch = |epoch: &Epoch| {
                // While an epoch is being measured there is nothing to go on from.
                let measuring = epoch.step == epoch.steps && !epoch.ended;
                last = Some(*epoch);
                if measuring || js_sys::Date::now() - begun < PAUSE { Next::Continue } else { Next::Stop }
            };
            let keep = |snapshot: &Snapshot| {
                kept = Some(snapshot.clone());
                Ok(())
            };
            let finished = match fit_validated(&mut engine, &training.run(), snapshot.clone(), watch, keep).await {
                Ok(finished) => finished,
                Err(error) => {
                    (engine, lost) = on_processor(&mut training, &engine, error)?;
                    continue;
                }
            };
            let best = kept.as_ref().map_or(finished.best, |kept| kept.best.as_ref().map(|(best, _)| *best));
            let go_on = match last {
                None => true,
                Some(last) => {
                    let progress = Progress {
                        member,
                        members: training.members(),
                        epoch: last.epoch,
                        epochs: last.epochs,
                        step: last.step,
                        steps: last.steps,
                        history: &finished.history,
                        val: &finished.val,
                        best: best.map(|best| best.epoch),
                        device: &engine.device().name.clone(),
                        lost: lost.as_deref(),
                    };
                    told(callback.as_ref(), &progress).await?
                }
            };
            let trained = match kept {
                Some(kept) if finished.stopped && go_on => {
                    snapshot = Some(kept);
                    continue;
                }
                Some(Snapshot { best, parameters, .. }) if finished.stopped => {
                    Ok(best.map_or(parameters, |(_, parameters)| parameters))
                }
                _ => engine.parameters().await,
            };
            // Where the callback ends it, it ends with the members that are whole, or with the first as it is.
            let ended = match trained {
                Ok(trained) if !go_on => Ok(Some(trained)),
                Ok(trained) => training.next_member(&mut engine).await.map(|more| (!more).then_some(trained)),
                Err(error) => Err(error),
            };
            match ended {
                Ok(Some(trained)) => break trained,
                Ok(None) => (snapshot, member) = (None, member + 1),
                Err(error) => (engine, lost) = on_processor(&mut training, &engine, error)?,
            }
        };
        let inner = loop {
            let finish = async {
                engine.set_parameters(&trained)?;
                training.finish(&mut engine).await
            };
            match finish.await {
                Ok(inner) => break inner,
                Err(error) => (engine, lost) = on_processor(&mut training, &engine, error)?,
            }
        };
        Ok(Forecaster { inner, rows: Some(rows), notes, lost })
    }

    /// The forecaster of a model file that this library has written, here or at the command line.
    pub fn load(model: &[u8], name: Option<String>) -> Result<Forecaster> {
        let name = name.unwrap_or_else(|| "the model".to_owned());
        let inner = forecast::Forecaster::from_bytes(&name, model).map_err(refused)?;
        Ok(Forecaster { inner, rows: None, notes: Vec::new(), lost: None })
    }

    /// The model as a safetensors file: the command line reads it, and PyTorch its tensors.
    pub fn model(&self) -> Result<Uint8Array> {
        Ok(Uint8Array::from(self.inner.to_bytes().map_err(refused)?.as_slice()))
    }

    /// What it forecasts from what.
    #[wasm_bindgen(getter, unchecked_return_type = "ForecasterDescription")]
    pub fn about(&self) -> Result<JsValue> {
        #[derive(Serialize)]
        struct Description<'a> {
            targets: &'a [String],
            network: String,
            parameters: usize,
            window: usize,
            horizon: usize,
            season: usize,
            frequency: String,
            rows: Option<[usize; 3]>,
            coverage: Option<f64>,
            notes: &'a [String],
        }
        let forecast::Forecaster { model, card } = &self.inner;
        value(&Description {
            targets: &card.plan.targets,
            network: network_in_words(&model.spec),
            parameters: model.parameters.len(),
            window: card.plan.window,
            horizon: card.plan.horizon,
            season: card.plan.season,
            frequency: card.frequency.to_string(),
            rows: self.rows,
            coverage: card.coverage(None),
            notes: &self.notes,
        })
    }

    /// Why training went on on the processor, where the GPU was lost.
    #[wasm_bindgen(getter)]
    pub fn lost(&self) -> Option<String> {
        self.lost.clone()
    }

    /// Forecasts the rows of a table that training held out, from one after another, against what came.
    pub async fn backtest(
        &self,
        device: &Device,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] csv: JsValue,
        #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "BacktestOptions")] wanted: JsValue,
    ) -> Result<Backtest> {
        let (of_table, HeldOutOptions { from }) = with_table(&wanted)?;
        let table = self.table(&csv, &of_table)?;
        let forecast::Forecaster { model, card } = &self.inner;
        let from = Word::parsed("from", from.as_ref())?;
        let with = BacktestOptions { from, coverage: card.coverage(None), ..BacktestOptions::default() };
        let (found, lost) = lost::on(&device.0, async |on| self.inner.backtest(on, &table, &with).await).await?;
        let picture = found.picture(&model.spec, card, &table).map_err(refused)?;
        Ok(Backtest { found, picture, lost })
    }

    /// What comes after a table's end.
    pub async fn forecast(
        &self,
        device: &Device,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] csv: JsValue,
        #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "ForecastOptions")] wanted: JsValue,
    ) -> Result<Forecast> {
        let (of_table, ForecastOptions { steps, level }) = with_table(&wanted)?;
        let table = self.table(&csv, &of_table)?;
        let forecast::Forecaster { model, card } = &self.inner;
        let (found, lost) = lost::on(&device.0, async |on| self.inner.forecast(on, &table, steps, level).await).await?;
        let picture = found.picture(&model.spec, card, &table).map_err(refused)?;
        Ok(Forecast { found, picture, lost })
    }
}

impl Forecaster {
    fn table(&self, csv: &JsValue, options: &TableOptions) -> Result<Table> {
        let read = self.inner.card.read_options(options.read()?);
        Table::read(options.name(), bytes(csv)?.as_slice(), &read).map_err(refused)
    }
}

/// The network whose run is not at its end on the processor, and why, where the adapter of `engine` was lost; any other
/// error is the caller's.
fn on_processor(training: &mut Training, engine: &AnyEngine, error: Error) -> Result<(AnyEngine, Option<String>)> {
    let (device, lost) = lost::processor(error, engine.device())?;
    Ok((training.engine(&device).map_err(refused)?, Some(lost)))
}
