// h' = tanh(pre), and the slope of tanh from its value.

fn activation(pre: vec4f) -> vec4f {
    return tanh_of(pre);
}

fn activation_slope(h: vec4f) -> vec4f {
    return 1.0 - h * h;
}
