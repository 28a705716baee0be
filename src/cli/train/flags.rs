//! Flags for arrays alone.

use crate::cli::modules::Modules;
use crate::cli::values::whole;
use clap::ValueEnum;
use refrain::model::Readout;
use refrain::{Error, Result};

/// The class that stands for none, as in PyTorch.
const IGNORED: i32 = -100;

/// What is between the top hidden states and y.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HeadName {
    /// A linear layer on each row's final states: cat(h_n[-2], h_n[-1]) with both directions.
    Last,
    /// A linear layer on each row's last step, out[:, -1], where the reverse direction has seen a single step.
    LastStep,
    /// A linear layer on every step.
    All,
    /// Nothing: y are the hidden states [N, T, D*H].
    None,
}

impl HeadName {
    /// The steps that have an output.
    pub fn readout(self) -> Readout {
        match self {
            HeadName::Last => Readout::Last,
            HeadName::LastStep => Readout::LastStep,
            HeadName::All | HeadName::None => Readout::Every,
        }
    }
}

/// Flags for arrays alone.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Task")]
pub struct Flags {
    /// Of arrays: what is between the top hidden states and y; by default y's dimensions say `last` or `all`.
    #[arg(long, value_enum, value_name = "STEPS")]
    pub head: Option<HeadName>,
    /// Of arrays: classes of a cross-entropy; by default as many as y names.
    #[arg(long, value_name = "N", value_parser = whole::<1, 1_048_576>, conflicts_with = "init")]
    pub classes: Option<usize>,
    /// Of arrays: the class that stands for none in y, -100 where nothing is said: such rows, and such ends of rows,
    /// are left out.
    #[arg(long, value_name = "N")]
    pub ignore_index: Option<i32>,
    /// Of arrays: take the rows in the order of the file.
    #[arg(long, help_heading = "Optimiser")]
    pub no_shuffle: bool,
    #[command(flatten, next_help_heading = "Network")]
    pub modules: Modules,
}

impl Flags {
    /// The class that stands for none.
    pub fn ignored(&self) -> f32 {
        self.ignore_index.unwrap_or(IGNORED) as f32
    }

    /// Refuses these flags where there are no arrays.
    pub fn refuse_given(&self) -> Result<()> {
        let given = [
            ("--head", self.head.is_some()),
            ("--classes", self.classes.is_some()),
            ("--ignore-index", self.ignore_index.is_some()),
            ("--no-shuffle", self.no_shuffle),
        ];
        let given = given.into_iter().find(|(_, given)| *given).map(|(name, _)| name);
        match given.or_else(|| self.modules.given()) {
            None => Ok(()),
            Some(name) => Err(Error::config(name, "given", "nothing: it is for arrays (.safetensors, .npz)")),
        }
    }
}
