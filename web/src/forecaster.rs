//! From a table to a forecaster, and what it makes of other tables.

use crate::device::Device;
use crate::exercise::cell;
use crate::js::{Result, bytes, in_words, options, refused, told, value, wrong};
use js_sys::{Function, Uint8Array};
use refrain::Error;
use refrain::engine::{self, Engine, cpu};
use refrain::forecast::picture::{Picture, network_in_words};
use refrain::forecast::table::{Fill, ReadOptions, Table};
use refrain::forecast::time::Calendar;
use refrain::forecast::{self, BacktestOptions, Recipe, Task, Training};
use refrain::optim::Optimizer;
use refrain::train::{Epoch, Next, Snapshot, fit_validated};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

/// Milliseconds from one call of the callback to the next, at least.
const PAUSE: f64 = 60.0;

/// What errors call a table that has no name.
const UNNAMED: &str = "the table";

/// A network, and what it forecasts from what.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Forecaster {
    inner: forecast::Forecaster,
    /// Rows that trained it, validated it, and were held out; of a model that was loaded nobody knows.
    rows: Option<[usize; 3]>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TrainOptions {
    target: Names,
    name: Option<String>,
    past: Vec<String>,
    future: Vec<String>,
    calendar: Vec<Calendar>,
    window: Option<usize>,
    horizon: Option<usize>,
    season: Option<usize>,
    fill: Option<Fill>,
    cell: Option<String>,
    hidden: Option<usize>,
    layers: Option<usize>,
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
struct TableOptions {
    name: Option<String>,
    fill: Option<Fill>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ForecastOptions {
    name: Option<String>,
    fill: Option<Fill>,
    steps: Option<usize>,
    level: Option<f64>,
}

/// How far training has come.
#[derive(Serialize)]
struct Progress<'a> {
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
    fn task(&self) -> Task {
        let targets = match &self.target {
            Names::One(name) => vec![name.clone()],
            Names::Several(names) => names.clone(),
        };
        let TrainOptions { past, future, calendar, window, horizon, season, .. } = self;
        Task {
            past: past.clone(),
            future: future.clone(),
            calendar: calendar.clone(),
            window: *window,
            horizon: *horizon,
            season: *season,
            ..Task::new(targets)
        }
    }

    fn recipe(&self) -> Result<Recipe> {
        let defaults = Recipe::default();
        Ok(Recipe {
            cell: self.cell.as_deref().map_or(Ok(defaults.cell), cell)?,
            hidden: self.hidden.or(defaults.hidden),
            layers: self.layers.unwrap_or(defaults.layers),
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
    /// come; where it returns `false`, the forecaster is as good as it has become. Where the GPU is lost, training goes
    /// on from there on the processor.
    pub async fn train(
        device: &Device,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] csv: JsValue,
        #[wasm_bindgen(js_name = "options", unchecked_param_type = "TrainOptions")] wanted: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Callback<TrainProgress>")] callback: Option<Function>,
    ) -> Result<Forecaster> {
        let wanted: TrainOptions = options(&wanted)?;
        let name = wanted.name.as_deref().unwrap_or(UNNAMED);
        let task = wanted.task();
        if task.targets.is_empty() {
            return Err(wrong("target is not given, expected the column to forecast"));
        }
        let read = task.read_options(ReadOptions { fill: wanted.fill, ..ReadOptions::default() });
        let table = Table::read(name, bytes(&csv)?.as_slice(), &read).map_err(refused)?;
        drop(csv);
        let mut training = Training::new(&table, &task, &read, &wanted.recipe()?, None).map_err(refused)?;
        drop(table);
        let mut engine = training.engine(&device.0).map_err(refused)?;
        let rows = training.problem.rows();

        // A piece at a time, from snapshot to snapshot, which gives the same bits as without a pause.
        let (mut snapshot, mut lost): (Option<Snapshot>, Option<String>) = (None, None);
        loop {
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
                Err(error @ Error::Device { .. }) if lost.is_none() && engine.device().backend != "native" => {
                    lost = Some(in_words(&error));
                    engine = training.engine(&engine::Device::Cpu(cpu::Options::default())).map_err(refused)?;
                    continue;
                }
                Err(error) => return Err(refused(error)),
            };
            let best = kept.as_ref().map_or(finished.best, |kept| kept.best.as_ref().map(|(best, _)| *best));
            let go_on = match last {
                None => true,
                Some(last) => {
                    let progress = Progress {
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
            match kept {
                Some(kept) if finished.stopped && go_on => snapshot = Some(kept),
                Some(Snapshot { best: Some((_, parameters)), .. }) if finished.stopped => {
                    engine.set_parameters(&parameters).map_err(refused)?;
                    break;
                }
                _ => break,
            }
        }
        let inner = training.finish(&mut engine).await.map_err(refused)?;
        Ok(Forecaster { inner, rows: Some(rows) })
    }

    /// The forecaster of a model file that this library has written, here or at the command line.
    pub fn load(model: &[u8], name: Option<String>) -> Result<Forecaster> {
        let name = name.unwrap_or_else(|| "the model".to_owned());
        Ok(Forecaster { inner: forecast::Forecaster::from_bytes(&name, model).map_err(refused)?, rows: None })
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
        })
    }

    /// Forecasts the rows of a table that training held out, from one after another, against what came.
    pub async fn backtest(
        &self,
        device: &Device,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] csv: JsValue,
        #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "TableOptions")] wanted: JsValue,
    ) -> Result<Backtest> {
        let TableOptions { name, fill } = options(&wanted)?;
        let table = self.table(&csv, name, fill)?;
        let forecast::Forecaster { model, card } = &self.inner;
        let with = BacktestOptions { coverage: card.coverage(None), ..BacktestOptions::default() };
        let found = self.inner.backtest(&device.0, &table, &with).await.map_err(refused)?;
        let picture = found.picture(&model.spec, card, &table).map_err(refused)?;
        Ok(Backtest { found, picture })
    }

    /// What comes after a table's end.
    pub async fn forecast(
        &self,
        device: &Device,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] csv: JsValue,
        #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "ForecastOptions")] wanted: JsValue,
    ) -> Result<Forecast> {
        let ForecastOptions { name, fill, steps, level } = options(&wanted)?;
        let table = self.table(&csv, name, fill)?;
        let forecast::Forecaster { model, card } = &self.inner;
        let found = self.inner.forecast(&device.0, &table, steps, level).await.map_err(refused)?;
        let picture = found.picture(&model.spec, card, &table).map_err(refused)?;
        Ok(Forecast { found, picture })
    }
}

impl Forecaster {
    fn table(&self, csv: &JsValue, name: Option<String>, fill: Option<Fill>) -> Result<Table> {
        let read = self.inner.card.read_options(ReadOptions { fill, ..ReadOptions::default() });
        Table::read(name.as_deref().unwrap_or(UNNAMED), bytes(csv)?.as_slice(), &read).map_err(refused)
    }
}

/// The errors of a forecaster, beside those of forecasts that need no network.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Backtest {
    found: forecast::Backtest,
    picture: Picture,
}

