// What project.wgsl left lies in a buffer of its own, for a chunk of the steps.

@group(0) @binding(5) var<storage, read> pre: array<vec4f>;    // (D, room, B, SLOTS, HQ)

fn projected(at: u32) -> Slots {
    var values: Slots;
    for (var slot = 0u; slot < SLOTS; slot++) {
        values[slot] = pre[at + slot * dims.hidden_quads];
    }
    return values;
}
