//! Recorded passes, and the way back from gradients that are given.

use super::common::assert_close;
use super::{engine, gpu, open};
use pollster::block_on;
use refrain::Error;
use refrain::data::{Sequences, Windows};
use refrain::engine::gpu::{GpuEngine, GpuTape, Kernels, Options};
use refrain::engine::{Engine, Gradients, Outputs, Precision, Steps};
use refrain::model::{CellKind, Dropout, Head, Readout, Spec};
use refrain::verify::{self, Case, d_outputs, numbers};

/// Two layers in both directions over rows with lengths, with an output at every step.
fn ragged(cell: CellKind) -> Case {
    let head = Some(Head { outputs: 2, readout: Readout::Every });
    let spec = Spec { layers: 2, bidirectional: true, head, ..Spec::new(cell, 3, 10, 1) };
    Case { lengths: true, states: true, seed: 7, ..Case::new(spec, 21, 6) }
}

const DROPOUT: Dropout = Dropout { p: 0.3, seed: 4, step: 9 };

fn record(engine: &mut GpuEngine, sequences: &Sequences<'_>) -> (Outputs, GpuTape) {
    block_on(engine.record(sequences, &DROPOUT)).expect("sound sequences")
}

/// The gradients of a pass that is recorded and goes back at once.
fn at_once(engine: &mut GpuEngine, sequences: &Sequences<'_>, d_outputs: &Outputs) -> (Outputs, Gradients) {
    let (outputs, tape) = record(engine, sequences);
    (outputs, block_on(engine.backward(tape, d_outputs.into(), true)).expect("sound gradients"))
}

/// The same sequences backwards in time.
fn reversed<'a>(sequences: &Sequences<'a>) -> Sequences<'a> {
    let clean = |&x: &f32| if x.is_nan() { 0.5 } else { x };
    Sequences { x: sequences.x.iter().rev().map(clean).collect(), ..sequences.clone() }
}

#[test]
fn tapes_do_not_disturb_each_other() {
    for (kernels, cell) in [(Kernels::Scans, CellKind::Lstm), (Kernels::Steps, CellKind::Gru)] {
        let case = ragged(cell);
        let (parameters, first, targets) = numbers(&case);
        let second = reversed(&first);
        let d_outputs = d_outputs(&case, first.lengths.as_deref());
        let gpu = open(Options { kernels, ..Options::default() });
        let mut engine = GpuEngine::new(gpu, case.spec, &parameters).expect("a small network");
        let expected = [&first, &second].map(|sequences| at_once(&mut engine, sequences, &d_outputs));
        assert!(expected[0] != expected[1]);
        for order in [[0, 1], [1, 0]] {
            let mut tapes = [&first, &second].map(|sequences| Some(record(&mut engine, sequences)));
            for n in order {
                // What else the engine does in between.
                block_on(engine.forward(&second)).expect("sound sequences");
                block_on(engine.differentiate(&first, &targets, &case.objective)).expect("sound sequences");
                let (outputs, tape) = tapes[n].take().expect("each goes back once");
                let gradients = block_on(engine.backward(tape, (&d_outputs).into(), true)).expect("sound gradients");
                assert!((outputs, gradients) == expected[n], "{kernels:?}: pass {n} of {order:?}");
            }
        }
    }
}

