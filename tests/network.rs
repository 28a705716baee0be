//! The library's front, on the CPU engine.

mod common;

use common::assert_close;
use refrain::data::Sequences;
use refrain::engine::cpu::CpuEngine;
use refrain::engine::gpu::GpuEngine;
use refrain::engine::{AnyEngine, Engine, Outputs};
use refrain::loss::Loss;
use refrain::model::{Dropout, Nonlinearity, Readout};
use refrain::optim::{Clip, Optimizer};
use refrain::train::{self, Epoch, Order, Progress, State, fit_validated};
use refrain::{Dataset, Error, Fit, Gru, Lstm, Network, Rnn};
use std::ops::ControlFlow;

/// Every value of a row tells which row and step it is.
fn numbered(rows: usize, steps: usize, inputs: usize) -> Dataset {
    let x = (0..rows * steps * inputs).map(|n| (n as f32 / 10.0).sin());
    Dataset::new(x, [rows, steps, inputs]).unwrap()
}

fn refusal<T>(result: Result<T, Error>) -> String {
    result.err().expect("a mistake").to_string()
}

#[test]
fn a_builder_says_what_it_was_told_and_refuses_what_a_cell_does_not_have() {
    let spec = |builder: refrain::Builder| builder.spec().map(|spec| spec.to_string()).map_err(|e| e.to_string());
    let bare = spec(Gru::builder(3, 5));
    assert_eq!(bare, Ok("gru, 3 inputs, 1 x 5 hidden units, no head".to_owned()));
    let full = Lstm::builder(3, 5).layers(2).bidirectional(true).every_step().head(4).spec().unwrap();
    assert_eq!((full.layers, full.bidirectional, full.readout(), full.outputs()), (2, true, Readout::Every, 4));
    let relu = Rnn::builder(3, 5).nonlinearity(Nonlinearity::Relu);
    assert_eq!(spec(relu), Ok("rnn_relu, 3 inputs, 1 x 5 hidden units, no head".to_owned()));
    for (refused, expected) in [
        (Gru::builder(3, 5).nonlinearity(Nonlinearity::Tanh), "nonlinearity is given, expected none of a cell gru"),
        (Gru::builder(3, 5).last_step(), "last_step is given, expected a head beside it, which reads that step"),
        (Gru::builder(0, 5), "input is 0, expected a whole number from 1 to 1048576"),
        (Gru::builder(3, 1 << 20), "the number of parameters is "),
    ] {
        assert!(spec(refused.clone()).unwrap_err().starts_with(expected), "{refused:?}");
    }
    assert!(refusal(Gru::builder(3, 5).forget_bias(1.0).build()).starts_with("forget_bias is 1, expected none"));
    let weights = |seed| Gru::builder(3, 5).seed(seed).build().unwrap().parameters().to_vec();
    assert!(weights(1) == weights(1) && weights(1) != weights(2));
}

#[test]
fn forget_gates_begin_with_the_bias_that_was_asked_for() {
    let builder = Lstm::builder(1, 2).layers(2).bidirectional(true);
    let [plain, open] = [builder.clone(), builder.forget_bias(1.0)].map(|builder| builder.model().unwrap());
    let layout = refrain::model::Layout::new(&plain.spec);
    let mut changed: Vec<usize> =
        (0..plain.parameters.len()).filter(|&n| plain.parameters[n] != open.parameters[n]).collect();
    let mut forget = Vec::new();
    for layer in layout.layers() {
        for (bias, expected) in [(&layer.bias_ih, 1.0), (&layer.bias_hh, 0.0)] {
            let gate = bias.start + 2..bias.start + 4;
            assert_eq!(open.parameters[gate.clone()], [expected; 2]);
            forget.extend(gate);
        }
    }
    changed.sort_unstable();
    forget.sort_unstable();
    assert_eq!(changed, forget);
}

