// A GPU: the gradient of the recurrent weights is made of the deltas by a dispatch of its own.

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
