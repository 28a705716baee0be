// A subgroup of 16 lanes.

const LANES: u32 = 16u;

// What each lane has, for every lane.
fn spread(mine: vec4f) -> array<vec4f, LANES> {
    return array<vec4f, LANES>(
        subgroupBroadcast(mine, 0u),
        subgroupBroadcast(mine, 1u),
        subgroupBroadcast(mine, 2u),
        subgroupBroadcast(mine, 3u),
        subgroupBroadcast(mine, 4u),
        subgroupBroadcast(mine, 5u),
        subgroupBroadcast(mine, 6u),
        subgroupBroadcast(mine, 7u),
        subgroupBroadcast(mine, 8u),
        subgroupBroadcast(mine, 9u),
        subgroupBroadcast(mine, 10u),
        subgroupBroadcast(mine, 11u),
        subgroupBroadcast(mine, 12u),
        subgroupBroadcast(mine, 13u),
        subgroupBroadcast(mine, 14u),
        subgroupBroadcast(mine, 15u),
    );
}
