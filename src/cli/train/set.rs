//! What arrays ask of a network, and of what training minimises.

use super::arrays::Flags;
use crate::cli::recipe::{LossName, Recipe};
use crate::cli::run::Function;
use crate::cli::sequences::{Input, floats, note_unused};
use clap::ValueEnum;
use refrain::arrays::{Arrays, Dtype, place};
use refrain::data::Windows;
use refrain::loss::{Loss, counted};
use refrain::model::{Head, LoadOptions, Model, Readout, Spec};
use refrain::{Error, Result};

/// The outputs of the largest head.
const MOST_CLASSES: usize = 1 << 20;

/// What is between the top hidden states and y.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HeadName {
    /// A linear layer on each row's last step.
    Last,
    /// A linear layer on every step.
    All,
    /// Nothing: y are the hidden states [N, T, D*H].
    None,
}

/// A training set, and the network that it is for.
#[derive(Debug)]
pub struct Set {
    pub windows: Windows,
    pub loss: Loss,
    /// With the weights that training begins with.
    pub model: Model,
}

impl Set {
    /// Reads x, y and lengths. Where `recipe` names a model to begin with, the set is compared with it; else y says
    /// what the network gives: its dimensions which steps and how many outputs, its type whether they are classes.
    pub fn read(
        arrays: &Arrays<'_>,
        recipe: &Recipe,
        flags: &Flags,
        seed: u64,
        notes: &mut Vec<String>,
        warnings: &mut Vec<String>,
    ) -> anyhow::Result<Self> {
        let y = arrays.require("y")?;
        let loss = loss(recipe, y.dtype())?;
        if flags.classes.is_some() && loss != Loss::CrossEntropy {
            return Err(Error::config("--classes", "given", "nothing, with another loss than cross-entropy").into());
        }
        // Dimensions of y beside those of a position's outputs.
        let positions = y.shape().len() - y.shape().len().min(usize::from(loss != Loss::CrossEntropy));
        let readout = match flags.head {
            Some(HeadName::Last) => Readout::Last,
            Some(HeadName::All | HeadName::None) => Readout::Every,
            None if positions == 2 => Readout::Every,
            None => Readout::Last,
        };
        let initial = initial(recipe, flags, readout, notes, warnings)?;
        // A network without a head has an output at every step.
        let readout = initial.as_ref().map_or(readout, |model| model.spec.readout());

        let input = Input::read(arrays, initial.as_ref().map(|model| model.spec.input), notes)?;
        note_unused(arrays, &["x", "y", "lengths"], notes);
        let top = recipe.hidden * (1 + usize::from(recipe.bidirectional));
        let known = match &initial {
            Some(model) => Some(model.spec.outputs()),
            None if flags.head == Some(HeadName::None) => Some(top),
            None => None,
        };
        let (values, found) = targets(arrays, &input, loss, readout, known, notes)?;
        let outputs = known.or(flags.classes).unwrap_or(found);
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
        Ok(Set { windows, loss, model })
    }
}

/// The loss that was asked for; else cross-entropy for whole numbers, binary cross-entropy for truth values, and the
/// mean squared error.
fn loss(recipe: &Recipe, y: Dtype) -> Result<Loss> {
    Ok(match recipe.loss {
        Some(LossName::Mse) => Loss::Mse,
        Some(LossName::Mae) => Loss::Mae,
        Some(LossName::Huber) => Loss::Huber { delta: recipe.delta as f32 },
        Some(LossName::CrossEntropy) => Loss::CrossEntropy,
        Some(LossName::BinaryCrossEntropy) => Loss::BinaryCrossEntropy,
        Some(LossName::Quantile) => return Err(Error::config("--loss", "quantile", "another one for arrays")),
        None if y.is_integer() => Loss::CrossEntropy,
        None if y == Dtype::Bool => Loss::BinaryCrossEntropy,
        None => Loss::Mse,
    })
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
        readout: Some(readout),
        module: flags.module.clone(),
        head_module: flags.head_module.clone(),
    };
    let loaded = Model::open(path, &options)?;
    notes.extend(loaded.notes.iter().map(|note| format!("{}: {note}", path.display())));
    warnings.extend(loaded.ignored.map(|ignored| format!("{}: {ignored}", path.display())));
    let refuse = |found: &str, expected: &str| {
        Err(Error::config("--head", found, format!("{expected}, as in {}", path.display())))
    };
    match (flags.head, loaded.model.spec.head) {
        (Some(HeadName::None), Some(_)) => refuse("none", "last or all"),
        (Some(HeadName::Last), None) => refuse("last", "none"),
        (Some(HeadName::All), None) => refuse("all", "none"),
        _ => Ok(Some(loaded.model)),
    }
}

/// The values of y, refused where their dimensions are others, or where one is not finite at a position that counts;
/// and the number of outputs that they call for.
fn targets(
    arrays: &Arrays<'_>,
    input: &Input,
    loss: Loss,
    readout: Readout,
    outputs: Option<usize>,
    notes: &mut Vec<String>,
) -> Result<(Vec<f32>, usize)> {
    let (n, t) = (("N", Some(input.rows)), ("T", Some(input.steps)));
    if loss == Loss::CrossEntropy {
        match readout {
            Readout::Last => arrays.dims("y", [n]).map(drop)?,
            Readout::Every => arrays.dims("y", [n, t]).map(drop)?,
        }
        let values = arrays.f32("y")?.values;
        let read = values.len() / input.rows;
        let mut most = 1;
        for (row, classes) in values.chunks_exact(read).enumerate() {
            for (r, &class) in classes[..counted(readout, input.length(row))].iter().enumerate() {
                if !(0.0..MOST_CLASSES as f32).contains(&class) {
                    let at = place(arrays.require("y")?.shape(), row * read + r);
                    let expected = format!("classes from 0 to at most {}", MOST_CLASSES - 1);
                    return Err(arrays.fault(format!("`y`: expected {expected}, found {class} at {at}")));
                }
                most = most.max(class as usize);
            }
        }
        return Ok((values, most + 1));
    }
    let found = match readout {
        Readout::Last => arrays.dims("y", [n, ("O", outputs)])?[1],
        Readout::Every => arrays.dims("y", [n, t, ("O", outputs)])?[2],
    };
    let values = floats(arrays, "y", notes)?;
    input.check_finite(arrays, "y", &values, |row| counted(readout, input.length(row)) * found)?;
    Ok((values, found))
}
