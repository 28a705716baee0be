// Functions of the cells, finite for every finite argument.

// WGSL's exp may overflow to an indeterminate value: exp is taken of what is at most 0 alone.
fn sigmoid(x: vec4f) -> vec4f {
    let e = exp(-abs(x));
    return select(e, vec4f(1.0), x >= vec4f(0.0)) / (1.0 + e);
}

// WGSL's own tanh may be NaN where |x| > 88 and is inexact near 0 on some adapters, as (1 - e) / (1 + e) would be: below
// 0.6 an odd polynomial (Cephes, tanhf: relative error 2e-7) takes over.
fn tanh_of(x: vec4f) -> vec4f {
    let a = abs(x);
    let e = exp(-2.0 * a);
    let far = sign(x) * (1.0 - e) / (1.0 + e);
    let z = x * x;
    let p = (((-5.70498872745e-3 * z + 2.06390887954e-2) * z - 5.37397155531e-2) * z + 1.33314422036e-1) * z
        - 3.33332819422e-1;
    return select(far, p * z * x + x, a < vec4f(0.625));
}

// A tile is four rows (columns of the matrix) by four units (components). `rows` holds one value a row.
fn outer(rows: vec4f, units: vec4f) -> mat4x4f {
    return mat4x4f(rows.x * units, rows.y * units, rows.z * units, rows.w * units);
}

// A tile whose four rows are the same.
fn same_rows(units: vec4f) -> mat4x4f {
    return mat4x4f(units, units, units, units);
}

// Block `there` where it is the one wanted, else `otherwise`. Arrays of blocks are read and written by running a block at a
// time past all of them: the code that loads or stores one stands there once, and yet constants alone index the arrays.
fn chosen(is_it: bool, there: mat4x4f, otherwise: mat4x4f) -> mat4x4f {
    var block: mat4x4f;
    for (var c = 0u; c < 4u; c++) {
        block[c] = select(otherwise[c], there[c], is_it);
    }
    return block;
}
