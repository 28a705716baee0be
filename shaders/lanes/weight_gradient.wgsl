// Weight gradients on a software adapter, as partial sums of outer products:
//     partial[split, left, right] = sum over (t, b) in the split of left(t, b) right(t, b)^T.
// An operand file says what left and right are; gradient_sum adds the splits in a fixed order. Reference: src/reference.
//
// A workgroup is one subgroup. A lane owns OWN left quads, LANES apart, and makes COLUMNS right quads of each: it loads its own left
// values, and broadcasts its share of the right ones, those of LANES / COLUMNS rows. Workgroup y is the split, z the direction.

const ROWS: u32 = LANES / COLUMNS;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read_write> partial: array<vec4f>;    // (splits, D, partial_stride)

@compute @workgroup_size(WG)
fn weight_gradient(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let direction = group.z;
    let part = part_of(group.y);
    let items = (right_quads() + COLUMNS - 1u) / COLUMNS;
    let first_r = group.x % items * COLUMNS;
    let r = min(first_r + lane % COLUMNS, right_quads() - 1u);
    // A lane beyond the edge repeats the last quad, and does not store the repetition.
    let first_l = group.x / items * OWN * LANES + lane;
    var own: array<u32, OWN>;
    for (var i = 0u; i < OWN; i++) {
        own[i] = min(first_l + i * LANES, left_quads() - 1u);
    }

    var sums: array<array<mat4x4f, COLUMNS>, OWN>;
    let end_t = bound(part.end_t, group);
    let end_row = bound(part.end_row, group);
    for (var t = part.first_t; t < end_t; t++) {
        var at_left: array<u32, OWN>;
        for (var i = 0u; i < OWN; i++) {
            at_left[i] = left_at(direction, t, own[i]);
        }
        let right_t = right_at(direction, t, r);
        for (var row = part.first_row; row < end_row; row += ROWS) {
            let mine = row + lane / COLUMNS;
            // Rows beyond the end repeat the last one, by nothing.
            let values = right(right_t, min(mine, end_row - 1u), r);
            let all = spread(select(vec4f(0.0), values, mine < end_row));
            // lavapipe unrolls a loop for the arrays that are as long as it.
            var right_of: array<array<vec4f, COLUMNS>, ROWS>;
            for (var b = 0u; b < ROWS; b++) {
                for (var j = 0u; j < COLUMNS; j++) {
                    right_of[b][j] = all[b * COLUMNS + j];
                }
            }
            for (var b = 0u; b < ROWS; b++) {
                let left_row = min(row + b, end_row - 1u) * left_stride();
                for (var i = 0u; i < OWN; i++) {
                    let values = left(at_left[i] + left_row, own[i]);
                    for (var j = 0u; j < COLUMNS; j++) {
                        sums[i][j] += outer(values, right_of[b][j]);
                    }
                }
            }
        }
    }

    let at = (group.y * dims.directions + direction) * dims.partial_stride + partial_base();
    // As in product.wgsl.
    let lefts = bound(OWN, group);
    let rights = bound(COLUMNS, group);
    for (var i = 0u; i < lefts; i++) {
        let l = first_l + i * LANES;
        for (var j = 0u; j < rights; j++) {
            var tile: mat4x4f;
            for (var other = 0u; other < OWN; other++) {
                for (var column = 0u; column < COLUMNS; column++) {
                    tile = chosen(other == i && column == j, sums[other][column], tile);
                }
            }
            if (l < left_quads() && first_r + j < right_quads()) {
                for (var c = 0u; c < 4u; c++) {
                    partial[at + (l * 4u + c) * right_quads() + first_r + j] = tile[c];
                }
            }
        }
    }
}
