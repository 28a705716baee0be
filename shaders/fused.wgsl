// A small network's training step up to its gradients in one dispatch: windows, forward scan, head, loss, and the way back.
// Reference: src/reference.
//
// A workgroup (fused/rows.wgsl) takes its rows through the sequence and back, and leaves the sums of their gradients and losses in
// `partial`.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> packed: array<Stored>;           // (packed_stride)
@group(0) @binding(3) var<storage, read> series: array<f32>;              // (len, I)
@group(0) @binding(5) var<storage, read> windows: array<Window>;          // (N)
@group(0) @binding(6) var<storage, read> order: array<u32>;               // (N)
@group(0) @binding(7) var<storage, read> targets: array<f32>;             // (N, target_len)
@group(0) @binding(8) var<storage, read_write> states: array<vec4f>;      // (S, T + 2, B, 1, HQ)
@group(0) @binding(9) var<storage, read_write> partial: array<vec4f>;     // (parts, partial_stride)

// Leaves what the way back needs of step t.
fn leave_step(lid: u32, t: u32, now: States, kept: Slots) {
    if (t < own.length) {
        keep_tape(tape_at(0u, t, own_row) + quad, kept);
    }
    leave_states(t + 1u, now);
}

@compute @workgroup_size(WG)
fn fused(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lid: u32) {
    let turns = arrive(group, lid);
    let steps = bound(dims.steps, group);
    let items = bound(items_of_row() / read_steps(), group);
    hold(group);
    for (var turn = 0u; turn < turns; turn++) {
        sit(group, lid, turn);
        let last = go_forward(lid, steps);
        go_back(lid, steps, items, last);
    }
    leave(group, lid);
}
