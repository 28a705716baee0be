// A subgroup of 4 lanes.

const LANES: u32 = 4u;

// What each lane has, for every lane.
fn spread(mine: vec4f) -> array<vec4f, LANES> {
    return array<vec4f, LANES>(
        subgroupBroadcast(mine, 0u),
        subgroupBroadcast(mine, 1u),
        subgroupBroadcast(mine, 2u),
        subgroupBroadcast(mine, 3u),
    );
}
