//! How a forecaster's network is made and trained.

use super::card::Card;
use super::plan::Plan;
use super::problem::Problem;
use super::task::Task;
use crate::engine::Precision;
use crate::error::{Error, Result};
use crate::fnv::Fnv;
use crate::loss::Loss;
use crate::model::{CellKind, Model, Segments, Spec, initial_parameters};
use crate::optim::{Clip, Optimizer, Schedule, ScheduleShape};
use crate::train::{Options, Run};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::hash::Hasher;

/// What a network goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// The rows of a window, one by one; the horizon is an output after the last.
    Rows,
    /// Segments of so many rows ([`Segments`]: SegRNN); by default a season, or the horizon where there is none, and several
    /// of them where the window has more than 16.
    Segments(Option<usize>),
}

impl Architecture {
    /// That of a network.
    pub fn of(spec: &Spec) -> Self {
        spec.segments.map_or(Architecture::Rows, |segments| Architecture::Segments(Some(segments.steps)))
    }
}

/// Hidden units of a layer, by default.
pub const HIDDEN: usize = 64;
/// What is dropped before the head of a network over segments, by default, and from how many training windows on: of
/// fewer there is not enough to learn from what is left. A network of points alone drops: the spread of what is left
/// would be taken for that of the future, and quantiles would be too far apart.
pub const SEGMENT_DROPOUT: f64 = 0.3;
const MANY: usize = 1000;
/// The seconds of a search, by default.
pub const BUDGET: f64 = 30.0;

/// The network and its training. What is `None` follows from the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The cell: GRU by default.
    pub cell: CellKind,
    /// What it goes over: segments, where the window has two and each layer runs in one direction; or rows, where
    /// [`Search`](super::Search) finds that they forecast better.
    pub model: Option<Architecture>,
    /// Hidden units of a layer: [`HIDDEN`], or what [`Search`](super::Search) finds.
    pub hidden: Option<usize>,
    /// Stacked layers.
    pub layers: usize,
    /// Whether each layer runs in both directions of time.
    pub bidirectional: bool,
    /// Probability with which a unit is dropped between layers, and over segments before the head; by default 0, over
    /// segments [`SEGMENT_DROPOUT`] where there are 1000 windows and points are forecast.
    pub dropout: Option<f64>,
    /// Passes over the training windows; by default 5 to 200, about 4,000 steps.
    pub epochs: Option<usize>,
    /// Windows of a training step; by default 16 to 256.
    pub batch: Option<usize>,
    /// What training minimises: by default Huber's loss, which turns into lines at a quarter of a naive forecast's mean
    /// error, or the quantile loss where the task has levels.
    pub loss: Option<Loss>,
    /// By default Adam with [`LEARNING_RATE`](super::LEARNING_RATE).
    pub optimizer: Option<Optimizer>,
    /// The largest norm of the gradient, 0 for none; by default 1.
    pub clip: Option<f64>,
    /// The learning rate over the run; by default a cosine that ends at 0.
    pub schedule: Option<ScheduleShape>,
    /// Epochs without a better validation loss after which training stops; by default a fifth of them, 5 at least.
    pub patience: Option<usize>,
    /// How the device stores weights and tape.
    pub precision: Precision,
    /// The most time steps whose tape the CPU engine keeps at once.
    pub recompute: Option<usize>,
    /// Networks that are trained, each from a seed of its own; of several the median of their forecasts counts.
    pub members: usize,
    /// How long to search for what task and recipe leave open: seconds of a nominal machine, 0 not at all.
    pub budget: f64,
    /// Of the initial weights, the order of the windows and what is dropped.
    pub seed: u64,
}

impl Default for Recipe {
    fn default() -> Self {
        Recipe {
            cell: CellKind::Gru,
            model: None,
            hidden: None,
            layers: 1,
            bidirectional: false,
            dropout: None,
            epochs: None,
            batch: None,
            loss: None,
            optimizer: None,
            clip: None,
            schedule: None,
            patience: None,
            precision: Precision::F32,
            recompute: None,
            members: 1,
            budget: BUDGET,
            seed: 0,
        }
    }
}

