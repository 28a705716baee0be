//! What a file of PyTorch's is taken for: the flags that all commands share which read models.

use clap::ValueEnum;
use refrain::model::{LoadOptions, Nonlinearity, Readout};

/// Flags for a file that may hold more than a recurrent module and its head, and does not say all of it.
#[derive(Clone, Debug, clap::Args)]
pub struct Modules {
    /// The function of an RNN, where the file is PyTorch's and does not say.
    #[arg(long, value_enum, value_name = "F")]
    nonlinearity: Option<Function>,
    /// The recurrent module, where the file is PyTorch's and holds several or other layers: its name in the state_dict.
    /// Without --head-module it is taken without a head, on x as its own input.
    #[arg(long, value_name = "PREFIX")]
    module: Option<String>,
    /// The Linear behind the recurrent module, likewise.
    #[arg(long, value_name = "PREFIX")]
    head_module: Option<String>,
}

/// A [`Nonlinearity`] on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Function {
    Tanh,
    Relu,
}

impl Function {
    fn nonlinearity(self) -> Nonlinearity {
        match self {
            Function::Tanh => Nonlinearity::Tanh,
            Function::Relu => Nonlinearity::Relu,
        }
    }
}

impl Modules {
    /// The first of these flags that is given.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            ("--nonlinearity", self.nonlinearity.is_some()),
            ("--module", self.module.is_some()),
            ("--head-module", self.head_module.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

    /// What to read a file by; `readout` are the steps that its head reads, where that is known.
    pub fn options(&self, readout: Option<Readout>) -> LoadOptions {
        LoadOptions {
            nonlinearity: self.nonlinearity.map(Function::nonlinearity),
            readout,
            module: self.module.clone(),
            head_module: self.head_module.clone(),
        }
    }
}
