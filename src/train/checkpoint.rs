//! The file from which an interrupted run is resumed: a model file that also has the optimiser's moments, the best
//! weights and the run's progress. Its weights are those of the last epoch, and it loads as a model.

use super::fit::State;
use super::validated::{Best, Snapshot};
use crate::arrays::{Arrays, Named};
use crate::engine::Moments;
use crate::error::{Error, Result};
use crate::model::{CHECKPOINT, Model};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a checkpoint's provenance says how far the run has come.
const KEY: &str = "checkpoint";
/// More steps than any run takes: 2^53.
const MOST_STEPS: u64 = 1 << 53;
/// What its provenance says of how long the run is to be, which may change: a run that has ended can be extended.
const LENGTH: [&str; 2] = ["epochs", "patience"];
/// Its tensors beside the model's.
const NAMES: [&str; 3] = ["m", "v", "best"];

/// A run on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The network, with the weights of the last epoch. Its provenance tells one run from another.
    pub model: Model,
    /// How far it has come.
    pub snapshot: Snapshot,
}

/// What stands in the provenance.
#[derive(Serialize, Deserialize)]
struct Place {
    state: State,
    val: Vec<f64>,
    best: Option<Best>,
}

impl Checkpoint {
    /// The file's bytes: those of `model` with the weights, the moments and the progress of `snapshot`.
    ///
    /// # Errors
    /// As [`Model::to_bytes`].
    pub fn to_bytes(model: &Model, snapshot: &Snapshot) -> Result<Vec<u8>> {
        let Snapshot { state, parameters, moments, val, best } = snapshot;
        let place = Place { state: state.clone(), val: val.clone(), best: best.as_ref().map(|(best, _)| *best) };
        let mut model = Model { parameters: parameters.clone(), ..model.clone() };
        let place = serde_json::to_value(place).expect("a place has string keys only");
        model.provenance.insert(KEY.to_owned(), place);

        let best = best.as_ref().map(|(_, parameters)| parameters);
        let values = [Some(&moments.m), Some(&moments.v), best];
        let names = NAMES.map(|name| format!("{CHECKPOINT}{name}"));
        let shape = [parameters.len()];
        let arrays =
            names.iter().zip(values).filter_map(|(name, values)| Some(Named { name, shape: &shape, values: values? }));
        model.to_bytes_with(&arrays.collect::<Vec<_>>())
    }

    /// A checkpoint from the bytes of a file, of which nothing is trusted. `path` is what errors call the file.
    ///
    /// # Errors
    /// [`Error::File`] where they hold no model, no checkpoint, or numbers that contradict one another.
    pub fn from_bytes(path: &str, bytes: &[u8]) -> Result<Self> {
        let mut model = Model::from_bytes(path, bytes)?;
        let refuse = |message: String| Error::File { path: path.to_owned(), message };
        let place = model.provenance.remove(KEY).ok_or_else(|| {
            refuse("it is no checkpoint: expected what `Checkpoint::to_bytes` makes, found a model".to_owned())
        })?;
        let place: Place =
            serde_json::from_value(place).map_err(|error| refuse(format!("`{KEY}` in its provenance: {error}")))?;
        let (epochs, steps) = (place.state.epochs, place.state.history.len());
        let best = place.best.map_or(0, |best| best.epoch);
        if place.state.steps > MOST_STEPS || place.state.partial.is_some_and(|partial| !partial.sum.is_finite()) {
            return Err(refuse(format!("it claims {} steps, or a loss that is not finite", place.state.steps)));
        }
        if epochs != steps || place.val.len() > epochs || best > epochs || place.best.is_some() && best == 0 {
            return Err(refuse(format!(
                "it claims {epochs} epochs, but has {steps} losses, {} validation losses and a best epoch {best}",
                place.val.len()
            )));
        }
        let arrays = Arrays::from_bytes(path, bytes)?;
        let values = |name: &str| {
            let name = format!("{CHECKPOINT}{name}");
            arrays.dims(&name, [("parameters", Some(model.parameters.len()))])?;
            let values = arrays.f32(&name)?.values;
            let finite = values.iter().all(|value| value.is_finite());
            if finite { Ok(values) } else { Err(refuse(format!("tensor `{name}`: expected finite values"))) }
        };
        let moments = Moments { m: values(NAMES[0])?, v: values(NAMES[1])? };
        let best = place.best.map(|best| Ok::<_, Error>((best, values(NAMES[2])?))).transpose()?;
        let parameters = model.parameters.clone();
        let snapshot = Snapshot { state: place.state, parameters, moments, val: place.val, best };
        Ok(Checkpoint { model, snapshot })
    }