/// What a model file says of its training, as [`Recipe::provenance`] puts it in.
#[derive(Deserialize)]
struct Said {
    seed: u64,
    epochs: usize,
    batch: usize,
    loss: Loss,
    dropout: f64,
    optimizer: Optimizer,
    clip: Option<Clip>,
    schedule: Schedule,
    precision: Precision,
    patience: usize,
    #[serde(default = "one")]
    members: usize,
}

fn one() -> usize {
    1
}

impl Recipe {
    /// The recipe of a model that was trained on a table, without a search.
    ///
    /// # Errors
    /// [`Error::File`] where its file does not say how it was trained.
    pub fn of(name: &str, model: &Model) -> Result<Self> {
        let said = serde_json::from_value(Value::Object(model.provenance.clone()));
        let said: Said = said.map_err(|error| Error::File {
            path: name.to_owned(),
            message: format!("it does not say how it was trained ({error}): train it again"),
        })?;
        let spec = &model.spec;
        Ok(Recipe {
            cell: spec.cell,
            model: Some(Architecture::of(spec)),
            hidden: Some(spec.hidden),
            layers: spec.layers,
            bidirectional: spec.bidirectional,
            dropout: Some(said.dropout),
            epochs: Some(said.epochs),
            batch: Some(said.batch),
            loss: Some(said.loss),
            optimizer: Some(said.optimizer),
            clip: Some(said.clip.map_or(0.0, |clip| clip.max_norm)),
            schedule: Some(ScheduleShape::of(said.schedule)),
            patience: Some(said.patience),
            precision: said.precision,
            recompute: None,
            members: said.members,
            budget: 0.0,
            seed: said.seed,
        })
    }

    /// Gives the task the levels or the distribution that the loss has, where it has none of its own.
    ///
    /// # Errors
    /// [`Error::Config`] where `known`, the card of a model whose training goes on, forecasts something else.
    pub fn complete(&self, task: &mut Task, known: Option<&Card>) -> Result<()> {
        let name = |loss: Loss| match loss {
            Loss::Likelihood(distribution) => format!("the likelihood of {distribution}"),
            _ => "quantile".to_owned(),
        };
        match (self.loss, known.map(|card| card.plan.loss())) {
            (Some(Loss::Quantile(_)), Some(Some(Loss::Quantile(_)))) => {}
            (Some(asked @ (Loss::Quantile(_) | Loss::Likelihood(_))), Some(known)) if Some(asked) != known => {
                let expected = match known {
                    None => "mse, mae or huber: the model forecasts points".to_owned(),
                    Some(loss) => format!("{}: the model was trained for it", name(loss)),
                };
                return Err(Error::config("loss", name(asked), expected));
            }
            (Some(Loss::Quantile(quantiles)), None) => {
                task.quantiles.get_or_insert(quantiles);
            }
            (Some(Loss::Likelihood(distribution)), None) => task.distribution = Some(distribution),
            _ => {}
        }
        Ok(())
    }

    /// The loss for a problem.
    fn loss(&self, problem: &Problem) -> Result<Loss> {
        match (self.loss, problem.card.plan.loss()) {
            (None, _) => Ok(problem.loss()),
            (Some(Loss::Quantile(_)), Some(known @ Loss::Quantile(_))) => Ok(known),
            (Some(asked), Some(known)) if asked == known => Ok(known),
            (Some(_), Some(Loss::Quantile(_))) => {
                Err(Error::config("loss", "another than quantile", "quantile, since levels are forecast"))
            }
            (Some(_), Some(_)) => Err(Error::config("loss", "another than the model's", "that of its distribution")),
            (Some(loss @ (Loss::Mse | Loss::Mae | Loss::Huber { .. })), None) => Ok(loss),
            (Some(_), None) => {
                Err(Error::config("loss", "one of classes", "mse, mae, huber, quantile or a likelihood for a table"))
            }
        }
    }

    /// How to train on a problem.
    ///
    /// # Errors
    /// [`Error::Config`] where the loss does not suit what is forecast.
    pub fn options(&self, problem: &Problem) -> Result<Options> {
        let defaults = problem.options(self.batch, self.epochs, self.seed);
        let total = (defaults.epochs * problem.train.len().div_ceil(defaults.batch)) as u64;
        Ok(Options {
            loss: self.loss(problem)?,
            dropout: self.dropout(problem) as f32,
            optimizer: self.optimizer.unwrap_or(defaults.optimizer),
            clip: self.clip.map_or(defaults.clip, |max_norm| (max_norm > 0.0).then_some(Clip { max_norm })),
            schedule: self.schedule.map_or(defaults.schedule, |schedule| schedule.over(total)),
            ..defaults
        })
    }

