//! How a network is described.

use crate::engine::{AnyEngine, Device, Precision, cpu};
use crate::error::{Error, Result};
use crate::memory;
use crate::model::{CellKind, Head, Layout, Model, Nonlinearity, Readout, Spec, initial_parameters};

/// Bytes that a parameter takes while a network is trained: itself on both sides, its gradient and two moments.
const BYTES: usize = 5 * size_of::<f32>();

/// Elman's recurrent network: h' = tanh(W_ih x + b_ih + W_hh h + b_hh). Source: `torch.nn.RNN`.
#[derive(Clone, Copy, Debug)]
pub struct Rnn;

/// The long short-term memory of Hochreiter and Schmidhuber with a forget gate. Source: `torch.nn.LSTM`.
#[derive(Clone, Copy, Debug)]
pub struct Lstm;

/// The gated recurrent unit, reset after the product. Source: `torch.nn.GRU`.
#[derive(Clone, Copy, Debug)]
pub struct Gru;

impl Rnn {
    /// A network with so many input features (I) and hidden units (H).
    pub fn builder(inputs: usize, hidden: usize) -> Builder {
        Builder::new(CellKind::RnnTanh, inputs, hidden)
    }
}

impl Lstm {
    /// A network with so many input features (I) and hidden units (H).
    pub fn builder(inputs: usize, hidden: usize) -> Builder {
        Builder::new(CellKind::Lstm, inputs, hidden)
    }
}

impl Gru {
    /// A network with so many input features (I) and hidden units (H).
    pub fn builder(inputs: usize, hidden: usize) -> Builder {
        Builder::new(CellKind::Gru, inputs, hidden)
    }
}

/// A network that is yet to be made: one layer in one direction, without a head, on the CPU engine, with the initial
/// weights of seed 0.
///
/// ```
/// use refrain::{Device, Lstm};
///
/// let network = Lstm::builder(3, 16).layers(2).bidirectional(true).head(4).device(Device::cpu()).seed(7).build()?;
/// assert_eq!(network.spec().to_string(), "lstm, 3 inputs, 2 x 16 hidden units in both directions, 4 outputs after the last step");
/// # Ok::<(), refrain::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder makes nothing before `build`"]
pub struct Builder {
    cell: CellKind,
    inputs: usize,
    hidden: usize,
    layers: usize,
    bidirectional: bool,
    outputs: Option<usize>,
    readout: Readout,
    nonlinearity: Option<Nonlinearity>,
    forget_bias: Option<f32>,
    device: Device,
    precision: Precision,
    seed: u64,
}

impl Builder {
    /// A network of this cell with so many input features (I) and hidden units (H).
    pub fn new(cell: CellKind, inputs: usize, hidden: usize) -> Self {
        Builder {
            cell,
            inputs,
            hidden,
            layers: 1,
            bidirectional: false,
            outputs: None,
            readout: Readout::Last,
            nonlinearity: None,
            forget_bias: None,
            device: Device::Cpu(cpu::Options::default()),
            precision: Precision::F32,
            seed: 0,
        }
    }

    /// Stacks so many layers (L).
    pub fn layers(self, layers: usize) -> Self {
        Builder { layers, ..self }
    }

    /// Whether each layer also runs backwards in time (D = 2).
    pub fn bidirectional(self, bidirectional: bool) -> Self {
        Builder { bidirectional, ..self }
    }

    /// Puts a linear layer with so many outputs (O) on the final hidden state of each direction: outputs are [B, O].
    /// Without a head the outputs are the hidden states of the top layer, [B, T, D*H].
    pub fn head(self, outputs: usize) -> Self {
        Builder { outputs: Some(outputs), ..self }
    }

    /// The head reads every step: outputs are [B, T, O].
    pub fn every_step(self) -> Self {
        Builder { readout: Readout::Every, ..self }
    }

