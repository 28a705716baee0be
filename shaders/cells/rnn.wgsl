// Elman cell: h' = act(pre). Rust twin: src/model/cells/rnn.rs. The one slot holds h'.
// `activation` and `activation_slope` stand in rnn_tanh.wgsl and rnn_relu.wgsl.

fn cell_forward(pre: Slots, prev: States) -> CellStep {
    let h = activation(pre[0]);
    return CellStep(States(h), Slots(h));
}

fn cell_backward(tape: Slots, prev: States, next: States, d_next: States) -> CellGradient {
    return CellGradient(Slots(d_next[0] * activation_slope(tape[0])), States(vec4f(0.0)));
}

fn add_input(pre: ptr<function, Tiles>, rows: vec4f, at: u32) {
    (*pre)[0] += outer(rows, packed[at]);
}

fn add_hidden(pre: ptr<function, Tiles>, rows: vec4f, at: u32) {
    (*pre)[0] += outer(rows, packed[at]);
}

fn row_of(pre: ptr<function, Tiles>, r: u32) -> Slots {
    return Slots((*pre)[0][r]);
}
