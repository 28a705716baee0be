//! Training on an engine that computes nothing but remembers what it was told.

use super::fake::Fake;
use super::*;
use crate::data::{Targets, Windows};
use crate::error::{Error, Result};
use crate::model::{CellKind, Spec};
use crate::optim::{Clip, Optimizer, Schedule};
use std::ops::ControlFlow;

fn recorder(loss: fn(usize) -> f32) -> Fake {
    Fake::new(loss, |_| 0.0)
}

const IDS: [u32; 7] = [10, 11, 12, 13, 14, 15, 16];

/// Seven windows in batches of 3: three steps an epoch, of 3, 3 and 1 rows.
fn options(epochs: usize, report: usize) -> Options {
    Options { epochs, batch: 3, report, ..Options::default() }
}

/// Epoch, mean loss, and number of step losses.
type Reported = (usize, f64, usize);

fn run(engine: &mut Fake, options: &Options) -> Result<(Summary, Vec<Reported>)> {
    let mut reports = Vec::new();
    let summary = pollster::block_on(fit(engine, options, &IDS, State::default(), async |_, progress| {
        reports.extend(progress.report.as_ref().map(|report| (progress.epoch, report.loss, report.steps.len())));
        Ok(ControlFlow::Continue(()))
    }))?;
    Ok((summary, reports))
}

#[test]
fn losses_are_read_once_per_report_and_weighted_by_rows() {
    let mut engine = recorder(|step| step as f32);
    let (summary, reports) = run(&mut engine, &options(5, 2)).unwrap();
    let mean = |epoch: usize| {
        let first = 3.0 * (epoch as f64 - 1.0);
        (3.0 * first + 3.0 * (first + 1.0) + (first + 2.0)) / 7.0
    };
    assert_eq!(reports, [(2, mean(2), 6), (4, mean(4), 6), (5, mean(5), 3)]);
    assert_eq!(engine.readings, 3);
    assert_eq!(summary, Summary { epochs: 5, steps: 15, loss: mean(5), stopped: false });
    let taken: Vec<u64> = engine.steps.iter().map(|(_, taken)| *taken).collect();
    assert_eq!(taken, (0..15).collect::<Vec<_>>());
}

/// The windows of each epoch, in the order in which they were trained on.
fn epochs_of(engine: &Fake) -> Vec<Vec<u32>> {
    engine.steps.chunks(3).map(|epoch| epoch.iter().flat_map(|(ids, _)| ids.clone()).collect()).collect()
}

#[test]
fn weighted_windows_are_drawn_in_proportion_as_many_as_there_are() {
    let targets = vec![0.5; 20];
    let windows = Windows::from_sequences(vec![0.0; 20], 1, 1, targets, 1).unwrap();
    let weights = [0.0, 1.0, 2.0, 5.0, 0.0, 2.0, 0.0];
    let trained = |seed, epochs, weights: &[f64]| {
        let mut engine = recorder(|_| 0.0);
        let (spec, options) = (Spec::new(CellKind::Gru, 1, 1, 1), Options { seed, ..options(epochs, 1) });
        let run =
            Run { spec, options, windows: &windows, train: &IDS, weights, val: &[], val_groups: &[], patience: 0 };
        let finished = pollster::block_on(fit_validated(&mut engine, &run, None, |_| Next::Continue, |_| Ok(())));
        finished.map(|_| epochs_of(&engine))
    };
    let epochs = trained(3, 2000, &weights).unwrap();
    assert!(epochs.iter().all(|epoch| epoch.len() == IDS.len()));
    let drawn = |id: u32| epochs.iter().flatten().filter(|&&drawn| drawn == id).count() as f64;
    for (id, weight) in IDS.into_iter().zip(weights) {
        // Of 14,000 draws, within four standard deviations.
        let (expected, deviation) = (1400.0 * weight, (1400.0 * weight * (1.0 - weight / 10.0)).sqrt());
        assert!((drawn(id) - expected).abs() <= 4.0 * deviation, "{id}: {}, not about {expected}", drawn(id));
    }
    // An epoch depends on the seed and on its number, and on no epoch before it.
    assert_eq!(trained(3, 5, &weights).unwrap(), epochs[..5]);
    assert!(epochs[0] != epochs[1] && trained(4, 1, &weights).unwrap()[0] != epochs[0]);
    // Without weights each window comes once.
    let mut once = trained(3, 1, &[]).unwrap().remove(0);
    once.sort_unstable();
    assert_eq!(once, IDS);
    let refused = |weights: &[f64]| trained(3, 1, weights).unwrap_err().to_string();
    assert_eq!(refused(&[1.0]), "number of weights is 1, expected 7, one of each window to train on");
    assert!(refused(&[-1.0; 7]).starts_with("weight of a window is -1") && refused(&[0.0; 7]).contains("above 0"));
}

