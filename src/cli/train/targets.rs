//! What y holds: values, classes, or classes one-hot; and which loss that calls for.

use super::flags::Flags;
use crate::cli::recipe::LossName;
use crate::cli::sequences::{Input, floats};
use clap::ValueEnum;
use refrain::arrays::{Arrays, Dtype, place};
use refrain::loss::Loss;
use refrain::model::Readout;
use refrain::{Error, Result};

/// The outputs of the largest head.
const MOST_CLASSES: usize = 1 << 20;
/// Distinct whole numbers that are taken for classes where nothing is said, at most.
const FEW_CLASSES: usize = 100;

/// How the positions of y are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// O values at a position.
    Values,
    /// A class index at a position.
    Classes,
    /// Zeros and a single 1, in the place of the class.
    OneHot,
}

/// What y is taken for.
#[derive(Clone, Debug)]
pub struct Reading {
    pub loss: Loss,
    pub form: Form,
    /// The values of y, where they are classes.
    pub classes: Vec<f32>,
    /// The steps that y has targets for, as far as its dimensions say.
    pub readout: Readout,
}

/// The targets of the rows.
#[derive(Debug)]
pub struct Targets {
    /// [N, `Loss::target_len`].
    pub values: Vec<f32>,
    /// The outputs that they call for.
    pub outputs: usize,
    /// Rows that have a target.
    pub rows: Vec<u32>,
}

impl Reading {
    /// Decides by the flags, and where they say nothing, by the type and the values of y.
    pub fn of(
        arrays: &Arrays<'_>,
        input: &Input,
        asked: Option<Loss>,
        flags: &Flags,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let y = arrays.require("y")?;
        let asked = asked.or((flags.classes.is_some() && y.dtype().is_integer()).then_some(Loss::CrossEntropy));
        let whole = y.dtype().is_integer();
        if asked.is_some_and(|loss| loss != Loss::CrossEntropy) || (asked.is_none() && !whole) {
            let loss = asked.unwrap_or(if y.dtype() == Dtype::Bool { Loss::BinaryCrossEntropy } else { Loss::Mse });
            let every = y.shape().len() > 2 || (y.shape().len() == 2 && per_step(flags) && y.shape()[1] == input.steps);
            return Ok(Reading { loss, form: Form::Values, classes: Vec::new(), readout: readout(flags, every) });
        }
        let classes = arrays.f32("y")?.values;
        let (form, every) = match *y.shape() {
            [_, steps] if one_hot(&classes, steps) => match (steps == input.steps, flags.head) {
                (true, None) => {
                    return Err(arrays.fault(format!(
                        "`y` {:?}: one-hot classes, or a class at each of T={steps} steps? Say --head last for the \
                         first, --head all for the second",
                        y.shape()
                    )));
                }
                (true, Some(_)) if per_step(flags) => (Form::Classes, true),
                _ => (Form::OneHot, false),
            },
            [_, _, outputs] if one_hot(&classes, outputs) => (Form::OneHot, true),
            ref shape => (Form::Classes, shape.len() > 1),
        };
        if asked.is_none() && form == Form::Classes {
            few(arrays, &classes, input, flags)?;
        }
        if form == Form::OneHot {
            notes.push(format!("{}: `y` is one-hot: taken for classes", arrays.path()));
        }
        Ok(Reading { loss: Loss::CrossEntropy, form, classes, readout: readout(flags, every) })
    }

    /// The targets, refused where their dimensions are others, or where one makes no sense at a position that counts.
    /// Positions of the class `--ignore-index` are left out: they end their row for a network of one direction.
    pub fn targets(
        self,
        arrays: &Arrays<'_>,
        input: &mut Input,
        outputs: Option<usize>,
        flags: &Flags,
        bidirectional: bool,
        notes: &mut Vec<String>,
    ) -> Result<Targets> {
        let Reading { form, readout, classes: found, .. } = self;
        let y = arrays.require("y")?;
        let (n, t) = (("N", Some(input.rows)), ("T", Some(input.steps)));
        let every = readout == Readout::Every;
        let rows = (0..input.rows as u32).collect();
        if form == Form::Classes {
            if every {
                arrays.dims("y", [n, t]).map(drop)?
            } else {
                arrays.dims("y", [n]).map(drop)?
            }
            return classes(arrays, found, input, readout, flags.ignored(), bidirectional, notes);
        }
        // A single output needs no dimension of its own.
        let single = outputs.is_none_or(|outputs| outputs == 1) && form == Form::Values;
        let width = match y.shape() {
            [_] if single && !every => arrays.dims("y", [n]).map(|_| 1)?,
            [_, steps] if single && every && *steps == input.steps => arrays.dims("y", [n, t]).map(|_| 1)?,
            _ if every => arrays.dims("y", [n, t, ("O", outputs)])?[2],
            _ => arrays.dims("y", [n, ("O", outputs)])?[1],
        };
        let values = if form == Form::OneHot { found } else { floats(arrays, "y", notes)? };
        input.check_finite(arrays, "y", &values, |row| readout.positions(input.length(row)) * width)?;
        let class = |hot: &[f32]| hot.iter().position(|&value| value == 1.0).unwrap_or(0) as f32;
        let values = if form == Form::OneHot { values.chunks_exact(width).map(class).collect() } else { values };
        Ok(Targets { values, outputs: width, rows })
    }
}

