//! What is said where: results on stdout, or on stderr where stdout belongs to a JSON document; warnings on stderr; a
//! progress bar on stderr where that is a terminal.

use super::Common;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Where a command speaks.
#[derive(Clone, Debug)]
pub struct Console {
    json: bool,
    quiet: bool,
    /// Whether stdout belongs to something else than what is said.
    aside: bool,
    bar: ProgressBar,
}

impl Console {
    pub fn new(common: &Common) -> Self {
        Console { json: common.json, quiet: common.quiet, aside: common.json, bar: ProgressBar::hidden() }
    }

    /// A line, or several, for the reader.
    pub fn say(&self, text: impl Display) -> io::Result<()> {
        match (self.quiet, self.aside) {
            (true, _) => Ok(()),
            (false, true) => self.bar.suspend(|| writeln!(io::stderr(), "{text}")),
            (false, false) => self.bar.suspend(|| writeln!(io::stdout(), "{text}")),
        }
    }

    /// A line that `--quiet` does not silence: the run is not quite what was asked for.
    pub fn warn(&self, text: impl Display) -> io::Result<()> {
        self.bar.suspend(|| writeln!(io::stderr(), "{text}"))
    }

    /// The same, but all on stderr: stdout belongs to what [`Console::print`] prints.
    pub fn aside(&self) -> Self {
        Console { aside: true, ..self.clone() }
    }

    /// The result itself on stdout, unless that belongs to the document of `--json`.
    pub fn print(&self, text: impl Display) -> io::Result<()> {
        if self.json { Ok(()) } else { writeln!(io::stdout(), "{text}") }
    }

    /// Whether somebody sees what is said.
    pub fn terminal(&self) -> bool {
        if self.aside { io::stderr().is_terminal() } else { io::stdout().is_terminal() }
    }

    /// The document of `--json`.
    pub fn document(&self, document: &impl serde::Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        serde_json::to_writer_pretty(&mut stdout, document)?;
        writeln!(stdout)
    }

    /// Whether colours would be seen.
    pub fn colour(&self) -> bool {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        !unwanted && !self.json && self.terminal()
    }

    /// Shows a bar of `epochs`.
    pub fn start_bar(&mut self, epochs: usize) {
        if self.quiet || !io::stderr().is_terminal() {
            return;
        }
        let style = ProgressStyle::with_template("{bar:40} epoch {pos}/{len}, {eta} left")
            .expect("the template is a constant that a run has tried");
        self.bar = ProgressBar::with_draw_target(Some(epochs as u64), ProgressDrawTarget::stderr()).with_style(style);
    }

    /// Moves the bar.
    pub fn move_bar(&self, epoch: usize) {
        self.bar.set_position(epoch as u64);
    }

    /// Takes the bar away.
    pub fn end_bar(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }
}

/// A number with four significant digits, in the notation that reads better.
pub fn significant(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-3..1e4).contains(&size) {
        return format!("{number:.3e}");
    }
    let digits = if size == 0.0 { 0 } else { size.log10().floor() as i32 };
    format!("{number:.*}", (3 - digits).max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::significant;

    #[test]
    fn four_digits_are_shown_of_any_number() {
        let shown = [0.0, 1.2345678e-5, 0.0086421, 0.5, 12.34567, 9999.9, -0.25, 123456.0].map(significant);
        assert_eq!(shown, ["0.000", "1.235e-5", "0.008642", "0.5000", "12.35", "10000", "-0.2500", "1.235e5"]);
    }
}
