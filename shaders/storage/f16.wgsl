// Packed weights and the tape in 16 bits, on adapters with SHADER_F16. They lie as f16_words.wgsl has them.

alias Stored = vec4<f16>;

fn widen(halves: Stored) -> vec4f {
    return vec4f(halves);
}

fn narrow(values: vec4f) -> Stored {
    return Stored(rounded(values));
}
