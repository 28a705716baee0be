// The shapes of one layer and the constants of one step, appended to every kernel. Rust twins: src/engine/gpu/dims.rs; a
// test compares the offsets.
//
// Quads: units and rows are handled four at a time. A hidden vector is padded to HQ quads of units; padded units have
// zero weights and stay exactly zero. On GPUs a batch is padded to B = 4 * row quads; padded rows get no gradient.

struct Dims {
    rows: u32,              // B: batch rows a buffer holds, on GPUs a multiple of 4
    steps: u32,             // T
    directions: u32,        // D
    hidden: u32,            // H
    hidden_quads: u32,      // HQ = ceil(H / 4)
    inputs: u32,            // features the layer's input holds, padding included
    input_quads: u32,       // ceil(inputs / 4)
    row_quads: u32,         // row quads of one workgroup of a scan
    outputs: u32,           // O
    read_every: u32,        // 1 where the gradient of this layer's output has all T steps, 0 where only the last
    step_splits: u32,       // parts that the steps are cut into for the partial sums of a weight gradient
    row_splits: u32,        // parts that the batch rows are cut into; splits = step_splits * row_splits
    packed_stride: u32,     // vec4s of one direction in `packed`
    at_hidden_t: u32,       // where in it, behind the recurrent weights, their transpose begins: [G, HQ * 4, HQ]
    at_bias: u32,           // [SLOTS, HQ]
    at_input_w: u32,        // the input weights: [input_quads * 4, G, HQ]
    at_input_t: u32,        // their transpose: [G, HQ * 4, input_quads]
    input_features: u32,    // columns of W_ih
    param_stride: u32,      // values of one direction in the parameter block
    at_weight_ih: u32,      // where the layer's first direction begins in it
    at_weight_hh: u32,
    at_bias_ih: u32,
    at_bias_hh: u32,
    at_head_weight: u32,
    at_head_bias: u32,
    parameters: u32,        // values of the parameter block
    at_hidden_partial: u32, // vec4s before the recurrent partial sums of one split and direction
    partial_stride: u32,    // vec4s of one split and direction
    at_head_partial: u32,   // vec4s before the head's partial sums
    chunk: u32,             // steps that one projection of the input covers
    room: u32,              // steps that the projected inputs have room for: a chunk, or all where they wait in the tape
    span: u32,              // steps that a scan, and what layers hand each other, covers: T, or in a wavefront fewer
    passes: u32,            // steps of the scan back: T, or one more for the gradient of the initial states
    at_input: u32,          // vec4s before the first step in the layer's input
    centered: u32,          // features that are centred
    center_mean: u32,       // 1 where their mean is subtracted, 0 where their last value
    target_len: u32,        // values of a window's target
    ahead: u32,             // features of a target's step, where targets lie ahead in the series
    layer_below: u32,       // the layer whose output this layer reads, counted from 0
    at_head: u32,           // where in `packed` the head begins, for the fused kernel: [O, HQ], and [ceil(O / 4)] biases
    at_loss_partial: u32,   // vec4s before the sum of the loss in the fused kernel's part of `partial`
    group_rows: u32,        // rows of one workgroup of the fused kernel
    parts: u32,             // its workgroups
    layers: u32,            // L; this and what follows are of all layers in one, see chains/layers.wgsl
    first_inputs: u32,      // `inputs` of the first layer
    input_stride: u32,      // vec4s between the inputs of two layers above the first
    at_states: u32,         // vec4s before the first layer in `states`
    states_stride: u32,     // vec4s of a layer in it
    tape_stride: u32,       // in `tape`
    pre_stride: u32,        // in `pre`
    d_states_stride: u32,   // in `d_states`
    d_out_stride: u32,      // in `d_out`
}

struct Step {
    levels: array<vec4f, 4>, // of the quantiles
    key: vec4u,         // of the dropout's hash
    rows: u32,          // batch rows in use
    first: u32,         // where the batch begins in `order`
    place: u32,         // where its loss and the square of its gradient's norm go
    inverse_count: f32, // 1 / terms of the loss
    term_scale: f32,    // the same times the loss scale: what gradients are multiplied by on their way back, see dims.rs
    unscale: f32,       // 1 / the loss scale
    quantiles: u32,     // outputs that share a target
    delta: f32,         // of Huber's loss
    threshold: u32,     // a unit is kept where its word is not below it
    scale: f32,         // what a unit that is kept is multiplied by
    max_norm: f32,      // the largest norm of a gradient, or 0
    decay: f32,         // the optimiser's constants: see update.wgsl
    penalty: f32,
    keep_m: f32,
    add_m: f32,
    keep_v: f32,
    add_v: f32,
    step_size: f32,
    inverse_root: f32,
    eps: f32,
    before: u32,        // rows of the batch in the portions before this one, to whose gradients its own are added
}

// Which dispatch it is of a kernel that takes one step of a sequence a dispatch, or where what it takes of the steps begins.
struct Time {
    s: u32,
}

// A window over the series.
struct Window {
    start: u32,     // its first step in the series
    length: u32,    // its steps, at most T
}

// A row of a batch.
struct Row {
    window: u32,    // the window that it is
    start: u32,     // of that window
    length: u32,    // of that window; 0 beyond the batch
}

// Which of a dispatch's products or scans: the chain of steps, and its step or the first of several, in the order in which it goes
// through them (chains/*.wgsl); of a weight gradient, the part.
struct Which {
    z: u32,
    s: u32,
}

// Steps of a row that have an output.
fn read_steps() -> u32 {
    return select(1u, dims.steps, dims.read_every == 1u);
}

// Quads of a layer's output row: both directions, each padded.
fn top_quads() -> u32 {
    return dims.directions * dims.hidden_quads;
}

fn split_count() -> u32 {
    return dims.step_splits * dims.row_splits;
}

// The item of an invocation where a dispatch counts items in x and, past the limit of x, in y.
fn flat(id: vec3u, groups: vec3u) -> u32 {
    return id.y * groups.x * WG + id.x;
}

// The same of workgroups.
fn flat_group(group: vec3u, groups: vec3u) -> u32 {
    return group.y * groups.x + group.x;
}

// The column of W_ih that feature i of a layer's input meets: padded units of the layer below meet none.
const NO_COLUMN: u32 = 0xffffffffu;

fn column_of(i: u32) -> u32 {
    if (dims.inputs == dims.input_features) {
        return i;
    }
    let side = dims.hidden_quads * 4u;
    return select(NO_COLUMN, i / side * dims.hidden + i % side, i % side < dims.hidden);
}

// Its inverse: where column k of W_ih, or of the head's weight, stands in a padded row.
fn padded(k: u32) -> u32 {
    return k / dims.hidden * dims.hidden_quads * 4u + k % dims.hidden;
}

// A bound of a loop that is the same for all invocations. Every loop over a size goes through here: lavapipe (Mesa 22.3)
// takes a bound, or a condition, that depends on uniforms alone as a reason to compile the kernel anew for its value, at every
// dispatch, as long as that makes it longer or half as long. One that names the workgroup it leaves alone, and to WGSL's rules
// the bound is as uniform as before.
fn bound(size: u32, group: vec3u) -> u32 {
    return size + (group.x >> 31u);
}
