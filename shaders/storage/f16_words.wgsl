// Packed weights and the tape in 16 bits, two to a word: half the bytes, on every adapter.

alias Stored = Halves;

fn widen(halves: Stored) -> vec4f {
    let words = words_of(halves);
    return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}

fn narrow(values: vec4f) -> Stored {
    let held = rounded(values);
    return halves_of(vec2u(pack2x16float(held.xy), pack2x16float(held.zw)));
}
