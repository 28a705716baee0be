// The invocations of a row are the first lanes of a subgroup, which is a workgroup.

// What each invocation of the row has.
fn everyone(lid: u32, mine: vec4f) -> array<vec4f, HQ> {
    let lanes = spread(mine);
    var all: array<vec4f, HQ>;
    for (var q = 0u; q < HQ; q++) {
        all[q] = lanes[q];
    }
    return all;
}

// The sum over the rows abreast: there is one.
fn over_rows(lid: u32, mine: vec4f) -> vec4f {
    return mine;
}
