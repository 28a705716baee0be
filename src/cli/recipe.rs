//! How a network is made and trained: the flags that tables and arrays share.

use super::console::Console;
use super::flags::flagged;
use super::outputs::{self, Named, named};
use super::values::{count, not_negative, positive, whole};
use clap::ValueEnum;
use refrain::disk::Identity;
use refrain::engine::Precision;
use refrain::forecast::{Architecture, HIDDEN};
use refrain::loss::DELTA;
use refrain::model::CellKind;
use refrain::optim::{Clip, Optimizer, ScheduleShape};
use refrain::{Error, Result};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Flags of the network and of its training. What is `None` was not said; each kind of data has a default of its own.
#[derive(Clone, Debug, Serialize, clap::Args)]
#[command(next_help_heading = "Network")]
pub struct Recipe {
    /// Recurrent cell.
    #[arg(long, value_enum, default_value_t = Cell::Gru)]
    pub cell: Cell,
    /// What the network of a table goes over: segments of the window's rows with the horizon decoded at once (SegRNN), or
    /// rows. By default segments, or rows where these forecast better.
    #[arg(long, value_enum, value_name = "MODEL")]
    pub model: Option<ModelName>,
    /// Rows of a segment; by default a season, the horizon where there is none, or more where the window has over 16.
    #[arg(long, value_name = "N", value_parser = whole::<1, 1_048_576>)]
    pub segment: Option<usize>,
    /// Hidden units of a layer; by default 64, or for a table twice that where they help.
    #[arg(long, value_name = "N", value_parser = whole::<1, 1_048_576>)]
    pub hidden: Option<usize>,
    /// Stacked layers.
    #[arg(long, default_value = "1", value_name = "N", value_parser = whole::<1, 1_048_576>)]
    pub layers: usize,
    /// Run each layer in both directions of time.
    #[arg(long)]
    pub bidirectional: bool,
    /// Probability with which a unit is dropped between layers, of which one layer has none, and over segments before the
    /// head. By default 0, over segments 0.3 where there are 1000 windows.
    #[arg(long, value_name = "P", value_parser = not_negative)]
    pub dropout: Option<f64>,
    /// Passes over the training windows. By default 100 for arrays; for a table 5 to 200, about 4,000 steps.
    #[arg(long, help_heading = "Optimiser", value_name = "N", value_parser = count)]
    pub epochs: Option<usize>,
    /// Windows of a training step. By default 32 for arrays; for a table 16 to 256, by its size.
    #[arg(long, help_heading = "Optimiser", value_name = "N", value_parser = count)]
    pub batch: Option<usize>,
    /// What turns gradients into steps.
    #[arg(long, help_heading = "Optimiser", value_enum, default_value_t = OptimizerName::Adam)]
    pub optimizer: OptimizerName,
    /// Learning rate; by default 0.001, or for a table twice that where it helps.
    #[arg(long, help_heading = "Optimiser", value_name = "X", value_parser = positive)]
    pub lr: Option<f64>,
    /// How much of its last step sgd takes along; 0.9 where nothing is said.
    #[arg(long, help_heading = "Optimiser", value_name = "X", value_parser = not_negative)]
    pub momentum: Option<f64>,
    /// L2 penalty on the weights; of adamw, their decay. By default 0, of adamw 0.01.
    #[arg(long, help_heading = "Optimiser", value_name = "X", value_parser = not_negative)]
    pub weight_decay: Option<f64>,
    /// Learning rate over the run: `constant`, `cosine[:WARM_UP_STEPS[:FLOOR]]`, `step:EPOCHS:FACTOR` or
    /// `plateau:FACTOR:EPOCHS`. By default `constant` for arrays, `cosine` for a table.
    #[arg(long, help_heading = "Optimiser", value_name = "S")]
    pub schedule: Option<ScheduleShape>,
    /// Largest norm of the gradient; 0, the default for arrays, leaves it alone. By default 1 for a table.
    #[arg(long, help_heading = "Optimiser", value_name = "X", value_parser = not_negative)]
    pub clip: Option<f64>,
    /// What training minimises. By default for a table huber, which turns into lines at a quarter of a naive forecast's
    /// mean error, or quantile where levels are forecast; for arrays the type of y says.
    #[arg(long, help_heading = "Optimiser", value_enum, value_name = "LOSS")]
    pub loss: Option<LossName>,
    /// Where Huber's loss turns from a parabola into lines; 1 where nothing is said. With --loss huber alone.
    #[arg(long, help_heading = "Optimiser", value_name = "X", value_parser = positive)]
    pub delta: Option<f64>,
    /// Epochs without a better validation loss after which training stops, and the best weights return; 0 trains every
    /// epoch and keeps the last weights. By default a fifth of the epochs, 5 at least. With rows that validate alone.
    #[arg(long, help_heading = "Optimiser", value_name = "N")]
    pub patience: Option<usize>,
    /// How an adapter stores its copies of the weights and what the way back needs: f16 takes 0.7 to 0.9 of the memory,
    /// for batches that do not fit otherwise; scale the targets. Sums, and the weights that are trained and saved, have
    /// 32 bits in either case. The CPU engine has f32 alone.
    #[arg(long, help_heading = "Run", value_enum, default_value_t = PrecisionName::F32, value_name = "P")]
    pub precision: PrecisionName,
    /// Begin with the weights of this model rather than with random ones.
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["cell", "model", "segment", "hidden", "layers", "bidirectional"])]
    pub init: Option<PathBuf>,
    /// Where the trained model goes. Without it no file is written.
    #[arg(long, help_heading = "Output", value_name = "MODEL")]
    pub out: Option<PathBuf>,
    /// Where to keep what an interrupted run can be taken up from.
    #[arg(long, help_heading = "Run", value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Epochs from one checkpoint to the next.
    #[arg(long, help_heading = "Run", default_value = "1", value_name = "N", value_parser = count, requires = "checkpoint")]
    pub every: usize,
    /// On the CPU engine: keep the tape of at most so many time steps, and make that of the steps before again on the way
    /// back. Takes less memory where sequences are long, and a third more time; in one direction of time alone.
    #[arg(long, help_heading = "Run", value_name = "STEPS", value_parser = count)]
    pub recompute: Option<usize>,
    /// Take up the run of this checkpoint, to the same bits as if it had never been interrupted; the other flags stay
    /// as they were.
    #[arg(long, help_heading = "Run", value_name = "FILE")]
    pub resume: Option<PathBuf>,
}