    /// The head reads the last step of both directions, where the reverse one has seen a single step
    /// ([`Readout::LastStep`]).
    pub fn last_step(self) -> Self {
        Builder { readout: Readout::LastStep, ..self }
    }

    /// The function of an RNN: tanh where nothing is said.
    pub fn nonlinearity(self, nonlinearity: Nonlinearity) -> Self {
        Builder { nonlinearity: Some(nonlinearity), ..self }
    }

    /// The bias that an LSTM's forget gates begin with, in place of a random one: 1 keeps them open, so that it
    /// remembers from the start. Source: Jozefowicz et al. 2015, An Empirical Exploration of Recurrent Network
    /// Architectures.
    pub fn forget_bias(self, bias: f32) -> Self {
        Builder { forget_bias: Some(bias), ..self }
    }

    /// The device that the network is put on.
    pub fn device(self, device: Device) -> Self {
        Builder { device, ..self }
    }

    /// How an adapter stores weights and tape: in 32 bits, or in 16.
    pub fn precision(self, precision: Precision) -> Self {
        Builder { precision, ..self }
    }

    /// The seed of the initial weights.
    pub fn seed(self, seed: u64) -> Self {
        Builder { seed, ..self }
    }

    /// What the network is.
    ///
    /// # Errors
    /// [`Error::Config`] where a size is 0 or makes the network too large, or where something is asked of a cell that
    /// it does not have.
    pub fn spec(&self) -> Result<Spec> {
        let cell = match (self.cell, self.nonlinearity) {
            (CellKind::RnnTanh | CellKind::RnnRelu, Some(nonlinearity)) => nonlinearity.cell(),
            (cell, None) => cell,
            (cell, Some(_)) => return Err(Error::config("nonlinearity", "given", format!("none of a cell {cell}"))),
        };
        let head = self.outputs.map(|outputs| Head { outputs, readout: self.readout });
        if head.is_none() && self.readout == Readout::LastStep {
            return Err(Error::config("last_step", "given", "a head beside it, which reads that step"));
        }
        let Builder { inputs: input, hidden, layers, bidirectional, .. } = *self;
        let spec = Spec { cell, input, hidden, layers, bidirectional, head, segments: None };
        spec.validate()?;
        Ok(spec)
    }

    /// The network with its initial weights.
    ///
    /// # Errors
    /// As [`Builder::spec`]; and [`Error::Limit`] where there is not enough memory.
    pub fn model(&self) -> Result<Model> {
        let spec = self.spec()?;
        let layout = Layout::new(&spec);
        memory::check("the network", layout.len().saturating_mul(BYTES), "take fewer hidden units or layers")?;
        let mut parameters = initial_parameters(&spec, self.seed);
        if let Some(bias) = self.forget_bias {
            if spec.cell != CellKind::Lstm {
                let expected = format!("none of a cell {}, which has no forget gate", spec.cell);
                return Err(Error::config("forget_bias", bias, expected));
            }
            for layer in layout.layers() {
                // The gates are i, f, g and o, and the two biases add up.
                let forget = spec.hidden..2 * spec.hidden;
                parameters[layer.bias_ih.clone()][forget.clone()].fill(bias);
                parameters[layer.bias_hh.clone()][forget].fill(0.0);
            }
        }
        Ok(Model::new(spec, parameters))
    }

    /// The network on its device, as training and inference that do not wait take it.
    ///
    /// # Errors
    /// As [`Builder::model`] and [`Device::engine_with`].
    pub fn engine(&self) -> Result<AnyEngine> {
        self.place(&self.model()?)
    }

    /// Puts a model on the device.
    fn place(&self, model: &Model) -> Result<AnyEngine> {
        self.device.engine_with(model.spec, &model.parameters, self.precision)
    }

    /// Makes the network.
    ///
    /// # Errors
    /// As [`Builder::engine`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn build(self) -> Result<super::Network> {
        let model = self.model()?;
        let engine = self.place(&model)?;
        Ok(super::Network::new(model, engine))
    }
}
