//! What a row of a batch takes on the device, from which follows how many rows are taken at a time.

use super::{Purpose, Reach};
use crate::engine::Precision;
use crate::engine::gpu::dims::Row;
use crate::engine::gpu::pieces::Tape;

/// Bytes that a row of `time` steps, of which `centered` features are centred, takes in each buffer of a plan that has rows, by the
/// buffer's label; of projected inputs, which have room for a chunk of steps, those of one step.
pub fn row_bytes(purpose: &Purpose, precision: Precision, time: usize, centered: usize) -> Vec<(&'static str, u64)> {
    let spec = &purpose.spec;
    let facts = spec.facts();
    let [time, read] = [time, spec.read_steps(time)].map(|steps| steps as u64);
    let top = (spec.directions() * spec.hidden.div_ceil(4)) as u64 * 16;
    let [slots, states] = [facts.slots, facts.states].map(|vectors| vectors as u64 * top);
    let outputs = (spec.outputs() * 4) as u64;
    let first = spec.input.div_ceil(4) as u64 * 16;
    let backwards = purpose.tape() == Tape::Keep;

    let mut bytes = vec![
        ("x", time * first),
        ("rows", size_of::<Row>() as u64),
        ("bases", centered as u64 * 4),
        ("y", read * outputs),
        ("pre", slots),
    ];
    if backwards {
        bytes.extend([("d_y", read * outputs), ("d_out", read * top)]);
    }
    for layer in 0..spec.layers {
        let input = if layer == 0 { first } else { top };
        bytes.push(("states", (time + 2) * states));
        if layer > 0 && purpose.dropout {
            bytes.push(("x", time * input));
        }
        if backwards {
            let tape = match precision {
                Precision::F32 => slots,
                Precision::F16 => slots / 2,
            };
            bytes.extend([("tape", time * tape), ("d_states", states)]);
        }
        if backwards && layer > 0 {
            bytes.push(("d_out", time * input));
        } else if purpose.reach == Reach::Inputs {
            bytes.push(("d_x", time * input));
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Center, Targets, Windows};
    use crate::engine::gpu::tests::{forced, open};
    use crate::engine::gpu::variant::{ROW_QUAD, portion};
    use crate::engine::gpu::{GpuEngine, Kernels, Options};
    use crate::engine::{Engine, Steps};
    use crate::loss::{Loss, Objective};
    use crate::model::{CellKind, Dropout, Head, Layout, Readout, Spec};
    use pollster::block_on;
    use std::collections::BTreeMap;

    const ROWS: usize = 40;

    /// Forty windows of seven steps of two features, the first of them centred, with a target of `ahead` steps.
    fn windows(ahead: usize) -> Windows {
        let targets = Targets::Horizon { steps: ahead, features: 1 };
        let windows = Windows::new(vec![0.1; 2 * (ROWS + 7 + ahead)], 2, 7, (0..ROWS as u32).collect(), targets);
        windows.and_then(|windows| windows.centered(Center::Last, 1)).expect("sound windows")
    }

    #[test]
    fn buffers_have_the_bytes_that_their_rows_are_said_to_take() {
        let every = Some(Head { outputs: 3, readout: Readout::Every });
        let plain = |cell| Spec::new(cell, 2, 9, 1);
        let deep = Spec { layers: 3, bidirectional: true, head: every, ..plain(CellKind::Lstm) };
        let bare = Spec { layers: 2, head: None, ..plain(CellKind::Gru) };
        for (spec, precision, kernels, p) in [
            (plain(CellKind::RnnTanh), Precision::F32, Kernels::Scans, 0.0),
            (deep, Precision::F32, Kernels::Scans, 0.5),
            (deep, Precision::F16, Kernels::Steps, 0.0),
            (bare, Precision::F32, Kernels::Steps, 0.5),
        ] {
            let gpu = open(forced(kernels));
            let parameters = vec![0.1; Layout::new(&spec).len()];
            let engine = GpuEngine::with_precision(gpu.clone(), spec, &parameters, precision);
            let mut engine = engine.expect("a small network");
            let windows = windows(spec.read_steps(7) * spec.outputs());
            engine.load_data(&windows).expect("windows that fit");
            gpu.made();
            let dropout = Dropout { p, ..Dropout::default() };
            let objective = Objective { loss: Loss::Mse, dropout };
            let ids: Vec<u32> = (0..ROWS as u32).collect();
            let purpose = Purpose::gradients(&spec, ROWS, Reach::Parameters, &objective);
            let said = row_bytes(&purpose, precision, 7, 1);
            let rows = portion(&gpu, ROWS, &said);
            assert!(rows < ROWS && rows.is_multiple_of(ROW_QUAD), "{rows}");
            engine.train(&Steps { objective, ..Steps::new(&ids, ROWS) }).expect("sound steps");
            // What has no rows, and the chunk of projected inputs, whose steps the adapter's cache counts.
            let apart = ["partial", "parts", "pre"];
            let said = said.into_iter().map(|(label, bytes)| (label.to_owned(), rows * bytes as usize));
            let [made, said] = [gpu.made(), said.collect()].map(|arrays| {
                let mut sums = BTreeMap::<String, usize>::new();
                let counted = arrays.into_iter().filter(|(label, _)| !apart.contains(&label.as_str()));
                // Layers that go side by side have their input among their states.
                let label = |label: String| if label == "x" { "states".to_owned() } else { label };
                counted.for_each(|(of, bytes)| *sums.entry(label(of)).or_default() += bytes);
                sums
            });
            for (label, &said) in &said {
                // Layers that lie in one array begin at multiples.
                let made = made.get(label).copied().unwrap_or_default();
                assert!(
                    (said..said + spec.layers * 256).contains(&made),
                    "{spec:?}: {made} of {said} bytes of {label}"
                );
            }
            assert!(made.keys().all(|label| said.contains_key(label)), "{spec:?}: {made:?}");

            let y = block_on(engine.predict(&ids, ROWS)).expect("sound ids");
            assert_eq!(y.len(), ROWS * spec.read_steps(7) * spec.outputs());
            let said = row_bytes(&Purpose::outputs(&spec, ROWS), precision, 7, 1);
            let rows = portion(&gpu, ROWS, &said);
            let states = gpu.made().into_iter().find(|(label, _)| label == "states").expect("a plan has states").1;
            let of_row = said.iter().find(|(label, _)| *label == "states").expect("a row has states").1;
            assert_eq!(states, rows * of_row as usize, "{spec:?}");
        }
    }

    #[test]
    fn portions_are_even_and_within_every_limit() {
        let gpu = open(forced(Kernels::Scans));
        let (binding, together) = (gpu.largest_array(), gpu.traits.portion_bytes);
        assert_eq!(together, 32 << 10);
        let of = |rows: usize, bytes: &[u64]| portion(&gpu, rows, &bytes.iter().map(|&b| ("", b)).collect::<Vec<_>>());
        assert_eq!(of(3, &[1 << 20]), 3);
        assert_eq!(of(32, &[512, 512]), 32);
        assert_eq!(of(33, &[512, 512]), 20);
        assert_eq!(of(100, &[512, 512]), 28);
        assert_eq!(of(100, &[1 << 20]), 4);
        let chosen = open(Options::default());
        assert_eq!(portion(&chosen, 1000, &[("x", binding / 500), ("y", 4)]), 500);
        assert_eq!(portion(&chosen, 1000, &[("x", binding / 1000 + 1)]), 500);
        assert_eq!(portion(&chosen, 1000, &[("x", binding / 1000)]), 1000);
    }
}