/// A cell's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    Rnn,
    RnnRelu,
    Lstm,
    Gru,
}

impl Cell {
    pub fn kind(self) -> CellKind {
        match self {
            Cell::Rnn => CellKind::RnnTanh,
            Cell::RnnRelu => CellKind::RnnRelu,
            Cell::Lstm => CellKind::Lstm,
            Cell::Gru => CellKind::Gru,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Cell::Rnn => "rnn",
            Cell::RnnRelu => "rnn-relu",
            Cell::Lstm => "lstm",
            Cell::Gru => "gru",
        }
    }
}

/// What a network goes over, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ModelName {
    Rows,
    #[value(name = "segrnn")]
    SegRnn,
}

/// An optimiser's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerName {
    Adam,
    #[value(name = "adamw")]
    AdamW,
    Sgd,
    #[value(name = "rmsprop")]
    RmsProp,
}

impl OptimizerName {
    fn name(self) -> &'static str {
        match self {
            OptimizerName::Adam => "adam",
            OptimizerName::AdamW => "adamw",
            OptimizerName::Sgd => "sgd",
            OptimizerName::RmsProp => "rmsprop",
        }
    }
}

/// A [`Precision`]'s name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum PrecisionName {
    F32,
    F16,
}

impl PrecisionName {
    pub fn precision(self) -> Precision {
        match self {
            PrecisionName::F32 => Precision::F32,
            PrecisionName::F16 => Precision::F16,
        }
    }
}

