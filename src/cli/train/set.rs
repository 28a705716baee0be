//! What arrays ask of a network, and of what training minimises.

use super::arrays::Flags;
use super::targets::{Reading, Targets};
use crate::cli::recipe::Recipe;
use crate::cli::run::Function;
use crate::cli::sequences::{Input, note_unused};
use clap::ValueEnum;
use refrain::arrays::Arrays;
use refrain::data::Windows;
use refrain::loss::Loss;
use refrain::model::{Head, LoadOptions, Model, Readout, Spec};
use refrain::{Error, Result};

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

impl Set {
    /// Reads x, y and lengths. Where `recipe` names a model to begin with, the set is compared with it; else y says
    /// what the network gives: its dimensions which steps and how many outputs, its values whether they are classes.
    pub fn read(
        arrays: &Arrays<'_>,
        recipe: &Recipe,
        flags: &Flags,
        seed: u64,
        notes: &mut Vec<String>,
        warnings: &mut Vec<String>,
    ) -> anyhow::Result<Self> {
        arrays.require("y")?;
        let mut input = Input::read(arrays, None, notes)?;
        let reading = Reading::of(arrays, &input, recipe, flags, notes)?;
        let loss = reading.loss;
        if flags.classes.is_some() && loss != Loss::CrossEntropy {
            return Err(Error::config("--classes", "given", "nothing, with another loss than cross-entropy").into());
        }
        let initial = initial(recipe, flags, reading.readout, notes, warnings)?;
        if let Some(Model { spec, .. }) = &initial {
            arrays.dims("x", [("N", None), ("T", None), ("I", Some(spec.input))])?;
        }
        // A network without a head has an output at every step.
        let readout = initial.as_ref().map_or(reading.readout, |model| model.spec.readout());
        let reading = Reading { readout, ..reading };
        note_unused(arrays, &["x", "y", "lengths"], notes);
        let top = recipe.hidden * (1 + usize::from(recipe.bidirectional));
        let known = match &initial {
            Some(model) => Some(model.spec.outputs()),
            None if flags.head == Some(HeadName::None) => Some(top),
            None => None,
        };
        let both = initial.as_ref().map_or(recipe.bidirectional, |model| model.spec.bidirectional);
        let Targets { values, outputs, rows } = reading.targets(arrays, &mut input, known, flags, both, notes)?;
        let outputs = known.or(flags.classes).unwrap_or(outputs);
        let spec = initial.as_ref().map_or_else(
            || Spec {
                cell: recipe.cell.kind(),
                input: input.inputs,
                hidden: recipe.hidden,
                layers: recipe.layers,
                bidirectional: recipe.bidirectional,
                head: (flags.head != Some(HeadName::None)).then_some(Head { outputs, readout }),
            },
            |model| model.spec,
        );
        let lengths: Vec<usize> = (0..input.rows).map(|row| input.length(row)).collect();
        loss.check_targets(&spec, input.steps, &lengths, &values)
            .map_err(|error| arrays.fault(format!("`y`: {error}")))?;

        let model = match initial {
            Some(model) => model,
            None => Model::new(spec, crate::cli::device::parameters(&spec, seed)?),
        };
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
    }
}

/// The model of `--init`.
fn initial(
    recipe: &Recipe,
    flags: &Flags,
    readout: Readout,
    notes: &mut Vec<String>,
    warnings: &mut Vec<String>,
) -> Result<Option<Model>> {
    let Some(path) = &recipe.init else { return Ok(None) };
    let options = LoadOptions {
        nonlinearity: flags.nonlinearity.map(Function::nonlinearity),
        readout: flags.head.map(HeadName::readout).or((readout == Readout::Every).then_some(readout)),
        module: flags.module.clone(),
        head_module: flags.head_module.clone(),
    };
    let mut loaded = Model::open(path, &options)?;
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
        _ => Ok(Some(loaded.model)),
    }
}