#[test]
fn shapes_that_do_not_fit_are_refused_by_name() {
    let rows = |rows: &[&[f32]]| Dataset::from_rows(rows, 2);
    for (refused, expected) in [
        (Dataset::new([0.0; 5], [2, 3, 1]), "x: expected 6 values (rows=2 x steps=3 x inputs=1), found 5"),
        (Dataset::new([0.0; 0], [0, 3, 1]), "rows is 0, expected at least 1"),
        (Dataset::new([0.0; 1], [usize::MAX, 3, 1]), "x: expected 18446744073709551615 values"),
        (rows(&[&[0.0; 4], &[0.0; 3]]), "values of a row is 3 (row 1), expected a multiple of 2, the inputs, above 0"),
        (rows(&[&[0.0; 4], &[]]), "values of a row is 0 (row 1)"),
        (rows(&[]), "rows is 0"),
        (Dataset::windows([0.0; 9], 2, 3, 1), "series: expected 8 values (len=4 x I=2), found 9"),
        (Dataset::windows([0.0; 9], 1, 8, 2), "steps of the series is 9, expected at least 8 + 2"),
        (Dataset::windows([0.0; 9], 1, usize::MAX, 2), "steps of the series is 9"),
        (Dataset::windows([0.0; 9], 1, 3, 0), "horizon is 0, expected at least 1"),
        (numbered(3, 2, 1).targets([0.0; 4]), "the number of targets is 4, expected a multiple of 3, the rows"),
        (numbered(3, 2, 1).targets([0.0; 0]), "the number of targets is 0"),
        (numbered(3, 2, 1).target_rows([[0.0; 2]; 2]), "target rows: expected 3 values (rows=3), found 2"),
        (numbered(2, 2, 1).target_rows([vec![0.0; 2], vec![0.0; 3]]), "targets of row 1: expected 2 values"),
        (numbered(3, 2, 1).lengths([1, 2]), "lengths: expected 3 values (B=3), found 2"),
        (numbered(3, 2, 1).lengths([1, 0, 3]), "a row's length is 0 (row 1), expected a length from 1 to 2"),
        (numbered(3, 2, 1).lengths([1, 2, usize::MAX]), "a row's length is 4294967295 (row 2)"),
        (numbered(3, 2, 1).split(1.0, 0).map(|split| split.0), "fraction is 1, expected a number between 0 and 1"),
        (numbered(3, 2, 1).split(f64::NAN, 0).map(|split| split.0), "fraction is NaN"),
        (numbered(1, 2, 1).split(0.5, 0).map(|split| split.0), "rows to validate and to test on is 1"),
        (
            Dataset::windows([0.0; 9], 1, 1, 4).unwrap().split(0.4, 0).map(|split| split.0),
            "fraction is 0.4, expected less",
        ),
    ] {
        let refused = refusal(refused);
        assert!(refused.starts_with(expected), "{refused}, expected {expected}");
    }
}

#[test]
fn data_and_network_that_do_not_fit_are_refused_by_name() {
    let fit = |data: Dataset, fit: Fit| refusal(Gru::builder(1, 3).head(2).build().unwrap().fit(&data, fit));
    let targets = || numbered(4, 3, 1).targets([0.5; 8]).unwrap();
    let values = |at: usize, bad: f32, len: usize| (0..len).map(move |n| if n == at { bad } else { 0.5 });
    let bad_x = Dataset::new(values(5, f32::NAN, 12), [4, 3, 1]).unwrap();
    let bad_y = numbered(4, 3, 1).targets(values(3, f32::INFINITY, 8)).unwrap();
    let bad_series = Dataset::windows(values(7, f32::NAN, 20), 1, 3, 2).unwrap();
    for (refused, expected) in [
        (fit(numbered(4, 3, 2).targets([0.5; 8]).unwrap(), Fit::default()), "the windows' number of features is 2"),
        (fit(numbered(4, 3, 1), Fit::default()), "targets is none, expected targets or classes"),
        (
            fit(numbered(4, 3, 1).targets([0.5; 4]).unwrap(), Fit::default()),
            "targets: expected 8 values (rows=4 x steps with an output=1 x values=2), found 4",
        ),
        (fit(numbered(4, 3, 1).classes([0, 1, 2, 0]).unwrap(), Fit::default()), "a target is 2 (row 2, position 0)"),
        (fit(bad_x.clone().targets([0.5; 8]).unwrap(), Fit::default()), "x is NaN at [2, 0] of row 1, expected finite"),
        (fit(bad_y, Fit::default()), "targets is inf at [0, 1] of row 1, expected finite values"),
        (fit(bad_series, Fit::default()), "x is NaN at [2, 0] of row 5, expected finite values"),
        (fit(targets(), Fit::default().epochs(0)), "epochs is 0"),
        (fit(targets(), Fit::default().batch(0)), "batch is 0"),
        (fit(targets(), Fit::default().adam(0.0)), "lr is 0"),
        (fit(targets(), Fit::default().adam(f64::NAN)), "lr is NaN"),
        (fit(targets(), Fit::default().clip(0.0)), "max_norm is 0"),
        (fit(targets(), Fit::default().dropout(1.0)), "dropout is 1"),
        (fit(targets(), Fit::default().validate(0.0)), "validate is 0, expected a number between 0 and 1"),
        (fit(targets(), Fit::default().cosine(1000)), "warm_up is 1000"),
        (fit(targets(), Fit::default().loss(Loss::Huber { delta: 0.0 })), "delta is 0"),
        (fit(targets(), Fit::default().loss(Loss::CrossEntropy)), "targets: expected 4 values"),
    ] {
        assert!(refused.starts_with(expected), "{refused}, expected {expected}");
        assert!(!refused.contains("--"), "a flag: {refused}");
    }
    // What lies beyond a row's length is never looked at.
    let cut = bad_x.lengths([3, 2, 3, 3]).unwrap().targets([0.5; 8]).unwrap();
    Gru::builder(1, 3).head(2).build().unwrap().fit(&cut, Fit::default().epochs(1)).unwrap();
}

