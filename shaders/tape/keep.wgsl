// Training: the tape is kept for the backward scan.

@group(0) @binding(4) var<storage, read_write> tape: array<Stored>;    // (D, T, B, SLOTS, HQ)

fn keep_tape(at: u32, values: Slots) {
    for (var slot = 0u; slot < SLOTS; slot++) {
        tape[at + slot * dims.hidden_quads] = narrow(values[slot]);
    }
}
