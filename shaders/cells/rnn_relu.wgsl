// h' = max(pre, 0), and the slope of relu from its value, 0 at 0 as in PyTorch.

fn activation(pre: vec4f) -> vec4f {
    // NaN passes: it must show in the loss.
    return select(pre, vec4f(0.0), pre < vec4f(0.0));
}

fn activation_slope(h: vec4f) -> vec4f {
    return select(vec4f(0.0), vec4f(1.0), h > vec4f(0.0));
}
