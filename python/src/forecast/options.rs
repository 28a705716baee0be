//! What a forecaster is asked for, in Python's words: the options of `refrain train TABLE`.

use super::refused;
use crate::given::Given;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use refrain::engine::Precision;
use refrain::forecast::table::{Fill, ReadOptions};
use refrain::forecast::time::Calendar;
use refrain::forecast::{Architecture, Card, Center, Channels, Divide, LEARNING_RATE, Part, Recipe, Scaling, Task};
use refrain::loss::{DELTA, Distribution, Loss, Quantiles};
use refrain::model::CellKind;
use refrain::optim::Optimizer;

const POSITIVE: &str = "a finite number above 0";
const NOT_NEGATIVE: &str = "a finite number of at least 0";

/// How the table is written.
pub fn read_options(given: &Given<'_, '_>) -> PyResult<ReadOptions> {
    let delimiter = match given.word("delimiter")? {
        None => None,
        Some(mark) => match mark.as_bytes() {
            [mark] if !mark.is_ascii_alphanumeric() && *mark != b'"' => Some(*mark),
            _ => {
                return Err(PyValueError::new_err(format!("delimiter is {mark:?}, expected one character")));
            }
        },
    };
    Ok(ReadOptions {
        delimiter,
        decimal: given.choice("decimal", &[(".", b'.'), (",", b',')])?,
        thousands: given.parsed("thousands")?,
        header: given.flag("header")?,
        time: given.word("time")?,
        time_format: given.parsed("time_format")?,
        id: given.word("id")?,
        frequency: given.parsed("freq")?,
        fill: given.choice("fill", &[("forward", Fill::Forward), ("linear", Fill::Linear)])?,
        ..ReadOptions::default()
    })
}

/// What is to be forecast.
pub fn task(given: &Given<'_, '_>) -> PyResult<Task> {
    let quantiles: Option<Vec<f32>> = given.get("quantiles")?.map(|levels| levels.extract()).transpose()?;
    let quantiles = quantiles.filter(|levels| !levels.is_empty());
    let channels = [("joint", Channels::Joint), ("independent", Channels::Independent)];
    let centers = [("last", Center::Last), ("mean", Center::Mean)];
    let centers = [&centers[..], &[("season", Center::Season), ("none", Center::None)]].concat();
    let divisors = [("deviation", Divide::Deviation), ("level", Divide::Level), ("none", Divide::None)];
    let scalings = [("standard", Scaling::Standard), ("minmax", Scaling::Minmax)];
    let scalings = [&scalings[..], &[("robust", Scaling::Robust), ("none", Scaling::None)]].concat();
    let cycle = |name: &String| {
        let known = Calendar::ALL.into_iter().find(|(known, _)| known == name).map(|(_, cycle)| cycle);
        known.ok_or_else(|| {
            let names = Calendar::ALL.map(|(name, _)| name).join(", ");
            PyValueError::new_err(format!("calendar has {name:?}, expected some of {names}"))
        })
    };
    let plain = Task::new(given.names("target")?);
    Ok(Task {
        past: given.names("past")?,
        future: given.names("future")?,
        statics: given.names("static")?,
        except: given.names("except_")?,
        calendar: given.names("calendar")?.iter().map(cycle).collect::<PyResult<_>>()?,
        window: given.whole("window", 1)?,
        horizon: given.whole("horizon", 1)?,
        season: given.whole("season", 1)?,
        quantiles: quantiles.map(|levels| Quantiles::new(&levels)).transpose().map_err(refused)?,
        channels: given.choice("channels", &channels)?,
        center: given.choice("center", &centers)?,
        divide: given.choice("divide", &divisors)?,
        scaling: given.choice("scale", &scalings)?.unwrap_or(plain.scaling),
        log: given.flag("log")?,
        val: given.parsed::<Part>("val")?.unwrap_or_else(|| plain.val.clone()),
        test: given.parsed::<Part>("test")?.unwrap_or_else(|| plain.test.clone()),
        ..plain
    })
}