#[test]
fn every_epoch_is_another_permutation_that_follows_the_seed() {
    let trained = |seed, epochs| {
        let mut engine = recorder(|_| 0.0);
        run(&mut engine, &Options { seed, ..options(epochs, 10) }).unwrap();
        epochs_of(&engine)
    };
    let orders = trained(7, 4);
    for order in &orders {
        let mut sorted = order.clone();
        sorted.sort();
        assert_eq!(sorted, IDS);
    }
    assert!((1..4).all(|epoch| orders[epoch] != orders[epoch - 1]), "{orders:?}");
    assert_eq!(orders, trained(7, 4));
    assert_eq!(orders[..2], trained(7, 2));
    assert_ne!(orders, trained(8, 4));
}

#[test]
fn a_loss_that_is_not_finite_names_its_epoch_and_step() {
    for (loss, wanted) in [
        ((|step| if step == 7 { f32::NAN } else { 1.0 }) as fn(usize) -> f32, (3, 2)),
        (|step| if step >= 9 { f32::INFINITY } else { 1.0 }, (4, 1)),
    ] {
        match run(&mut recorder(loss), &options(6, 3)) {
            Err(Error::Diverged { epoch, step, .. }) => assert_eq!((epoch, step), wanted),
            other => panic!("expected a divergence, found {other:?}"),
        }
    }
}

