//! Training on an engine that computes nothing but remembers what it was told.

use super::fake::Fake;
use super::*;
use crate::data::Windows;
use crate::engine::Adam;
use crate::error::{Error, Result};
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
    let summary = pollster::block_on(fit(engine, options, &IDS, |progress| {
        reports.extend(progress.report.as_ref().map(|report| (progress.epoch, report.loss, report.steps.len())));
        ControlFlow::Continue(())
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
    let watch =
        |progress: &Progress| if progress.epoch == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let summary = pollster::block_on(fit(&mut engine, &options(100, 10), &IDS, watch)).unwrap();
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
    let adam = |lr, beta1, eps| Options { adam: Adam { lr, beta1, eps, ..Adam::default() }, ..Options::default() };
    let bad = [
        Options { epochs: 0, ..Options::default() },
        Options { batch: 0, ..Options::default() },
        Options { report: 0, ..Options::default() },
        adam(f64::NAN, 0.9, 1e-8),
        adam(0.0, 0.9, 1e-8),
        adam(1e-3, 1.0, 1e-8),
        adam(1e-3, 0.9, 0.0),
    ];
    for options in bad {
        let refused = run(&mut recorder(|_| 0.0), &options);
        assert!(matches!(refused, Err(Error::Config { .. })), "{options:?}: {refused:?}");
    }
    let no_windows =
        pollster::block_on(fit(&mut recorder(|_| 0.0), &Options::default(), &[], |_| ControlFlow::Continue(())));
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
    let windows = Windows::new(vec![0.0; 6], 1, 2, vec![0, 1, 2, 3], vec![0.0, 1.5, 2.0, 3.0], 1).unwrap();
    let metrics = pollster::block_on(evaluate(&mut recorder(|_| 0.0), &windows, &[3, 1], 32)).unwrap();
    assert_eq!(metrics, Metrics { mse: 0.125, rmse: 0.125f64.sqrt(), mae: 0.25 });
}
