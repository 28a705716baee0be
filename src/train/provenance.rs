//! What a model file says of how its weights were trained.

use crate::loss::Loss;
use crate::model::Model;

/// The key of the loss in [`Model::provenance`].
const LOSS: &str = "loss";

/// The loss that a model was trained for, if its file says so.
pub fn trained_for(model: &Model) -> Option<Loss> {
    model.provenance.get(LOSS).and_then(|loss| serde_json::from_value(loss.clone()).ok())
}

/// Makes the file of a model say which loss it was trained for.
pub fn record_loss(model: &mut Model, loss: Loss) {
    model.provenance.insert(LOSS.to_owned(), serde_json::json!(loss));
}
