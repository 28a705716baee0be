// The invocations of a row tell each other through workgroup memory.

var<workgroup> sh: array<vec4f, SH>;    // (ABREAST, HQ)

// What each invocation of the row has.
fn everyone(lid: u32, mine: vec4f) -> array<vec4f, HQ> {
    sh[lid] = mine;
    workgroupBarrier();
    var all: array<vec4f, HQ>;
    for (var q = 0u; q < HQ; q++) {
        all[q] = sh[lid - quad + q];
    }
    workgroupBarrier();
    return all;
}

// The sum over the rows abreast.
fn over_rows(lid: u32, mine: vec4f) -> vec4f {
    sh[lid] = mine;
    workgroupBarrier();
    var sum = vec4f(0.0);
    for (var row = 0u; row < ABREAST; row++) {
        sum += sh[row * HQ + quad];
    }
    workgroupBarrier();
    return sum;
}
