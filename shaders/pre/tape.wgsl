// What project.wgsl left lies where the tape will be: training in 32 bits.

fn projected(at: u32) -> Slots {
    var values: Slots;
    for (var slot = 0u; slot < SLOTS; slot++) {
        values[slot] = widen(tape[at + slot * dims.hidden_quads]);
    }
    return values;
}
