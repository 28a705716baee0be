//! What arrays ask of a network, and of what training minimises.

use super::flags::{Flags, HeadName};
use super::targets::{Reading, Targets};
use crate::cli::recipe::Recipe;
use crate::cli::sequences::{Input, note_unused};
use refrain::arrays::Arrays;
use refrain::data::Windows;
use refrain::loss::Loss;
use refrain::model::{Head, Model, Readout, Spec, initial_parameters};
use refrain::{Error, Result};
use std::path::Path;

/// A training set, and the network that it is for.
#[derive(Debug)]
pub struct Set {
    pub windows: Windows,
    /// Those with targets.
    pub rows: Vec<u32>,
    pub loss: Loss,
    /// With the weights that training begins with.
    pub model: Model,
}

/// What a set is read for.
#[derive(Clone, Copy)]
pub enum For<'a> {
    /// The model of a file.
    Model(&'a Path),
    /// A new network of this recipe, with initial weights from a seed.
    New(&'a Recipe, u64),
}

/// The same, with the model read.
enum Begun<'a> {
    Model(Model),
    New(&'a Recipe, u64),
}

impl Set {
    /// Reads x, y and lengths. A set for a model is compared with it; for a new network, y says what it gives: its
    /// dimensions which steps and how many outputs, its values whether they are classes. `asked` is the loss that was
    /// asked for, if one was.
    pub fn read(
        arrays: &Arrays<'_>,
        network: For<'_>,
        asked: Option<Loss>,
        flags: &Flags,
        notes: &mut Vec<String>,
        warnings: &mut Vec<String>,
    ) -> anyhow::Result<Self> {
        arrays.require("y")?;
        let mut input = Input::read(arrays, None, notes)?;
        let reading = Reading::of(arrays, &input, asked, flags, notes)?;
        let loss = reading.loss;
        for (name, given) in [("--classes", flags.classes.is_some()), ("--ignore-index", flags.ignore_index.is_some())]
        {
            if given && loss != Loss::CrossEntropy {
                return Err(Error::config(name, "given", "nothing, with another loss than cross-entropy").into());
            }
        }
        if flags.classes.is_some() && flags.head == Some(HeadName::None) {
            return Err(
                Error::config("--classes", "given", "nothing: without a head the outputs are hidden states").into()
            );
        }
        let begun = match network {
            For::Model(path) => Begun::Model(initial(path, flags, reading.readout, notes, warnings)?),
            For::New(recipe, seed) => Begun::New(recipe, seed),
        };
        note_unused(arrays, &["x", "y", "lengths"], notes);
        // A network without a head has an output at every step.
        let (readout, known, both) = match &begun {
            Begun::Model(Model { spec, .. }) => {
                arrays.dims("x", [("N", None), ("T", None), ("I", Some(spec.input))])?;
                (spec.readout(), Some(spec.outputs()), spec.bidirectional)
            }
            Begun::New(recipe, _) => {
                let top = recipe.hidden() * (1 + usize::from(recipe.bidirectional));
                (reading.readout, (flags.head == Some(HeadName::None)).then_some(top), recipe.bidirectional)
            }
        };
        let reading = Reading { readout, ..reading };
        let Targets { values, outputs, rows } = reading.targets(arrays, &mut input, known, flags, both, notes)?;
        let outputs = known.or(flags.classes).unwrap_or(outputs);
        let model = match begun {
            Begun::Model(model) => model,
            Begun::New(recipe, seed) => {
                let spec = Spec {
                    cell: recipe.cell.kind(),
                    input: input.inputs,
                    hidden: recipe.hidden(),
                    layers: recipe.layers,
                    bidirectional: recipe.bidirectional,
                    head: (flags.head != Some(HeadName::None)).then_some(Head { outputs, readout }),
                    segments: None,
                };
                spec.check_size()?;
                Model::new(spec, initial_parameters(&spec, seed))
            }
        };
        let spec = model.spec;
        let lengths: Vec<usize> = (0..input.rows).map(|row| input.length(row)).collect();
        loss.check_targets(&spec, input.steps, &lengths, &values)
            .map_err(|error| arrays.fault(format!("`y`: {error}")))?;
        let windows =
            Windows::from_sequences(input.x, input.inputs, input.steps, values, loss.target_len(&spec, input.steps))?;
        let windows = match input.lengths {
            Some(lengths) => windows.with_lengths(lengths)?,
            None => windows,
        };
        Ok(Set { windows, rows, loss, model })
    }
}

/// A loss for a reader.
pub fn in_words(loss: Loss) -> String {
    match loss {
        Loss::Mse => "mean squared error".to_owned(),
        Loss::Mae => "mean absolute error".to_owned(),
        Loss::Huber { delta } => format!("Huber's loss with delta {delta}"),
        Loss::CrossEntropy => "cross-entropy".to_owned(),
        Loss::BinaryCrossEntropy => "binary cross-entropy".to_owned(),
        Loss::Quantile(quantiles) => format!("quantiles {:?}", quantiles.levels()),
        Loss::Likelihood(distribution) => format!("-ln of the likelihood of {distribution}"),
    }
}

/// The model of a file.
fn initial(
    path: &Path,
    flags: &Flags,
    readout: Readout,
    notes: &mut Vec<String>,
    warnings: &mut Vec<String>,
) -> Result<Model> {
    let readout_said = flags.head.map(HeadName::readout).or((readout == Readout::Every).then_some(readout));
    let mut loaded = Model::open(path, &flags.modules.options(readout_said))?;
    // Where nothing is said, y asks for one output a row; what it is read from is the file's to say.
    if let Some(head) = loaded.model.spec.head.as_mut().filter(|head| head.readout == Readout::Every) {
        head.readout = readout;
    }
    notes.extend(loaded.notes.iter().map(|note| format!("{}: {note}", path.display())));
    warnings.extend(loaded.ignored.map(|ignored| format!("{}: {ignored}", path.display())));
    let refuse = |found: &str, expected: &str| {
        Err(Error::config("--head", found, format!("{expected}, as in {}", path.display())))
    };
    match (flags.head, loaded.model.spec.head) {
        (Some(HeadName::None), Some(_)) => refuse("none", "last or all"),
        (Some(HeadName::Last), None) => refuse("last", "none"),
        (Some(HeadName::LastStep), None) => refuse("last-step", "none"),
        (Some(HeadName::All), None) => refuse("all", "none"),
        _ => Ok(loaded.model),
    }
}
