// A software adapter: the sums of the gradients of the recurrent weights stay where these are (held.wgsl).

// As `d_input`.
var<private> d_hidden: array<array<mat4x4f, GATES>, HQ>;

fn leave_deltas(t: u32, deltas: Slots) {
}

fn add_hidden_gradient(lid: u32, h: vec4f, deltas: Slots) {
    let all = everyone(lid, h);
    for (var q = 0u; q < HQ; q++) {
        for (var gate = 0u; gate < GATES; gate++) {
            d_hidden[q][gate] += outer(all[q], deltas[HIDDEN_SLOT[gate]]);
        }
    }
}

fn leave_hidden_gradient(group: vec3u, base: u32) {
    let blocks = bound(HQ * GATES, group);
    for (var n = 0u; n < blocks; n++) {
        var sums: mat4x4f;
        for (var q = 0u; q < HQ; q++) {
            for (var gate = 0u; gate < GATES; gate++) {
                sums = chosen(n == q * GATES + gate, d_hidden[q][gate], sums);
            }
        }
        if (seated) {
            leave_tile(base + (n % GATES * HQ + quad) * 4u * HQ + n / GATES, HQ, sums);
        }
    }
}
