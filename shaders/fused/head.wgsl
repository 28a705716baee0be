// The head at one position of a row. The invocations of the row all make all of its outputs.

fn head_weights(o: u32) -> vec4f {
    return own_packed(dims.at_head + o * HQ);
}

// The outputs that the states h make.
fn outputs_of(lid: u32, h: vec4f) -> array<f32, OUTPUTS> {
    var y: array<f32, OUTPUTS>;
    for (var first = 0u; first < OUTPUTS; first += 4u) {
        var parts = vec4f(0.0);
        for (var c = 0u; c < min(4u, OUTPUTS - first); c++) {
            parts[c] = dot(head_weights(first + c), h);
        }
        let all = everyone(lid, parts);
        var sums = widen(packed[dims.at_head + OUTPUTS * HQ + first / 4u]);
        for (var q = 0u; q < HQ; q++) {
            sums += all[q];
        }
        for (var c = 0u; c < min(4u, OUTPUTS - first); c++) {
            y[first + c] = sums[c];
        }
    }
    return y;
}
