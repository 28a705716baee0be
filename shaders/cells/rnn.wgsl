// Elman cell: h' = act(pre). Rust twin: src/model/cells/rnn.rs. The one slot holds h'.
// `activation` and `activation_slope` stand in rnn_tanh.wgsl and rnn_relu.wgsl.

fn cell_forward(pre: Slots, prev: States) -> CellStep {
    let h = activation(pre[0]);
    return CellStep(States(h), Slots(h));
}

fn cell_backward(tape: Slots, prev: States, next: States, d_next: States) -> CellGradient {
    return CellGradient(Slots(d_next[0] * activation_slope(tape[0])), States(vec4f(0.0)));
}

// The pre-activations of a tile.
struct Tiles {
    pre: mat4x4f,
}

fn bias_of(at: u32) -> Tiles {
    return Tiles(
        same_rows(widen(packed[at])),
    );
}

fn weights_at(at: u32) -> Weights {
    return Weights(widen(packed[at]));
}

fn add_input(tiles: Tiles, rows: vec4f, w: Weights) -> Tiles {
    return Tiles(tiles.pre + outer(rows, w[0]));
}

fn add_hidden(tiles: Tiles, rows: vec4f, w: Weights) -> Tiles {
    return Tiles(tiles.pre + outer(rows, w[0]));
}

fn rows_of(tiles: Tiles) -> array<Slots, 4> {
    return array<Slots, 4>(
        Slots(tiles.pre[0]),
        Slots(tiles.pre[1]),
        Slots(tiles.pre[2]),
        Slots(tiles.pre[3]),
    );
}
