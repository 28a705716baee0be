// Copies the weights of a layer from PyTorch's layout into what the scans read (packing.wgsl).
//
// An invocation makes one vec4.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> parameters: array<f32>;         // (P)
@group(0) @binding(2) var<storage, read_write> packed: array<Stored>;    // (D, packed_stride)

@compute @workgroup_size(WG)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let item = flat(id, groups);
    if (item >= dims.directions * dims.packed_stride) {
        return;
    }
    packed[item] = narrow(packed_of(item));
}
