// The states of all layers, behind the staged batch.

fn input_value(at: u32) -> vec4f {
    return states[at];
}
