//! What mutations begin with: small inputs that are read without an error, and words that inputs are made of.

use refrain::arrays::{Format, Named};
use refrain::engine::Moments;
use refrain::model::{CellKind, Model, Spec, initial_parameters};
use refrain::train::{Best, Checkpoint, Partial, Snapshot, State};

/// Pieces that a mutation puts in: of headers, of JSON, of tables, and numbers at the edges.
pub const WORDS: [&str; 44] = [
    "\"dtype\":\"F64\"",
    "\"BF16\"",
    "\"I64\"",
    "\"BOOL\"",
    "\"shape\":[]",
    "[0,0]",
    "18446744073709551615",
    "-1",
    "1e999",
    "null",
    "{}",
    "[",
    "\\u0000",
    "__metadata__",
    "refrain",
    "\"format\":1",
    "\"layers\":99999999999",
    "rnn.weight_hh_l0",
    "\x01NUMPY",
    "'descr': '<f4'",
    "'>f8'",
    "'fortran_order': True",
    "'shape': (4294967296, 4294967296)",
    "PK\x03\x04",
    "PK\x01\x02",
    "PK\x05\x06",
    "\n",
    "\r\n",
    ",",
    ";",
    "\t",
    "\"",
    "NaN",
    "inf",
    "1.234,5",
    "2024-02-30",
    "0000-01-01",
    "9999-12-31 23:59:59",
    "2024-03-31T02:30:00+02:00",
    "1e38",
    "99999999999999999999",
    "\u{feff}",
    "\0",
    "١٢",
];

fn model() -> Model {
    let spec = Spec::new(CellKind::Gru, 2, 3, 1);
    let mut model = Model::new(spec, initial_parameters(&spec, 1));
    model.provenance.insert("seed".to_owned(), 7.into());
    model
}

fn without_metadata() -> Vec<u8> {
    let layer: [(&str, &[usize]); 6] = [
        ("lstm.weight_ih_l0", &[8, 3]),
        ("lstm.weight_hh_l0", &[8, 2]),
        ("lstm.bias_ih_l0", &[8]),
        ("lstm.bias_hh_l0", &[8]),
        ("fc.weight", &[1, 2]),
        ("fc.bias", &[1]),
    ];
    arrays(Format::Safetensors, &layer)
}

fn arrays(format: Format, shapes: &[(&str, &[usize])]) -> Vec<u8> {
    let values: Vec<Vec<f32>> =
        shapes.iter().map(|(_, shape)| (0..shape.iter().product()).map(|n: usize| n as f32 / 8.0).collect()).collect();
    let named = shapes.iter().zip(&values).map(|((name, shape), values)| Named { name, shape, values });
    format.write(&named.collect::<Vec<_>>())
}

/// An `.npy` file of four numbers of a type.
fn npy(descr: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 2), }}\n");
    let len = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), bytes].concat()
}

fn checkpoint() -> Vec<u8> {
    let model = model();
    let len = model.parameters.len();
    let partial = Some(Partial { steps: 1, sum: 0.5 });
    let snapshot = Snapshot {
        state: State { epochs: 2, steps: 9, history: vec![Some(0.5), Some(0.25)], partial },
        parameters: model.parameters.clone(),
        moments: Moments { m: vec![0.1; len], v: vec![0.2; len] },
        val: vec![0.5, 0.4],
        best: Some((Best { epoch: 2, loss: 0.4, mae: Some(0.5) }, model.parameters.clone())),
    };
    Checkpoint::to_bytes(&model, &snapshot).expect("it is sound")
}

/// A file of ours with spaces in place of its checksum, as files are that are older than checksums: else no mutation
/// would come further than there.
fn without_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    const ENTRY: &[u8] = b",\\\"checksum\\\":\\\"";
    let first = bytes.windows(ENTRY.len()).position(|text| text == ENTRY).expect("it has a checksum");
    let len = bytes[first..].iter().position(|&byte| byte == b'}').expect("it ends the card");
    bytes[first..first + len].fill(b' ');
    bytes
}

/// The inputs that the mutations of a target begin with.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let two: [(&str, &[usize]); 2] = [("x", &[2, 2]), ("lengths", &[2])];
    match target {
        "safetensors" => vec![arrays(Format::Safetensors, &two), without_metadata()],
        "numpy" => vec![
            arrays(Format::Npz, &two),
            npy("<f4", &[0; 16]),
            npy("<f8", &[1; 32]),
            npy("<i8", &[2; 32]),
            npy("|b1", &[1; 4]),
            npy("<f2", &[3; 8]),
        ],
        "model" => vec![without_checksum(model().to_bytes().expect("it is sound")), without_metadata()],
        "checkpoint" => vec![without_checksum(checkpoint())],
        _ => tables(),
    }
}

fn tables() -> Vec<Vec<u8>> {
    let days: String = (1..29).map(|day| format!("2024-02-{day:02},{},{day}.5\n", day % 7)).collect();
    let hours: String =
        (0..40).map(|hour| format!("2024-01-{:02} {:02}:00;1,{hour}\n", 1 + hour / 24, hour % 24)).collect();
    let months: String = (0..30).map(|n| format!("{}-{:02},{n}\n", 2000 + n / 12, 1 + n % 12)).collect();
    let long: String = (0..40).map(|n| format!("{},{},{}\n", ["a", "b"][n / 20], n % 20, n)).collect();
    let numbers: String = (0..40).map(|n| format!("{n}\n")).collect();
    let zoned: String = (0..30).map(|n| format!("2024-03-{:02}T00:00:00+01:00,{n}\n", n + 1)).collect();
    [
        format!("\0time,y,z\n{days}"),
        format!("\0time;y\n{hours}"),
        format!("\0month,y\n{months}"),
        format!("\x08id,t,y\n{long}"),
        format!("\x04{numbers}"),
        format!("\x01y\n{}", numbers.replace("7\n", "\n")),
        format!("\0t,y\n{zoned}"),
    ]
    .map(String::into_bytes)
    .into()
}
