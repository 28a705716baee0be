// Adam: m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  w -= lr / (1 - b1^n) * m / (sqrt(v) / sqrt(1 - b2^n) + eps), with the
// factors of step n in `step`. Reference: src/reference. Source: torch.optim.Adam.
//
// An invocation updates one parameter.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> gradients: array<f32>;             // (P)
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;      // (P)
@group(0) @binding(4) var<storage, read_write> moment1: array<f32>;         // (P)
@group(0) @binding(5) var<storage, read_write> moment2: array<f32>;         // (P)

@compute @workgroup_size(WG)
fn adam(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = flat(id, groups);
    if (i >= dims.parameters) {
        return;
    }
    let g = gradients[i];
    let m = step.beta1 * moment1[i] + step.one_minus_beta1 * g;
    let v = step.beta2 * moment2[i] + step.one_minus_beta2 * g * g;
    moment1[i] = m;
    moment2[i] = v;
    parameters[i] -= step.step_size * m / (sqrt(v) * step.inverse_root + step.eps);
}
