//! From a table to a forecast through the library, on the CPU engine and generated data.

mod common;

use common::assert_close;
use pollster::block_on;
use rand::RngExt;
use refrain::engine::cpu::CpuEngine;
use refrain::engine::{AnyEngine, Device, Engine};
use refrain::forecast::sample::demand;
use refrain::forecast::table::{Fill, ReadOptions, Table};
use refrain::forecast::time::Calendar;
use refrain::forecast::{
    BacktestOptions, Card, Center, Channels, Divide, Plan, Problem, Recipe, Scaling, Start, Task, backtest, forecast,
};
use refrain::loss::{Distribution, Quantiles};
use refrain::model::{CellKind, Model, Spec, initial_parameters};
use refrain::rng::{Purpose, generator};
use refrain::train::{Checkpoint, Epoch, Finished, Next, Options, Run, Snapshot, fit_validated, mean_loss};

/// A trained network and what it knows.
struct Trained<E = CpuEngine> {
    engine: E,
    card: Card,
    table: Table,
    spec: Spec,
}

fn table(text: &str, task: &Task) -> Table {
    Table::read("t", text.as_bytes(), &task.read_options(ReadOptions::default())).unwrap()
}

fn small(task: Task) -> Task {
    Task { window: Some(24), horizon: Some(12), ..task }
}

fn with_covariate() -> Task {
    let calendar = vec![Calendar::Hour, Calendar::Weekday];
    small(Task { future: vec!["temperature".into()], calendar, ..Task::new(["demand"]) })
}

fn train(text: &str, task: &Task, epochs: usize) -> Trained {
    let table = table(text, task);
    let problem = Problem::new(&table, task, &ReadOptions::default(), None).unwrap();
    let spec = problem.spec(CellKind::Gru, 32, 1);
    let engine = CpuEngine::new(spec, &initial_parameters(&spec, 0)).unwrap();
    fit(engine, table, &problem, spec, problem.options(None, Some(epochs), 0))
}

fn fit<E: Engine>(mut engine: E, table: Table, problem: &Problem, spec: Spec, options: Options) -> Trained<E> {
    engine.load_data(&problem.windows).unwrap();
    let run = problem.run(spec, options);
    block_on(fit_validated(&mut engine, &run, None, |_| Next::Continue, |_| Ok(()))).unwrap();
    let card = block_on(problem.finish(&mut engine)).unwrap();
    Trained { engine, card, table, spec }
}

/// The same with a network over segments.
fn train_segments(text: &str, task: &Task, read: ReadOptions, epochs: usize) -> Trained<AnyEngine> {
    let read = task.read_options(read);
    let table = Table::read("t", text.as_bytes(), &read).unwrap();
    let problem = Problem::new(&table, task, &read, None).unwrap();
    let recipe = Recipe { hidden: Some(32), epochs: Some(epochs), ..Recipe::default() };
    let Model { spec, parameters, .. } = recipe.network(&problem).unwrap();
    let engine = Device::cpu().engine(spec, &parameters).unwrap();
    fit(engine, table, &problem, spec, recipe.options(&problem).unwrap())
}

#[test]
fn the_covariate_halves_the_error_and_intervals_hold() {
    let text = demand(3, 100 * 24, 0);
    let mae = |task: &Task| {
        let Trained { mut engine, card, table, .. } = train(&text, task, 50);
        let options = BacktestOptions { coverage: Some(0.9), ..BacktestOptions::default() };
        let found = block_on(backtest(&mut engine, &card, &table, &options)).unwrap();
        assert_eq!(found.warnings, [""; 0], "{:?}", found.methods);
        (found.model().scores.mae, found.model().scores.coverage.unwrap())
    };
    let with = mae(&with_covariate());
    let without = mae(&Task { future: vec![], ..with_covariate() });
    assert!(with.0 < 0.5 * without.0, "MAE {} with the temperature, {} without", with.0, without.0);
    // Nominal 0.9; ten days of hours hold few independent errors.
    assert!((0.82..0.96).contains(&with.1), "coverage {}", with.1);
}

