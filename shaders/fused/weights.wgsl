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
    return block_at(dims.at_input_w + (q * 4u * GATES + gate) * HQ, GATES * HQ);
}

fn hidden_at_packed(q: u32, gate: u32) -> mat4x4f {
    return block_at((q * 4u * GATES + gate) * HQ, GATES * HQ);
}
