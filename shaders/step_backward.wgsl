// One step back a dispatch, for hidden sizes that no workgroup can hold. The step itself: recurrent/backward.wgsl.

@group(0) @binding(1) var<uniform> time: Time;

@compute @workgroup_size(WG)
fn step_backward(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lid: u32,
) {
    let which = backward_chain(group.z, time.s);
    if (!is_going(which, dims.passes)) {
        return;
    }
    product(which, group, groups, lid);
}
