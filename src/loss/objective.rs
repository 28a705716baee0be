//! What a training step minimises.

use super::losses::Loss;
use crate::error::{Error, Result};
use crate::model::{Dropout, Spec};

/// What a training step's gradients depend on beside the network and the batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Objective {
    /// What is minimised.
    pub loss: Loss,
    /// What is dropped between the layers; nothing where p is 0.
    pub dropout: Dropout,
}

impl Objective {
    /// Checks that a network of this spec can be trained for it.
    ///
    /// # Errors
    /// [`Error::Config`] where the loss or the dropout probability makes no sense, or the loss cannot read the outputs
    /// of the network.
    pub fn check(&self, spec: &Spec) -> Result<()> {
        self.dropout.check()?;
        self.loss.check()?;
        match self.loss {
            Loss::Quantile(quantiles) if !spec.outputs().is_multiple_of(quantiles.count) => {
                let expected = format!("a multiple of {}, the number of quantiles", quantiles.count);
                Err(Error::config("outputs", spec.outputs(), expected))
            }
            Loss::Likelihood(distribution) => {
                let count = distribution.parameters();
                if spec.segments.is_none() {
                    Err(Error::config("loss", "a likelihood", "another one, or a network over segments"))
                } else if !spec.outputs().is_multiple_of(count) {
                    let expected = format!("a multiple of {count}, the parameters of the distribution");
                    Err(Error::config("outputs", spec.outputs(), expected))
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
    }
}
