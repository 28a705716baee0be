//! Documents on stdout.

use serde::Serialize;
use std::io::{self, Write};

/// Prints one JSON document.
pub fn print(document: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)
}
