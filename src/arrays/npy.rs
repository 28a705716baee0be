//! NumPy's `.npy`: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. A magic, a version, the
//! length of a header, the header as a Python dictionary, and the values.

use super::array::{Array, Fallible, byte_len, check_dims};
use super::dtype::Dtype;
use std::borrow::Cow;

/// What every file begins with.
pub const MAGIC: &[u8] = b"\x93NUMPY";

/// What the header says.
#[derive(Debug, PartialEq)]
struct Header {
    dtype: Dtype,
    fortran: bool,
    shape: Vec<usize>,
}

/// Reads a file. Values in Fortran's order are brought into C's.
///
/// # Errors
/// What is wrong with the header, or with the number of bytes after it.
pub fn read(bytes: &[u8]) -> Fallible<Array<'_>> {
    let (header, data) = split(bytes)?;
    let Header { dtype, fortran, shape } = parse(header).map_err(|fault| format!("its .npy header: {fault}"))?;
    if byte_len(dtype, &shape) != Some(data.len()) {
        return Err(format!("expected the values of {dtype} {shape:?}, found {} bytes", data.len()));
    }
    let bytes = if fortran { Cow::Owned(row_major(data, dtype.size(), &shape)) } else { Cow::Borrowed(data) };
    Ok(Array { dtype, shape, bytes })
}

/// Checks the header at the beginning of a file of `len` bytes, of which only `start` has been seen.
///
/// # Errors
/// As [`read`], where the beginning shows it.
#[cfg(feature = "npz")]
pub fn check_start(start: &[u8], len: u64) -> Fallible<()> {
    let Ok((header, data)) = split(start) else { return Ok(()) };
    let Header { dtype, shape, .. } = parse(header).map_err(|fault| format!("its .npy header: {fault}"))?;
    let found = len.saturating_sub((start.len() - data.len()) as u64);
    match byte_len(dtype, &shape) {
        Some(expected) if expected as u64 == found => Ok(()),
        _ => Err(format!("expected the values of {dtype} {shape:?}, found {found} bytes")),
    }
}

/// Header and data.
fn split(bytes: &[u8]) -> Fallible<(&str, &[u8])> {
    let cut = || format!("expected an .npy file with its header, found {} bytes", bytes.len());
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(cut)?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
    let (len, rest) = match version {
        [1, _] => rest.split_first_chunk().map(|(&len, rest)| (u16::from_le_bytes(len).into(), rest)),
        [2 | 3, _] => rest.split_first_chunk().map(|(&len, rest)| (u32::from_le_bytes(len), rest)),
        [major, minor] => return Err(format!("expected .npy version 1, 2 or 3, found {major}.{minor}")),
    }
    .ok_or_else(cut)?;
    let (header, data) = usize::try_from(len).ok().and_then(|len| rest.split_at_checked(len)).ok_or_else(cut)?;
    let header = str::from_utf8(header).map_err(|_| "expected an .npy header in UTF-8, found other bytes")?;
    Ok((header, data))
}

/// What is left of the header.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Fallible<()> {
        if self.take(token) { Ok(()) } else { Err(self.found(&format!("`{token}`"))) }
    }

    fn found(&self, expected: &str) -> String {
        let found: String = self.0.trim().chars().take(24).collect();
        format!("expected {expected}, found `{found}`")
    }

    fn string(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let (text, rest) = rest[1..].split_once(quote)?;
        self.0 = rest;
        Some(text)
    }

    fn number(&mut self) -> Option<usize> {
        let rest = self.0.trim_start();
        let (digits, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let number = digits.parse().ok()?;
        self.0 = rest;
        Some(number)
    }

    fn shape(&mut self) -> Fallible<Vec<usize>> {
        let mut shape = Vec::new();
        self.expect("(")?;
        while !self.take(")") {
            shape.push(self.number().ok_or_else(|| self.found("a dimension"))?);
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        check_dims(shape.len())?;
        Ok(shape)
    }
}

fn parse(header: &str) -> Fallible<Header> {
    let mut rest = Rest(header);
    let (mut dtype, mut fortran, mut shape) = (None, None, None);
    rest.expect("{")?;
    while !rest.take("}") {
        let key = rest.string().ok_or_else(|| rest.found("a key"))?;
        rest.expect(":")?;
        match key {
            "descr" => {
                let code = rest.string().ok_or_else(|| rest.found("one type of values"))?;
                let known = Dtype::from_numpy(code).ok_or_else(|| {
                    format!("expected numbers of 8 to 64 bits, little-endian, found the type `{code}`")
                })?;
                dtype = Some(known);
            }
            "fortran_order" if rest.take("True") => fortran = Some(true),
            "fortran_order" if rest.take("False") => fortran = Some(false),
            "shape" => shape = Some(rest.shape()?),
            _ => return Err(format!("`{key}`: {}", rest.found("a header of NumPy's"))),
        }
        if !rest.take(",") {
            rest.expect("}")?;
            break;
        }
    }
    match (dtype, fortran, shape) {
        (Some(dtype), Some(fortran), Some(shape)) => Ok(Header { dtype, fortran, shape }),
        _ => Err("expected descr, fortran_order and shape, found fewer".to_owned()),
    }
}

/// Values of `size` bytes whose first dimension is the fastest, with the last the fastest.
fn row_major(values: &[u8], size: usize, shape: &[usize]) -> Vec<u8> {
    // A dimension of 1 orders nothing.
    let shape: Vec<usize> = shape.iter().copied().filter(|&dim| dim != 1).collect();
    let mut result = Vec::with_capacity(values.len());
    let mut place = vec![0; shape.len()];
    for _ in 0..values.len() / size {
        let index = place.iter().zip(&shape).rev().fold(0, |index, (&at, &dim)| index * dim + at);
        result.extend_from_slice(&values[index * size..][..size]);
        for (at, &dim) in place.iter_mut().zip(&shape).rev() {
            *at += 1;
            if *at < dim {
                break;
            }
            *at = 0;
        }
    }
    result
}