    /// The rows of a segment for a problem, where the network goes over segments.
    pub fn segment(&self, problem: &Problem) -> Option<usize> {
        let plan = &problem.card.plan;
        let Plan { window, season, horizon, .. } = *plan;
        let suggested = || suggested_segment(window, season, horizon);
        match self.model {
            Some(Architecture::Rows) => None,
            Some(Architecture::Segments(steps)) => Some(steps.unwrap_or_else(suggested)),
            None if plan.distribution.is_some() || !plan.statics.is_empty() => Some(suggested()),
            None if self.bidirectional => None,
            None => Some(suggested()).filter(|steps| 2 * steps <= window),
        }
    }

    fn dropout(&self, problem: &Problem) -> f64 {
        let points = problem.card.plan.quantiles.is_none();
        let drops = points && self.segment(problem).is_some() && problem.train.len() >= MANY;
        self.dropout.unwrap_or(if drops { SEGMENT_DROPOUT } else { 0.0 })
    }

    /// The network for a problem, with its initial weights.
    ///
    /// # Errors
    /// [`Error::Config`] where it cannot be, [`Error::Limit`] where it would be too large.
    pub fn network(&self, problem: &Problem) -> Result<Model> {
        let segment = self.segment(problem);
        let plan = &problem.card.plan;
        let (targets, statics) = (plan.width() * plan.outputs_of_target(), plan.static_features());
        if !plan.statics.is_empty() && segment.is_none() {
            return Err(Error::config("model", "over rows", "one over segments, which alone takes static columns"));
        }
        let spec = problem.spec(self.cell, self.hidden.unwrap_or(HIDDEN), self.layers);
        let segments = segment.map(|steps| Segments { steps, targets, statics });
        let spec = Spec { bidirectional: self.bidirectional, segments, ..spec };
        spec.check_size()?;
        Ok(Model::new(spec, initial_parameters(&spec, self.seed)))
    }

    /// Where a model's weights come from, and what tells one run from another. Without times, paths and device: the same
    /// run gives the same file, and a checkpoint may be taken up elsewhere. `init` is whether it began with the weights of
    /// another model.
    pub fn provenance(&self, run: &Run<'_>, problem: &Problem, init: bool) -> Map<String, Value> {
        let Run { options, patience, .. } = run;
        let provenance = json!({
            "program": concat!("refrain ", env!("CARGO_PKG_VERSION")),
            "command": "train",
            "data": format!("table {:016x}", problem.windows.fingerprint()),
            "rows": problem.rows(),
            "plan": problem.card.plan,
            "init": init,
            "seed": options.seed,
            "epochs": options.epochs,
            "batch": options.batch,
            "loss": options.loss,
            "dropout": self.dropout(problem),
            "optimizer": options.optimizer,
            "clip": options.clip,
            "schedule": options.schedule,
            "precision": self.precision,
            "recompute": self.recompute.is_some(),
            "patience": patience,
            "members": self.members,
        });
        match provenance {
            Value::Object(mut map) => {
                // The fingerprint of the windows does not tell runs of other weights apart.
                if !run.weights.is_empty() {
                    let mut hash = Fnv::default();
                    run.weights.iter().for_each(|weight| hash.write_u64(weight.to_bits()));
                    map.insert("weights".to_owned(), format!("{:016x}", hash.finish()).into());
                }
                map
            }
            other => unreachable!("json!({{..}}) is an object, found {other}"),
        }
    }
}

/// Segments of a window, at most.
const SEGMENTS: usize = 16;

/// A season, the horizon where there is none, or an eighth of the window where it has no two of them; as many of them
/// together as it takes to have few segments.
fn suggested_segment(window: usize, season: usize, horizon: usize) -> usize {
    let wanted = if season > 1 { season } else { horizon };
    let least = if 2 * wanted <= window { wanted } else { window.div_ceil(8) };
    least * window.div_ceil(SEGMENTS * least)
}