/// A loss's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LossName {
    Mse,
    Mae,
    Huber,
    Quantile,
    /// The likelihood of Student's t, of which --quantiles are given.
    StudentT,
    /// The likelihood of a negative binomial, of counts.
    NegativeBinomial,
    CrossEntropy,
    #[value(alias = "bce")]
    BinaryCrossEntropy,
}

impl Recipe {
    /// What the network of a table goes over.
    pub fn architecture(&self) -> Result<Option<Architecture>> {
        match (self.model, self.segment) {
            (Some(ModelName::SegRnn), segment) => Ok(Some(Architecture::Segments(segment))),
            (Some(ModelName::Rows), None) => Ok(Some(Architecture::Rows)),
            (None, None) => Ok(None),
            (_, Some(_)) => Err(Error::config("--segment", "given", "--model segrnn beside it")),
        }
    }

    /// Refuses segments where there is no table.
    pub fn refuse_segments(&self) -> Result<()> {
        match self.architecture()? {
            None | Some(Architecture::Rows) => Ok(()),
            Some(Architecture::Segments(_)) => Err(Error::config("--model", "segrnn", "rows: segments are of tables")),
        }
    }

    /// Checks the files that training on `data` writes, before it begins. Says so where it writes none.
    pub fn check_outputs(&self, data: &str, plot: Option<Named<'_>>, console: &Console) -> anyhow::Result<()> {
        let inputs = [Some(("DATA", Path::new(data))), named("--init", &self.init), named("--resume", &self.resume)];
        // A run goes on keeping itself where it was kept.
        let same = |(resume, checkpoint): (&PathBuf, &PathBuf)| Identity::of(resume) == Identity::of(checkpoint);
        let again = self.resume.as_ref().zip(self.checkpoint.as_ref()).is_some_and(same);
        let inputs: Vec<_> = inputs.into_iter().flatten().filter(|(flag, _)| !again || *flag != "--resume").collect();
        let written = [named("--out", &self.out), named("--checkpoint", &self.checkpoint), plot];
        outputs::check(&inputs, &written.into_iter().flatten().collect::<Vec<_>>())?;
        if self.out.is_none() && console.terminal() {
            console.warn("without --out the trained model is not kept");
        }
        Ok(())
    }

    /// The hidden units of a layer, where nothing searches for them.
    pub fn hidden(&self) -> usize {
        self.hidden.unwrap_or(HIDDEN)
    }

    /// What to say where the dropout has no place to be.
    pub fn dropout_warning(&self, layers: usize) -> Option<String> {
        self.dropout.filter(|&dropout| dropout > 0.0 && layers == 1).map(|dropout| {
            format!("warning: --dropout {dropout} does nothing: it drops units between layers, and there is one")
        })
    }

    /// The optimiser, with `lr` where no rate was given.
    pub fn optimizer(&self, lr: f64) -> Result<Optimizer> {
        let lr = self.lr.unwrap_or(lr);
        Optimizer::named(self.optimizer.name(), lr, self.momentum, self.weight_decay).map_err(flagged)
    }

    /// Whether the optimiser is as by default.
    pub fn has_default_optimizer(&self) -> bool {
        self.optimizer == OptimizerName::Adam
            && self.lr.is_none()
            && self.weight_decay.is_none()
            && self.momentum.is_none()
    }

    /// The largest norm of the gradient, `default` where none was given; `None` where it is 0.
    pub fn clip(&self, default: f64) -> Option<Clip> {
        let max_norm = self.clip.unwrap_or(default);
        (max_norm > 0.0).then_some(Clip { max_norm })
    }
}

/// Where the loss that was asked for turns from a parabola into lines.
///
/// # Errors
/// [`Error::Config`] where that was said of another loss than Huber's.
pub fn huber_delta(loss: Option<LossName>, delta: Option<f64>) -> Result<f64> {
    match delta {
        Some(delta) if loss != Some(LossName::Huber) => {
            Err(Error::config("--delta", delta, "none, or --loss huber beside it"))
        }
        _ => Ok(delta.unwrap_or(DELTA)),
    }
}
