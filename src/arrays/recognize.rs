//! What a file is that holds no arrays in a format of ours, told from its first bytes, and what to do about it.

/// PyTorch's pickles, and how to convert them.
pub(super) const PICKLED: &str = "a pickle of torch.save, which may run any code and is not read: convert it with \
     `python3 -c 'import \
     torch, safetensors.torch as s; m = torch.load(\"IN\", weights_only=True); s.save_file(m.get(\"state_dict\", m), \
     \"OUT.safetensors\")'`";
const AS_ARRAYS: &str = "save its arrays with numpy.savez(\"OUT.npz\", x=x, y=y)";
const AS_TABLE: &str =
    "write it as CSV, such as with pandas: pandas.read_feather(\"IN\").to_csv(\"OUT.csv\", index=False)";
const AS_FRAME: &str = "`refrain train`, `forecast` and `backtest` take it, under a name that does not end in .npz, \
     .npy or .safetensors";
const UNPACK: &str = "unpack it first";
const AS_MODEL: &str = "take the model's state_dict in PyTorch and save it with safetensors.torch.save_file";

/// Where the magic stands, the magic, what the file is, and the remedy.
const MAGIC: [(usize, &[u8], &str, &str); 25] = [
    (
        0,
        b"\x89HDF\r\n\x1a\n",
        "HDF5 (.h5 of Keras, or MATLAB 7.3)",
        "save its arrays with numpy.savez, or a model's \
      weights from PyTorch with safetensors.torch.save_file(module.state_dict(), \"OUT.safetensors\")",
    ),
    (
        0,
        b"MATLAB 5.0 MAT-file",
        "a .mat file of MATLAB",
        "convert it with numpy.savez(\"OUT.npz\", \
      **{k: v for k, v in scipy.io.loadmat(\"IN\").items() if k[0] != \"_\"})",
    ),
    (0, b"MATLAB 7.3 MAT-file", "a .mat file of MATLAB 7.3 (HDF5)", AS_ARRAYS),
    (
        0,
        b"version https://git-lfs",
        "a pointer of Git LFS in place of the file",
        "fetch the file itself with `git lfs pull`",
    ),
    (0, b"GGUF", "GGUF", AS_MODEL),
    (4, b"TFL3", "TensorFlow Lite", AS_MODEL),
    (0, b"PAR1", "a Parquet table", AS_FRAME),
    (0, b"ARROW1", "Arrow or Feather", AS_TABLE),
    (0, b"FEA1", "Feather", AS_TABLE),
    (0, b"SQLite format 3\0", "an SQLite database", AS_TABLE),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.xls)", "save the sheet as CSV"),
    (0, b"\x1f\x8b", "compressed with gzip", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "compressed with zstd", UNPACK),
    (0, b"\xfd7zXZ\0", "compressed with xz", UNPACK),
    (0, b"BZh", "compressed with bzip2", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"\x80\x02", PICKLED, ""),
    (0, b"\x80\x03", PICKLED, ""),
    (0, b"\x80\x04", PICKLED, ""),
    (0, b"\x80\x05", PICKLED, ""),
    (0, b"%PDF-", "a PDF", AS_ARRAYS),
    (0, b"\x89PNG", "a picture (PNG)", AS_ARRAYS),
    (0, b"<!DOCTYPE html", "a web page, perhaps in place of a download", "download the file itself"),
    (0, b"<html", "a web page, perhaps in place of a download", "download the file itself"),
];

/// What stands in a zip archive that is no `.npz`: the end of a file's name, what the archive is, and the remedy.
#[cfg(feature = "npz")]
const ZIPPED: [(&str, &str, &str); 6] = [
    ("data.pkl", PICKLED, ""),
    ("model.weights.h5", "a model of Keras (.keras)", AS_MODEL),
    ("xl/workbook.xml", "an Excel workbook", "save the sheet as CSV"),
    ("word/document.xml", "a Word document", AS_ARRAYS),
    (".csv", "a zip archive of CSV", UNPACK),
    ("META-INF/MANIFEST.MF", "a Java archive", AS_ARRAYS),
];

fn sentence(what: &str, remedy: &str) -> String {
    if remedy.is_empty() { format!("it is {what}") } else { format!("it is {what}: {remedy}") }
}

/// What the binary file is that begins with these bytes, as a sentence with a remedy; `None` where it is not known, or
/// is text. Safetensors may begin with any bytes and have to be tried first.
pub fn foreign_format(bytes: &[u8]) -> Option<String> {
    let is = |at: usize, magic: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(magic));
    if let Some((_, _, what, remedy)) = MAGIC.iter().find(|(at, magic, ..)| is(*at, magic)) {
        return Some(sentence(what, remedy));
    }
    // ONNX is a protocol buffer without magic: the version of the format, then the producer, the graph or the opset.
    match *bytes {
        [0x08, 1..=32, 0x12 | 0x1a | 0x3a | 0x42, ..] => Some(sentence("ONNX", AS_MODEL)),
        _ => None,
    }
}

/// Whether a file that begins with these bytes looks like one of the three formats of arrays.
pub fn looks_like_arrays(bytes: &[u8]) -> bool {
    let safetensors = bytes.get(5..9).is_some_and(|bytes| bytes == b"\0\0\0{");
    safetensors || bytes.starts_with(super::npy::MAGIC) || bytes.starts_with(b"PK\x03\x04")
}

/// What a file is, text included, that is none of ours.
pub(super) fn described(bytes: &[u8]) -> Option<String> {
    let text = || {
        let start = &bytes[..bytes.len().min(1024)];
        let valid = match str::from_utf8(start) {
            Ok(_) => start.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => 0,
        };
        let printable = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
        (valid > 0 && start.iter().all(printable)).then(|| {
            "it is text, such as a CSV table, which `refrain train`, `forecast` and `backtest` take in place of \
             arrays, under a name that does not end in .npz, .npy or .safetensors"
                .to_owned()
        })
    };
    if bytes.is_empty() { Some("it is empty".to_owned()) } else { foreign_format(bytes).or_else(text) }
}

/// What a zip archive is that holds a file of this name.
#[cfg(feature = "npz")]
pub(super) fn zipped(names: &[String]) -> Option<String> {
    let holds = |end: &str| names.iter().any(|name| name.ends_with(end));
    ZIPPED.iter().find(|(end, ..)| holds(end)).map(|(_, what, remedy)| sentence(what, remedy))
}
