// A software adapter: weights stay in registers, or where the compiler puts what does not fit: a load from there takes a cycle for
// all lanes, one from a buffer a dozen for each.

var<private> w_bias: Slots;
var<private> w_input: array<array<mat4x4f, GATES>, IQ>;
var<private> w_hidden: array<array<mat4x4f, GATES>, HQ>;

fn hold(group: vec3u) {
    for (var slot = 0u; slot < SLOTS; slot++) {
        w_bias[slot] = own_packed(dims.at_bias + slot * HQ);
    }
    let blocks = bound(max(IQ, HQ) * GATES, group);
    for (var n = 0u; n < blocks; n++) {
        let input = input_at_packed(min(n / GATES, IQ - 1u), n % GATES);
        let hidden = hidden_at_packed(min(n / GATES, HQ - 1u), n % GATES);
        for (var gate = 0u; gate < GATES; gate++) {
            for (var q = 0u; q < IQ; q++) {
                w_input[q][gate] = chosen(n == q * GATES + gate, input, w_input[q][gate]);
            }
            for (var q = 0u; q < HQ; q++) {
                w_hidden[q][gate] = chosen(n == q * GATES + gate, hidden, w_hidden[q][gate]);
            }
        }
    }
}

fn bias() -> Slots {
    return w_bias;
}

fn input_weights(q: u32, gate: u32) -> mat4x4f {
    return w_input[q][gate];
}

fn hidden_weights(q: u32, gate: u32) -> mat4x4f {
    return w_hidden[q][gate];
}
