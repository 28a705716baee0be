// Long short-term memory: c' = f c + i g, h' = o tanh(c'). Rust twin: src/model/cells/lstm.rs.
// States h, c. Slots i, f, g, o.

fn cell_forward(pre: Slots, prev: States) -> CellStep {
    let i = sigmoid(pre[0]);
    let f = sigmoid(pre[1]);
    let g = tanh_of(pre[2]);
    let o = sigmoid(pre[3]);
    let c = f * prev[1] + i * g;
    return CellStep(States(o * tanh_of(c), c), Slots(i, f, g, o));
}

fn cell_backward(tape: Slots, prev: States, next: States, d_next: States) -> CellGradient {
    let i = tape[0];
    let f = tape[1];
    let g = tape[2];
    let o = tape[3];
    let tanh_c = tanh_of(next[1]);
    let d_c = d_next[1] + d_next[0] * o * (1.0 - tanh_c * tanh_c);
    let d_i = d_c * g * i * (1.0 - i);
    let d_f = d_c * prev[1] * f * (1.0 - f);
    let d_g = d_c * i * (1.0 - g * g);
    let d_o = d_next[0] * tanh_c * o * (1.0 - o);
    return CellGradient(Slots(d_i, d_f, d_g, d_o), States(vec4f(0.0), d_c * f));
}

fn add_input(pre: ptr<function, Tiles>, rows: vec4f, at: u32) {
    (*pre)[0] += outer(rows, packed[at]);
    (*pre)[1] += outer(rows, packed[at + dims.hidden_quads]);
    (*pre)[2] += outer(rows, packed[at + 2u * dims.hidden_quads]);
    (*pre)[3] += outer(rows, packed[at + 3u * dims.hidden_quads]);
}

fn add_hidden(pre: ptr<function, Tiles>, rows: vec4f, at: u32) {
    (*pre)[0] += outer(rows, packed[at]);
    (*pre)[1] += outer(rows, packed[at + dims.hidden_quads]);
    (*pre)[2] += outer(rows, packed[at + 2u * dims.hidden_quads]);
    (*pre)[3] += outer(rows, packed[at + 3u * dims.hidden_quads]);
}

fn row_of(pre: ptr<function, Tiles>, r: u32) -> Slots {
    return Slots((*pre)[0][r], (*pre)[1][r], (*pre)[2][r], (*pre)[3][r]);
}