#[test]
fn rows_of_unequal_length_are_those_of_windows_with_lengths() {
    let rows = Dataset::from_rows([vec![1.0, 2.0], vec![3.0, 4.0, 5.0, 6.0]], 2).unwrap();
    let rows = rows.target_rows([vec![7.0], vec![8.0, 9.0]]).unwrap();
    let windows = rows.as_windows();
    assert_eq!((rows.steps(), windows.lengths()), (2, Some([1, 2].as_slice())));
    assert_eq!(
        (windows.input(0).as_ref(), windows.input(1).as_ref()),
        (&[1.0, 2.0, 0.0, 0.0][..], &[3.0, 4.0, 5.0, 6.0][..])
    );
    assert_eq!((windows.target(0).as_ref(), windows.target(1).as_ref()), (&[7.0, 0.0][..], &[8.0, 9.0][..]));
    let classes = Dataset::from_rows([[0.0], [1.0]], 1).unwrap().class_rows([[2], [1]]).unwrap();
    assert_eq!(classes.as_windows().target(0).as_ref(), [2.0]);
}

#[test]
fn a_split_by_time_shares_no_target_and_one_by_chance_no_row() {
    let series = Dataset::windows((0..30).map(|t| t as f32), 1, 4, 3).unwrap();
    let (train, test) = series.split(0.25, 0).unwrap();
    let last = train.as_windows().target(train.rows() - 1).to_vec();
    let first = test.as_windows().target(0).to_vec();
    assert_eq!((train.rows(), test.rows(), last[2] + 1.0), (16, 6, first[0]));

    let rows = numbered(10, 1, 1).targets((0..10).map(|n| n as f32)).unwrap();
    let targets = |data: &Dataset| (0..data.rows()).map(|n| data.as_windows().target(n)[0]).collect::<Vec<_>>();
    let (train, test) = rows.split(0.3, 5).unwrap();
    let mut all = [targets(&train), targets(&test)].concat();
    assert_eq!(test.rows(), 3);
    assert!(all.windows(2).any(|pair| pair[0] > pair[1]), "the last rows are no choice by chance: {all:?}");
    all.sort_by(f32::total_cmp);
    assert_eq!(all, targets(&rows));
}

#[test]
fn fitting_is_the_training_of_the_core_and_begins_anew_each_time() {
    let data = numbered(20, 6, 1).targets((0..20).map(|n| (n as f32 / 7.0).cos())).unwrap();
    let builder = Gru::builder(1, 5).head(1).seed(3);
    let recipe = || Fit::default().epochs(4).batch(6).adam(1e-2).seed(9).clip(1.0);
    let mut network = builder.clone().build().unwrap();
    let first = network.fit(&data, recipe()).unwrap();

    let mut engine = builder.engine().unwrap();
    engine.load_data(data.as_windows()).unwrap();
    let fit = recipe();
    let (train, val) = fit.rows(&data).unwrap();
    let run = fit.run(*network.spec(), &data, &train, &val).unwrap();
    let watch = |_: &Epoch| train::Next::Continue;
    let finished = pollster::block_on(fit_validated(&mut engine, &run, None, watch, |_| Ok(()))).unwrap();
    assert_eq!(first, finished);
    assert_eq!(network.parameters(), pollster::block_on(engine.parameters()).unwrap());

    // The moments of the first run say nothing to the second.
    let mut fresh = builder.build().unwrap();
    fresh.set_parameters(network.parameters()).unwrap();
    network.fit(&data, recipe()).unwrap();
    fresh.fit(&data, recipe()).unwrap();
    assert_eq!(network.parameters(), fresh.parameters());
}