    /// Checks that this is a checkpoint of the run that trains `model`. How many epochs that has may differ, and with
    /// them the length of the schedule and the patience: so a run that has ended is extended.
    ///
    /// # Errors
    /// [`Error::File`] where the network or the provenance differs, with the first difference, or where the run has
    /// fewer epochs than are done.
    pub fn check(&self, path: &str, model: &Model) -> Result<()> {
        let refuse = |message: String| Err(Error::File { path: path.to_owned(), message });
        if self.model.spec != model.spec {
            return refuse(format!(
                "it is the checkpoint of another network: it has `{}`, this run `{}`",
                self.model.spec, model.spec
            ));
        }
        let done = self.snapshot.state.epochs;
        match model.provenance.get("epochs").and_then(Value::as_u64) {
            Some(epochs) if epochs < done as u64 => {
                return refuse(format!("it has come to epoch {done}, beyond the {epochs} epochs of this run"));
            }
            _ => {}
        }
        let keys = self.model.provenance.keys().chain(model.provenance.keys());
        let keys = keys.filter(|key| !LENGTH.contains(&key.as_str()));
        let of = |model: &Model, key: &str| model.provenance.get(key).map(|value| without_total(key, value));
        let differs = |key: &&String| of(&self.model, key) != of(model, key);
        match { keys }.find(differs) {
            None => Ok(()),
            Some(key) => {
                let of = |model: &Model| {
                    model.provenance.get(key).map_or("nothing".into(), |value| shortened(&value.to_string()))
                };
                let (found, expected) = (of(&self.model), of(model));
                refuse(format!("it is the checkpoint of another run: its `{key}` is {found}, this run's {expected}"))
            }
        }
    }
}

/// A value of the provenance; of the schedule `cosine`, without the steps that it takes in all.
fn without_total(key: &str, value: &Value) -> Value {
    let mut value = value.clone();
    if let ("schedule", Some(Value::Object(cosine))) = (key, value.get_mut("cosine")) {
        cosine.remove("total");
    }
    value
}

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CellKind, Layout, Spec, initial_parameters};
    use crate::train::Partial;
    use serde_json::json;

    fn checkpoint() -> Checkpoint {
        let spec = Spec::new(CellKind::Gru, 2, 3, 1);
        let parameters = initial_parameters(&spec, 1);
        let mut model = Model::new(spec, parameters.clone());
        model.provenance.insert("seed".into(), json!(7));
        let other = initial_parameters(&spec, 2);
        let history = vec![Some(0.1 + 0.2), Some(1.0 / 3.0)];
        let state = State { epochs: 2, steps: 8, history, partial: Some(Partial { steps: 1, sum: 0.1 }) };
        let best = Some((Best { epoch: 1, loss: 0.1 + 0.7, mae: Some(0.1 + 0.2) }, other.clone()));
        let moments = Moments { m: other, v: vec![1e-30; Layout::new(&spec).len()] };
        Checkpoint { model, snapshot: Snapshot { state, parameters, moments, val: vec![0.8, 0.9], best } }
    }

    #[test]
    fn a_file_gives_back_what_was_kept_and_loads_as_a_model() {
        let checkpoint = checkpoint();
        let bytes = Checkpoint::to_bytes(&checkpoint.model, &checkpoint.snapshot).unwrap();
        assert_eq!(Checkpoint::from_bytes("c", &bytes).unwrap(), checkpoint);
        assert_eq!(Model::from_bytes("c", &bytes).unwrap().parameters, checkpoint.model.parameters);
        assert_eq!(bytes, Checkpoint::to_bytes(&checkpoint.model, &checkpoint.snapshot).unwrap());
    }

    #[test]
    fn what_is_no_checkpoint_or_another_runs_is_refused() {
        let Checkpoint { model, snapshot } = checkpoint();
        let refused = |bytes: Vec<u8>| Checkpoint::from_bytes("c", &bytes).unwrap_err().to_string();
        assert!(refused(model.to_bytes().unwrap()).starts_with("c: it is no checkpoint: expected"));
        let bytes = Checkpoint::to_bytes(&model, &snapshot).unwrap();
        assert!(refused(bytes[..bytes.len() - 4].to_vec()).starts_with("c: "));
        let claims = Snapshot { val: vec![0.0; 9], ..snapshot.clone() };
        assert!(refused(Checkpoint::to_bytes(&model, &claims).unwrap()).contains("it claims 2 epochs"));
        let nan = Moments { v: vec![f32::NAN; model.parameters.len()], ..snapshot.moments.clone() };
        let nan = Snapshot { moments: nan, ..snapshot.clone() };
        assert!(
            refused(Checkpoint::to_bytes(&model, &nan).unwrap()).contains("tensor `checkpoint.v`: expected finite")
        );

        let kept = Checkpoint { model: model.clone(), snapshot };
        assert!(kept.check("c", &model).is_ok());
        let mut other = model.clone();
        other.provenance.insert("seed".into(), json!(8));
        let message = kept.check("c", &other).unwrap_err().to_string();
        assert_eq!(message, "c: it is the checkpoint of another run: its `seed` is 7, this run's 8");
        other = model.clone();
        let fields = [("epochs", json!(9)), ("patience", json!(5)), ("schedule", json!({ "cosine": { "total": 9 } }))];
        let mut shorter = kept.clone();
        for (key, value) in fields {
            shorter.model.provenance.insert(key.into(), json!({ "cosine": { "total": 3 } }));
            other.provenance.insert(key.into(), value);
        }
        assert!(shorter.check("c", &other).is_ok());
        other.provenance.insert("epochs".into(), json!(1));
        let message = shorter.check("c", &other).unwrap_err().to_string();
        assert_eq!(message, "c: it has come to epoch 2, beyond the 1 epochs of this run");
        other.spec.hidden = 4;
        let message = kept.check("c", &other).unwrap_err().to_string();
        let network = |hidden| format!("gru, 2 inputs, 1 x {hidden} hidden units, 1 outputs after the last step");
        let (found, expected) = (network(3), network(4));
        assert_eq!(
            message,
            format!("c: it is the checkpoint of another network: it has `{found}`, this run `{expected}`")
        );
    }
}
