// Blocks of `packed` that feed an invocation's units, a matrix column a feature or unit that they are multiplied by.

fn block_at(at: u32, stride: u32) -> mat4x4f {
    return mat4x4f(
        own_packed(at),
        own_packed(at + stride),
        own_packed(at + 2u * stride),
        own_packed(at + 3u * stride),
    );
}

fn input_at_packed(q: u32, gate: u32) -> mat4x4f {
    return block_at((q * 4u * GATES + gate) * HQ, GATES * HQ);
}

fn hidden_at_packed(q: u32, gate: u32) -> mat4x4f {
    return block_at(dims.at_hidden + (q * 4u * GATES + gate) * HQ, GATES * HQ);
}

// Block `there` where it is the one wanted, else `otherwise`. Arrays of blocks are read and written by running a block at a
// time past all of them: the code that loads or stores one stands here once, and yet constants alone index the arrays.
fn chosen(is_it: bool, there: mat4x4f, otherwise: mat4x4f) -> mat4x4f {
    var block: mat4x4f;
    for (var c = 0u; c < 4u; c++) {
        block[c] = select(otherwise[c], there[c], is_it);
    }
    return block;
}
