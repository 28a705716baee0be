// What the scans read: weights transposed, in quads of units, padded with zeros, both biases added into one value a slot.
// Sections of `packed`, per direction:
//     hidden (HQ * 4, G, HQ), hidden_t (G, HQ * 4, HQ), bias (SLOTS, HQ), input (input_quads * 4, G, HQ),
//     input_t (G, HQ * 4, input_quads), and for the fused kernel the head: weights (O, HQ), bias (ceil(O / 4)).
// The recurrent ones come first, so that they lie alike in every layer.

fn weight_ih(base: u32, gate: u32, unit: u32, i: u32) -> f32 {
    let column = column_of(i);
    if (unit < dims.hidden && i < dims.inputs && column != NO_COLUMN) {
        return parameters[base + dims.at_weight_ih + (gate * dims.hidden + unit) * dims.input_features + column];
    }
    return 0.0;
}

fn weight_hh(base: u32, gate: u32, unit: u32, k: u32) -> f32 {
    if (unit < dims.hidden && k < dims.hidden) {
        return parameters[base + dims.at_weight_hh + (gate * dims.hidden + unit) * dims.hidden + k];
    }
    return 0.0;
}

fn bias(base: u32, slot: u32, unit: u32) -> f32 {
    var sum = 0.0;
    if (unit < dims.hidden) {
        for (var gate = 0u; gate < GATES; gate++) {
            if (INPUT_SLOT[gate] == slot) {
                sum += parameters[base + dims.at_bias_ih + gate * dims.hidden + unit];
            }
            if (HIDDEN_SLOT[gate] == slot) {
                sum += parameters[base + dims.at_bias_hh + gate * dims.hidden + unit];
            }
        }
    }
    return sum;
}

fn head_weight(o: u32, k: u32) -> f32 {
    if (k < dims.hidden) {
        return parameters[dims.at_head_weight + o * dims.hidden + k];
    }
    return 0.0;
}

fn head_bias(o: u32) -> f32 {
    if (o < dims.outputs) {
        return parameters[dims.at_head_bias + o];
    }
    return 0.0;
}

// Vector `item` of `packed`.
fn packed_of(item: u32) -> vec4f {
    let base = item / dims.packed_stride * dims.param_stride;
    let at = item % dims.packed_stride;
    let units = dims.hidden_quads * 4u;
    var values: vec4f;
    for (var c = 0u; c < 4u; c++) {
        if (at < dims.at_hidden_t) {
            let unit = at % dims.hidden_quads * 4u + c;
            let gate = at / dims.hidden_quads % GATES;
            values[c] = weight_hh(base, gate, unit, at / (dims.hidden_quads * GATES));
        } else if (at < dims.at_bias) {
            let local = at - dims.at_hidden_t;
            let row = local / dims.hidden_quads;
            values[c] = weight_hh(base, row / units, row % units, local % dims.hidden_quads * 4u + c);
        } else if (at < dims.at_input_w) {
            let local = at - dims.at_bias;
            values[c] = bias(base, local / dims.hidden_quads, local % dims.hidden_quads * 4u + c);
        } else if (at < dims.at_input_t) {
            let local = at - dims.at_input_w;
            let unit = local % dims.hidden_quads * 4u + c;
            let gate = local / dims.hidden_quads % GATES;
            values[c] = weight_ih(base, gate, unit, local / (dims.hidden_quads * GATES));
        } else if (at < dims.at_head) {
            let local = at - dims.at_input_t;
            let row = local / dims.input_quads;
            values[c] = weight_ih(base, row / units, row % units, local % dims.input_quads * 4u + c);
        } else if (at < dims.at_head + dims.outputs * dims.hidden_quads) {
            let local = at - dims.at_head;
            values[c] = head_weight(local / dims.hidden_quads, local % dims.hidden_quads * 4u + c);
        } else {
            values[c] = head_bias((at - dims.at_head - dims.outputs * dims.hidden_quads) * 4u + c);
        }
    }
    return values;
}
