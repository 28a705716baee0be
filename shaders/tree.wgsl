// The sum of one value of each invocation of a workgroup, in a tree of fixed shape: the same bits every time.

var<workgroup> sh_sum: array<f32, WG>;

fn tree_sum(lid: u32, value: f32) -> f32 {
    sh_sum[lid] = value;
    workgroupBarrier();
    for (var width = WG / 2u; width > 0u; width /= 2u) {
        if (lid < width) {
            sh_sum[lid] += sh_sum[lid + width];
        }
        workgroupBarrier();
    }
    return sh_sum[0];
}
