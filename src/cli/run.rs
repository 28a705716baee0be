//! `refrain run`: a model's raw forward pass over arrays.

use super::common::Common;
use super::console::Console;
use super::modules::Modules;
use super::sequences::{Input, floats, not_finite, note_unused};
use super::values::{array_file, count};
use super::{device, outputs};
use anyhow::{Context, bail};
use clap::ValueEnum;
use refrain::arrays::{Arrays, Format, Named};
use refrain::data::Sequences;
use refrain::engine::{DeviceInfo, Engine, Outputs};
use refrain::loss::Loss;
use refrain::model::{Model, Readout, Spec};
use refrain::{Result, disk};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// Run a model over arrays: its outputs, and its final states
///
/// MODEL is a model of refrain, or a state_dict that PyTorch has saved as safetensors. ARRAYS holds x [B, T, I], and if
/// wanted h_0 and c_0 [L*D, B, H] and lengths [B]; FILE will hold y ([B, O] or [B, T, O]; the top layer's hidden states
/// [B, T, D*H] without a head), h_n and c_n. Outputs of a classifier are logits. Beyond a row's length y is zero.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)]
pub struct Args {
    /// The model.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The arrays: .safetensors, .npz, or x alone as .npy.
    #[arg(value_name = "ARRAYS")]
    arrays: PathBuf,
    /// Where the outputs go: a .safetensors or .npz file.
    #[arg(long, value_name = "FILE", value_parser = array_file, help_heading = "Output")]
    out: PathBuf,
    #[command(flatten)]
    modules: Modules,
    /// The steps that the head reads, whatever the file says.
    #[arg(long, value_enum, value_name = "STEPS")]
    head: Option<Steps>,
    /// Write probabilities in place of a classifier's outputs, which are logits: their softmax, or of one output, and
    /// after binary cross-entropy, the sigmoid of each.
    #[arg(long)]
    probabilities: bool,
    /// Rows that are computed at a time; more take more memory.
    #[arg(long, default_value = "256", value_name = "N", value_parser = count)]
    batch: usize,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Steps {
    /// The final states of each direction: cat(h_n[-2], h_n[-1]) with both.
    Last,
    /// out[:, -1], where the reverse direction has seen a single step.
    LastStep,
    /// Every step.
    All,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    device: DeviceInfo,
    spec: Spec,
    rows: usize,
    steps: usize,
    /// What was assumed or converted.
    notes: Vec<String>,
    /// What was written.
    arrays: Vec<Output>,
    files: [String; 1],
    seconds: f64,
}

/// Runs the model.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let start = Instant::now();
    let console = Console::new(&args.common);
    let out = args.out.display().to_string();
    let format = Format::of(&out)?;
    outputs::check(&[("MODEL", &args.model), ("ARRAYS", &args.arrays)], &[("--out", &args.out)])?;

    let readout = args.head.map(|steps| match steps {
        Steps::Last => Readout::Last,
        Steps::LastStep => Readout::LastStep,
        Steps::All => Readout::Every,
    });
    let loaded = Model::open(&args.model, &args.modules.options(readout))?;
    let mut notes: Vec<String> = loaded.notes.iter().map(|note| format!("{}: {note}", args.model.display())).collect();
    let trained_for = refrain::train::trained_for(&loaded.model);
    let Model { spec, parameters, .. } = loaded.model;
    if let (true, Some(loss)) =
        (args.probabilities, trained_for.filter(|loss| !matches!(loss, Loss::CrossEntropy | Loss::BinaryCrossEntropy)))
    {
        bail!("--probabilities: {} is no classifier, it was trained for {loss:?}", args.model.display());
    }
    if let Some(ignored) = &loaded.ignored {
        console.warn(format_args!("{}: {ignored}", args.model.display()));
    }
    if args.head.is_some() && spec.head.is_none() {
        bail!("--head: {} has no head whose steps could be chosen", args.model.display());
    }

    let bytes = disk::read(&args.arrays)?;
    let arrays = Arrays::from_bytes(&args.arrays.display().to_string(), &bytes)?;
    let input = Input::read(&arrays, Some(spec.input), &mut notes)?;
    let states = states(&arrays, &spec, input.rows, &mut notes)?;
    note_unused(&arrays, &["x", "y", "lengths", "h_0", "c_0"], &mut notes);
    if arrays.get("y").is_some() {
        notes.push(format!("{}: `y` is not read: `refrain evaluate` compares outputs with it", arrays.path()));
    }
    for note in &notes {
        console.say(note)?;
    }

    let (device, why) = device::select(&args.common.device).await?;
    let mut engine = device.engine(spec, &parameters)?;
    device::tell(why, engine.device(), &console);
    let Input { rows, steps, x, lengths, .. } = input;
    let sequences = Sequences { states, lengths, ..Sequences::new(rows, steps, x) };
    let mut outputs = forward(&mut engine, &spec, &sequences, args.batch).await?;
    if args.probabilities {
        let each = trained_for == Some(Loss::BinaryCrossEntropy) || spec.outputs() == 1;
        probabilities(&mut outputs[0].values, &spec, &sequences, each);
    }
    let named: Vec<Named> = outputs.iter().map(Output::named).collect();
    disk::write_whole(&[(&args.out, &format.write(&named))]).context("--out")?;

