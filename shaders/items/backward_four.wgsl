// An item of four tiles: sixteen rows by four units; see items/forward_four.wgsl.

const ITEM_QUADS: u32 = 4u;

struct Item {
    a: mat4x4f,
    b: mat4x4f,
    c: mat4x4f,
    d: mat4x4f,
}

fn item_add(item: ptr<function, Item>, from_delta: u32, w: vec4f) {
    (*item).a += outer(loaded(sh_deltas[from_delta]), w);
    (*item).b += outer(loaded(sh_deltas[from_delta + 1u]), w);
    (*item).c += outer(loaded(sh_deltas[from_delta + 2u]), w);
    (*item).d += outer(loaded(sh_deltas[from_delta + 3u]), w);
}

fn item_finish(item: Item, row: u32, direction: u32, quad: u32) {
    finish(item.a, row, direction, quad);
    finish(item.b, row + 4u, direction, quad);
    finish(item.c, row + 8u, direction, quad);
    finish(item.d, row + 12u, direction, quad);
}
