// The recurrent scan over a chunk of a sequence, from step time.s on, on a software adapter: a subgroup, which is a workgroup, takes a
// block of rows through all steps, with all their units. The step itself: recurrent/forward.wgsl. Workgroup y is the direction.

@group(0) @binding(1) var<uniform> time: Time;

@compute @workgroup_size(WG)
fn lane_forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let end = bound(min(time.s + dims.chunk, dims.steps), group);
    let places = bound(place_count(), group);
    for (var s = time.s; s < end; s++) {
        let which = forward_chain(group.y, s);
        for (var place = 0u; place < places; place++) {
            multiply(group, which, place, group.x, lane);
        }
        meet();
    }
}
