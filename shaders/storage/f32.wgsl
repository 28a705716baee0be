// Packed weights and the tape in 32 bits.

alias Stored = Quad;

fn widen(quad: Stored) -> vec4f {
    return loaded(quad);
}

fn narrow(values: vec4f) -> Stored {
    return stored(values);
}
