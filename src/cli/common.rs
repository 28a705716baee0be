//! The flags that every subcommand takes.

/// What every subcommand takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// `auto` (a hardware GPU, else the CPU engine), `gpu` (the best adapter, a software one included), `cpu` (the
    /// native engine), or part of an adapter's name.
    #[arg(long, default_value = "auto", value_name = "DEVICE", help_heading = "Run")]
    pub device: String,
    /// Seed of everything random: weights, data, order of the windows.
    #[arg(long, default_value_t = 0, help_heading = "Run")]
    pub seed: u64,
    /// Print one JSON document on stdout, and everything else on stderr.
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Print nothing but warnings, errors and the document of --json.
    #[arg(long, help_heading = "Output")]
    pub quiet: bool,
}
