// Packed weights and the tape in 32 bits.

alias Stored = vec4f;

fn widen(stored: Stored) -> vec4f {
    return stored;
}

fn narrow(values: vec4f) -> Stored {
    return values;
}
