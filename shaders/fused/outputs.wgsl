// The loss of one position of a row, and its gradient.

// The outputs of a position, and the loss's gradient with respect to them.
var<private> y: array<f32, OUTPUTS>;
var<private> d_y: array<f32, OUTPUTS>;

// The sum of the loss's terms, and the gradients of the head: of an output's weights for the invocation's units, of its bias.
var<private> terms: f32;
var<private> d_head: array<vec4f, OUTPUTS>;
var<private> d_head_bias: array<f32, OUTPUTS>;

fn row_of(row: u32) -> Row {
    return own;
}

fn base_of(row: u32, feature: u32) -> f32 {
    return bases[feature];
}

// Where the outputs of a position begin in `y`.
fn output_at(row: u32, position: u32) -> u32 {
    return 0u;
}

// The gradient of the states h that a position's outputs, of `items` of the loss's terms, are made of; zero where the position does not count.
fn judge(lid: u32, position: u32, items: u32, counts: bool, h: vec4f) -> vec4f {
    y = outputs_of(lid, h);
    var d_h = vec4f(0.0);
    if (counts) {
        for (var i = 0u; i < items; i++) {
            terms += loss_of(own_row, position * items + i, OUTPUTS);
        }
        for (var o = 0u; o < OUTPUTS; o++) {
            d_h += d_y[o] * head_weights(o);
            d_head[o] += d_y[o] * h;
            d_head_bias[o] += d_y[o];
        }
    }
    return d_h;
}
