// Weight gradients as a sum of outer products over the rows of a batch and its steps, in partial sums:
//     partial[split, left, right] = sum over (t, b) in the split of left(t, b) right(t, b)^T.
// An operand file defines where left and right values lie (four at a time), their quads, and the steps that count.
// gradient_sum adds the splits in a fixed order. Reference: src/reference.
//
// An item is a tile of four left quads by one right quad, for one split (workgroup y) and direction (z). A split is a part
// of the steps by a part of the batch rows.

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;    // (splits, D, partial_stride)

fn store(at: u32, l: u32, tile: mat4x4f) {
    for (var k = 0u; k < 4u; k++) {
        partial[at + (l * 4u + k) * right_quads()] = tile[k];
    }
}

@compute @workgroup_size(WG)
fn weight_gradient(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
    let direction = group.z;
    let split = group.y;
    if (id.x >= (left_quads() + 3u) / 4u * right_quads()) {
        return;
    }
    // A tile at the edge repeats its last quad, and does not store the repetition.
    let r = id.x % right_quads();
    let l0 = id.x / right_quads() * 4u;
    let last = left_quads() - 1u;
    let l1 = min(l0 + 1u, last);
    let l2 = min(l0 + 2u, last);
    let l3 = min(l0 + 3u, last);

    let steps = dims.steps - first_step();
    let steps_a_split = (steps + dims.step_splits - 1u) / dims.step_splits;
    let rows_a_split = (step.rows + dims.row_splits - 1u) / dims.row_splits;
    let first_t = first_step() + split / dims.row_splits * steps_a_split;
    let first_row = split % dims.row_splits * rows_a_split;
    let end_t = min(first_t + steps_a_split, dims.steps);
    let end_row = min(first_row + rows_a_split, step.rows);

    var sum0 = mat4x4f();
    var sum1 = mat4x4f();
    var sum2 = mat4x4f();
    var sum3 = mat4x4f();
    for (var t = first_t; t < end_t; t++) {
        let left0 = left_at(direction, t, l0);
        let left1 = left_at(direction, t, l1);
        let left2 = left_at(direction, t, l2);
        let left3 = left_at(direction, t, l3);
        let right_t = right_at(direction, t, r);
        for (var b = first_row; b < end_row; b++) {
            let row = b * left_stride();
            let values = right(right_t, b, r);
            sum0 += outer(left(left0 + row, l0), values);
            sum1 += outer(left(left1 + row, l1), values);
            sum2 += outer(left(left2 + row, l2), values);
            sum3 += outer(left(left3 + row, l3), values);
        }
    }

    let at = (split * dims.directions + direction) * dims.partial_stride + partial_base() + r;
    store(at, l0, sum0);
    if (l1 > l0) {
        store(at, l1, sum1);
    }
    if (l2 > l1) {
        store(at, l2, sum2);
    }
    if (l3 > l2) {
        store(at, l3, sum3);
    }
}