#[test]
fn a_break_stops_there_with_every_loss_read() {
    let mut engine = recorder(|step| step as f32);
    let watch = async |_: &mut Fake, progress: &Progress<'_>| {
        Ok(if progress.epoch == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    let summary = pollster::block_on(fit(&mut engine, &options(100, 10), &IDS, State::default(), watch)).unwrap();
    assert_eq!((summary.epochs, summary.steps, summary.stopped), (3, 9, true));
    assert_eq!(summary.loss, (3.0 * 6.0 + 3.0 * 7.0 + 8.0) / 7.0);
    assert_eq!(engine.unread, 0);
}

#[test]
fn a_batch_beyond_the_windows_is_one_step() {
    let mut engine = recorder(|_| 0.25);
    let (summary, _) = run(&mut engine, &Options { batch: 1000, ..options(2, 1) }).unwrap();
    assert_eq!((summary.steps, summary.loss), (2, 0.25));
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let adam = |lr, beta1, eps| {
        let optimizer = Optimizer::Adam { lr, beta1, beta2: 0.999, eps, weight_decay: 0.0 };
        Options { optimizer, ..Options::default() }
    };
    let bad = [
        Options { epochs: 0, ..Options::default() },
        Options { batch: 0, ..Options::default() },
        Options { report: 0, ..Options::default() },
        adam(f64::NAN, 0.9, 1e-8),
        adam(0.0, 0.9, 1e-8),
        adam(1e-3, 1.0, 1e-8),
        adam(1e-3, 0.9, -1.0),
        Options { clip: Some(Clip { max_norm: 0.0 }), ..Options::default() },
        Options { schedule: Schedule::Step { every: 0, factor: 0.5 }, ..Options::default() },
    ];
    for options in bad {
        let refused = run(&mut recorder(|_| 0.0), &options);
        assert!(matches!(refused, Err(Error::Config { .. })), "{options:?}: {refused:?}");
    }
    let mut engine = recorder(|_| 0.0);
    let watch = async |_: &mut Fake, _: &Progress<'_>| Ok(ControlFlow::Continue(()));
    let no_windows = pollster::block_on(fit(&mut engine, &Options::default(), &[], State::default(), watch));
    assert!(matches!(no_windows, Err(Error::Config { .. })), "{no_windows:?}");
}

#[test]
fn metrics_are_those_of_the_formulas_and_broadcast_nothing() {
    let metrics = Metrics::of(&[1.0, 2.0, 5.0], &[1.0, 4.0, 4.0]).unwrap();
    assert_eq!(metrics, Metrics { mse: 5.0 / 3.0, rmse: (5f64 / 3.0).sqrt(), mae: 1.0 });
    assert!(matches!(Metrics::of(&[1.0], &[1.0, 2.0]), Err(Error::Length { .. })));
    assert!(matches!(Metrics::of(&[], &[]), Err(Error::Config { .. })));
    assert!(Metrics::of(&[f32::NAN], &[1.0]).unwrap().mse.is_nan());
}

#[test]
fn evaluation_compares_each_window_with_its_own_target() {
    let targets = Targets::Given { values: vec![0.0, 1.5, 2.0, 3.0], len: 1 };
    let windows = Windows::new(vec![0.0; 6], 1, 2, vec![0, 1, 2, 3], targets).unwrap();
    let metrics = pollster::block_on(evaluate(&mut recorder(|_| 0.0), &windows, &[3, 1], 32)).unwrap();
    assert_eq!(metrics, Metrics { mse: 0.125, rmse: 0.125f64.sqrt(), mae: 0.25 });
}

#[test]
fn a_run_taken_up_goes_on_as_if_it_had_not_been_interrupted() {
    let whole = {
        let mut engine = recorder(|step| 1.0 / (step + 1) as f32);
        run(&mut engine, &options(5, 10)).unwrap();
        engine.steps
    };
    let mut engine = recorder(|step| 1.0 / (step + 1) as f32);
    let mut kept = State::default();
    let watch = async |_: &mut Fake, progress: &Progress<'_>| {
        kept = progress.state.clone();
        Ok(if progress.epoch == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    pollster::block_on(fit(&mut engine, &options(5, 10), &IDS, State::default(), watch)).unwrap();
    assert_eq!((kept.epochs, kept.steps, kept.history.len()), (2, 6, 2));
    let watch = async |_: &mut Fake, _: &Progress<'_>| Ok(ControlFlow::Continue(()));
    let summary = pollster::block_on(fit(&mut engine, &options(5, 10), &IDS, kept, watch)).unwrap();
    assert_eq!((summary.epochs, summary.steps), (5, 15));
    assert_eq!(engine.steps, whole);
}

#[test]
fn a_run_broken_off_within_an_epoch_goes_on_at_the_next_step() {
    let mut engine = recorder(|step| 1.0 / (step + 1) as f32);
    let (whole, reports) = run(&mut engine, &options(4, 2)).unwrap();
    let steps = std::mem::take(&mut engine.steps);
    let options = Options { portion: 1, ..options(4, 2) };
    let mut calls = Vec::new();
    let mut kept = State::default();
    let watch = async |_: &mut Fake, progress: &Progress<'_>| {
        calls.push((progress.epoch, progress.step));
        kept = progress.state.clone();
        Ok(if calls.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    let stopped = pollster::block_on(fit(&mut engine, &options, &IDS, State::default(), watch)).unwrap();
    // The third step has one row and goes with the second.
    assert_eq!(calls, [(1, 1), (1, 3), (2, 1)]);
    assert_eq!((stopped.epochs, stopped.steps, stopped.stopped), (1, 4, true));
    let (summary, again) = {
        let mut reports = Vec::new();
        let watch = async |_: &mut Fake, progress: &Progress<'_>| {
            reports.extend(progress.report.as_ref().map(|report| (progress.epoch, report.loss)));
            Ok(ControlFlow::Continue(()))
        };
        (pollster::block_on(fit(&mut engine, &options, &IDS, kept.clone(), watch)).unwrap(), reports)
    };
    assert_eq!((summary, &engine.steps), (whole, &steps));
    assert_eq!(again, reports.iter().map(|&(epoch, loss, _)| (epoch, loss)).collect::<Vec<_>>());

    kept.partial = Some(Partial { steps: 3, sum: 0.0 });
    let watch = async |_: &mut Fake, _: &Progress<'_>| Ok(ControlFlow::Continue(()));
    let refused = pollster::block_on(fit(&mut engine, &options, &IDS, kept, watch));
    assert!(matches!(refused, Err(Error::Config { .. })), "{refused:?}");
}

#[test]
fn schedules_see_the_epochs_and_their_losses() {
    let rates = |schedule, report| {
        let mut engine = recorder(|_| 1.0);
        run(&mut engine, &Options { schedule, ..options(6, report) }).unwrap();
        engine.rates.into_iter().step_by(3).collect::<Vec<_>>()
    };
    assert_eq!(rates(Schedule::Step { every: 2, factor: 0.5 }, 10), [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
    // The loss never falls after the first epoch, also where it is reported more seldom than it is read.
    let plateau = Schedule::Plateau { factor: 0.5, patience: 1, threshold: 0.0 };
    assert_eq!(rates(plateau, 10), [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]);
}

#[test]
fn windows_go_in_the_order_given_or_along_one_run_a_batch_row() {
    let trained = |order| {
        let mut engine = recorder(|_| 1.0);
        run(&mut engine, &Options { order, ..options(2, 1) }).unwrap();
        engine.steps.into_iter().map(|(ids, _)| ids).collect::<Vec<_>>()
    };
    let given = [vec![10, 11, 12], vec![13, 14, 15], vec![16]];
    assert_eq!(trained(Order::Given), [given.clone(), given].concat());
    let carried = [vec![10, 12, 14], vec![11, 13, 15]];
    assert_eq!(trained(Order::Carried), [carried.clone(), carried].concat());
}
