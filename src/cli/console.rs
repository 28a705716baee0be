//! What is said where: results on stdout, or on stderr where stdout belongs to a JSON document; warnings on stderr; a
//! progress bar on stderr where that is a terminal.

use super::common::Common;
use super::flags::in_flags;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use refrain::words::is_hidden;
pub use refrain::words::significant;
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
        self.draw(escaped(&in_flags(&text.to_string())))
    }

    /// The same for what this program has coloured, in which names are already [`escaped`].
    pub fn draw(&self, text: impl Display) -> io::Result<()> {
        match (self.quiet, self.aside) {
            (true, _) => {}
            (false, true) => self.bar.suspend(|| to_stderr(text)),
            (false, false) => return self.bar.suspend(|| writeln!(io::stdout(), "{text}")),
        }
        Ok(())
    }

    /// A line that `--quiet` does not silence: the run is not quite what was asked for.
    pub fn warn(&self, text: impl Display) {
        self.bar.suspend(|| to_stderr(shortened(&escaped(&in_flags(&text.to_string())))));
    }

    /// The same, but all on stderr: stdout belongs to what [`Console::print`] prints.
    pub fn aside(&self) -> Self {
        Console { aside: true, ..self.clone() }
    }

    /// The result itself on stdout, unless that belongs to the document of `--json`. It is data, in which only a
    /// terminal has names escaped.
    pub fn print(&self, text: &str) -> io::Result<()> {
        match (self.json, io::stdout().is_terminal()) {
            (true, _) => Ok(()),
            (false, true) => writeln!(io::stdout(), "{}", escaped(text)),
            (false, false) => writeln!(io::stdout(), "{text}"),
        }
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
        let document = in_flags(&serde_json::to_string_pretty(document)?);
        // Outside of strings JSON has no such characters, and in them it has this notation.
        let code =
            |character: char| character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
        writeln!(io::stdout(), "{}", replaced(&document, code))
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
        let style = ProgressStyle::with_template("{bar:40} {msg}, {eta} left")
            .expect("the template is a constant that a run has tried");
        let length = epochs as u64 * PARTS;
        self.bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr()).with_style(style);
        self.bar.set_message(format!("epoch 1/{epochs}"));
    }

    /// Moves the bar to a step of an epoch, of as many steps.
    pub fn move_bar(&self, epoch: usize, (step, steps): (usize, usize)) {
        let epochs = self.bar.length().unwrap_or(0) / PARTS;
        let part = (step as f64 / steps as f64 * PARTS as f64) as u64;
        self.bar.set_message(format!("epoch {epoch}/{epochs}"));
        self.bar.set_position((epoch as u64 - 1) * PARTS + part);
    }

    /// Takes the bar away.
    pub fn end_bar(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }
}

/// Parts of an epoch that the bar tells apart.
const PARTS: u64 = 1000;
/// Bytes of a line about a mistake, at most.
const LINE: usize = 480;

/// Writes a line on stderr. Where nobody can read it, there is nobody to tell.
pub fn to_stderr(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Text that a terminal shows as it is: of what names out of files and arguments may contain, control characters,
/// escape sequences and overrides of the direction are replaced by their numbers. Ends of lines and tabs stay.
pub fn escaped(text: &str) -> String {
    replaced(text, |character| character.escape_unicode().to_string())
}

fn replaced(text: &str, code: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) && !['\n', '\t'].contains(&character) {
            shown += &code(character);
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A line of a length that can be read: of a longer one the beginning, which says where, and the end, which says what
/// to do.
pub fn shortened(line: &str) -> String {
    const GAP: &str = " ... ";
    if line.len() <= LINE {
        return line.to_owned();
    }
    let whole = |place: &usize| line.is_char_boundary(*place);
    let begin = { 0..=LINE / 2 }.rev().find(whole).unwrap_or(0);
    let end = (line.len() - LINE / 2 + GAP.len()..).find(whole).unwrap_or(line.len());
    [&line[..begin], GAP, &line[end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::{LINE, escaped, shortened};

    #[test]
    fn what_moves_a_terminal_is_shown_instead() {
        let shown = escaped("a\u{1b}[2J\u{7}\u{9b}\r\u{202e}\u{2066}\u{feff}é\u{7f}\tb\nc");
        assert_eq!(shown, "a\\u{1b}[2J\\u{7}\\u{9b}\\u{d}\\u{202e}\\u{2066}\\u{feff}é\\u{7f}\tb\nc");
    }

    #[test]
    fn a_long_line_keeps_its_beginning_and_its_end() {
        for letter in ["x", "é", "𝄞"] {
            let line = shortened(&format!("table.csv: {}: take another", letter.repeat(5000)));
            assert!(
                line.len() <= LINE && line.starts_with("table.csv: ") && line.ends_with(": take another"),
                "{line}"
            );
        }
        assert_eq!(shortened("short"), "short");
    }
}