/// A loss by its name on the command line.
///
/// # Errors
/// [`Error::Config`] for quantiles and distributions, which arrays do not have.
pub fn named_loss(name: LossName, delta: f64) -> Result<Loss> {
    match name {
        LossName::Mse => Ok(Loss::Mse),
        LossName::Mae => Ok(Loss::Mae),
        LossName::Huber => Ok(Loss::Huber { delta: delta as f32 }),
        LossName::CrossEntropy => Ok(Loss::CrossEntropy),
        LossName::BinaryCrossEntropy => Ok(Loss::BinaryCrossEntropy),
        LossName::Quantile | LossName::StudentT | LossName::NegativeBinomial => {
            let name = name.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
            Err(Error::config("--loss", name, "another one for arrays"))
        }
    }
}

fn per_step(flags: &Flags) -> bool {
    flags.head.is_some_and(|head| head.readout() == Readout::Every)
}

/// The steps that `--head` says, else those of y's dimensions.
fn readout(flags: &Flags, every: bool) -> Readout {
    flags.head.map_or(if every { Readout::Every } else { Readout::Last }, |head| head.readout())
}

/// Whether every group of `width` values is zeros and a single 1.
fn one_hot(values: &[f32], width: usize) -> bool {
    let hot =
        |group: &[f32]| group.iter().all(|&value| value == 0.0 || value == 1.0) && group.iter().sum::<f32>() == 1.0;
    width > 1 && !values.is_empty() && values.chunks_exact(width).all(hot)
}

/// Refuses whole numbers that may be values as well as classes: many, large or far apart.
fn few(arrays: &Arrays<'_>, values: &[f32], input: &Input, flags: &Flags) -> Result<()> {
    let read = values.len() / input.rows.max(1);
    let counts =
        |index: usize| read == 1 || index % read.max(1) < input.length((index / read.max(1)).min(input.rows - 1));
    let ignored = flags.ignored();
    let mut counted: Vec<f32> = values
        .iter()
        .enumerate()
        .filter(|&(index, &value)| counts(index) && value != ignored)
        .map(|(_, &v)| v)
        .collect();
    let positions = counted.len();
    counted.sort_by(f32::total_cmp);
    counted.dedup();
    let (distinct, most) = (counted.len(), counted.last().copied().unwrap_or(0.0));
    let dense = most < 2.0 * distinct as f32 && counted.first().is_none_or(|&least| least >= 0.0);
    if dense && distinct <= FEW_CLASSES && 2 * distinct <= positions && arrays.require("y")?.shape().len() < 3 {
        return Ok(());
    }
    Err(arrays.fault(format!(
        "`y`: whole numbers, {distinct} different ones in {positions} places, the largest {most}: classes or values? \
         Say --loss cross-entropy for classes, --loss mse for values"
    )))
}

/// The classes of the rows, without those that are ignored.
fn classes(
    arrays: &Arrays<'_>,
    mut values: Vec<f32>,
    input: &mut Input,
    readout: Readout,
    ignored: f32,
    bidirectional: bool,
    notes: &mut Vec<String>,
) -> Result<Targets> {
    let shape = arrays.require("y")?.shape();
    let read = values.len() / input.rows;
    let (mut most, mut rows, mut shortened) = (1, Vec::new(), 0);
    for row in 0..input.rows {
        let classes = &mut values[row * read..][..read];
        let length = readout.positions(input.length(row));
        let kept = classes[..length].iter().rposition(|&class| class != ignored).map_or(0, |last| last + 1);
        for (r, &class) in classes[..kept].iter().enumerate() {
            let at = || place(shape, row * read + r);
            if class == ignored {
                return Err(arrays.fault(format!(
                    "`y`: expected {ignored} (--ignore-index) at the end of a row or in all of it, found it at {}: \
                     single steps cannot be left out; cut the row there, or leave all of it out",
                    at()
                )));
            }
            if !(0.0..MOST_CLASSES as f32).contains(&class) {
                let expected = format!("classes from 0 to at most {}", MOST_CLASSES - 1);
                return Err(arrays.fault(format!("`y`: expected {expected}, found {class} at {}", at())));
            }
            most = most.max(class as usize);
        }
        // Beyond a length nothing is read; what stands there need not be a class.
        classes[kept..].fill(0.0);
        if kept == 0 {
            continue;
        }
        rows.push(row as u32);
        if kept < length {
            if bidirectional {
                return Err(arrays.fault(format!(
                    "`y`: {ignored} (--ignore-index) at the end of row {row}, which a network of both directions \
                     begins with: leave out whole rows, or give `lengths`"
                )));
            }
            shortened += 1;
            input.lengths.get_or_insert_with(|| vec![input.steps as u32; input.rows])[row] = kept as u32;
        }
    }
    let left_out = input.rows - rows.len();
    if left_out + shortened > 0 {
        notes.push(format!(
            "{}: `y` is {ignored} (--ignore-index) in {left_out} whole rows and at the end of {shortened}: left out",
            arrays.path()
        ));
    }
    Ok(Targets { values, outputs: most + 1, rows })
}
