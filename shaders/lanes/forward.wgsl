// The recurrent scan over a chunk of a sequence, from step time.s on, on a software adapter: a lane takes its rows through all
// steps, with all their units, and reads no other lane's states, so that nobody waits. The step itself:
// recurrent/forward.wgsl. Workgroup y is the direction.

@group(0) @binding(1) var<uniform> time: Time;

@compute @workgroup_size(WG)
fn lane_forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let first_row = group.x * OWN * LANES + lane;
    let end = bound(min(time.s + dims.chunk, dims.steps), group);
    let items = bound(item_count(), group);
    for (var s = time.s; s < end; s++) {
        now = s;
        for (var item = 0u; item < items; item++) {
            multiply(group, group.y, item, first_row, lane);
        }
    }
}
