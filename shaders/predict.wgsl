// A small network's forward pass in one dispatch: windows, scan, head. Reference: src/reference.
//
// A workgroup (fused/rows.wgsl) takes its rows through the sequence, and leaves their outputs and final states.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> packed: array<Stored>;           // (packed_stride)
@group(0) @binding(3) var<storage, read> series: array<f32>;              // (len, I)
@group(0) @binding(4) var<storage, read> windows: array<Window>;          // (N)
@group(0) @binding(5) var<storage, read> order: array<u32>;               // (N)
@group(0) @binding(6) var<storage, read_write> states: array<vec4f>;      // (S, T + 2, B, 1, HQ)
@group(0) @binding(7) var<storage, read_write> y: array<f32>;             // (B, T or 1, O)

// Leaves the outputs of a position; zeros where it does not count.
fn answer(lid: u32, position: u32, counts: bool, h: vec4f) {
    let outputs = outputs_of(lid, h);
    if (busy() && quad == 0u) {
        let at = (own_row * read_steps() + position) * OUTPUTS;
        for (var o = 0u; o < OUTPUTS; o++) {
            y[at + o] = select(0.0, outputs[o], counts);
        }
    }
}

fn leave_step(lid: u32, t: u32, now: States, kept: Slots) {
    if (EVERY) {
        answer(lid, t, t < own.length, now[0]);
    }
}

@compute @workgroup_size(WG)
fn predict(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lid: u32) {
    let turns = arrive(group, lid);
    let steps = bound(dims.steps, group);
    hold(group);
    for (var turn = 0u; turn < turns; turn++) {
        sit(group, lid, turn);
        let last = go_forward(lid, steps);
        leave_states(dims.steps, last);
        if (!EVERY) {
            answer(lid, 0u, true, last[0]);
        }
    }
}
