//! The functions that read.

use refrain::arrays::Arrays;
use refrain::forecast::table::{Fill, ReadOptions, Table};
use refrain::forecast::{Card, Problem, Task};
use refrain::model::{LoadOptions, Model};
use refrain::train::Checkpoint;
use refrain::{Error, Result};

/// A function that reads bytes; the error is why it took them for damaged.
pub type Target = fn(&[u8]) -> Result<()>;

/// All targets, by name.
pub const ALL: [(&str, Target); 5] =
    [("safetensors", safetensors), ("numpy", numpy), ("table", table), ("model", model), ("checkpoint", checkpoint)];

/// An error's words: one line of a bounded length is for the command line to make, but they must be there.
fn refused(error: &Error) {
    assert!(!error.to_string().is_empty());
}

/// Gives a target bytes that may be anything.
pub fn attempt(target: Target, data: &[u8]) {
    if let Err(error) = target(data) {
        refused(&error);
    }
}

fn arrays(data: &[u8]) -> Result<()> {
    let arrays = Arrays::from_bytes("fuzz", data)?;
    for name in arrays.names().map(str::to_owned).collect::<Vec<_>>() {
        let shape = arrays.get(&name).map(|array| array.shape().to_vec()).unwrap_or_default();
        if let Ok(values) = arrays.f32(&name) {
            assert_eq!(values.values.len(), shape.iter().product::<usize>());
        }
        let _ = arrays.u32(&name).map_err(|error| refused(&error));
        let _ = arrays.dims(&name, [("B", None), ("T", None)]).map_err(|error| refused(&error));
    }
    Ok(())
}

/// Arrays of safetensors.
pub fn safetensors(data: &[u8]) -> Result<()> {
    arrays(data)
}

/// Arrays of NumPy: `.npy` and `.npz`.
pub fn numpy(data: &[u8]) -> Result<()> {
    arrays(data)
}

/// A CSV table, and the task of forecasting all of it. The first byte says how it is read.
pub fn table(data: &[u8]) -> Result<()> {
    let Some((how, data)) = data.split_first() else { return Ok(()) };
    let fill = [None, Some(Fill::Forward), Some(Fill::Linear), None][usize::from(how & 3)];
    let header = (how & 4 != 0).then_some(false);
    let id = (how & 8 != 0).then(|| "id".to_owned());
    let options = ReadOptions { fill, header, id, ..ReadOptions::default() };
    let table = Table::read("fuzz", data, &options)?;
    for series in &table.series {
        for row in 0..table.rows(series) {
            let _ = table.time(series, row).map_err(|error| refused(&error));
        }
    }
    Problem::new(&table, &Task::new(vec!["all".to_owned()]), &options, None).map(drop)
}

/// A model of ours or of PyTorch's, and its card.
pub fn model(data: &[u8]) -> Result<()> {
    let loaded = Model::read("fuzz", data, &LoadOptions::default())?;
    assert!(loaded.model.parameters.iter().all(|weight| weight.is_finite()));
    let _ = Card::of("fuzz", &loaded.model).map_err(|error| refused(&error));
    let again = loaded.model.to_bytes().expect("a model that was read can be written");
    assert_eq!(Model::from_bytes("again", &again).expect("and read again"), loaded.model);
    Ok(())
}

/// A checkpoint.
pub fn checkpoint(data: &[u8]) -> Result<()> {
    let checkpoint = Checkpoint::from_bytes("fuzz", data)?;
    let bytes = Checkpoint::to_bytes(&checkpoint.model, &checkpoint.snapshot).expect("it can be written");
    assert!(Checkpoint::from_bytes("again", &bytes).is_ok());
    Ok(())
}
