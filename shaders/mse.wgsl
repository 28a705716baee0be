// The mean squared error over all outputs of a batch, and its gradient:
//     loss = sum (y - target)^2 / n,   d_y = 2 (y - target) / n,   n = rows * steps read * O.
// Reference: src/reference. Source: torch.nn.MSELoss.
//
// One workgroup: the sum is a tree of fixed shape, the same bits every time.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> y: array<f32>;               // (B, T or 1, O)
@group(0) @binding(3) var<storage, read> targets: array<f32>;         // (N, T or 1, O)
@group(0) @binding(4) var<storage, read> order: array<u32>;           // (N)
@group(0) @binding(5) var<storage, read_write> d_y: array<f32>;       // (B, T or 1, O)
@group(0) @binding(6) var<storage, read_write> losses: array<f32>;    // (steps of a submission)

var<workgroup> sh_sum: array<f32, WG>;

@compute @workgroup_size(WG)
fn mse(@builtin(local_invocation_index) lid: u32, @builtin(workgroup_id) group: vec3u) {
    let row_len = select(1u, dims.steps, dims.read_every == 1u) * dims.outputs;
    let total = bound(step.rows * row_len, group);
    var sum = 0.0;
    for (var n = lid; n < total; n += WG) {
        let window = order[step.first + n / row_len];
        let difference = y[n] - targets[window * row_len + n % row_len];
        sum += difference * difference;
        d_y[n] = 2.0 * difference * step.inverse_count;
    }
    sh_sum[lid] = sum;
    workgroupBarrier();
    for (var width = WG / 2u; width > 0u; width /= 2u) {
        if (lid < width) {
            sh_sum[lid] += sh_sum[lid + width];
        }
        workgroupBarrier();
    }
    if (lid == 0u) {
        losses[step.loss_at] = sh_sum[0] * step.inverse_count;
    }
}
