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

// The pre-activations of a tile.
struct Tiles {
    i: mat4x4f,
    f: mat4x4f,
    g: mat4x4f,
    o: mat4x4f,
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
        widen(packed[at + 3u * dims.hidden_quads]),
    );
}

fn add_input(tiles: Tiles, rows: vec4f, w: Weights) -> Tiles {
    return Tiles(
        tiles.i + outer(rows, w[0]),
        tiles.f + outer(rows, w[1]),
        tiles.g + outer(rows, w[2]),
        tiles.o + outer(rows, w[3]),
    );
}

fn add_hidden(tiles: Tiles, rows: vec4f, w: Weights) -> Tiles {
    return Tiles(
        tiles.i + outer(rows, w[0]),
        tiles.f + outer(rows, w[1]),
        tiles.g + outer(rows, w[2]),
        tiles.o + outer(rows, w[3]),
    );
}

fn rows_of(tiles: Tiles) -> array<Slots, 4> {
    return array<Slots, 4>(
        Slots(tiles.i[0], tiles.f[0], tiles.g[0], tiles.o[0]),
        Slots(tiles.i[1], tiles.f[1], tiles.g[1], tiles.o[1]),
        Slots(tiles.i[2], tiles.f[2], tiles.g[2], tiles.o[2]),
        Slots(tiles.i[3], tiles.f[3], tiles.g[3], tiles.o[3]),
    );
}