#[test]
fn a_tape_of_other_parameters_is_refused() {
    let spec = Spec::new(CellKind::Gru, 3, 10, 2);
    let case = Case { seed: 3, ..Case::new(spec, 5, 6) };
    let (parameters, sequences, targets) = numbers(&case);
    let d_outputs = d_outputs(&case, None);
    let mut engine = engine(spec, &parameters);
    let windows = Windows::from_sequences(sequences.x.to_vec(), 3, 6, targets, 2).expect("sound windows");
    engine.load_data(&windows).expect("windows that fit");
    let mut other = super::engine(spec, &parameters);
    type Change = fn(&mut GpuEngine, &[f32]) -> refrain::Result<()>;
    let changes: [(&str, Change); 2] = [
        ("set", |engine, parameters| engine.set_parameters(parameters)),
        ("trained", |engine, _| engine.train(&Steps::new(&[0, 1], 2))),
    ];
    for (what, change) in changes {
        let (_, tape) = record(&mut engine, &sequences);
        change(&mut engine, &parameters).expect("sound");
        let refused = block_on(engine.backward(tape, (&d_outputs).into(), true)).expect_err(what).to_string();
        assert!(refused.contains("since its parameters last changed"), "{what}: {refused}");
    }
    let (_, tape) = record(&mut engine, &sequences);
    assert!(
        block_on(other.backward(tape, (&d_outputs).into(), true)).is_err(),
        "another network of the same parameters"
    );

    // What changes no parameter, and calls that fail.
    let (_, tape) = record(&mut engine, &sequences);
    engine.load_data(&windows).expect("windows that fit");
    assert!(engine.set_parameters(&parameters[1..]).is_err() && engine.train(&Steps::new(&[9], 1)).is_err());
    let (_, short) = record(&mut engine, &sequences);
    block_on(engine.backward(tape, (&d_outputs).into(), true)).expect("the same parameters");
    let y = d_outputs.y[1..].to_vec();
    let refused =
        block_on(engine.backward(short, (&Outputs { y, ..d_outputs }).into(), true)).expect_err("one gradient too few");
    assert!(matches!(refused, Error::Length { .. }), "{refused}");
    let refused = block_on(engine.record(&sequences, &Dropout { p: 1.0, ..DROPOUT })).expect_err("nothing is left");
    assert!(matches!(refused, Error::Config { name: "dropout", .. }), "{refused}");
}

#[test]
fn the_gradient_of_the_input_is_made_where_it_is_asked_for() {
    let case = ragged(CellKind::Lstm);
    let (parameters, sequences, _) = numbers(&case);
    let d_outputs = d_outputs(&case, sequences.lengths.as_deref());
    let mut engine = engine(case.spec, &parameters);
    let (_, expected) = at_once(&mut engine, &sequences, &d_outputs);
    let (_, tape) = record(&mut engine, &sequences);
    let found = block_on(engine.backward(tape, (&d_outputs).into(), false)).expect("sound gradients");
    assert!(found == Gradients { x: Vec::new(), ..expected });
}

/// Bytes that lie on the engine's device, once that has let go of what was dropped.
fn allocated(engine: &mut GpuEngine) -> Option<u64> {
    block_on(engine.parameters()).expect("the parameters");
    engine.memory().allocated
}

/// A tape that is dropped leaves nothing; one that went back leaves its plan to the next pass.
#[test]
fn tapes_free_their_memory_and_plans_serve_again() {
    let spec = Spec::new(CellKind::Lstm, 1, 40, 1);
    let case = Case { seed: 3, ..Case::new(spec, 64, 100) };
    let (parameters, sequences, _) = numbers(&case);
    let d_outputs = d_outputs(&case, None);
    let gpu = open(Options::default());
    let mut engine = GpuEngine::new(gpu.clone(), spec, &parameters).expect("a small network");
    let tape_bytes = 64 * 100 * 40 * 4 * 4;
    match allocated(&mut engine) {
        None => eprintln!("skipped: the driver does not count what is allocated"),
        Some(before) => {
            let tapes = [(); 3].map(|()| record(&mut engine, &sequences));
            assert!(allocated(&mut engine) >= Some(before + 3 * tape_bytes));
            drop(tapes);
            assert!(allocated(&mut engine) < Some(before + tape_bytes), "dropped tapes are still there");
        }
    }
    let expected = at_once(&mut engine, &sequences, &d_outputs);
    let before = gpu.allocated();
    assert!(at_once(&mut engine, &sequences, &d_outputs) == expected);
    let taken = gpu.allocated() - before;
    assert!(taken < tape_bytes, "{taken} bytes for a pass that has a plan");
}

