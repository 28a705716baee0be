// How four values lie in a buffer: as two pairs of 64 bits, or where they have 16 bits, in one. lavapipe (Mesa 22.3) takes as
// long for a lane's word of 64 bits as for one of 32, about 15 cycles, and there is no wider one.

alias Quad = vec2<u64>;
alias Halves = u64;

fn loaded(quad: Quad) -> vec4f {
    let low = vec2<u32>(quad);
    let high = vec2<u32>(quad >> vec2<u32>(32u));
    return bitcast<vec4f>(vec4u(low.x, high.x, low.y, high.y));
}

fn stored(values: vec4f) -> Quad {
    let words = bitcast<vec4u>(values);
    return Quad(words.xz) | Quad(words.yw) << vec2<u32>(32u);
}

fn words_of(halves: Halves) -> vec2u {
    return vec2u(u32(halves), u32(halves >> 32u));
}

fn halves_of(words: vec2u) -> Halves {
    return u64(words.x) | (u64(words.y) << 32u);
}