/// How the network is made and trained; `known` is the card of a model whose training goes on.
pub fn recipe(given: &Given<'_, '_>, known: Option<&Card>) -> PyResult<Recipe> {
    let cells = [("rnn", CellKind::RnnTanh), ("rnn-relu", CellKind::RnnRelu)];
    let cells = [&cells[..], &[("lstm", CellKind::Lstm), ("gru", CellKind::Gru)]].concat();
    let plain = Recipe::default();
    let lr = given.number("lr", POSITIVE, |lr| lr > 0.0)?.unwrap_or(LEARNING_RATE);
    let not_negative = |name: &str| given.number(name, NOT_NEGATIVE, |number| number >= 0.0);
    let said = ["lr", "momentum", "weight_decay"].map(|name| given.get(name).map(|value| value.is_some()));
    let said = said.into_iter().collect::<PyResult<Vec<_>>>()?.contains(&true);
    let plain_optimizer = !said && given.word("optimizer")?.is_none_or(|name| name == "adam");
    let optimizer = given.word("optimizer")?.unwrap_or_else(|| "adam".to_owned());
    let optimizer = Optimizer::named(&optimizer, lr, not_negative("momentum")?, not_negative("weight_decay")?);
    Ok(Recipe {
        cell: given.choice("cell", &cells)?.unwrap_or(plain.cell),
        model: architecture(given)?,
        hidden: given.whole("hidden", 1)?,
        layers: given.whole("layers", 1)?.unwrap_or(plain.layers),
        bidirectional: given.flag("bidirectional")?.unwrap_or(plain.bidirectional),
        dropout: not_negative("dropout")?,
        epochs: given.whole("epochs", 1)?,
        batch: given.whole("batch", 1)?,
        loss: loss(given, known)?,
        optimizer: (!plain_optimizer).then_some(optimizer).transpose().map_err(refused)?,
        clip: not_negative("clip")?,
        schedule: given.parsed("schedule")?,
        patience: given.whole("patience", 0)?,
        precision: given.choice("precision", &[("f32", Precision::F32), ("f16", Precision::F16)])?.unwrap_or_default(),
        recompute: given.whole("recompute", 1)?,
        members: given.whole("members", 1)?.unwrap_or(plain.members),
        budget: not_negative("budget")?.unwrap_or(plain.budget),
        seed: given.whole("seed", 0)?.map_or(plain.seed, |seed| seed as u64),
    })
}

fn architecture(given: &Given<'_, '_>) -> PyResult<Option<Architecture>> {
    let segment = given.whole("segment", 1)?;
    match (given.choice("model", &[("rows", false), ("segrnn", true)])?, segment) {
        (Some(true), segment) => Ok(Some(Architecture::Segments(segment))),
        (Some(false), None) => Ok(Some(Architecture::Rows)),
        (None, None) => Ok(None),
        (_, Some(segment)) => {
            Err(PyValueError::new_err(format!("segment is {segment}, expected None, or model=\"segrnn\" beside it")))
        }
    }
}

fn loss(given: &Given<'_, '_>, known: Option<&Card>) -> PyResult<Option<Loss>> {
    let quantiles = known.and_then(|card| card.plan.quantiles).unwrap_or_default();
    let delta = given.number("delta", POSITIVE, |delta| delta > 0.0)?;
    let losses = [("mse", Loss::Mse), ("mae", Loss::Mae), ("quantile", Loss::Quantile(quantiles))];
    let huber = [("huber", Loss::Huber { delta: delta.unwrap_or(DELTA) as f32 })];
    let likelihood = |name, distribution| (name, Loss::Likelihood(distribution));
    let distributions = [
        likelihood("student_t", Distribution::StudentT),
        likelihood("negative_binomial", Distribution::NegativeBinomial),
    ];
    let loss = given.choice("loss", &[&losses[..], &huber, &distributions].concat())?;
    match (delta, loss) {
        (Some(delta), loss) if !matches!(loss, Some(Loss::Huber { .. })) => {
            Err(PyValueError::new_err(format!("delta is {delta}, expected None, or loss=\"huber\" beside it")))
        }
        _ => Ok(loss),
    }
}
