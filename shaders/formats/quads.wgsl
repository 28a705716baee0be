// How four values lie in a buffer: as they are, or where they have 16 bits, in two words.

alias Quad = vec4f;
alias Halves = vec2u;

fn loaded(quad: Quad) -> vec4f {
    return quad;
}

fn stored(values: vec4f) -> Quad {
    return values;
}

fn words_of(halves: Halves) -> vec2u {
    return halves;
}

fn halves_of(words: vec2u) -> Halves {
    return words;
}
