// What a workgroup leaves in `partial`: the sums over its rows, where the weight gradients' kernels have theirs.

fn leave(group: vec3u, lid: u32) {
    let base = group.x * dims.partial_stride;
    let writes = seated && lid < HQ;
    let blocks = bound(XQ * SLOTS, group);
    for (var n = 0u; n < blocks; n++) {
        var sums: mat4x4f;
        for (var q = 0u; q < XQ; q++) {
            for (var slot = 0u; slot < SLOTS; slot++) {
                sums = chosen(n == q * SLOTS + slot, d_input[q][slot], sums);
            }
        }
        for (var c = 0u; c < 4u; c++) {
            sums[c] = over_rows(lid, sums[c]);
        }
        if (writes) {
            leave_tile(base + (n % SLOTS * HQ + quad) * 4u * XQ + n / SLOTS, XQ, sums);
        }
    }
    leave_hidden_gradient(group, base + dims.at_hidden_partial);
    for (var o = 0u; o < OUTPUTS; o++) {
        let at = base + dims.at_head_partial + o * (HQ + 1u);
        let weights = over_rows(lid, d_head[o]);
        let bias = over_rows(lid, vec4f(d_head_bias[o], 0.0, 0.0, 0.0));
        if (writes) {
            partial[at + quad] = weights;
        }
        if (lid == 0u) {
            partial[at + HQ] = bias;
        }
    }
    let loss = over_rows(lid, vec4f(terms * step.inverse_count, 0.0, 0.0, 0.0));
    if (lid == 0u) {
        partial[base + dims.at_loss_partial] = loss;
    }
}

// A tile whose columns are columns of the weights, in rows of units `stride` apart.
fn leave_tile(at: u32, stride: u32, tile: mat4x4f) {
    let units = transpose(tile);
    for (var c = 0u; c < 4u; c++) {
        partial[at + c * stride] = units[c];
    }
}
