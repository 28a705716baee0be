//! The command line: one file per subcommand, and what they share. Exit codes: 0, 1 failed, 2 usage, 130
//! where Ctrl-C ends a command that leaves nothing to go on with. Every error is one line on stderr. Nothing here
//! computes.

mod backtest;
mod bench;
mod benchmark;
mod common;
mod console;
mod device;
mod devices;
mod evaluate;
mod explain;
mod fit;
mod flags;
mod folder;
mod forecast;
mod interrupt;
mod modules;
mod outputs;
mod plot;
mod recipe;
mod run;
mod scores;
mod sequences;
mod table;
mod train;
mod train_sine;
mod values;
mod verify;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use std::io;
use std::process::ExitCode;

/// Trains and runs recurrent neural networks on any GPU, and on the CPU where there is none.
#[derive(Debug, Parser)]
#[command(version, term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    TrainSine(train_sine::Args),
    Train(Box<train::Args>),
    Forecast(forecast::Args),
    Backtest(backtest::Args),
    Benchmark(Box<benchmark::Args>),
    Devices(devices::Args),
    Run(run::Args),
    Evaluate(evaluate::Args),
    Verify(verify::Args),
    Bench(bench::Args),
    Explain(explain::Args),
}

/// Without a desktop session, Mesa's layer that orders devices complains on stderr about the missing display, once for
/// each look at the adapters. The order is ours to choose, so that it can be left out.
fn quiet_mesa() {
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: main calls this first; no other thread runs yet that could read the environment.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}

/// Says nothing of a panic that becomes an error, which says it.
#[cfg(feature = "parquet")]
fn quiet_caught_panics() {
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !refrain::forecast::table::catches_panics() {
            say(panic);
        }
    }));
}

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    quiet_mesa();
    #[cfg(feature = "parquet")]
    quiet_caught_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let done = pollster::block_on(async {
        match cli.command {
            Command::TrainSine(args) => train_sine::run(&args).await,
            Command::Train(args) => train::run(&args).await,
            Command::Forecast(args) => forecast::run(&args).await,
            Command::Backtest(args) => backtest::run(&args).await,
            Command::Benchmark(args) => benchmark::run(&args).await,
            Command::Run(args) => run::run(&args).await,
            Command::Evaluate(args) => evaluate::run(&args).await,
            Command::Devices(args) => devices::run(&args).await,
            Command::Verify(args) => verify::run(&args).await,
            Command::Bench(args) => bench::run(&args).await,
            Command::Explain(args) => explain::run(&args).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read along, `head` for one, has seen enough: what shells report of a command that SIGPIPE has ended.
        Err(error) if is_closed_pipe(&error) => ExitCode::from(141),
        Err(error) => {
            console::to_stderr(format_args!("error: {}", one_line(&format!("{error:#}"))));
            // A number of the user's that makes no sense is usage, whichever floor has noticed it.
            let usage = matches!(error.downcast_ref(), Some(refrain::Error::Config { .. }));
            let code = if error.is::<interrupt::Stopped>() { interrupt::code() } else { 1 + u8::from(usage) };
            ExitCode::from(code)
        }
    }
}

/// Whether a command ended because nobody reads its stdout any more.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().filter_map(|cause| cause.downcast_ref()).any(closed)
}

/// Help and version as clap prints them; a mistake in one line, with its tip but without the usage that `--help` shows.
fn refuse(error: &clap::Error) -> ExitCode {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    if matches!(error.kind(), DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand) {
        error.exit();
    }
    let text = error.render().to_string();
    let words =
        text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    console::to_stderr(format_args!("{}; see --help", one_line(&words.collect::<Vec<_>>().join("\n"))));
    ExitCode::from(2)
}

/// A message of several lines as one, told in flags, which a terminal shows as it is, of a length that can be read.
fn one_line(text: &str) -> String {
    let text = console::escaped(&flags::in_flags(text));
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    console::shortened(&lines.collect::<Vec<_>>().join("; ").replace(":;", ":"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
