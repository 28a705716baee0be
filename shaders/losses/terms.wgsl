// Losses with a term for each output. A loss file defines `term(o, y, t)` and its derivative with respect to y, for output o
// of its position, NaN where y or t is. An item is an output.

// 1 where x > 0, else 0; NaN, which no comparison holds for, stays. (SPIR-V has NaN equal to itself where WGSL writes x != x.)
fn is_positive(x: f32) -> f32 {
    return select(select(x, 0.0, x <= 0.0), 1.0, x > 0.0);
}

fn items_of_row() -> u32 {
    return read_steps() * dims.outputs;
}

fn loss_of(row: u32, item: u32, outputs: u32) -> f32 {
    let o = item % dims.outputs;
    let at = output_at(row, item / dims.outputs) + o;
    if (!counts(row, item / dims.outputs)) {
        d_y[at] = 0.0;
        return 0.0;
    }
    let t = target_of(row, item / step.quantiles);
    d_y[at] = derivative(o, y[at], t) * step.term_scale;
    return term(o, y[at], t);
}
