// The two sides of a product of rows in the form that tiles/product.wgsl wants.

// Four rows by four k, a matrix column a k.
fn left_block(segment: u32, which: Which, row_quad: u32, k: u32) -> mat4x4f {
    var rows: mat4x4f;
    for (var r = 0u; r < 4u; r++) {
        let row = min(row_quad * 4u + r, row_count(which) - 1u);
        rows[r] = left_value(left_at(segment, which, row) + k);
    }
    return transpose(rows);
}

fn right_block(segment: u32, which: Which, k: u32, item: u32, c: u32) -> vec4f {
    return right_value(right_at(segment, which) + k * right_stride() + column(item, c));
}
