// What follows fused.wgsl in a training step: its sums added up in order, the gradient clipped, the optimiser's step, and the
// weights packed anew. The recurrent weights' gradient has splits of its own where a dispatch of its own made it.
//
// One workgroup: the networks are small.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> partial: array<vec4f>;             // (parts or splits, partial_stride)
@group(0) @binding(3) var<storage, read_write> gradients: array<f32>;       // (P)
@group(0) @binding(4) var<storage, read_write> parameters: array<f32>;      // (P)
@group(0) @binding(5) var<storage, read_write> moment1: array<f32>;         // (P)
@group(0) @binding(6) var<storage, read_write> moment2: array<f32>;         // (P)
@group(0) @binding(7) var<storage, read_write> packed: array<Stored>;       // (packed_stride)
@group(0) @binding(8) var<storage, read_write> sums: array<f32>;            // the losses of a submission

fn gradient_of(i: u32, parts: u32, splits: u32) -> f32 {
    if (i < dims.at_head_weight) {
        return layer_sum(i, parts, splits);
    }
    return head_sum(i - dims.at_head_weight, parts);
}

@compute @workgroup_size(WG)
fn finish(@builtin(local_invocation_index) lid: u32, @builtin(workgroup_id) group: vec3u) {
    let parts = bound(dims.parts, group);
    let splits = bound(split_count(), group);
    let parameter_count = bound(dims.parameters, group);
    var norm = 0.0;
    for (var i = lid; i < parameter_count; i += WG) {
        let g = gradient_of(i, parts, splits);
        gradients[i] = g;
        norm += g * g;
    }
    let factor = clip_factor(tree_sum(lid, norm));
    for (var i = lid; i < parameter_count; i += WG) {
        take_step(i, gradients[i] * factor);
    }
    if (lid == 0u) {
        var loss = 0.0;
        for (var part = 0u; part < parts; part++) {
            loss += partial[part * dims.partial_stride + dims.at_loss_partial].x;
        }
        sums[step.place] = loss;
    }
    storageBarrier();
    workgroupBarrier();
    let packed_count = bound(dims.packed_stride, group);
    for (var item = lid; item < packed_count; item += WG) {
        packed[item] = narrow(packed_of(item));
    }
}