#[wasm_bindgen]
impl Backtest {
    /// The errors.
    #[wasm_bindgen(getter, unchecked_return_type = "BacktestResult")]
    pub fn result(&self) -> Result<JsValue> {
        value(&self.found)
    }

    /// The last forecasts and what came, as the text of an SVG file so many pixels wide.
    pub fn svg(&self, width: f64) -> String {
        self.picture.svg(width)
    }
}

/// What comes after a table's end.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Forecast {
    found: forecast::Forecast,
    picture: Picture,
}

#[wasm_bindgen]
impl Forecast {
    /// The table of forecasts, as CSV.
    pub fn csv(&self) -> String {
        self.found.sheet().to_csv()
    }

    /// History and forecast, as the text of an SVG file so many pixels wide.
    pub fn svg(&self, width: f64) -> String {
        self.picture.svg(width)
    }
}

/// What a table holds: CSV, as text or as its bytes.
#[wasm_bindgen(unchecked_return_type = "TableDescription")]
pub fn describe(
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] csv: JsValue,
    #[wasm_bindgen(js_name = "options", unchecked_optional_param_type = "TableOptions")] wanted: JsValue,
) -> Result<JsValue> {
    #[derive(Default, Serialize)]
    struct Description {
        columns: Vec<String>,
        rows: usize,
        series: usize,
        frequency: Option<String>,
        from: Option<String>,
        to: Option<String>,
        notes: Vec<String>,
        problem: Option<String>,
    }
    let TableOptions { name, fill } = options(&wanted)?;
    let (name, csv) = (name.as_deref().unwrap_or(UNNAMED), bytes(&csv)?);
    let read = ReadOptions { fill, ..ReadOptions::default() };
    let described = match Table::read(name, csv.as_slice(), &read) {
        Ok(table) => {
            let time = |place: fn(&forecast::table::Series) -> usize| {
                table.series.first().and_then(|series| table.time(series, place(series)).ok())
            };
            Description {
                rows: table.series.iter().map(|series| table.rows(series)).sum(),
                series: table.series.len(),
                frequency: Some(table.frequency.to_string()),
                from: time(|_| 0),
                to: time(|series| series.known.saturating_sub(1)),
                notes: table.notes.clone(),
                columns: table.columns,
                problem: None,
            }
        }
        // One of its columns may still be fit to be forecast.
        Err(error) => Description {
            columns: Table::names(name, csv.as_slice(), &read).map_err(refused)?,
            problem: Some(in_words(&error)),
            ..Description::default()
        },
    };
    value(&described)
}
