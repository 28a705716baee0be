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

/// What makes a network go over segments of time instead of steps, and decode all of its horizon at once (SegRNN).
///
/// Each segment becomes one input of the recurrent layers: e = relu(W s + b), with s its values, [w, I]. The final states
/// are then decoded once for each segment of the horizon: one step of the same layers, whose input is that segment's
/// position, a learned vector, plus W_s c where a row has static features c; the head makes the segment, [w, F], of it.
/// Segments end where a row ends, so that what is left over stands at the beginning, after zeros.
///
/// Source: Lin et al. 2023, SegRNN, arXiv 2308.11200, with parallel decoding. Its embedding of channels is that of static
/// features which tell channels apart, added to positions in place of standing beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Segments {
    /// Time steps of a segment (w).
    pub steps: usize,
    /// Values of a step of the horizon (F): the outputs O are [K, F], K steps of it.
    pub targets: usize,
    /// Features of a row that do not change in time (C).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub statics: usize,
}

fn is_zero(size: &usize) -> bool {
    *size == 0
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
    /// Whether it goes over segments of time; then it has a head on the last step, and one direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Segments>,
}

/// Parameters of the largest network: their indices fit in 32 bits on every device.
const MOST_PARAMETERS: u128 = 1 << 31;
/// The most parameters of a network that a program makes.
const MOST_MADE: u64 = 1 << 28;

impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Spec { cell, input, hidden, layers, bidirectional, head, segments } = self;
        write!(f, "{cell}, {input} inputs, {layers} x {hidden} hidden units")?;
        if *bidirectional {
            f.write_str(" in both directions")?;
        }
        if let Some(Segments { steps, .. }) = segments {
            write!(f, ", over segments of {steps} steps")?;
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
        Spec { cell, input, hidden, layers: 1, bidirectional: false, head: Some(head), segments: None }
    }

    /// Checks the sizes of the network.
    ///
    /// # Errors
    /// [`Error::Config`] where a size is 0 or above 2^20, the network has more than 2^31 parameters, or it goes over
    /// segments and has not the head for that or both directions.
    pub fn validate(&self) -> Result<()> {
        if let Some(segments) = self.segments {
            self.check_segments(segments)?;
        }
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
        let recurrent = layers * self.directions() as u128 * layer;
        let parameters = match self.segments {
            None => recurrent + outputs * (self.top() as u128 + 1),
            Some(Segments { steps, targets, statics }) => {
                let sizes = [steps, targets, statics, self.positions()];
                let [steps, targets, statics, positions] = sizes.map(|size| size as u128);
                recurrent + hidden * (steps * inputs + 1 + positions + statics) + steps * targets * (hidden + 1)
            }
        };
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

    fn check_segments(&self, Segments { steps, targets, statics }: Segments) -> Result<()> {
        for (name, size) in [("steps of a segment", steps), ("targets of a step", targets)] {
            if size == 0 || size > 1 << 20 {
                return Err(Error::config(name, size, "a whole number from 1 to 1048576"));
            }
        }
        if statics > 1 << 20 {
            return Err(Error::config("static features", statics, "at most 1048576"));
        }
        if self.bidirectional {
            return Err(Error::config("directions over segments", 2, 1));
        }
        match self.head {
            Some(Head { outputs, readout: Readout::Last }) if outputs.is_multiple_of(targets) => Ok(()),
            Some(Head { outputs, readout: Readout::Last }) => Err(Error::config(
                "outputs over segments",
                outputs,
                format!("a multiple of {targets}, a step's targets"),
            )),
            _ => Err(Error::config("the head over segments", "none on the last step", "one on the last step")),
        }
    }

    /// The recurrent layers alone, as they go over segments or over whatever else: without the head, and what they are
    /// given is the first layer's input.
    pub fn recurrent(&self) -> Spec {
        Spec { input: self.layer_input(0), head: None, segments: None, ..*self }
    }

    /// Segments of the horizon, each with a position: 0 of a network that goes over steps.
    pub fn positions(&self) -> usize {
        self.segments.map_or(0, |segments| self.outputs().div_ceil(segments.steps * segments.targets))
    }

    /// Features of a row that do not change in time (C): 0 of a network that goes over steps.
    pub fn statics(&self) -> usize {
        self.segments.map_or(0, |segments| segments.statics)
    }

    /// Directions (D): 1 or 2.
    pub fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }

    /// Input features of layer `layer`: I, but H over segments; or D*H above the first.
    pub fn layer_input(&self, layer: usize) -> usize {
        if layer == 0 && self.segments.is_none() { self.input } else { self.top() }
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
