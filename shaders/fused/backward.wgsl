// A row's way back through its sequence, from its final states on.

// Gradients of the input weights and the biases: a matrix column a feature, the vector over the units.
var<private> d_input: array<array<mat4x4f, SLOTS>, XQ>;

fn go_back(lid: u32, steps: u32, items: u32, last: States) {
    var next = last;
    var d_states: States;
    if (!EVERY) {
        d_states[0] = judge(lid, 0u, items, own.length > 0u, last[0]);
    }
    for (var s = 0u; s < steps; s++) {
        let t = steps - 1u - s;
        let counts = t < own.length;
        if (EVERY) {
            d_states[0] += judge(lid, t, items, counts, next[0]);
        }
        var prev: States;
        var kept: Slots;
        if (counts) {
            for (var vector = 0u; vector < STATES; vector++) {
                prev[vector] = states[own_state_at(vector, t)];
            }
            let at = tape_at(0u, t, own_row) + quad;
            for (var slot = 0u; slot < SLOTS; slot++) {
                kept[slot] = widen(tape[at + slot * HQ]);
            }
        }
        var out = CellGradient(Slots(), d_states);
        if (counts) {
            out = cell_backward(kept, prev, next, d_states);
            next = prev;
        }
        leave_deltas(t, out.deltas);

        let x = inputs_at(t);
        for (var q = 0u; q < XQ; q++) {
            for (var slot = 0u; slot < SLOTS; slot++) {
                d_input[q][slot] += outer(x[q], out.deltas[slot]);
            }
        }
        add_hidden_gradient(lid, prev[0], out.deltas);
        d_states = out.d_prev;
        // Each invocation knows the weights that its own units feed from: what these units pass on to quad q of the row meets
        // in the invocation that owns q.
        for (var q = 0u; q < HQ; q++) {
            var from_own = vec4f(0.0);
            for (var gate = 0u; gate < GATES; gate++) {
                from_own += out.deltas[HIDDEN_SLOT[gate]] * hidden_weights(q, gate);
            }
            let all = everyone(lid, from_own);
            var sum = vec4f(0.0);
            for (var other = 0u; other < HQ; other++) {
                sum += all[other];
            }
            d_states[0] += select(vec4f(0.0), sum, quad == q);
        }
    }
}
