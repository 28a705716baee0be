// How four values lie in a buffer: as they are.

alias Quad = vec4f;

fn loaded(quad: Quad) -> vec4f {
    return quad;
}

fn stored(values: vec4f) -> Quad {
    return values;
}
