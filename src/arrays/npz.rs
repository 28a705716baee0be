//! NumPy's `.npz`: a zip archive of `.npy` files, stored or deflated.

use super::array::{Array, Fallible, Named, le_bytes};
use super::{npy, recognize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// What the arrays of an archive may come to: this many bytes, or this many times the archive, whichever is more.
/// Deflated bytes may stand for a thousand times as many.
const MOST_BYTES: u64 = 1 << 26;
const MOST_TIMES: u64 = 100;
/// Bytes in which an array's header ends, if it is no longer than NumPy writes it.
const HEADER: u64 = 1 << 10;

/// Magic, version, header length and header of an entry that is written are together a multiple of this.
const ALIGN: usize = 64;

/// Reads every array of an archive.
///
/// # Errors
/// What is wrong with the archive or an array in it, also where its arrays come to far more bytes than the archive has.
pub fn read(bytes: &[u8]) -> Fallible<BTreeMap<String, Array<'static>>> {
    read_at_most(MOST_BYTES.max(MOST_TIMES.saturating_mul(bytes.len() as u64)), bytes)
}

/// Reads every array of an archive whose arrays come to at most `most` bytes.
pub(super) fn read_at_most(most: u64, bytes: &[u8]) -> Fallible<BTreeMap<String, Array<'static>>> {
    let fault = |error| format!("not a whole zip archive: {error}");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(fault)?;
    let names: Vec<String> = archive.file_names().flatten().map(|name| name.into_owned()).collect();
    if let Some(what) = recognize::zipped(&names) {
        return Err(what);
    }
    let large = |found: u64| {
        format!(
            "expected arrays of at most {most} bytes in an archive of {}, found {found}; save larger ones with \
             numpy.savez, not savez_compressed",
            bytes.len()
        )
    };
    // An archive that is honest about its size is refused before anything is unpacked.
    let mut sizes = 0u64;
    for index in 0..archive.len() {
        sizes = sizes.saturating_add(archive.by_index_raw(index).map_err(fault)?.size());
    }
    if sizes > most {
        return Err(large(sizes));
    }
    let mut arrays = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(fault)?;
        let entry_name = entry.name().map_err(fault)?.into_owned();
        let in_entry = |fault: String| format!("`{entry_name}`: {fault}");
        let Some(name) = entry_name.strip_suffix(".npy") else {
            return Err(in_entry("expected .npy files in an archive of arrays, found another".to_owned()));
        };
        // The header is compared with the size before the values are unpacked. An entry that is longer than the archive
        // says is refused for one byte too many.
        let size = entry.size();
        let mut contents = Vec::new();
        let mut unpack = |contents: &mut Vec<u8>, most: u64| {
            let more = most.saturating_sub(contents.len() as u64);
            let unpacked = entry.by_ref().take(more).read_to_end(contents);
            unpacked.map(drop).map_err(|error| in_entry(error.to_string()))
        };
        unpack(&mut contents, HEADER.min(size))?;
        npy::check_start(&contents, size).map_err(in_entry)?;
        unpack(&mut contents, size + 1)?;
        let Array { dtype, shape, bytes } = npy::read(&contents).map_err(in_entry)?;
        arrays.insert(name.to_owned(), Array { dtype, shape, bytes: Cow::Owned(bytes.into_owned()) });
    }
    Ok(arrays)
}

/// The bytes of an archive of these arrays.
pub fn write(arrays: &[Named<'_>]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut write = |array: &Named<'_>| {
        let len = 4 * array.values.len() as u64;
        let large = len >= u64::from(u32::MAX) / 2;
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
        archive.start_file(format!("{}.npy", array.name), options)?;
        archive.write_all(&header(array.shape))?;
        archive.write_all(&le_bytes(array.values))
    };
    let written = arrays.iter().try_for_each(|array| write(array).map_err(zip::result::ZipError::from));
    let finished = written.and_then(|()| archive.finish());
    finished.expect("an archive in memory with names of ours can be written").into_inner()
}

/// The header of an f32 array.
fn header(shape: &[usize]) -> Vec<u8> {
    let dims: String = shape.iter().map(|dim| format!("{dim}, ")).collect();
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", dims.trim_end());
    let start = npy::MAGIC.len() + 4;
    let len = (start + text.len() + 1).next_multiple_of(ALIGN) - start;
    let written = u16::try_from(len).expect("a shape of a few dimensions fits in a short header");
    let mut bytes = [npy::MAGIC, &[1, 0], &written.to_le_bytes(), text.as_bytes()].concat();
    bytes.resize(start + len - 1, b' ');
    bytes.push(b'\n');
    bytes
}
