// An item of one tile: four rows by four units. For GPUs, where many small items keep many invocations busy.

const ITEM_QUADS: u32 = 1u;

alias Item = Tiles;

fn item_bias(at: u32) -> Item {
    return bias_of(at);
}

fn item_add_inputs(item: ptr<function, Item>, inputs: u32, t: u32, row: u32, weights: u32) {
    for (var i = 0u; i < inputs; i++) {
        *item = add_input(*item, input_rows(t, row, i), weights_at(weights + i * GATES * dims.hidden_quads));
    }
}

fn item_add_hidden(item: ptr<function, Item>, from_h: u32, w: Weights) {
    *item = add_hidden(*item, loaded(sh_h[from_h]), w);
}

fn item_finish(item: Item, place: Place) {
    finish(item, place);
}
