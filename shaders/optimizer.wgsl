// One step of an optimiser, with g the gradient, clipped by the norm of the whole block where there is a largest one:
//     g = g min(1, max_norm / (|g| + 1e-6)),
//     g = g + penalty w,  w = decay w,  m = keep_m m + add_m g,  v = keep_v v + add_v g^2,
//     w = w - step_size m / (sqrt(v) inverse_root + eps).
// The factors in `step` make it SGD, Adam, AdamW or RMSprop. Reference: src/optim. Source: torch.optim.

// From the square of the norm; NaN of a NaN, so that it shows.
fn clip_factor(norm: f32) -> f32 {
    if (step.max_norm == 0.0) {
        return 1.0;
    }
    let factor = step.max_norm / (sqrt(norm) + 1e-6);
    return select(factor, 1.0, factor > 1.0);
}

// Updates parameter i by its clipped gradient.
fn take_step(i: u32, clipped: f32) {
    let w = parameters[i];
    let g = clipped + step.penalty * w;
    let m = step.keep_m * moment1[i] + step.add_m * g;
    let v = step.keep_v * moment2[i] + step.add_v * g * g;
    moment1[i] = m;
    moment2[i] = v;
    parameters[i] = step.decay * w - step.step_size * m / (sqrt(v) * step.inverse_root + step.eps);
}
