//! Small networks that reach every line of every kernel, by name.

use crate::data::Center;
use crate::loss::{Loss, Objective, Quantiles};
use crate::model::{CellKind, Dropout, Head, Readout, Spec};
use crate::optim::{Clip, Optimizer};
use crate::verify::{Case, half_cases};

/// A case and its name.
pub type Named = (String, Case);

/// The case of that name.
pub fn find(cases: &[Named], name: &str) -> Case {
    let found = cases.iter().find(|(of, _)| of == name);
    found.unwrap_or_else(|| panic!("there is no case `{name}`")).1
}

/// All of them, in 32 bits.
pub fn cases() -> Vec<Named> {
    let head = |outputs, readout| Some(Head { outputs, readout });
    let case = |spec, rows, steps, states| Case { states, seed: 11, ..Case::new(spec, rows, steps) };
    let spec = |cell, layers, bidirectional, head| Spec { layers, bidirectional, head, ..Spec::new(cell, 3, 7, 1) };
    let objective = |loss, p| Objective { loss, dropout: Dropout { p, seed: 3, step: 5 } };
    let mut cases: Vec<Named> = Vec::new();
    let mut add = |name: &str, case: Case| cases.push((name.to_owned(), case));

    for cell in CellKind::ALL {
        add(&format!("deep {cell}"), case(spec(cell, 2, true, head(5, Readout::Every)), 5, 6, true));
        let flat = Spec { head: head(2, Readout::Last), ..Spec::new(cell, 5, 9, 1) };
        add(&format!("flat {cell}"), case(flat, 19, 20, false));
    }
    // Lengths, dropout and clipping, without a head and with one on the last step; of the first, half of the rows are
    // two micro-batches.
    let headless = Case { lengths: true, ..case(spec(CellKind::Lstm, 3, true, None), 11, 7, false) };
    let dropped = Case { objective: objective(Loss::Mse, 0.4), clip: Some(Clip { max_norm: 0.01 }), ..headless };
    add("headless", dropped);
    let last = case(spec(CellKind::Gru, 2, true, head(3, Readout::Last)), 19, 6, true);
    let last = Case { lengths: true, clip: Some(Clip { max_norm: 1e3 }), ..last };
    add("last step, states", last);
    add("last step", Case { states: false, ..last });
    // Losses, and a sum of more outputs, and of more parameters, than one workgroup takes.
    let quantiles = Loss::Quantile(Quantiles::new(&[0.1, 0.2, 0.3, 0.5, 0.9]).expect("levels in order"));
    for (name, loss) in [
        ("mae", Loss::Mae),
        ("huber", Loss::Huber { delta: 1.2 }),
        ("cross-entropy", Loss::CrossEntropy),
        ("binary cross-entropy", Loss::BinaryCrossEntropy),
        ("quantiles", quantiles),
    ] {
        let every = case(spec(CellKind::RnnTanh, 1, false, head(10, Readout::Every)), 5, 4, false);
        add(name, Case { lengths: true, objective: objective(loss, 0.0), ..every });
    }
    let apart = case(spec(CellKind::RnnRelu, 1, false, head(6, Readout::Last)), 8, 3, false);
    add("large logits", Case { scale: 8.0, objective: objective(Loss::CrossEntropy, 0.0), ..apart });
    add("many outputs", case(spec(CellKind::RnnTanh, 1, false, head(31, Readout::Every)), 33, 25, false));
    let wide = case(Spec::new(CellKind::Lstm, 3, 68, 1), 2, 2, false);
    add("clipped", Case { clip: Some(Clip { max_norm: 0.01 }), ..wide });
    let large = Optimizer::sgd(1.0, 0.0);
    add("clipped by size", Case { clip: Some(Clip { max_norm: 0.01 }), optimizer: large, ..wide });
    // A time step's tiles whose k is in several parts, and several quads of k a part.
    add("split k", case(Spec::new(CellKind::Lstm, 3, 68, 1), 33, 2, false));
    // Views of a series.
    for (name, center, loss) in
        [("horizon", Center::Last, Loss::Mse), ("horizon of quantiles", Center::Mean, quantiles)]
    {
        let horizon = case(spec(CellKind::RnnTanh, 2, true, head(20, Readout::Last)), 21, 8, false);
        add(name, Case { horizon: Some(center), lengths: true, objective: objective(loss, 0.0), ..horizon });
    }
    // More rows than one workgroup takes, in parts by rows and by steps.
    for cell in [CellKind::Lstm, CellKind::Gru, CellKind::RnnRelu] {
        add(&format!("rows {cell}"), case(spec(cell, 1, false, head(1, Readout::Last)), 65, 2, false));
    }
    // What the fused kernels take, beside the above: few outputs.
    for (cell, center) in [(CellKind::RnnTanh, Center::Last), (CellKind::Gru, Center::Mean)] {
        let levels = Loss::Quantile(Quantiles::new(&[0.2, 0.5, 0.7]).expect("levels in order"));
        let horizon = case(spec(cell, 1, false, head(6, Readout::Last)), 21, 5, false);
        let name = format!("small horizon {cell}");
        add(&name, Case { horizon: Some(center), lengths: true, objective: objective(levels, 0.0), ..horizon });
    }
    // Inputs that are wide enough to be projected before a scan, and more quads of them than of units.
    add("wide input", case(Spec::new(CellKind::RnnTanh, 10, 3, 1), 5, 4, false));
    let wide_both = Spec { bidirectional: true, ..Spec::new(CellKind::Gru, 14, 5, 2) };
    add("wide input, both directions", Case { lengths: true, ..case(wide_both, 6, 9, true) });
    // The norm matters to an optimiser alone that goes by the size of gradients.
    for (name, loss, clip) in [("carried", Loss::CrossEntropy, 0.01), ("carried, hardly clipped", Loss::Mse, 1e3)] {
        let every = case(spec(CellKind::Lstm, 1, false, head(5, Readout::Every)), 10, 6, false);
        let (clip, optimizer) = (Some(Clip { max_norm: clip }), Optimizer::sgd(1.0, 0.0));
        add(name, Case { lengths: true, carry: true, clip, optimizer, objective: objective(loss, 0.0), ..every });
    }
    // Rows that more invocations share than a driver runs at once, with states to begin with.
    let spread = Spec { hidden: 18, ..spec(CellKind::Lstm, 1, false, head(3, Readout::Every)) };
    add("carried, many units", Case { carry: true, ..case(spread, 10, 7, false) });
    let spread = Spec { hidden: 18, ..spec(CellKind::RnnTanh, 1, false, head(1, Readout::Last)) };
    add("many rows of many units", case(spread, 2 * (48 * 6 + 1), 2, false));
    add("more units", case(Spec { hidden: 40, ..spread }, 14, 3, false));
    // Weight gradients over several steps, and projections over several parts of k, in workgroups that drivers run in
    // turns.
    add("long and wide", case(Spec { input: 70, hidden: 40, ..spread }, 5, 9, false));
    // Half of the rows, a batch, are more than all workgroups of the fused kernel have abreast.
    add("many rows", case(spec(CellKind::RnnTanh, 1, false, head(1, Readout::Last)), 2 * (48 * 16 + 1), 2, false));
    // Layers side by side.
    add("wavefront lstm", case(spec(CellKind::Lstm, 3, false, head(2, Readout::Every)), 10, 13, true));
    let relu = case(spec(CellKind::RnnRelu, 2, false, None), 7, 16, true);
    add("wavefront rnn_relu", Case { lengths: true, ..relu });
    let dropped = case(spec(CellKind::Gru, 3, false, head(3, Readout::Last)), 9, 20, false);
    add("wavefront, dropout", Case { lengths: true, objective: objective(Loss::Mse, 0.4), ..dropped });
    let carried = case(spec(CellKind::Lstm, 2, false, head(2, Readout::Every)), 10, 16, false);
    add("wavefront, carried", Case { carry: true, ..carried });
    cases
}

/// Those of `verify` in 16 bits of two cells without large sizes.
pub fn few_half_cases() -> Vec<Named> {
    let few = |case: &Case| matches!(case.spec.cell, CellKind::Lstm | CellKind::Gru) && case.spec.hidden < 20;
    half_cases().into_iter().filter(few).enumerate().map(|(n, case)| (format!("half {n}"), case)).collect()
}
