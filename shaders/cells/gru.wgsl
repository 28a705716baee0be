// Gated recurrent unit, reset after the recurrent product: n = tanh(n_x + r q), h' = (1 - z) n + z h.
// Rust twin: src/model/cells/gru.rs. Slots r, z, n, q.

fn cell_forward(pre: Slots, prev: States) -> CellStep {
    let r = sigmoid(pre[0]);
    let z = sigmoid(pre[1]);
    let q = pre[3];
    let n = tanh_of(pre[2] + r * q);
    return CellStep(States(n + z * (prev[0] - n)), Slots(r, z, n, q));
}

fn cell_backward(tape: Slots, prev: States, next: States, d_next: States) -> CellGradient {
    let r = tape[0];
    let z = tape[1];
    let n = tape[2];
    let q = tape[3];
    let d_n = d_next[0] * (1.0 - z) * (1.0 - n * n);
    let d_z = d_next[0] * (prev[0] - n) * z * (1.0 - z);
    let d_r = d_n * q * r * (1.0 - r);
    return CellGradient(Slots(d_r, d_z, d_n, d_n * r), States(d_next[0] * z));
}

fn add_input(pre: ptr<function, Tiles>, rows: vec4f, at: u32) {
    (*pre)[0] += outer(rows, packed[at]);
    (*pre)[1] += outer(rows, packed[at + dims.hidden_quads]);
    (*pre)[2] += outer(rows, packed[at + 2u * dims.hidden_quads]);
}

fn add_hidden(pre: ptr<function, Tiles>, rows: vec4f, at: u32) {
    (*pre)[0] += outer(rows, packed[at]);
    (*pre)[1] += outer(rows, packed[at + dims.hidden_quads]);
    (*pre)[3] += outer(rows, packed[at + 2u * dims.hidden_quads]);
}

fn row_of(pre: ptr<function, Tiles>, r: u32) -> Slots {
    return Slots((*pre)[0][r], (*pre)[1][r], (*pre)[2][r], (*pre)[3][r]);
}
