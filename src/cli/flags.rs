//! The library names its options in errors and notes as a program has them, such as `ReadOptions::fill`. Whoever types a
//! command is told the flag instead.

use refrain::Error;
use refrain::forecast::table::ReadOptions;
use refrain::forecast::{BacktestOptions, Task};
use refrain::model::LoadOptions;

/// Options of the library, which must have such fields, with their flags.
macro_rules! flags {
    ($($options:ident::$field:ident => $flag:literal,)*) => {{
        $(const _: usize = std::mem::offset_of!($options, $field);)*
        &[$((concat!("`", stringify!($options), "::", stringify!($field), "`"), $flag),)*]
    }};
}

const OPTIONS: &[(&str, &str)] = flags! {
    BacktestOptions::from => "--from",
    LoadOptions::head_module => "--head-module",
    LoadOptions::module => "--module",
    LoadOptions::readout => "--head",
    ReadOptions::decimal => "--decimal",
    ReadOptions::except => "--except",
    ReadOptions::fill => "--fill",
    ReadOptions::frequency => "--freq",
    ReadOptions::header => "--header",
    ReadOptions::id => "--id",
    ReadOptions::thousands => "--thousands",
    ReadOptions::time => "--time",
    ReadOptions::time_format => "--time-format",
    Task::center => "--center",
    Task::channels => "--channels",
    Task::horizon => "--horizon",
    Task::log => "--log",
    Task::quantiles => "--quantiles",
    Task::scaling => "--scale",
    Task::test => "--test",
    Task::val => "--val",
    Task::window => "--window",
};

/// What else the library names.
const OTHERS: [(&str, &str); 3] = [
    ("`Checkpoint::to_bytes`", "--checkpoint"),
    ("`Device::Cpu`", "--device cpu"),
    ("`Device::select(\"gpu\")`", "--device gpu"),
];

/// A message of the library with the flags in place of its options.
pub fn in_flags(message: &str) -> String {
    let all = OPTIONS.iter().chain(&OTHERS);
    all.fold(message.to_owned(), |message, (option, flag)| message.replace(option, flag))
}

/// What the library refuses by a plain name, and its flag.
const RECIPE: [(&str, &str); 6] = [
    ("except", "--except"),
    ("loss", "--loss"),
    ("momentum", "--momentum"),
    ("patience", "--patience"),
    ("recompute", "--recompute"),
    ("refit", "--refit"),
];

/// The library's refusal of an option under the name of its flag.
pub fn flagged(error: Error) -> Error {
    let flag = |option: &str| RECIPE.iter().find(|(name, _)| *name == option).map(|(_, flag)| *flag);
    match error {
        Error::Config { name, found, expected } => Error::Config { name: flag(name).unwrap_or(name), found, expected },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::fs;
    use std::path::Path;

    /// The lines of code below a folder of the library, without comments; tests too, which repeat its messages.
    fn code(folder: &Path, lines: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("src/cli") {
                code(&path, lines);
            } else if path.is_file() {
                let text = fs::read_to_string(&path).unwrap();
                let named = |line: &str| format!("{}: {}", path.display(), line.trim());
                lines.extend(text.lines().filter(|line| !line.trim_start().starts_with("//")).map(named));
            }
        }
    }

    fn library() -> Vec<String> {
        let mut lines = Vec::new();
        code(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut lines);
        lines
    }

    /// Whether a line has `--` before a letter, as every flag does and no code.
    fn has_flag(line: &str) -> bool {
        line.split("--").skip(1).any(|after| after.starts_with(|next: char| next.is_ascii_lowercase()))
    }

    #[test]
    fn the_library_names_no_flags() {
        assert!(has_flag("or `--device cpu`") && !has_flag("a -- b, ---"));
        let named: Vec<String> = library().into_iter().filter(|line| has_flag(line)).collect();
        assert!(named.is_empty(), "{named:#?}");
    }

    #[test]
    fn every_option_that_the_library_names_has_a_flag() {
        let types = ["BacktestOptions", "LoadOptions", "ReadOptions", "Task"];
        let mut named = 0;
        for line in library() {
            for words in
                line.split('`').filter(|words| types.iter().any(|name| words.starts_with(&format!("{name}::"))))
            {
                let field = words.split_once("::").unwrap().1;
                // `Task::{name}` is `val` or `test`.
                if field.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
                    named += 1;
                    assert!(in_flags(&format!("`{words}`")).starts_with("--"), "{line}");
                }
            }
        }
        assert!(named >= OPTIONS.len(), "{named} are named");
    }

    #[test]
    fn every_flag_is_one_of_the_command_line() {
        let cli = crate::cli::Cli::command();
        let flags: Vec<&str> =
            cli.get_subcommands().flat_map(|command| command.get_arguments()).filter_map(clap::Arg::get_long).collect();
        for (_, flag) in OPTIONS.iter().chain(&OTHERS).chain(&RECIPE) {
            let name = flag.split(' ').next().unwrap().trim_start_matches("--");
            assert!(flags.contains(&name), "{flag}");
        }
    }

    #[test]
    fn a_message_is_told_in_flags() {
        let message = "`ReadOptions::time` names the column of `ReadOptions::time_format`, or `Device::Cpu`";
        assert_eq!(in_flags(message), "--time names the column of --time-format, or --device cpu");
    }
}