#[test]
fn a_callback_hears_of_every_epoch_and_can_stop() {
    let data = numbered(20, 6, 1).targets((0..20).map(|n| (n as f32 / 7.0).cos())).unwrap();
    let mut network = Gru::builder(1, 5).head(1).build().unwrap();
    let mut heard = Vec::new();
    let fit = Fit::default().epochs(9).validate(0.2).on_epoch(|epoch| {
        heard.push((epoch.epoch, epoch.val.is_some()));
        if epoch.epoch == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let report = network.fit(&data, fit).unwrap();
    assert_eq!((report.stopped, report.epochs, report.val.len()), (true, 3, 3));
    assert_eq!(heard, [(1, true), (2, true), (3, true)]);
    let mut lines = Vec::new();
    network.fit(&data, Fit::default().epochs(2).on_epoch(|epoch| lines.push(epoch.to_string()))).unwrap();
    assert!(lines.len() == 2 && lines[1].starts_with("Epoch [2/2], Loss: "), "{lines:?}");
}

#[test]
fn the_weights_are_those_of_the_best_epoch_even_where_training_is_stopped() {
    let data = numbered(40, 6, 1).targets((0..40).map(|n| (n as f32 / 7.0).cos())).unwrap();
    // A rate that overshoots, so that later epochs are worse.
    let recipe = || Fit::default().batch(4).adam(0.1).validate(0.25).patience(100);
    for stop in [false, true] {
        let mut network = Gru::builder(1, 5).head(1).build().unwrap();
        let mut seen: Vec<Epoch> = Vec::new();
        let fit = recipe().epochs(12).on_epoch(|epoch| {
            seen.push(*epoch);
            if stop && epoch.epoch == 8 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let best = network.fit(&data, fit).unwrap().best.expect("a best epoch");
        let last = seen.last().expect("epochs").epoch;
        assert!(best.epoch < last, "the recipe does not overshoot: {best:?}");
        let mut shorter = Gru::builder(1, 5).head(1).build().unwrap();
        shorter.fit(&data, recipe().epochs(best.epoch)).unwrap();
        assert_eq!(network.parameters(), shorter.parameters(), "stopped: {stop}");
    }
}

#[test]
fn a_network_whose_training_fails_is_as_it_was() {
    let data = numbered(20, 6, 1).targets([1.0; 20]).unwrap();
    let mut network = Rnn::builder(1, 5).head(1).build().unwrap();
    let before = (network.parameters().to_vec(), network.predict(&data).unwrap());
    let refused = network.fit(&data, Fit::default().sgd(1e30, 0.0));
    assert!(matches!(refused, Err(Error::Diverged { .. })), "{refused:?}");
    assert_eq!((network.parameters().to_vec(), network.predict(&data).unwrap()), before);
}

#[test]
fn predictions_have_the_shape_of_what_is_read() {
    let data = numbered(3, 4, 2);
    for (builder, shape) in [
        (Gru::builder(2, 5).head(1), [3, 1, 1]),
        (Gru::builder(2, 5).head(2).every_step(), [3, 4, 2]),
        (Gru::builder(2, 5).bidirectional(true), [3, 4, 10]),
    ] {
        let mut network = builder.build().unwrap();
        let y = network.predict(&data).unwrap();
        assert_eq!([y.rows(), y.steps(), y.outputs()], shape);
        assert_eq!((y.as_slice().len(), y.iter().count()), (shape.iter().product(), 3));
        let batch = Sequences::new(3, 4, data.as_windows().series().to_vec());
        assert_eq!(y.as_slice(), network.forward(&batch).unwrap().0.y);
        let (row, steps) = (y.row(2).to_vec(), (0..shape[1]).flat_map(|t| y.at(2, t).to_vec()).collect::<Vec<_>>());
        assert_eq!((row.as_slice(), steps.as_slice()), (&y.as_slice()[2 * shape[1] * shape[2]..], row.as_slice()));
    }
}

#[test]
fn scores_are_those_that_fit_the_targets() {
    let mut network = Gru::builder(1, 4).head(3).build().unwrap();
    let classes = numbered(30, 4, 1).classes((0..30).map(|n| n % 3)).unwrap();
    let y = network.predict(&classes).unwrap();
    let right = y.classes().iter().enumerate().filter(|(n, class)| n % 3 == **class).count();
    let scores = network.evaluate(&classes).unwrap();
    assert_eq!((scores.accuracy, scores.mse()), (Some(right as f64 / 30.0), None));
    let values = numbered(30, 4, 1).targets([0.0; 90]).unwrap();
    let scores = network.evaluate(&values).unwrap();
    let mse = y.as_slice().iter().map(|y| f64::from(y * y)).sum::<f64>() / 90.0;
    assert_close("mse", &[scores.mse().unwrap(), scores.loss], &[mse, mse], 0.0, 1e-6);
    assert!(scores.to_string().starts_with("30 rows, 30 positions, loss "), "{scores}");
    // One output and classes: truth values.
    let mut network = Gru::builder(1, 4).head(1).build().unwrap();
    let truths = numbered(30, 4, 1).classes((0..30).map(|n| n % 2)).unwrap();
    assert_eq!(truths.loss(network.spec()).unwrap(), Loss::BinaryCrossEntropy);
    assert!(network.evaluate(&truths).unwrap().accuracy.is_some());
    // What it was fitted for stays what it is measured by.
    let values = numbered(30, 4, 1).targets([0.0; 30]).unwrap();
    network.fit(&values, Fit::default().epochs(1).loss(Loss::Mae)).unwrap();
    let scores = network.evaluate(&values).unwrap();
    assert_eq!(Some(scores.loss), scores.mae);
}

#[test]
fn a_saved_network_opens_with_its_weights_and_its_loss() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let data = numbered(20, 6, 2).targets((0..20).map(|n| (n as f32 / 7.0).cos())).unwrap();
    let mut network = Lstm::builder(2, 5).layers(2).head(1).build().unwrap();
    network.fit(&data, Fit::default().epochs(2).loss(Loss::Mae)).unwrap();
    network.save(&path).unwrap();
    let mut opened = Network::open(&path).unwrap();
    assert_eq!((opened.spec(), opened.parameters()), (network.spec(), network.parameters()));
    assert_eq!(opened.evaluate(&data).unwrap(), network.evaluate(&data).unwrap());
    let mut moved = opened.to(&refrain::Device::cpu(), Default::default()).unwrap();
    assert_eq!(moved.predict(&data).unwrap(), network.predict(&data).unwrap());
    let absent = refusal(Network::open(folder.path().join("absent")));
    assert!(absent.contains("absent: "), "{absent}");
}

#[test]
fn a_stream_says_step_by_step_what_a_pass_says_at_once() {
    let x: Vec<f32> = (0..2 * 5 * 3).map(|n| (n as f32).sin()).collect();
    let mut network = Lstm::builder(3, 4).head(2).every_step().build().unwrap();
    let (outputs, _) = network.forward(&Sequences::new(2, 5, x.clone())).unwrap();
    let mut stream = network.stream(2).unwrap();
    let at = |t: usize| [&x[t * 3..][..3], &x[(5 + t) * 3..][..3]].concat();
    for t in 0..3 {
        let y = stream.step(&at(t)).unwrap();
        assert_close(format!("step {t}"), &y[..2], &outputs.y[t * 2..][..2], 1e-6, 1e-5);
    }
    let states = stream.states().unwrap();
    let mut stream = network.stream_from(2, &states).unwrap();
    let rest = [&x[3 * 3..5 * 3], &x[8 * 3..]].concat();
    let y = stream.step_many(&rest, 2).unwrap();
    assert_close("the rest", &y[4..], &outputs.y[8 * 2..], 1e-6, 1e-5);
    assert!(refusal(stream.step(&[0.0; 5])).contains("expected 6 values"));
    let mut both = Gru::builder(3, 4).bidirectional(true).build().unwrap();
    assert!(refusal(both.stream(1)).starts_with("a stream's directions is 2"));
}

#[test]
fn a_training_loop_of_ones_own_is_the_training_of_the_core() {
    let (x, y): (Vec<f32>, Vec<f32>) =
        ((0..60).map(|n| (n as f32).sin()).collect(), (0..10).map(|n| n as f32 / 10.0).collect());
    let data = Dataset::new(&x, [10, 3, 2]).unwrap().targets(&y).unwrap();
    let batch = Sequences::new(10, 3, x);
    for optimizer in
        [Optimizer::adam(1e-2), Optimizer::sgd(0.1, 0.9), Optimizer::adam_w(1e-2), Optimizer::rms_prop(1e-2)]
    {
        let builder = Gru::builder(2, 6).head(1);
        let (mut fitted, mut own) = (builder.clone().build().unwrap(), builder.build().unwrap());
        let fit = Fit::default().epochs(5).batch(10).order(Order::Given).optimizer(optimizer).clip(1.2);
        let report = fitted.fit(&data, fit).unwrap();
        let (mut losses, mut norms) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let (outputs, tape) = own.forward(&batch).unwrap();
            let (loss, d_outputs) = own.loss(Loss::Mse, &batch, &outputs, &y).unwrap();
            let mut gradients = own.backward(tape, &d_outputs).unwrap();
            norms.push(Clip { max_norm: 1.2 }.apply(&mut gradients.parameters).unwrap());
            own.update(&gradients.parameters, &optimizer).unwrap();
            losses.push(loss);
        }
        assert_close("losses", &losses, &report.history, 1e-6, 1e-5);
        assert!(norms.iter().any(|&norm| norm > 1.2), "{norms:?}");
        assert_close("parameters", own.parameters(), fitted.parameters(), 1e-4, 1e-4);
    }
}

#[test]
fn what_does_not_belong_to_a_pass_is_refused() {
    let mut network = Gru::builder(1, 3).head(1).build().unwrap();
    let batch = Sequences::new(2, 3, vec![0.5; 6]);
    let (outputs, tape) = network.forward(&batch).unwrap();
    assert!(refusal(network.loss(Loss::Mse, &batch, &outputs, &[0.0])).starts_with("targets: expected 2 values"));
    assert!(refusal(network.loss(Loss::CrossEntropy, &batch, &outputs, &[0.0, 1.0])).starts_with("a target is 1"));
    assert!(
        refusal(network.loss(Loss::Mse, &batch, &Outputs::default(), &[0.0; 2])).starts_with("y: expected 2 values")
    );
    assert!(refusal(network.update(&[0.0; 2], &Optimizer::default())).starts_with("gradients: expected "));
    let parameters = network.parameters().to_vec();
    assert!(refusal(network.set_parameters(&parameters[1..])).starts_with("parameters: expected "));
    network.set_parameters(&parameters).unwrap();
    assert!(refusal(network.backward(tape, &outputs)).starts_with("the tape is of other parameters"));
    assert!(refusal(network.forward(&Sequences::new(2, 3, vec![0.0; 5]))).starts_with("x: expected 6 values"));
}

#[test]
fn the_gradient_of_the_input_is_there_where_it_is_asked_for() {
    let mut network = Gru::builder(2, 3).head(1).build().unwrap();
    let batch = Sequences::new(1, 4, vec![0.5; 8]);
    let d_outputs = Outputs { y: vec![1.0], states: Vec::new() };
    let (_, tape) = network.forward(&batch).unwrap();
    assert_eq!(network.backward(tape, &d_outputs).unwrap().x, [0.0; 0]);
    let (_, tape) = network.forward(&batch).unwrap();
    assert_eq!(network.backward_to_x(tape, &d_outputs).unwrap().x.len(), 8);
}

/// Compiles where the futures of an engine, and those of training on it, may move to another thread.
macro_rules! futures_are_send {
    ($name:ident, $engine:ty) => {
        #[test]
        fn $name() {
            fn send<T: Send>(_: T) {}
            fn all(engine: &mut $engine) {
                let (sequences, outputs) = (Sequences::default(), Outputs::default());
                let data = numbered(2, 2, 1).targets([0.0; 2]).unwrap();
                let fit = Fit::default();
                let run = fit.run(Gru::builder(1, 2).head(1).spec().unwrap(), &data, &[0, 1], &[]).unwrap();
                send(engine.record(&sequences, &Dropout::default()));
                send(engine.forward(&sequences));
                send(engine.predict(&[], 1));
                send(engine.parameters());
                send(engine.losses());
                send(engine.step(&[]));
                send(async {
                    let (_, tape) = engine.record(&sequences, &Dropout::default()).await?;
                    engine.backward(tape, (&outputs).into(), true).await
                });
                let watch = async |_: &mut $engine, _: &Progress<'_>| Ok(ControlFlow::Continue(()));
                send(train::fit(engine, &run.options, &[0, 1], State::default(), watch));
            }
            send(all);
        }
    };
}

futures_are_send!(futures_of_the_cpu_engine_are_send, CpuEngine);
futures_are_send!(futures_of_the_gpu_engine_are_send, GpuEngine);
futures_are_send!(futures_of_any_engine_are_send, AnyEngine);

#[test]
fn networks_and_data_can_move_between_threads() {
    fn send<T: Send>() {}
    send::<(Network, Dataset, refrain::Builder, refrain::Device)>();
    send::<refrain::engine::AnyTape>();
}
