// The loss of a batch, the mean of its terms over the positions that count, and its gradient with respect to the outputs,
// zero where a position does not count. A loss file (losses/*.wgsl) defines the items of a row and what one of them adds; a
// goal file (goals/*.wgsl) where targets lie. Reference: src/loss.rs.
//
// A workgroup adds its items up in a tree. Where there are several, sum.wgsl adds their sums.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> y: array<f32>;              // (B, T or 1, O)
@group(0) @binding(3) var<storage, read> rows: array<Row>;           // (B)
@group(0) @binding(4) var<storage, read_write> d_y: array<f32>;      // (B, T or 1, O)
@group(0) @binding(5) var<storage, read_write> sums: array<f32>;     // the losses of a submission, or a part a workgroup
@group(0) @binding(6) var<storage, read> targets: array<f32>;        // (N, target_len), where they are given
@group(0) @binding(7) var<storage, read> series: array<f32>;         // (len, I), where they lie ahead
@group(0) @binding(8) var<storage, read> bases: array<f32>;          // (B, centred features), likewise

fn row_of(row: u32) -> Row {
    return rows[row];
}

fn base_of(row: u32, feature: u32) -> f32 {
    return bases[row * dims.centered + feature];
}

// Where the outputs of a position of a row begin in `y`.
fn output_at(row: u32, position: u32) -> u32 {
    return (row * read_steps() + position) * dims.outputs;
}

@compute @workgroup_size(WG)
fn loss(
    @builtin(local_invocation_index) lid: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let row_items = items_of_row();
    let total = bound(step.rows * row_items, group);
    let outputs = bound(dims.outputs, group);
    var sum = 0.0;
    for (var n = group.x * WG + lid; n < total; n += groups.x * WG) {
        sum += loss_of(n / row_items, n % row_items, outputs);
    }
    sum = tree_sum(lid, sum * step.inverse_count);
    if (lid == 0u) {
        sums[select(group.x, step.place, groups.x == 1u)] = sum;
    }
}
