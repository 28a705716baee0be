//! What the parts of a network are called in a file.

use serde::{Deserialize, Serialize};

/// What the parts of a network are called in a PyTorch module: what stands in its state_dict before `.weight_ih_l0` and
/// `.weight`. Empty where the part is the whole module. A network keeps its names, so that its weights go back to where
/// they came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The `torch.nn.{RNN, LSTM, GRU}`.
    pub rnn: String,
    /// The `torch.nn.Linear`.
    pub head: String,
    /// Whether the recurrent module is a `torch.nn.{RNNCell, LSTMCell, GRUCell}`, whose tensors are called `weight_ih`
    /// rather than `weight_ih_l0`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cell: bool,
}

impl Default for Names {
    fn default() -> Self {
        Names { rnn: "rnn".into(), head: "fc".into(), cell: false }
    }
}

impl Names {
    /// The name in the file of a tensor that [`Layout`](crate::model::Layout) calls `name`.
    pub(super) fn of(&self, name: &str) -> String {
        let (part, tensor) = name.split_once('.').expect("a layout's names have one dot");
        let (module, tensor) = match part {
            "rnn" if self.cell => (&self.rnn, tensor.strip_suffix("_l0").unwrap_or(tensor)),
            "rnn" => (&self.rnn, tensor),
            "fc" => (&self.head, tensor),
            _ => return name.to_owned(),
        };
        join(module, tensor)
    }
}

/// The name of a module's tensor.
pub(super) fn join(module: &str, tensor: &str) -> String {
    if module.is_empty() { tensor.to_owned() } else { format!("{module}.{tensor}") }
}

/// Whether `asked` means the module of this name: in full, or by the end of it after a dot.
pub(super) fn means(asked: &str, name: &str) -> bool {
    name.strip_suffix(asked.trim_end_matches('.')).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
