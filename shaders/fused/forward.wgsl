// A row's way forward through its sequence.

// Gives its final states, and hands each step to `leave_step`. A row that has ended keeps its states.
fn go_forward(lid: u32, steps: u32) -> States {
    var now: States;
    if (busy()) {
        for (var vector = 0u; vector < STATES; vector++) {
            now[vector] = states[own_state_at(vector, 0u)];
        }
    }
    for (var t = 0u; t < steps; t++) {
        let h = everyone(lid, now[0]);
        let x = inputs_at(t);
        var pre = bias();
        for (var gate = 0u; gate < GATES; gate++) {
            var from_x = vec4f(0.0);
            for (var q = 0u; q < IQ; q++) {
                from_x += input_weights(q, gate) * x[q];
            }
            pre[INPUT_SLOT[gate]] += from_x;
            var from_h = vec4f(0.0);
            for (var q = 0u; q < HQ; q++) {
                from_h += hidden_weights(q, gate) * h[q];
            }
            pre[HIDDEN_SLOT[gate]] += from_h;
        }
        let out = cell_forward(pre, now);
        if (t < own.length) {
            now = out.next;
        }
        leave_step(lid, t, now, out.tape);
    }
    return now;
}
