// A GPU: weights come from its cache at every step.

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
