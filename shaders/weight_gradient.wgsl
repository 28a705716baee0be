// Weight gradients as a sum of outer products over the rows of a batch and its steps, in partial sums:
//     partial[split, left, right] = sum over (t, b) in the split of left(t, b) right(t, b)^T.
// An operand file defines `left` and `right` (four values each), their quads, and the steps that count. gradient_sum adds
// the splits in a fixed order. Reference: src/reference.
//
// An item is two quads of left values by one quad of right values for one split (workgroup y) and direction (z).

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;    // (splits, D, partial_stride)

@compute @workgroup_size(WG)
fn weight_gradient(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
    let direction = group.z;
    let split = group.y;
    let item = id.x;
    let left_pairs = (left_quads() + 1u) / 2u;
    if (item >= left_pairs * right_quads()) {
        return;
    }
    let l0 = item / right_quads() * 2u;
    let q = item % right_quads();
    let l1 = min(l0 + 1u, left_quads() - 1u);

    let total = (dims.steps - first_step()) * step.rows;
    let share = (total + dims.splits - 1u) / dims.splits;
    let begin = min(split * share, total);
    let end = min(begin + share, total);
    var t = first_step() + begin / step.rows;
    var b = begin % step.rows;
    var sum0 = mat4x4f();
    var sum1 = mat4x4f();
    for (var n = begin; n < end; n++) {
        let r = right(direction, t, b, q);
        sum0 += outer(left(direction, t, b, l0), r);
        sum1 += outer(left(direction, t, b, l1), r);
        b += 1u;
        if (b == step.rows) {
            b = 0u;
            t += 1u;
        }
    }

    let at = (split * dims.directions + direction) * dims.partial_stride + partial_base() + q;
    for (var k = 0u; k < 4u; k++) {
        partial[at + (l0 * 4u + k) * right_quads()] = sum0[k];
    }
    if (l1 != l0) {
        for (var k = 0u; k < 4u; k++) {
            partial[at + (l1 * 4u + k) * right_quads()] = sum1[k];
        }
    }
}
