//! What a forecaster chooses where nothing is said: normalisations, and a search on the validation rows.

use pollster::block_on;
use refrain::engine::Device;
use refrain::engine::cpu::CpuEngine;
use refrain::forecast::sample::demand;
use refrain::forecast::table::{ReadOptions, Table};
use refrain::forecast::{
    BacktestOptions, Center, Change, Channels, Divide, Forecaster, Part, Problem, Recipe, Search, Task, Tried,
    backtest, forecast,
};
use refrain::model::{CellKind, initial_parameters};
use refrain::optim::Optimizer;
use refrain::train::Next;

fn table(text: &str, task: &Task) -> Table {
    Table::read("t", text.as_bytes(), &task.read_options(ReadOptions::default())).unwrap()
}

/// Two series of 90 rows above 0.
fn pair() -> String {
    let row = |t: u32| {
        let wave = |shift: f64| (f64::from(t) * 0.7 + shift).sin();
        format!("{t},{:.6},{:.6}\n", 30.0 + 0.2 * f64::from(t) + 5.0 * wave(0.0), 4.0 + wave(1.0))
    };
    format!("t,a,b\n{}", (0..90).map(row).collect::<String>())
}

#[test]
fn a_network_whose_outputs_are_0_makes_the_naive_forecast_that_windows_are_centred_by() {
    for center in [Center::Last, Center::Mean, Center::Season] {
        for divide in [Divide::None, Divide::Deviation, Divide::Level] {
            for (log, channels) in [(false, Channels::Joint), (true, Channels::Independent)] {
                if log && divide == Divide::Level {
                    continue;
                }
                let task = Task {
                    window: Some(8),
                    horizon: Some(6),
                    season: Some(4),
                    center: Some(center),
                    divide: Some(divide),
                    log: Some(log),
                    channels: Some(channels),
                    ..Task::new(["a", "b"])
                };
                let table = table(&pair(), &task);
                let problem = Problem::new(&table, &task, &ReadOptions::default(), None).unwrap();
                let spec = problem.spec(CellKind::Gru, 3, 1);
                let mut engine = CpuEngine::new(spec, &vec![0.0; initial_parameters(&spec, 0).len()]).unwrap();
                let found = block_on(forecast(&mut engine, &problem.card, &table, 9, None)).unwrap();
                let values = &table.series[0].values;
                for target in 0..2 {
                    let seen: Vec<f64> = (82..90).map(|row| values[row * 2 + target]).collect();
                    let mut known = seen.clone();
                    for step in 0..9 {
                        // Beyond the horizon the window holds what was forecast.
                        let window = if step < 6 { &seen[..] } else { &known[6..14] };
                        let expected = match center {
                            Center::Last | Center::None => seen[7],
                            Center::Mean if log => (window.iter().map(|x| x.ln()).sum::<f64>() / 8.0).exp(),
                            Center::Mean => window.iter().sum::<f64>() / 8.0,
                            Center::Season => seen[4 + step % 4],
                        };
                        // The season goes on from the end of the horizon, which is no whole number of seasons long.
                        let expected = if center == Center::Season && step >= 6 { known[4 + step] } else { expected };
                        let value = found.series[0].at(step, target, 2)[0];
                        known.push(value);
                        let off = (value - expected).abs() / expected;
                        assert!(off < 1e-5, "{center:?} {divide:?} {log} step {step}: {value}, not {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn normalisations_that_cannot_be_are_refused() {
    let refused = |task: Task| {
        let table = table(&pair(), &task);
        Problem::new(&table, &task, &ReadOptions::default(), None).unwrap_err().to_string()
    };
    let season = Task { center: Some(Center::Season), season: Some(9), window: Some(8), ..Task::new(["a"]) };
    assert!(refused(season).starts_with("window is 8, expected at least 9, the season"));
    let level = Task { divide: Some(Divide::Level), log: Some(true), ..Task::new(["a"]) };
    assert!(refused(level).starts_with("divide is level, expected deviation or none"));
}

fn search(text: &str, task: &Task, budget: f64) -> Search {
    let table = table(text, task);
    let recipe = Recipe { budget, ..Recipe::default() };
    let device = Device::Cpu(Default::default());
    block_on(Search::run(&device, &table, task, &ReadOptions::default(), &recipe, |_| Next::Continue)).unwrap()
}

/// The generated demand, beside its temperature in place of noise where that is to help.
fn covariate(helps: bool) -> String {
    let text = demand(11, 900, 0);
    let row = |(t, line): (usize, &str)| match (t, helps) {
        (0, _) | (_, true) => format!("{line}\n"),
        (_, false) => {
            let kept = line.rsplit_once(',').unwrap().0;
            format!("{kept},{:.3}\n", (t as f64 * 12.9898).sin() * 43758.5453 % 1.0)
        }
    };
    text.lines().enumerate().map(row).collect()
}

#[test]
fn covariates_stay_where_they_help_and_are_left_out_aloud_where_they_do_not() {
    let task = Task {
        future: vec!["temperature".into()],
        window: Some(24),
        horizon: Some(12),
        center: Some(Center::Last),
        divide: Some(Divide::None),
        log: Some(false),
        ..Task::new(["demand"])
    };
    let found = search(&covariate(true), &task, 20.0);
    assert_eq!((found.task.future.len(), found.notes.len()), (1, 0), "{:?}", found.tried);
    let found = search(&covariate(false), &task, 20.0);
    assert!(found.task.future.is_empty(), "{:?}", found.tried);
    assert!(found.notes[0].starts_with("the covariates of the future (temperature) do not help"), "{:?}", found.notes);
}

#[test]
fn a_search_keeps_to_what_is_said_and_to_its_budget() {
    let task = Task { window: Some(24), horizon: Some(12), center: Some(Center::Mean), ..Task::new(["demand"]) };
    let found = search(&demand(12, 600, 0), &task, 5.0);
    let changes: Vec<Change> = found.tried.iter().map(|tried| tried.change).collect();
    assert_eq!(changes[0], Change::Nothing);
    assert!(changes.len() > 2 && !changes.iter().any(|change| matches!(change, Change::Center(_))), "{changes:?}");
    assert_eq!(found.task.center, Some(Center::Mean));
    // Each that was taken is better than the one taken before it.
    let taken: Vec<f64> =
        found.tried.iter().filter(|tried| tried.taken).map(|tried| tried.validation.ratio()).collect();
    assert!(taken.is_sorted_by(|a, b| a > b), "{taken:?}");
    let fewer = search(&demand(12, 600, 0), &task, 0.6);
    assert!((2..changes.len()).contains(&fewer.tried.len()) && fewer.steps < found.steps, "{fewer:?}");
    assert!(search(&demand(12, 600, 0), &task, 0.0).tried.is_empty());
}

/// A table's forecaster by default, but for the sizes that keep this short.
fn fitted(text: &str, task: &Task) -> Forecaster {
    let table = table(text, task);
    let recipe = Recipe { hidden: Some(8), epochs: Some(40), budget: 2.0, ..Recipe::default() };
    let device = Device::Cpu(Default::default());
    let read = ReadOptions::default();
    block_on(Forecaster::fit(&device, &table, task, &read, &recipe, |_| Next::Continue)).unwrap().0
}

#[test]
fn the_same_seed_makes_the_same_file_search_included() {
    let task = Task { horizon: Some(6), ..Task::new(["a", "b"]) };
    let [first, second] = [(); 2].map(|_| fitted(&pair(), &task));
    assert!(first.card.search.len() > 2, "{:?}", first.card.search);
    assert!(first.model.to_bytes().unwrap() == second.model.to_bytes().unwrap());
    let Tried { validation, .. } = first.card.search[0];
    assert!(validation.of_naive.mae > 0.0 && validation.model.mae.is_finite());
    // The card comes back from the file with what was tried.
    assert_eq!(Forecaster::of("m", first.model.clone()).unwrap().card, first.card);
}

#[test]
fn a_model_that_is_no_better_than_a_naive_forecast_says_so() {
    // Hardly trained, and without the level of what it sees.
    let table = table(&pair(), &Task::new(["a"]));
    let task = Task { horizon: Some(6), center: Some(Center::None), log: Some(false), ..Task::new(["a"]) };
    let optimizer = Some(Optimizer::adam(1e-6));
    let recipe = Recipe { hidden: Some(4), epochs: Some(1), optimizer, budget: 0.0, ..Recipe::default() };
    let (device, read) = (Device::Cpu(Default::default()), ReadOptions::default());
    let found = block_on(Forecaster::fit(&device, &table, &task, &read, &recipe, |_| Next::Continue)).unwrap().0;
    let said = found.card.worthless().expect("it is no better");
    assert!(said.contains("no better than `repeat the ") && said.ends_with("Do not use it."), "{said}");
    assert_eq!(fitted(&pair(), &Task { horizon: Some(6), ..Task::new(["a", "b"]) }).card.worthless(), None);
}

#[test]
fn the_table_says_its_season_and_whether_logarithms_are_taken() {
    let plan = |text: &str, task: &Task| {
        Problem::new(&table(text, task), task, &ReadOptions::default(), None).unwrap().card.plan
    };
    // A season that is repeated, and grows; then a walk.
    let grows = |t: usize| (0.02 * t as f64).exp() * (3.0 + (t as f64 * std::f64::consts::TAU / 8.0).sin());
    let text: String = (0..160).map(|t| format!("{t},{:.5}\n", grows(t))).collect();
    let found = plan(&format!("t,y\n{text}"), &Task::new(["y"]));
    assert_eq!((found.season, found.horizon, found.log), (8, 8, true));
    let walk: String = (0..200).map(|t| format!("{t},{:.3}\n", f64::from(t * t % 101) * 0.01 + 5.0)).collect();
    let found = plan(&format!("t,y\n{walk}"), &Task::new(["y"]));
    assert!(!found.log, "{found:?}");
    let found = plan(&pair(), &Task::new(["a", "b"]));
    assert_eq!(found.channels, Channels::Independent);
}

#[test]
fn an_ensemble_forecasts_the_median_of_its_members() {
    let task = Task { horizon: Some(6), center: Some(Center::Mean), ..Task::new(["a", "b"]) };
    let table = table(&pair(), &task);
    let device = Device::Cpu(Default::default());
    let read = ReadOptions::default();
    let fit = |seed, members| {
        let recipe = Recipe { hidden: Some(4), epochs: Some(3), budget: 0.0, seed, members, ..Recipe::default() };
        block_on(Forecaster::fit(&device, &table, &task, &read, &recipe, |_| Next::Continue)).unwrap().0
    };
    let values = |of: &Forecaster| {
        let found = block_on(of.forecast(&device, &table, None, Some(0.0))).unwrap();
        found.series[0].values.clone()
    };
    let ensemble = fit(5, 3);
    let members = [5, 6, 7].map(|seed| values(&fit(seed, 1)));
    let found = values(&ensemble);
    for (place, found) in found.iter().enumerate() {
        let mut of_members = members.each_ref().map(|values| values[place]);
        of_members.sort_by(f64::total_cmp);
        assert!((found - of_members[1]).abs() < 1e-12 * found.abs(), "{found}, members {of_members:?}");
    }
    assert!(members[0] != members[1] && members[0] != found);

    let bytes = ensemble.to_bytes().unwrap();
    assert!(bytes == fit(5, 3).to_bytes().unwrap());
    let read = Forecaster::from_bytes("m", &bytes).unwrap();
    assert_eq!((read.card.members.len(), values(&read)), (3, found));
    // The first member alone is no ensemble, and says so.
    let refused = Forecaster::of("m", ensemble.model.clone()).unwrap_err().to_string();
    assert!(refused.starts_with("m: it is an ensemble"), "{refused}");
    let alone = ensemble.model.to_bytes().unwrap();
    let refused = Forecaster::from_bytes("m", &alone).unwrap_err().to_string();
    assert!(refused.contains("checkpoint.member.0"), "{refused}");
}

/// A panel of three series, of so many rows each.
fn panel<const N: usize>(rows: [usize; N]) -> String {
    let value = |series: usize, t: usize| 10.0 * (series + 1) as f64 + ((t + 3 * series) as f64 * 0.6).sin();
    let of = |series: usize| (0..rows[series]).map(move |t| format!("s{series},{t},{:.5}\n", value(series, t)));
    format!("id,t,y\n{}", (0..N).flat_map(of).collect::<String>())
}

#[test]
fn a_series_too_short_for_a_window_is_padded_and_shortens_none() {
    let read = ReadOptions { id: Some("id".into()), time: Some("t".into()), ..ReadOptions::default() };
    let table = |text: &str| Table::read("t", text.as_bytes(), &read).unwrap();
    for (center, divide) in [(Center::Last, Divide::None), (Center::Season, Divide::Deviation)] {
        let task = Task {
            window: Some(20),
            horizon: Some(4),
            season: Some(10),
            center: Some(center),
            divide: Some(divide),
            log: Some(false),
            val: Part::Rows(4),
            test: Part::Rows(4),
            ..Task::new(["y"])
        };
        let text = panel([90, 90, 24]);
        let whole = table(&text);
        let problem = Problem::new(&whole, &task, &read, None).unwrap();
        let plan = problem.card.plan.clone();
        // 16 of its 24 rows are trained on, of which 4 are a horizon.
        assert_eq!((plan.window, plan.least), (20, 12));
        let lengths: Vec<usize> = problem.train.iter().map(|&id| problem.windows.length(id as usize)).collect();
        assert_eq!(
            (lengths.iter().min(), lengths.iter().filter(|&&length| length < 20).count()),
            (Some(&12), 8 + 8 + 1)
        );

        // A padded window is forecast as one of its own length is.
        let spec = problem.spec(CellKind::Gru, 5, 1);
        let mut engine = CpuEngine::new(spec, &initial_parameters(&spec, 1)).unwrap();
        let mut of = |window: usize, least: usize, rows: usize| {
            let mut card = problem.card.clone();
            (card.plan.window, card.plan.least) = (window, least);
            let cut = table(&panel([90, 90, rows]));
            let found = block_on(forecast(&mut engine, &card, &cut, 4, None));
            found.unwrap().series.get(2).map(|series| series.values.clone())
        };
        for rows in [12, 15, 19] {
            assert_eq!(of(20, 12, rows).unwrap(), of(rows, rows, rows).unwrap(), "{rows} rows");
        }
        assert_eq!(of(20, 12, 11), None);
    }
    // A single series, and a panel that is short as a whole, are refused.
    let task = Task { window: Some(20), horizon: Some(4), ..Task::new(["y"]) };
    let refused = Problem::new(&table(&panel([24, 24, 20])), &task, &read, None).unwrap_err().to_string();
    assert!(refused.contains("are left to train on, expected at least 24"), "{refused}");
}

#[test]
fn series_that_are_too_short_take_part_as_far_as_they_can() {
    let read = ReadOptions { id: Some("id".into()), time: Some("t".into()), ..ReadOptions::default() };
    let table = |text: &str| Table::read("t", text.as_bytes(), &read).unwrap();
    let task = Task { window: Some(20), horizon: Some(6), season: Some(10), log: Some(false), ..Task::new(["y"]) };
    // One to train and to hold out, one to train alone, and one for none of it.
    let whole = table(&panel([90, 90, 16, 10, 4]));
    let problem = Problem::new(&whole, &task, &read, None).unwrap();
    assert_eq!(
        problem.notes(),
        [
            "some series are too short for a window and a horizon of 6: 1 of 5 to be trained on, 3 of 5 to validate, 2 of 5 \
          to be held out"
        ]
    );
    assert_eq!(problem.card.plan.least, 4);
    let spec = problem.spec(CellKind::Gru, 5, 1);
    let mut engine = CpuEngine::new(spec, &initial_parameters(&spec, 1)).unwrap();
    let found = block_on(backtest(&mut engine, &problem.card, &whole, &BacktestOptions::default())).unwrap();
    assert_eq!(found.model().series.len(), 3);
    let note = "2 of 5 series have no rows to forecast, and are left out.";
    assert!(found.notes.iter().any(|found| found == note), "{:?}", found.notes);
    let found = block_on(forecast(&mut engine, &problem.card, &whole, 6, None)).unwrap();
    assert_eq!((found.series.len(), found.notes.len()), (5, 0));

    // What is shorter than every window is left out aloud.
    let cut = table(&panel([90, 3, 16, 2, 4]));
    let found = block_on(forecast(&mut engine, &problem.card, &cut, 6, None)).unwrap();
    let ids: Vec<&str> = found.series.iter().filter_map(|series| series.id.as_deref()).collect();
    assert_eq!(ids, ["s0", "s2", "s4"]);
    let note = "2 of 5 series have fewer rows than the model's shortest window, 4, and are not forecast: s1, s3";
    assert_eq!(found.notes, [note]);
    assert_eq!(found.picture(&spec, &problem.card, &cut).unwrap().panels.len(), 3);
}
