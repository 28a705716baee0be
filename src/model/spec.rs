//! The spec of a network: everything but its weights and the batch.

use super::{CellFacts, CellKind, Layout};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Which time steps the head reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readout {
    /// The final hidden state of each direction, `cat(h_n[-2], h_n[-1])` with both: forwards after the last step, of a
    /// row with a length the last within it; backwards after the first. Outputs are [B, O].
    Last,
    /// The last step of both directions (`out[:, -1, :]`), where the reverse one has seen a single step; of a row with
    /// a length the last within it. Outputs are [B, O]. With one direction it is [`Readout::Last`].
    LastStep,
    /// Every step: outputs are [B, T, O].
    Every,
}

impl Readout {
    /// How many positions of a sequence of `steps` steps, or of a row of such a length, have an output that counts.
    pub fn positions(self, steps: usize) -> usize {
        match self {
            Readout::Last | Readout::LastStep => 1,
            Readout::Every => steps,
        }
    }
}

/// A linear layer from the top hidden states to the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    /// Output features (O).
    pub outputs: usize,
    /// The steps it reads.
    pub readout: Readout,
}

/// A recurrent network as `torch.nn.{RNN, LSTM, GRU}` with `batch_first=True`, and a `torch.nn.Linear` head on it, or
/// none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Spec {
    /// The cell.
    pub cell: CellKind,
    /// Input features (I).
    pub input: usize,
    /// Hidden units (H).
    pub hidden: usize,
    /// Stacked layers (L).
    pub layers: usize,
    /// Whether each layer also runs backwards in time (D = 2).
    pub bidirectional: bool,
    /// The head. Without one the outputs are the top layer's hidden states at every step, [B, T, D*H].
    pub head: Option<Head>,
}

/// Parameters of the largest network: their indices fit in 32 bits on every device.
const MOST_PARAMETERS: u128 = 1 << 31;
/// The most parameters of a network that a program makes.
const MOST_MADE: u64 = 1 << 28;

impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Spec { cell, input, hidden, layers, bidirectional, head } = self;
        write!(f, "{cell}, {input} inputs, {layers} x {hidden} hidden units")?;
        if *bidirectional {
            f.write_str(" in both directions")?;
        }
        match head {
            None => f.write_str(", no head"),
            Some(Head { outputs, readout: Readout::Last }) => write!(f, ", {outputs} outputs after the last step"),
            Some(Head { outputs, readout: Readout::LastStep }) => write!(f, ", {outputs} outputs at the last step"),
            Some(Head { outputs, readout: Readout::Every }) => write!(f, ", {outputs} outputs after every step"),
        }
    }
}

impl Spec {
    /// One layer, one direction, a head on the last step: the course's network.
    pub fn new(cell: CellKind, input: usize, hidden: usize, outputs: usize) -> Self {
        let head = Head { outputs, readout: Readout::Last };
        Spec { cell, input, hidden, layers: 1, bidirectional: false, head: Some(head) }
    }

    /// Checks the sizes of the network.
    ///
    /// # Errors
    /// [`Error::Config`] where a size is 0 or above 2^20, or the network has more than 2^31 parameters.
    pub fn validate(&self) -> Result<()> {
        let sizes = [("input", self.input), ("hidden", self.hidden), ("layers", self.layers)];
        let outputs = self.head.map(|head| ("outputs", head.outputs));
        for (name, size) in sizes.into_iter().chain(outputs) {
            if size == 0 || size > 1 << 20 {
                return Err(Error::config(name, size, "a whole number from 1 to 1048576"));
            }
        }
        // Each size fits in 20 bits, so that none of these products overflows.
        let [hidden, layers, outputs] =
            [self.hidden, self.layers, self.head.map_or(0, |head| head.outputs)].map(|size| size as u128);
        let inputs = (self.input as u128).max(self.top() as u128);
        let layer = self.facts().gates as u128 * hidden * (inputs + hidden + 2);
        let parameters = layers * self.directions() as u128 * layer + outputs * (self.top() as u128 + 1);
        if parameters > MOST_PARAMETERS {
            return Err(Error::config("the number of parameters", parameters, format!("at most {MOST_PARAMETERS}")));
        }
        Ok(())
    }

    /// Checks that the network is one that a program makes: with gradients and Adam's moments, the most parameters take
    /// 4 GiB.
    ///
    /// # Errors
    /// As [`Spec::validate`]; [`Error::Limit`] where there are more than 2^28 parameters.
    pub fn check_size(&self) -> Result<()> {
        self.validate()?;
        let needed = Layout::new(self).len() as u64;
        if needed <= MOST_MADE {
            return Ok(());
        }
        Err(Error::Limit {
            what: format!("a network of {} hidden units", self.hidden),
            needed,
            limit: MOST_MADE,
            unit: "parameters",
            adapter: "this program".into(),
            remedy: "take fewer hidden units".into(),
        })
    }

    /// Directions (D): 1 or 2.
    pub fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }

    /// Input features of layer `layer`: I, or D*H above the first.
    pub fn layer_input(&self, layer: usize) -> usize {
        if layer == 0 { self.input } else { self.top() }
    }

    /// Features of a layer's output, and of the head's input: D*H.
    pub fn top(&self) -> usize {
        self.directions() * self.hidden
    }

    /// Features of an output (O): the head's, or D*H where there is none.
    pub fn outputs(&self) -> usize {
        self.head.map_or(self.top(), |head| head.outputs)
    }

    /// The steps that have an output: those that the head reads, or every one where there is none.
    pub fn readout(&self) -> Readout {
        self.head.map_or(Readout::Every, |head| head.readout)
    }

    /// The constants of the cell.
    pub fn facts(&self) -> CellFacts {
        self.cell.facts()
    }

    /// Values of one row's states: S*L*D*H.
    pub fn state_len(&self) -> usize {
        self.facts().states * self.layers * self.directions() * self.hidden
    }

    /// Checks that states [S, L*D, `rows`, H], which errors call `what`, have `found` values.
    ///
    /// # Errors
    /// [`Error::Length`] where they do not.
    pub fn check_states(&self, what: &str, rows: usize, found: usize) -> Result<()> {
        let blocks = self.layers * self.directions();
        Error::check_len(what, &[("S", self.facts().states), ("L*D", blocks), ("B", rows), ("H", self.hidden)], found)
    }

    /// Steps of a sequence of `steps` that have an output.
    pub fn read_steps(&self, steps: usize) -> usize {
        self.readout().positions(steps)
    }
}
