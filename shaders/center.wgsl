// What is subtracted from the first features of each window of a batch (base.wgsl).
//
// An invocation makes the base of one feature of one row.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> series: array<f32>;          // (len, I)
@group(0) @binding(3) var<storage, read> windows: array<Window>;      // (N)
@group(0) @binding(4) var<storage, read> order: array<u32>;           // (N)
@group(0) @binding(5) var<storage, read_write> bases: array<f32>;     // (B, centred features)

@compute @workgroup_size(WG)
fn center(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    if (item >= step.rows * dims.centered) {
        return;
    }
    let window = windows[order[step.first + item / dims.centered]];
    bases[item] = base_of_window(window, item % dims.centered);
}
