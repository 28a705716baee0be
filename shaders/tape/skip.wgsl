// Inference: there is no tape.

fn keep_tape(at: u32, values: Slots) {
}
