// One step forward a dispatch, for hidden sizes that no workgroup can hold. The step itself: recurrent/forward.wgsl.

@group(0) @binding(1) var<uniform> time: Time;

@compute @workgroup_size(WG)
fn step_forward(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lid: u32,
) {
    let which = forward_chain(group.z, time.s);
    if (!is_going(which, dims.steps)) {
        return;
    }
    product(which, group, groups, lid);
}
