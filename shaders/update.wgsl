// One step of an optimiser, with g the gradient, clipped by the norm of the whole block where there is a largest one:
//     g = g min(1, max_norm / (|g| + 1e-6)),
//     g = g + penalty w,  w = decay w,  m = keep_m m + add_m g,  v = keep_v v + add_v g^2,
//     w = w - step_size m / (sqrt(v) inverse_root + eps).
// The factors in `step` make it SGD, Adam, AdamW or RMSprop. Reference: src/optim. Source: torch.optim.
//
// An invocation updates one parameter.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> gradients: array<f32>;             // (P)
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;      // (P)
@group(0) @binding(4) var<storage, read_write> moment1: array<f32>;         // (P)
@group(0) @binding(5) var<storage, read_write> moment2: array<f32>;         // (P)
@group(0) @binding(6) var<storage, read> norms: array<f32>;                 // (steps of a submission), squared

// NaN of a NaN, so that it shows.
fn clip_factor() -> f32 {
    if (step.max_norm == 0.0) {
        return 1.0;
    }
    let factor = step.max_norm / (sqrt(norms[step.place]) + 1e-6);
    return select(factor, 1.0, factor > 1.0);
}

@compute @workgroup_size(WG)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = flat(id, groups);
    if (i >= dims.parameters) {
        return;
    }
    let w = parameters[i];
    let g = gradients[i] * clip_factor() + step.penalty * w;
    let m = step.keep_m * moment1[i] + step.add_m * g;
    let v = step.keep_v * moment2[i] + step.add_v * g * g;
    moment1[i] = m;
    moment2[i] = v;
    parameters[i] = step.decay * w - step.step_size * m / (sqrt(v) * step.inverse_root + step.eps);
}
