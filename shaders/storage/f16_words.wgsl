// Packed weights and the tape in 16 bits, two to a word: half the bytes, on every adapter.

alias Stored = vec2u;

fn widen(halves: Stored) -> vec4f {
    return vec4f(unpack2x16float(halves.x), unpack2x16float(halves.y));
}

fn narrow(values: vec4f) -> Stored {
    let held = rounded(values);
    return vec2u(pack2x16float(held.xy), pack2x16float(held.zw));
}