/// On a device with little room rows are recorded in parts.
#[test]
fn parts_are_the_whole() {
    for (kernels, cell) in [(Kernels::Scans, CellKind::Lstm), (Kernels::Steps, CellKind::Gru)] {
        let case = Case { rows: 61, ..ragged(cell) };
        let (parameters, sequences, _) = numbers(&case);
        let d_outputs = d_outputs(&case, sequences.lengths.as_deref());
        let [(outputs, gradients), (in_parts, of_parts)] = [None, Some(32 << 10)].map(|micro_batch_bytes| {
            let gpu = open(Options { kernels, micro_batch_bytes, ..Options::default() });
            let mut engine = GpuEngine::new(gpu, case.spec, &parameters).expect("a small network");
            let first = at_once(&mut engine, &sequences, &d_outputs);
            assert!(first == at_once(&mut engine, &sequences, &d_outputs), "{kernels:?}: the same bits");
            first
        });
        assert!(outputs == in_parts, "{kernels:?}");
        assert!((&gradients.x, &gradients.states) == (&of_parts.x, &of_parts.states), "{kernels:?}");
        assert!(gradients.parameters != of_parts.parameters, "{kernels:?}: the rows were taken at once");
        assert_close(format!("{kernels:?}"), &of_parts.parameters, &gradients.parameters, 1e-5, 1e-5);
    }
}

/// Whatever the size of the gradients, those in 16 bits neither overflow nor vanish.
#[test]
fn gradients_scale_by_powers_of_two_to_the_bit() {
    for precision in [Precision::F32, Precision::F16] {
        let case = ragged(CellKind::Lstm);
        let (parameters, sequences, _) = numbers(&case);
        let gpu = gpu(CellKind::Lstm).clone();
        let mut engine = GpuEngine::with_precision(gpu, case.spec, &parameters, precision).expect("a small network");
        let d_outputs = d_outputs(&case, sequences.lengths.as_deref());
        let (_, expected) = at_once(&mut engine, &sequences, &d_outputs);
        for scale in [2f32.powi(-40), 2f32.powi(40)] {
            let scaled = |values: &[f32]| -> Vec<f32> { values.iter().map(|value| value * scale).collect() };
            let d_outputs = Outputs { y: scaled(&d_outputs.y), states: scaled(&d_outputs.states) };
            let (_, found) = at_once(&mut engine, &sequences, &d_outputs);
            let Gradients { parameters, x, states } = &expected;
            assert!(found == Gradients { parameters: scaled(parameters), x: scaled(x), states: scaled(states) });
        }
        let (_, zeros) = at_once(&mut engine, &sequences, &Outputs::default());
        let Gradients { parameters, x, states } = &zeros;
        assert!(parameters.iter().chain(x).chain(states).all(|&gradient| gradient == 0.0), "{precision:?}");
    }
}

#[test]
fn a_nan_in_a_gradient_stays_in_its_row() {
    for precision in [Precision::F32, Precision::F16] {
        let case = Case { lengths: false, ..ragged(CellKind::Gru) };
        let (parameters, sequences, _) = numbers(&case);
        let gpu = gpu(CellKind::Gru).clone();
        let mut engine = GpuEngine::with_precision(gpu, case.spec, &parameters, precision).expect("a small network");
        for value in [f32::NAN, f32::INFINITY] {
            let mut d_outputs = d_outputs(&case, None);
            // The last row's last step.
            *d_outputs.y.last_mut().expect("outputs") = value;
            let (_, found) = at_once(&mut engine, &sequences, &d_outputs);
            let (others, row) = found.x.split_at(20 * 6 * 3);
            assert!(others.iter().all(|g| g.is_finite()) && row.iter().all(|g| !g.is_finite()), "{precision:?}");
            assert!(others.iter().any(|g| g.abs() > 1e-2), "{precision:?}: the other rows vanish");
            assert!(found.parameters.iter().any(|g| !g.is_finite()), "{precision:?}");
        }
    }
}

#[test]
fn what_no_part_helps_is_refused_with_what_does() {
    let gpu = open(Options { default_limits: true, ..Options::default() });
    let spec = Spec::new(CellKind::RnnTanh, 1, 20, 1);
    let (parameters, ..) = verify::numbers(&Case::new(spec, 1, 1));
    let mut engine = GpuEngine::new(gpu, spec, &parameters).expect("a small network");
    // Four rows of 2^19 steps have 160 MiB of states, where a kernel may bind 128.
    let sequences = Sequences::new(5, 1 << 19, vec![0.0; 5 << 19]);
    let refused = block_on(engine.record(&sequences, &DROPOUT)).map(|_| ()).expect_err("a long sequence");
    let message = refused.to_string();
    assert!(matches!(refused, Error::Limit { .. }) && message.contains("record fewer rows or time steps"), "{message}");
}
