//! From a table to a forecast, as `refrain train`, `backtest` and `forecast` do it: trains on the columns of
//! docs/forecasting.md, prints the errors on the rows held out, and the next day.
//! `cargo run --release --example forecast demand.csv`

use refrain::engine::Device;
use refrain::forecast::table::{ReadOptions, Table};
use refrain::forecast::time::Calendar;
use refrain::forecast::{BacktestOptions, Forecaster, Recipe, Task};
use refrain::train::Next;

/// Trains for so many epochs, or for as many as suit the table.
pub async fn run(path: &str, epochs: Option<usize>) -> refrain::Result<()> {
    let calendar = vec![Calendar::Hour, Calendar::Weekday];
    let task = Task { future: vec!["temperature".into()], calendar, window: Some(48), ..Task::new(["demand"]) };
    let options = task.read_options(ReadOptions::default());
    let table = Table::open(path.as_ref(), &options)?;
    let device = Device::select("auto").await?;
    let recipe = Recipe { epochs, ..Recipe::default() };
    let (forecaster, _) = Forecaster::fit(&device, &table, &task, &options, &recipe, |_| Next::Continue).await?;

    let held_out = forecaster.backtest(&device, &table, &BacktestOptions::default()).await?;
    for method in &held_out.methods {
        println!("{:24} MAE {:.2}", method.name, method.scores.mae);
    }
    let next_day = forecaster.forecast(&device, &table, Some(24), Some(0.9)).await?;
    print!("{}", next_day.to_csv());
    Ok(())
}

fn main() -> refrain::Result<()> {
    pollster::block_on(run(&std::env::args().nth(1).unwrap_or("demand.csv".into()), None))
}
