//! Prints the table of docs/forecasting.md: an hourly demand, and the temperature that it follows.
//! `cargo run --release --example generate_series > demand.csv`

fn main() {
    print!("{}", refrain::forecast::sample::demand(0, 240 * 24, 24));
}
