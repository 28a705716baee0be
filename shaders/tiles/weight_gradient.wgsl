// Weight gradients on a GPU, as partial sums of outer products:
//     partial[split, left, right] = sum over (t, b) in the split of left(t, b) right(t, b)^T.
// An operand file says what left and right are; gradient_sum adds the splits in a fixed order. Reference: src/reference.
//
// A product whose rows are the left values and whose k are batch rows, a segment a step; a bundle is a right quad. Workgroup
// z is (split, direction).

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;    // (splits, D, partial_stride)

const VECTORS: u32 = 1u;

fn row_count(which: Which) -> u32 {
    return left_quads() * 4u;
}

fn bundle_count() -> u32 {
    return right_quads();
}

fn segment_count(which: Which) -> u32 {
    let part = part_of(which.z / direction_count());
    return max(part.end_t, part.first_t) - part.first_t;
}

fn segment_depth(which: Which) -> u32 {
    let part = part_of(which.z / direction_count());
    return (max(part.end_row, part.first_row) - part.first_row + 3u) / 4u;
}

// A left quad of four rows, a matrix column a row.
fn left_block(segment: u32, which: Which, quad: u32, k: u32) -> mat4x4f {
    let part = part_of(which.z / direction_count());
    let l = min(quad, left_quads() - 1u);
    let at = left_at(which.z % direction_count(), part.first_t + segment, l);
    var rows: mat4x4f;
    for (var c = 0u; c < 4u; c++) {
        let row = part.first_row + k * 4u + c;
        if (row < part.end_row) {
            rows[c] = left(at + row * left_stride(), l);
        }
    }
    return rows;
}

fn right_block(segment: u32, which: Which, k: u32, item: u32, c: u32) -> vec4f {
    let part = part_of(which.z / direction_count());
    let row = part.first_row + k;
    if (row >= part.end_row) {
        return vec4f(0.0);
    }
    let r = column(item, c);
    return right(right_at(which.z % direction_count(), part.first_t + segment, r), row, r);
}

fn finish(which: Which, row: u32, r: u32, sums: Bundle) {
    let place = which.z / direction_count() * dims.directions + which.z % direction_count();
    partial[place * dims.partial_stride + partial_base() + row * right_quads() + r] = sums[0];
}

@compute @workgroup_size(WG)
fn weight_gradient(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lid: u32,
) {
    product(Which(group.z, 0u), group, groups, lid);
}