    let words: Vec<String> = outputs.iter().map(|Output { name, shape, .. }| format!("{name} {shape:?}")).collect();
    console.say(format_args!("Wrote {} to {out}", words.join(", ")))?;
    let document = Document {
        device: engine.device().clone(),
        spec,
        rows,
        steps,
        notes,
        arrays: outputs,
        files: [out],
        seconds: start.elapsed().as_secs_f64(),
    };
    Ok(console.document(&document)?)
}

/// Takes logits [B, T or 1, O] for probabilities, but for those beyond a row's length, which stay zero: the sigmoid of
/// each, or the softmax of a position.
fn probabilities(y: &mut [f32], spec: &Spec, sequences: &Sequences<'_>, each: bool) {
    let (read, width) = (spec.read_steps(sequences.steps), spec.outputs());
    for (row, y) in y.chunks_exact_mut(read * width).enumerate() {
        for position in y.chunks_exact_mut(width).take(spec.readout().positions(sequences.length(row))) {
            if each {
                position.iter_mut().for_each(|y| *y = 1.0 / (1.0 + (-*y).exp()));
                continue;
            }
            let largest = position.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            position.iter_mut().for_each(|y| *y = (*y - largest).exp());
            let sum: f32 = position.iter().sum();
            position.iter_mut().for_each(|y| *y /= sum);
        }
    }
}

/// An array to write.
#[derive(Debug, Serialize)]
struct Output {
    name: &'static str,
    shape: Vec<usize>,
    #[serde(skip)]
    values: Vec<f32>,
}

impl Output {
    fn named(&self) -> Named<'_> {
        Named { name: self.name, shape: &self.shape, values: &self.values }
    }
}

/// The initial states [S, L*D, B, H] of a file, if it has any; of an LSTM, the one that is missing is zero.
fn states(arrays: &Arrays<'_>, spec: &Spec, rows: usize, notes: &mut Vec<String>) -> Result<Option<Vec<f32>>> {
    let names = &["h_0", "c_0"][..spec.facts().states];
    if names.len() == 1 && arrays.get("c_0").is_some() {
        return Err(arrays.fault(format!("`c_0`: expected none, which only an LSTM has; this is {}", spec.cell)));
    }
    if names.iter().all(|name| arrays.get(name).is_none()) {
        return Ok(None);
    }
    let blocks = spec.layers * spec.directions();
    let mut states = Vec::new();
    for name in names {
        if arrays.get(name).is_none() {
            notes.push(format!("{}: no `{name}`: taken for zeros", arrays.path()));
            states.resize(states.len() + blocks * rows * spec.hidden, 0.0);
            continue;
        }
        arrays.dims(name, [("L*D", Some(blocks)), ("B", Some(rows)), ("H", Some(spec.hidden))])?;
        let values = floats(arrays, name, notes)?;
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(not_finite(arrays, name, index, values[index]));
        }
        states.extend(values);
    }
    Ok(Some(states))
}

/// The most values that are computed in one run: 2^31, 8 GiB.
const MOST_VALUES: u128 = 1 << 31;

/// y, h_n and c_n, `batch` rows at a time.
async fn forward(
    engine: &mut impl Engine,
    spec: &Spec,
    sequences: &Sequences<'_>,
    batch: usize,
) -> anyhow::Result<Vec<Output>> {
    let Sequences { rows, steps, .. } = *sequences;
    let width = spec.read_steps(steps) * spec.outputs();
    let values = rows as u128 * (width as u128 + spec.state_len() as u128);
    if values > MOST_VALUES {
        bail!(
            "the outputs and states of {rows} rows are {values} values, of at most {MOST_VALUES} a run: take fewer rows"
        );
    }
    let mut outputs = Outputs { y: Vec::with_capacity(rows * width), ..Outputs::default() };
    for first in (0..rows).step_by(batch) {
        let part = first..rows.min(first + batch);
        let of_part = engine.forward(&sequences.part(&part, spec.hidden)).await?;
        outputs.add_rows(&part, rows, spec.hidden, of_part);
    }

    let shape = match spec.readout() {
        Readout::Last | Readout::LastStep => vec![rows, spec.outputs()],
        Readout::Every => vec![rows, steps, spec.outputs()],
    };
    let mut written = vec![Output { name: "y", shape, values: outputs.y }];
    let state = spec.layers * spec.directions() * rows * spec.hidden;
    for (name, values) in ["h_n", "c_n"].into_iter().zip(outputs.states.chunks_exact(state)) {
        let shape = vec![spec.layers * spec.directions(), rows, spec.hidden];
        written.push(Output { name, shape, values: values.to_vec() });
    }
    Ok(written)
}
