// An item of four tiles: sixteen rows by four units. A load of weights serves them all. For software adapters, where
// every load costs each lane a dozen cycles, and arithmetic next to nothing.

const ITEM_QUADS: u32 = 4u;

struct Item {
    a: Tiles,
    b: Tiles,
    c: Tiles,
    d: Tiles,
}

fn item_bias(at: u32) -> Item {
    let bias = bias_of(at);
    return Item(bias, bias, bias, bias);
}

fn item_add_inputs(item: ptr<function, Item>, inputs: u32, t: u32, row: u32, weights: u32) {
    for (var i = 0u; i < inputs; i++) {
        let w = weights_at(weights + i * GATES * dims.hidden_quads);
        (*item).a = add_input((*item).a, input_rows(t, row, i), w);
        (*item).b = add_input((*item).b, input_rows(t, row + 4u, i), w);
        (*item).c = add_input((*item).c, input_rows(t, row + 8u, i), w);
        (*item).d = add_input((*item).d, input_rows(t, row + 12u, i), w);
    }
}

fn item_add_hidden(item: ptr<function, Item>, from_h: u32, w: Weights) {
    (*item).a = add_hidden((*item).a, loaded(sh_h[from_h]), w);
    (*item).b = add_hidden((*item).b, loaded(sh_h[from_h + 1u]), w);
    (*item).c = add_hidden((*item).c, loaded(sh_h[from_h + 2u]), w);
    (*item).d = add_hidden((*item).d, loaded(sh_h[from_h + 3u]), w);
}

fn item_finish(item: Item, place: Place) {
    finish(item.a, place);
    finish(item.b, beside(place, 1u));
    finish(item.c, beside(place, 2u));
    finish(item.d, beside(place, 3u));
}

fn beside(place: Place, quads: u32) -> Place {
    var next = place;
    next.row += quads * 4u;
    next.row_quad += quads;
    return next;
}
