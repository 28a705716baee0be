// A GPU: weights come from its cache at every step, and the gradient of the recurrent ones is made of the deltas by a dispatch
// of its own.

fn hold(group: vec3u) {
}

fn bias() -> Slots {
    var values: Slots;
    for (var slot = 0u; slot < SLOTS; slot++) {
        values[slot] = own_packed(dims.at_bias + slot * HQ);
    }
    return values;
}

fn input_weights(q: u32, gate: u32) -> mat4x4f {
    return input_at_packed(q, gate);
}

fn hidden_weights(q: u32, gate: u32) -> mat4x4f {
    return hidden_at_packed(q, gate);
}

// Over the tape; zeros where the row has ended.
fn leave_deltas(t: u32, deltas: Slots) {
    if (busy()) {
        keep_tape(tape_at(0u, t, own_row) + quad, deltas);
    }
}

fn add_hidden_gradient(lid: u32, h: vec4f, deltas: Slots) {
}

fn leave_hidden_gradient(group: vec3u, base: u32) {
}
