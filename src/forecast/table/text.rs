//! The text of a table: its bytes, read whole, in UTF-8 and without what spreadsheets put before the first row.

use super::place::Place;
use crate::arrays::foreign_format;
use crate::error::{Error, Result};
use crate::memory;
use std::io::Read;

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 20;
/// Longest line, in bytes: millions of columns. What has none that is shorter is no table.
const LONGEST: usize = 1 << 26;
/// How files begin that are no table, beside the foreign formats of arrays, and what to do about them.
const FORMATS: [(&[u8], &str); 3] = [
    (b"PK\x03\x04", "it is a zip file or an Excel sheet: save the sheet as CSV, or unpack the file"),
    (
        b"PAR1",
        "it is a Parquet file, which this build does not read: build with the feature `parquet`, or save it as CSV",
    ),
    (b"\xff\xfe\0\0", "it is UTF-32: save it as UTF-8"),
];
/// The characters of the bytes 0x80 to 0x9f in Windows-1252; the other bytes are their own code points.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// A table's text.
#[derive(Debug, Default)]
pub struct Text {
    /// From its first row on, in UTF-8.
    pub bytes: Vec<u8>,
    /// The delimiter that a first line such as `sep=;` names.
    pub delimiter: Option<u8>,
    /// Lines before the first row that were left out.
    pub skipped: u64,
    /// What was assumed of it.
    pub notes: Vec<String>,
}

impl Text {
    /// Reads all of `source`, which errors call `name`. Text that is not UTF-8 is read as UTF-16 where a byte order
    /// mark says so, else as Windows-1252, of which Latin-1 is a part.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be read, is more than memory takes, or is no text.
    pub fn read(name: &str, source: impl Read) -> Result<Self> {
        let bytes = bounded(name, source)?;
        let mut notes = Vec::new();
        let bytes = decode(name, bytes, &mut notes)?;
        let (delimiter, length) = separator_line(&bytes);
        let mut text = Text { bytes, delimiter, skipped: u64::from(delimiter.is_some()), notes };
        text.bytes.drain(..length);
        Ok(text)
    }
}

/// The first bytes of a source, and all of it.
///
/// # Errors
/// [`Error::File`] where it cannot be read.
#[cfg(feature = "parquet")]
pub fn start(name: &str, mut source: impl Read, length: usize) -> Result<(Vec<u8>, impl Read)> {
    let mut start = Vec::new();
    let read = source.by_ref().take(length as u64).read_to_end(&mut start);
    read.map_err(|error| unreadable(name, &error))?;
    Ok((start.clone(), std::io::Cursor::new(start).chain(source)))
}

/// The bytes of a source that ends, whatever they are.
///
/// # Errors
/// [`Error::File`] where it cannot be read, [`Error::Limit`] where it is more than memory takes.
#[cfg(feature = "parquet")]
pub fn whole(name: &str, mut source: impl Read) -> Result<Vec<u8>> {
    let (mut bytes, mut checked) = (Vec::new(), 64 * CHUNK);
    while grow(name, &mut source, &mut bytes, &mut checked)? {}
    Ok(bytes)
}

/// Takes in some more of a source; false at its end. At `checked` bytes memory is looked at.
fn grow(name: &str, source: &mut impl Read, bytes: &mut Vec<u8>, checked: &mut usize) -> Result<bool> {
    let before = bytes.len();
    // Growing doubles, and the values come beside the text.
    if before >= *checked {
        memory::check("the table", 2 * before, "take fewer rows or columns")?;
        *checked = 2 * before;
    }
    let read = source.by_ref().take(CHUNK as u64).read_to_end(bytes);
    Ok(read.map_err(|error| unreadable(name, &error))? > 0)
}

/// The bytes of a source that ends, in lines that end.
fn bounded(name: &str, mut source: impl Read) -> Result<Vec<u8>> {
    let (mut bytes, mut line, mut checked): (Vec<u8>, usize, usize) = (Vec::new(), 0, 64 * CHUNK);
    loop {
        let before = bytes.len();
        if !grow(name, &mut source, &mut bytes, &mut checked)? {
            return Ok(bytes);
        }
        let added = &bytes[before..];
        line = match added.iter().rposition(|&byte| byte == b'\n' || byte == b'\r') {
            Some(end) => added.len() - end,
            None => line + added.len(),
        };
        let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        if before == 0
            && let Some(what) = other_format(&bytes)
        {
            return Err(Place::of(name).refuse(format!("expected a table (CSV): {what}")));
        }
        if !utf16 && added.contains(&0) {
            let message = "it holds a byte of 0, so that it is no text: expected CSV in UTF-8, or in UTF-16 with a byte \
                           order mark";
            return Err(Place::of(name).refuse(message));
        }
        if line > LONGEST {
            let message = format!("{} MiB without the end of a line: expected CSV, a row a line", line >> 20);
            return Err(Place::of(name).refuse(message));
        }
    }
}

