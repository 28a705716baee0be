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

// The pre-activations of a tile.
struct Tiles {
    r: mat4x4f,
    z: mat4x4f,
    n: mat4x4f,
    q: mat4x4f,
}

fn bias_of(at: u32) -> Tiles {
    return Tiles(
        same_rows(widen(packed[at])),
        same_rows(widen(packed[at + dims.hidden_quads])),
        same_rows(widen(packed[at + 2u * dims.hidden_quads])),
        same_rows(widen(packed[at + 3u * dims.hidden_quads])),
    );
}

fn weights_at(at: u32) -> Weights {
    return Weights(
        widen(packed[at]),
        widen(packed[at + dims.hidden_quads]),
        widen(packed[at + 2u * dims.hidden_quads]),
    );
}

fn add_input(tiles: Tiles, rows: vec4f, w: Weights) -> Tiles {
    return Tiles(
        tiles.r + outer(rows, w[0]),
        tiles.z + outer(rows, w[1]),
        tiles.n + outer(rows, w[2]),
        tiles.q,
    );
}

fn add_hidden(tiles: Tiles, rows: vec4f, w: Weights) -> Tiles {
    return Tiles(
        tiles.r + outer(rows, w[0]),
        tiles.z + outer(rows, w[1]),
        tiles.n,
        tiles.q + outer(rows, w[2]),
    );
}

fn rows_of(tiles: Tiles) -> array<Slots, 4> {
    return array<Slots, 4>(
        Slots(tiles.r[0], tiles.z[0], tiles.n[0], tiles.q[0]),
        Slots(tiles.r[1], tiles.z[1], tiles.n[1], tiles.q[1]),
        Slots(tiles.r[2], tiles.z[2], tiles.n[2], tiles.q[2]),
        Slots(tiles.r[3], tiles.z[3], tiles.n[3], tiles.q[3]),
    );
}
