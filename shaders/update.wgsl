// One step of the optimiser (optimizer.wgsl) over the whole block.
//
// An invocation updates one parameter.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> gradients: array<f32>;             // (P)
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;      // (P)
@group(0) @binding(4) var<storage, read_write> moment1: array<f32>;         // (P)
@group(0) @binding(5) var<storage, read_write> moment2: array<f32>;         // (P)
@group(0) @binding(6) var<storage, read> norms: array<f32>;                 // (steps of a submission), squared

@compute @workgroup_size(WG)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = flat(id, groups);
    if (i >= dims.parameters) {
        return;
    }
    take_step(i, gradients[i] * clip_factor(norms[step.place]));
}