/// What the file is that begins with these bytes, and what to do about it; none where it may be a table.
fn other_format(bytes: &[u8]) -> Option<String> {
    let ours = FORMATS.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, what)| (*what).to_owned());
    ours.or_else(|| foreign_format(bytes))
}

fn decode(name: &str, mut bytes: Vec<u8>, notes: &mut Vec<String>) -> Result<Vec<u8>> {
    if bytes.starts_with("\u{feff}".as_bytes()) {
        bytes.drain(..3);
    }
    let order: Option<fn([u8; 2]) -> u16> = match bytes.get(..2) {
        Some(b"\xff\xfe") => Some(u16::from_le_bytes),
        Some(b"\xfe\xff") => Some(u16::from_be_bytes),
        _ => None,
    };
    if let Some(order) = order {
        let units = bytes[2..].chunks_exact(2).map(|pair| order([pair[0], pair[1]]));
        let text: std::result::Result<String, _> = char::decode_utf16(units).collect();
        let sound = text.ok().filter(|_| bytes.len().is_multiple_of(2));
        let text = sound.ok_or_else(|| Place::of(name).refuse("it is damaged UTF-16: save it as UTF-8"))?;
        return Ok(text.into_bytes());
    }
    if let Err(error) = std::str::from_utf8(&bytes) {
        let row = 1 + bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        notes.push(format!("row {row} is not UTF-8: the table is read as Windows-1252 (Latin-1)"));
        let text: String = bytes.iter().map(|&byte| windows_1252(byte)).collect();
        return Ok(text.into_bytes());
    }
    Ok(bytes)
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The delimiter that a first line `sep=C` names, as Excel writes and reads it, and the length of that line.
fn separator_line(bytes: &[u8]) -> (Option<u8>, usize) {
    let end = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| end + 1);
    let line = bytes[..end].strip_suffix(b"\n").unwrap_or(&bytes[..end]);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', mark] => (Some(*mark), end),
        _ => (None, 0),
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> Error {
    Error::File { path: name.to_owned(), message: format!("cannot read it: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<(String, Option<u8>, usize)> {
        let text = Text::read("t", bytes)?;
        Ok((String::from_utf8(text.bytes).unwrap(), text.delimiter, text.notes.len()))
    }

    #[test]
    fn every_encoding_becomes_utf_8() {
        let text = "Größe,y\n1,2\n";
        let little: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        for (bytes, notes) in [
            (text.as_bytes(), 0),
            (&[b"\xef\xbb\xbf", text.as_bytes()].concat(), 0),
            (&little, 0),
            (&big, 0),
            (b"Gr\xf6\xdfe,y\n1,2\n", 1),
        ] {
            assert_eq!(read(bytes).unwrap(), (text.to_owned(), None, notes));
        }
        assert_eq!(read(b"\x80\x99\n").unwrap().0, "€™\n");
    }

    #[test]
    fn a_line_that_names_the_delimiter_is_no_row() {
        for text in ["sep=;\r\ny\r\n", "\"sep=;\"\ny\r\n", "\u{feff}SEP=;\ny\r\n"] {
            assert_eq!(read(text.as_bytes()).unwrap(), ("y\r\n".to_owned(), Some(b';'), 0));
        }
        assert_eq!(read(b"sep=\ty\n").unwrap().1, None);
        assert_eq!(read(b"sep=\t").unwrap(), (String::new(), Some(b'\t'), 0));
    }

    #[test]
    fn what_is_no_text_is_refused_by_what_it_is() {
        let refused = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert!(refused(b"PK\x03\x04\0\0").contains("Excel"));
        assert!(refused(b"\x1f\x8b\x08").contains("gzip"));
        assert!(refused(b"a\0b\0\n\0").contains("a byte of 0"));
        assert!(refused(b"\xff\xfea\0b").contains("damaged UTF-16"));
        let endless = std::io::repeat(b'1');
        assert!(Text::read("t", endless).unwrap_err().to_string().contains("without the end of a line"));
        let zeros = std::io::repeat(0);
        assert!(Text::read("t", zeros).unwrap_err().to_string().contains("a byte of 0"));
    }
}
