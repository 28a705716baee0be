// An item of one tile: four rows by four units; see items/forward_one.wgsl.

const ITEM_QUADS: u32 = 1u;

alias Item = mat4x4f;

fn item_add(item: ptr<function, Item>, from_delta: u32, w: vec4f) {
    *item += outer(loaded(sh_deltas[from_delta]), w);
}

fn item_finish(item: Item, row: u32, direction: u32, quad: u32) {
    finish(item, row, direction, quad);
}
