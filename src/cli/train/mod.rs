//! `refrain train DATA`: a table or arrays in, a model out.

mod arrays;
pub mod flags;
mod held_out;
mod report;
pub mod set;
mod table;
pub mod targets;
pub mod task;

use super::common::Common;
use super::recipe::Recipe;
use std::path::Path;

/// Train a network on a table of time series, or on arrays
///
/// A table is CSV or Parquet (any ending but those of arrays; `-` reads stdin): `refrain train DATA.csv --target y
/// --out y.safetensors`. Arrays are .safetensors or .npz: x [N, T, I]; y [N], [N, O] or [N, T, O], or class indices
/// [N] or [N, T]; and if wanted lengths [N].
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)] // so that -1 is refused by its option, not taken for another one
pub struct Args {
    /// The data: a table, CSV or Parquet, `-` for stdin, or arrays (.safetensors, .npz).
    #[arg(value_name = "DATA")]
    data: String,
    #[command(flatten)]
    recipe: Recipe,
    #[command(flatten)]
    table: task::TaskFlags,
    #[command(flatten)]
    arrays: flags::Flags,
    #[command(flatten)]
    common: Common,
}

/// Trains on what kind of data it is.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    if is_arrays(&args.data) {
        args.table.refuse_given()?;
        args.recipe.refuse_segments()?;
        let parts = [args.table.val.as_ref(), args.table.test.as_ref()];
        return arrays::run(&args.data, &args.recipe, &args.arrays, parts, &args.common).await;
    }
    args.arrays.refuse_given()?;
    table::run(&args.data, &args.recipe, &args.table, &args.common).await
}

/// Whether a path names arrays rather than a table.
fn is_arrays(data: &str) -> bool {
    let ending = Path::new(data).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["safetensors", "npz", "npy"].iter().any(|arrays| ending.eq_ignore_ascii_case(arrays))
}

#[cfg(test)]
mod tests {
    use super::is_arrays;

    #[test]
    fn the_ending_tells_arrays_from_tables() {
        assert!(["x.npz", "a/b.NPY", "m.safetensors"].into_iter().all(is_arrays));
        assert!(!["-", "x.csv", "x.tsv", "npz", "x.npz.csv"].into_iter().any(is_arrays));
    }
}
