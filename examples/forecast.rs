//! From a table to a forecast, as `refrain train`, `backtest` and `forecast` do it: trains on the columns of
//! docs/forecasting.md, prints the errors on the rows held out, and the next day.
//! `cargo run --release --example forecast demand.csv`

use refrain::engine::{Device, Engine};
use refrain::forecast::table::{ReadOptions, Table};
use refrain::forecast::time::Calendar;
use refrain::forecast::{BacktestOptions, Problem, Task, backtest, forecast};
use refrain::model::{CellKind, initial_parameters};
use refrain::train::{Next, fit_validated};

async fn run(path: &str) -> refrain::Result<()> {
    let calendar = vec![Calendar::Hour, Calendar::Weekday];
    let task = Task { future: vec!["temperature".into()], calendar, window: Some(48), ..Task::new(["demand"]) };
    let options = task.read_options(ReadOptions::default());
    let table = Table::open(path.as_ref(), &options)?;
    let problem = Problem::new(&table, &task, &options, None)?;

    let spec = problem.spec(CellKind::Gru, 64, 1);
    let mut engine = Device::select("auto").await?.engine(spec, &initial_parameters(&spec, 0))?;
    engine.load_data(&problem.windows)?;
    let training = problem.run(spec, problem.options(None, None, 0)); // batch, epochs, seed
    fit_validated(&mut engine, &training, None, |_| Next::Continue, |_| Ok(())).await?;
    let card = problem.finish(&mut engine).await?;

    let held_out = backtest(&mut engine, &card, &table, &BacktestOptions::default()).await?;
    for method in &held_out.methods {
        println!("{:24} MAE {:.2}", method.name, method.scores.mae);
    }
    let next_day = forecast(&mut engine, &card, &table, 24, Some(0.9)).await?;
    print!("{}", next_day.to_csv());
    Ok(())
}

fn main() -> refrain::Result<()> {
    pollster::block_on(run(&std::env::args().nth(1).unwrap_or("demand.csv".into())))
}