#[test]
fn nothing_after_the_training_rows_moves_weights_or_scales() {
    let text = demand(4, 400, 0);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &mut lines[1 + 320..] {
        let time = line.split(',').next().unwrap();
        *line = format!("{time},{},{}", 1e6, -1e6);
    }
    let task = with_covariate();
    let results = [text, lines.join("\n")].map(|text| {
        let table = table(&text, &task);
        let problem = Problem::new(&table, &task, &ReadOptions::default(), None).unwrap();
        assert_eq!(problem.rows(), [320, 40, 40]);
        let spec = problem.spec(CellKind::Lstm, 8, 1);
        let mut engine = CpuEngine::new(spec, &initial_parameters(&spec, 1)).unwrap();
        engine.load_data(&problem.windows).unwrap();
        // Without patience: which epoch is the best is for the validation rows to say.
        let run = Run { patience: 0, ..problem.run(spec, problem.options(None, Some(3), 1)) };
        block_on(fit_validated(&mut engine, &run, None, |_| Next::Continue, |_| Ok(()))).unwrap();
        (problem.card.series[0].scales.clone(), block_on(engine.parameters()).unwrap())
    });
    let [before, after] = results;
    assert_eq!(before.0, after.0);
    assert!(before.1.iter().zip(&after.1).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn filled_rows_show_nothing_of_what_comes_after() {
    // The demand is missing around the end of the training rows, and elsewhere; all that comes later is changed.
    let text = demand(4, 400, 0);
    let rewrite = |later: &str| {
        let rows = text.lines().enumerate().map(|(row, line)| {
            let mut fields: Vec<&str> = line.split(',').collect();
            if row > 325 {
                fields[1] = later;
            } else if row > 312 || (100..106).contains(&row) {
                fields[1] = "";
            }
            fields.join(",") + "\n"
        });
        rows.collect::<String>()
    };
    for fill in [Fill::Linear, Fill::Forward] {
        let center = Some(Center::Last);
        let task = Task { past: vec!["temperature".into()], center, ..small(Task::new(["demand"])) };
        let results = ["1e6", "-3"].map(|later| {
            let options = task.read_options(ReadOptions { fill: Some(fill), ..ReadOptions::default() });
            let table = Table::read("t", rewrite(later).as_bytes(), &options).unwrap();
            let problem = Problem::new(&table, &task, &options, None).unwrap();
            assert_eq!(problem.rows(), [320, 40, 40]);
            let spec = problem.spec(CellKind::Gru, 8, 1);
            let mut engine = CpuEngine::new(spec, &initial_parameters(&spec, 1)).unwrap();
            engine.load_data(&problem.windows).unwrap();
            let run = Run { patience: 0, ..problem.run(spec, problem.options(None, Some(2), 1)) };
            block_on(fit_validated(&mut engine, &run, None, |_| Next::Continue, |_| Ok(()))).unwrap();
            // No target is in a gap: rows 99 to 104 and 312 to 324, counted from 0.
            let origins = problem.train.iter().map(|&id| problem.windows.starts()[id as usize] as usize + 24);
            let whole = |origin: usize| origin + 12 <= 99 || (105..=300).contains(&origin);
            assert!(origins.clone().all(whole), "{:?}", origins.filter(|&origin| !whole(origin)).collect::<Vec<_>>());
            // The window that ends with the first gap repeats the value before it, and does not lean to its target.
            let id = origins.clone().position(|origin| origin == 105).unwrap();
            let seen: Vec<f32> = problem.windows.window(id).chunks_exact(2).map(|row| row[0]).collect();
            assert!(seen[17..].iter().all(|value| *value == seen[17]) && seen[16] != seen[17], "{seen:?}");
            (problem.card.series[0].scales.clone(), block_on(engine.parameters()).unwrap())
        });
        assert_eq!(results[0].0, results[1].0);
        assert!(results[0].1.iter().zip(&results[1].1).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

#[test]
fn a_line_drawn_through_a_random_walk_makes_no_model_better_than_its_last_value() {
    // A weekly random walk, read as a daily series.
    let mut level = 0.0;
    let rows = demand(9, 260, 0);
    let noise = rows.lines().skip(1).map(|row| row.split(',').nth(1).unwrap().parse::<f64>().unwrap() * 7.3 % 1.0);
    let walk = noise.enumerate().map(|(week, noise)| {
        level += noise - 0.5;
        format!("{},{level:.4}\n", 7 * week)
    });
    let text = format!("t,y\n{}", walk.collect::<String>());
    let read = |horizon: usize, fill| {
        let task = Task { window: Some(14), horizon: Some(horizon), ..Task::new(["y"]) };
        let frequency = Some("1".parse().unwrap());
        let options = task.read_options(ReadOptions { fill: Some(fill), frequency, ..ReadOptions::default() });
        (Table::read("t", text.as_bytes(), &options).unwrap(), task, options)
    };
    let (table, task, options) = read(3, Fill::Linear);
    assert_eq!(table.filled_rows(), 259 * 6);
    let message = Problem::new(&table, &task, &options, None).unwrap_err().to_string();
    assert!(message.contains("is followed by targets that were filled in"), "{message}");

    let maes = [Fill::Linear, Fill::Forward].map(|fill| {
        let (table, task, options) = read(1, fill);
        let problem = Problem::new(&table, &task, &options, None).unwrap();
        let spec = problem.spec(CellKind::Gru, 8, 1);
        let mut engine = CpuEngine::new(spec, &initial_parameters(&spec, 0)).unwrap();
        engine.load_data(&problem.windows).unwrap();
        let run = problem.run(spec, problem.options(None, Some(30), 0));
        block_on(fit_validated(&mut engine, &run, None, |_| Next::Continue, |_| Ok(()))).unwrap();
        let card = block_on(problem.finish(&mut engine)).unwrap();
        let found = block_on(backtest(&mut engine, &card, &table, &BacktestOptions::default())).unwrap();
        // A truth a week in the 182 days held out.
        assert_eq!(found.model().scores.count, 26);
        assert!(found.model().scores.mae > 0.9 * found.methods[1].scores.mae, "{:?}", found.methods);
        found.model().scores.mae
    });
    assert_eq!(maes[0].to_bits(), maes[1].to_bits());
}

/// A run of two layers with dropout that stops early; from a snapshot, where one is given.
fn interruptible(from: Option<Snapshot>, stop: impl Fn(&Epoch) -> bool) -> (Finished, Vec<f32>, Option<Vec<u8>>) {
    let task = with_covariate();
    let table = table(&demand(5, 400, 0), &task);
    let problem = Problem::new(&table, &task, &ReadOptions::default(), None).unwrap();
    let spec = Spec { layers: 2, ..problem.spec(CellKind::Gru, 8, 1) };
    let parameters = initial_parameters(&spec, 2);
    let mut engine = CpuEngine::new(spec, &parameters).unwrap();
    engine.load_data(&problem.windows).unwrap();
    let options = problem.options(Some(64), Some(12), 2);
    let run = problem.run(spec, refrain::train::Options { dropout: 0.3, portion: 1, ..options });
    let run = Run { patience: 3, ..run };
    let mut file = None;
    let model = Model::new(spec, parameters);
    let next = |epoch: &Epoch| if stop(epoch) { Next::Stop } else { Next::Continue };
    let keep = |snapshot: &Snapshot| {
        file = Some(Checkpoint::to_bytes(&model, snapshot)?);
        Ok(())
    };
    let finished = block_on(fit_validated(&mut engine, &run, from, next, keep)).unwrap();
    (finished, block_on(engine.parameters()).unwrap(), file)
}

#[test]
fn a_run_taken_up_from_any_epoch_ends_with_the_same_bits() {
    let (finished, parameters, _) = interruptible(None, |_| false);
    assert!(finished.best.is_some() && !finished.stopped);
    for stop in [1, finished.epochs / 2, finished.epochs - 1] {
        let (stopped, _, file) = interruptible(None, |epoch| (epoch.epoch, epoch.step) == (stop, epoch.steps));
        assert!(stopped.stopped && stopped.epochs == stop);
        let checkpoint = Checkpoint::from_bytes("c", &file.unwrap()).unwrap();
        let (again, same, _) = interruptible(Some(checkpoint.snapshot), |_| false);
        assert_eq!(again, finished, "stopped after epoch {stop}");
        assert!(same.iter().zip(&parameters).all(|(a, b)| a.to_bits() == b.to_bits()), "stopped after epoch {stop}");
    }
}

#[test]
fn a_run_taken_up_within_an_epoch_ends_with_the_same_bits() {
    let (finished, parameters, _) = interruptible(None, |_| false);
    for (epoch, step) in [(1, 1), (2, 3), (3, 2)] {
        let (stopped, _, file) = interruptible(None, |at| (at.epoch, at.step) == (epoch, step) && step < at.steps);
        assert!(stopped.stopped && stopped.epochs == epoch - 1, "{stopped:?}");
        let checkpoint = Checkpoint::from_bytes("c", &file.unwrap()).unwrap();
        assert_eq!(checkpoint.snapshot.state.partial.unwrap().steps, step);
        let (again, same, _) = interruptible(Some(checkpoint.snapshot), |_| false);
        assert_eq!(again, finished, "stopped in epoch {epoch}");
        assert!(same.iter().zip(&parameters).all(|(a, b)| a.to_bits() == b.to_bits()), "stopped in epoch {epoch}");
    }
}

#[test]
fn quantiles_rise_and_hold_their_share() {
    let quantiles = Quantiles::new(&[0.1, 0.5, 0.9]).unwrap();
    let task = Task { quantiles: Some(quantiles), ..with_covariate() };
    let Trained { mut engine, card, table, .. } = train(&demand(6, 60 * 24, 12), &task, 15);
    let found = block_on(backtest(&mut engine, &card, &table, &BacktestOptions::default())).unwrap();
    assert_eq!((found.coverage, found.levels.clone()), (Some(0.8), vec![Some(0.1), Some(0.5), Some(0.9)]));
    let scores = &found.model().scores;
    assert!((0.65..0.92).contains(&scores.coverage.unwrap()), "{scores:?}");
    // The median's quantile loss is half of its absolute error.
    assert_close("pinball", &[scores.pinball[1]], &[scores.mae / 2.0], 0.0, 1e-9);
    let found = block_on(forecast(&mut engine, &card, &table, 12, None)).unwrap();
    assert_eq!(found.middle, 1);
    assert!(found.series[0].values.chunks(3).all(|levels| levels.is_sorted()));
    let header = found.to_csv().lines().next().unwrap().to_owned();
    assert_eq!(header, "time,demand_0.1,demand_0.5,demand_0.9");
}

#[test]
fn a_distribution_gives_any_interval_and_holds_it() {
    let task = Task { distribution: Some(Distribution::StudentT), ..with_covariate() };
    let Trained { mut engine, card, table, .. } =
        train_segments(&demand(6, 60 * 24, 12), &task, ReadOptions::default(), 15);
    assert_eq!(card.plan.quantiles, Some(Quantiles::default()));
    let found = block_on(backtest(&mut engine, &card, &table, &BacktestOptions::default())).unwrap();
    assert_eq!((found.coverage, found.model().scores.pinball.len()), (Some(0.8), 3));
    let mut widths = Vec::new();
    for coverage in [0.5, 0.9] {
        let options = BacktestOptions { coverage: Some(coverage), ..BacktestOptions::default() };
        let found = block_on(backtest(&mut engine, &card, &table, &options)).unwrap();
        let scores = &found.model().scores;
        assert!((scores.coverage.unwrap() - coverage).abs() < 0.1, "{coverage}: {scores:?}");
        widths.push(scores.width.unwrap());
    }
    assert!(widths[0] < 0.6 * widths[1], "{widths:?}");
    let found = block_on(forecast(&mut engine, &card, &table, 12, Some(0.9))).unwrap();
    assert!(found.series[0].values.chunks(3).all(|levels| levels[1] < levels[0] && levels[0] < levels[2]));
    assert_eq!(found.to_csv().lines().next().unwrap(), "time,demand,demand_0.05,demand_0.95");
}

#[test]
fn counts_are_forecast_as_counts() {
    // Few are sold but on the seventh day, and now and then none.
    let mut rng = generator(5, Purpose::Data);
    let mut draw = |mean: f64| (0..40).filter(|_| rng.random::<f64>() < mean / 40.0).count();
    let sold = |day: usize, draw: &mut dyn FnMut(f64) -> usize| draw(if day % 7 == 6 { 12.0 } else { 1.5 });
    let rows: Vec<String> = (0..600).map(|day| format!("{day},{}", sold(day, &mut draw))).collect();
    let text = format!("day,sold\n{}\n", rows.join("\n"));
    let task = Task {
        distribution: Some(Distribution::NegativeBinomial),
        season: Some(7),
        window: Some(28),
        horizon: Some(14),
        ..Task::new(["sold"])
    };
    let Trained { mut engine, card, table: counted, .. } = train_segments(&text, &task, ReadOptions::default(), 30);
    assert_eq!((card.plan.center, card.plan.divide, card.plan.log), (Center::None, Divide::Level, false));
    let options = BacktestOptions { coverage: Some(0.9), keep: true, ..BacktestOptions::default() };
    let found = block_on(backtest(&mut engine, &card, &counted, &options)).unwrap();
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    assert!((0.86..0.99).contains(&found.model().scores.coverage.unwrap()), "{:?}", found.model().scores);
    let values = found.forecasts.iter().flat_map(|sample| &sample.values);
    assert!(values.clone().all(|&value| value >= 0.0 && value.fract() == 0.0));
    assert!(values.clone().any(|&value| value == 0.0) && values.clone().any(|&value| value > 10.0));

    // What is filled in between two counts is no target.
    let mut filled = table(&text, &task);
    let place = 3 * filled.columns.len() + filled.column("sold").unwrap();
    filled.series[0].values[place] = 0.5;
    assert!(Plan::of(&task, &filled).is_err());
    filled.series[0].filled = (0..filled.series[0].values.len()).map(|at| at == place).collect();
    assert!(Plan::of(&task, &filled).is_ok());

    let refusal = |task: &Task, text: &str| Plan::of(task, &table(text, task)).unwrap_err().to_string();
    let logarithms = Task { log: Some(true), ..task.clone() };
    assert!(refusal(&logarithms, &text).contains("of the counts of a negative binomial"));
    let halves = refusal(&task, &text.replace("\n3,", "\n3,0.5"));
    assert!(halves.contains("column `sold` is 0.5") && halves.contains(" at 3, expected counts"), "{halves}");
}

#[test]
fn a_likelihood_validates_by_its_mean_however_many_series_there_are() {
    let rows = |id: &str, rows: u32, level: u32| {
        (0..rows).map(|t| format!("{id},{t},{}\n", level + (t * t * 7 + t) % 5)).collect::<String>()
    };
    let text = format!("id,t,y\n{}{}", rows("a", 200, 1), rows("b", 90, 400));
    let read = ReadOptions { id: Some("id".into()), time: Some("t".into()), ..ReadOptions::default() };
    let table = Table::read("t", text.as_bytes(), &read).unwrap();
    let task = small(Task { distribution: Some(Distribution::NegativeBinomial), ..Task::new(["y"]) });
    let problem = Problem::new(&table, &task, &read, None).unwrap();
    let recipe = Recipe { hidden: Some(4), epochs: Some(1), ..Recipe::default() };
    let (model, options) = (recipe.network(&problem).unwrap(), recipe.options(&problem).unwrap());
    let mut engine = Device::cpu().engine(model.spec, &model.parameters).unwrap();
    engine.load_data(&problem.windows).unwrap();
    let run = Run { patience: 0, ..problem.run(model.spec, options) };
    assert!(!run.val_groups.is_empty());
    let finished = block_on(fit_validated(&mut engine, &run, None, |_| Next::Continue, |_| Ok(()))).unwrap();
    let (windows, val) = (&problem.windows, &problem.val);
    let mean = block_on(mean_loss(&mut engine, &model.spec, windows, val, options.loss)).unwrap();
    assert_close("validation loss", &finished.val, &[mean], 0.0, 1e-12);
}

/// Series that are 0 and 1, or 0 and -1, in turn, as their kind says: a window of one row does not tell.
fn of_kinds(kinds: &[&str]) -> String {
    let row = |n: usize, kind: &str, t: usize| {
        let value = if t.is_multiple_of(2) {
            "0"
        } else if kind == "shop" {
            "1"
        } else {
            "-1"
        };
        format!("{n},{kind},{}.5,{t},{value}\n", n * 7 % 40)
    };
    let rows = kinds.iter().enumerate().flat_map(|(n, kind)| (0..61).map(move |t| row(n, kind, t)));
    format!("id,kind,area,t,y\n{}", rows.collect::<String>())
}

#[test]
fn what_does_not_change_in_time_tells_series_apart() {
    let kinds: Vec<&str> = ["shop", "mall"].into_iter().cycle().take(40).collect();
    let (text, read) = (of_kinds(&kinds), ReadOptions { id: Some("id".into()), ..ReadOptions::default() });
    let task = |statics: &[&str]| Task {
        statics: statics.iter().map(|&name| name.to_owned()).collect(),
        center: Some(Center::None),
        scaling: Scaling::None,
        window: Some(1),
        horizon: Some(1),
        season: Some(1),
        ..Task::new(["y"])
    };
    let trained = |task: &Task| {
        let mut trained = train_segments(&text, task, read.clone(), 30);
        let Trained { engine, card, table, .. } = &mut trained;
        let found = block_on(backtest(engine, card, table, &BacktestOptions::default())).unwrap();
        (found.model().scores.mae, trained)
    };
    let (without, _) = trained(&task(&[]));
    let (with, Trained { mut engine, card, spec, .. }) = trained(&task(&["kind", "area"]));
    assert!(with < 0.1 && without > 0.4, "MAE {with} with the kind, {without} without");
    assert_eq!(card.plan.static_features(), 3);

    // Its file says what the values become, also of series that it has not seen.
    let mut model = Model::new(spec, block_on(engine.parameters()).unwrap());
    card.put(&mut model);
    let model = Model::from_bytes("m", &model.to_bytes().unwrap()).unwrap();
    let card = Card::of("m", &model).unwrap();
    let mut engine = Device::cpu().engine(model.spec, &model.parameters).unwrap();
    let new = Table::read("n", of_kinds(&["mall", "shop", "kiosk", "?"]).as_bytes(), &card.read_options(read)).unwrap();
    let found = block_on(forecast(&mut engine, &card, &new, 1, None)).unwrap();
    let values: Vec<f64> = found.series.iter().map(|series| series.values[0]).collect();
    assert_close("of known kinds", &values[..2], &[-1.0, 1.0], 0.2, 0.0);
    assert_eq!(found.notes, ["not seen in training, and taken for missing: kind kiosk"]);
}

#[test]
fn a_forecast_goes_on_beyond_the_horizon_with_its_own_values() {
    let text = demand(7, 600, 0);
    let task = small(Task { calendar: vec![Calendar::Hour], ..Task::new(["demand"]) });
    let Trained { mut engine, card, table, .. } = train(&text, &task, 3);
    let found = block_on(forecast(&mut engine, &card, &table, 30, Some(0.9))).unwrap();
    let series = &found.series[0];
    assert_eq!(
        (series.times.len(), series.times[0].as_str(), series.times[29].as_str()),
        (30, "2024-01-26 00:00", "2024-01-27 05:00")
    );

    // The second horizon is what is forecast from a table that ends with the first.
    let mut longer = text.trim_end().to_owned();
    for (step, time) in series.times[..12].iter().enumerate() {
        longer += &format!("\n{time},{},0", series.at(step, 0, 1)[0]);
    }
    let from_longer = block_on(forecast(&mut engine, &card, &self::table(&longer, &task), 12, None)).unwrap();
    let second: Vec<f64> = (12..24).map(|step| series.at(step, 0, 1)[0]).collect();
    assert_close("second horizon", &second, &from_longer.series[0].values, 1e-3, 1e-6);
    // Intervals widen.
    let width = |step: usize| series.at(step, 0, 1)[2] - series.at(step, 0, 1)[1];
    assert!(width(29) > width(12) && width(12) > width(11), "{} {} {}", width(11), width(12), width(29));
}

#[test]
fn what_does_not_fit_the_model_is_refused_by_its_name() {
    let Trained { mut engine, card, table: known, .. } = train(&demand(8, 300, 12), &with_covariate(), 1);
    let mut refused = |text: &str, steps: usize, level: Option<f64>| {
        let read = Table::read("t", text.as_bytes(), &card.read_options(ReadOptions::default()));
        let found = read.and_then(|table| block_on(forecast(&mut engine, &card, &table, steps, level)));
        found.expect_err("a refusal").to_string()
    };
    let rows = demand(8, 300, 12);
    let short: Vec<&str> = rows.lines().take(1 + 305).collect();
    let message = refused(&short.join("\n"), 12, None);
    assert!(
        message.contains("`temperature` known up to 2024-01-13 16:00, expected up to 2024-01-13 23:00"),
        "{message}"
    );
    let message = refused(&rows.replace("temperature", "temperatur"), 12, None);
    assert!(message.contains("column `temperature`: there is no such column; did you mean `temperatur`?"), "{message}");
    let few: Vec<&str> = rows.lines().take(1 + 10).collect();
    assert!(refused(&few.join("\n"), 12, None).contains("10 rows, expected at least 24, the model's window"));
    assert!(refused(&rows, 0, None).starts_with("steps is 0"));
    assert!(refused(&rows, usize::MAX / 2, None).starts_with("a forecast of so many steps needs"));
    assert!(refused(&rows, 12, Some(0.42)).starts_with("level is 0.42"));
    let daily: String = (1..=28).map(|day| format!("2024-02-{day:02},1.5,{day}\n")).collect();
    let message = refused(&format!("time,demand,temperature\n{daily}"), 12, None);
    assert!(message.contains("its frequency is D, expected h, the model's"), "{message}");

    let options = BacktestOptions { from: Some(Start::Row(295)), ..BacktestOptions::default() };
    let message = block_on(backtest(&mut engine, &card, &known, &options)).unwrap_err().to_string();
    assert!(message.contains("expected at least 12, the horizon"), "{message}");
    let trained_on = BacktestOptions { from: Some(Start::Time("2024-01-05".into())), ..BacktestOptions::default() };
    let found = block_on(backtest(&mut engine, &card, &known, &trained_on)).unwrap();
    assert!(found.warnings.iter().any(|warning| warning.contains("were trained on")), "{:?}", found.warnings);
}

#[test]
fn independent_channels_share_one_network() {
    let mut text = String::from("t,a,b,c\n");
    for t in 0..300 {
        let wave = |shift: f64, size: f64| 10.0 * size + size * (f64::from(t) * 0.5 + shift).sin();
        text += &format!("{t},{:.4},{:.4},{:.4}\n", wave(0.0, 1.0), wave(1.0, 50.0), wave(2.0, 0.1));
    }
    let task = small(Task { channels: Some(Channels::Independent), ..Task::new(["a", "b", "c"]) });
    let Trained { mut engine, card, table, .. } = train(&text, &task, 60);
    assert_eq!((card.plan.inputs(), card.plan.outputs()), (1, 12));
    let found = block_on(backtest(&mut engine, &card, &table, &BacktestOptions::default())).unwrap();
    let of: Vec<(String, f64)> =
        found.model().series.iter().map(|series| (series.target.clone(), series.scores.r2.unwrap())).collect();
    assert!(of.iter().all(|(_, r2)| *r2 > 0.95), "{of:?}");
    let found = block_on(forecast(&mut engine, &card, &table, 12, None)).unwrap();
    assert!((found.series[0].at(0, 1, 3)[0] - 500.0).abs() < 60.0, "{:?}", found.series[0].values);
}

#[test]
fn values_keep_the_digits_that_f32_has_not() {
    // A wave on a level where neighbours in f32 stand 512 apart, the same wave at 0, and sizes beyond f32.
    let mut plain = None;
    for (level, size) in [(0.0, 50.0), (6.78e9, 50.0), (1e300, 1e299), (-3e-200, 5e-201)] {
        let values: Vec<f64> = (0..200).map(|t| level + size * (f64::from(t) * 0.7).sin()).collect();
        let text: String = values.iter().map(|value| format!("{value:e}\n")).collect();
        let Trained { mut engine, card, table, .. } = train(&format!("y\n{text}"), &small(Task::new(["y"])), 5);
        assert_eq!(table.series[0].values, values);
        let options = BacktestOptions { coverage: Some(0.5), season: Some(9), ..BacktestOptions::default() };
        let found = block_on(backtest(&mut engine, &card, &table, &options)).unwrap();

        let errors = (180..=188).flat_map(|origin| (0..12).map(move |step| (origin + step, origin - 9 + step % 9)));
        let errors: Vec<f64> = errors.map(|(row, before)| (values[row] - values[before]).abs()).collect();
        let scores = &found.methods[2].scores;
        let mae = errors.iter().sum::<f64>() / errors.len() as f64;
        let square = errors.iter().map(|error| (error / size).powi(2)).sum::<f64>() / errors.len() as f64;
        assert!((scores.mae / mae - 1.0).abs() < 1e-9, "{level}: MAE {} is not {mae}", scores.mae);
        assert!((scores.rmse / size / square.sqrt() - 1.0).abs() < 1e-9, "{level}: {scores:?}");

        // The network learns the same from each, and its forecasts come back with as many digits.
        let csv = block_on(forecast(&mut engine, &card, &table, 12, Some(0.5))).unwrap().to_csv();
        let numbers = csv.lines().skip(1).flat_map(|line| line.split(',').skip(1).map(|text| text.parse::<f64>()));
        let numbers: Vec<f64> = numbers.map(|number| (number.unwrap() - level) / size).collect();
        let model = [found.model().scores.mase.unwrap(), found.model().scores.coverage.unwrap()];
        let (expected, scores) = plain.get_or_insert_with(|| (numbers.clone(), model));
        assert_close("forecast", &numbers, expected, 0.0, 1e-3);
        assert_close("MASE and coverage", &model, &scores[..], 0.0, 0.05);
    }
}

#[test]
fn a_value_that_scaled_f32_cannot_hold_is_refused_by_its_place() {
    let refused = |row: usize, value: &str, task: &Task| {
        let rows = (0..100).map(|t| if t == row { format!("{value}\n") } else { format!("{}\n", t % 7) });
        let table = table(&format!("y\n{}", rows.collect::<String>()), task);
        Problem::new(&table, task, &ReadOptions::default(), None).unwrap_err().to_string()
    };
    let task = small(Task::new(["y"]));
    assert!(refused(95, "1e300", &task).starts_with("t: column `y` is 1e300 at 95, which is too far"));
    let message = refused(5, "-1e300", &Task { scaling: Scaling::None, ..task.clone() });
    assert!(message.starts_with("t: column `y` is -1e300 at 5, which is too far"), "{message}");
    let both = (0..100).map(|t| if t % 2 == 0 { "1.7e308\n" } else { "-1.7e308\n" });
    let table = table(&format!("y\n{}", both.collect::<String>()), &task);
    let message = Problem::new(&table, &task, &ReadOptions::default(), None).unwrap_err().to_string();
    assert!(message.contains("values too far apart"), "{message}");
}
