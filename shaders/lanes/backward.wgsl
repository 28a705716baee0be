// The scan back through a whole sequence on a software adapter, as lanes/forward.wgsl goes forward. The step itself:
// recurrent/backward.wgsl. Workgroup y is the direction.

@compute @workgroup_size(WG)
fn lane_backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let passes = bound(dims.passes, group);
    let places = bound(place_count(), group);
    for (var s = 0u; s < passes; s++) {
        let which = backward_chain(group.y, s);
        for (var place = 0u; place < places; place++) {
            multiply(group, which, place, group.x, lane);
        }
        meet();
    }
}
