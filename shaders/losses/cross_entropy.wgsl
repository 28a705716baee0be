// Cross-entropy over classes, ln sum_o exp(y[o]) - y[class], finite for every finite y: exp is taken of what is at most 0
// alone. An item is a position. Source: torch.nn.CrossEntropyLoss with class indices.

fn items_of_row() -> u32 {
    return read_steps();
}

fn loss_of(row: u32, position: u32, outputs: u32) -> f32 {
    let at = output_at(row, position);
    if (!counts(row, position)) {
        for (var o = 0u; o < outputs; o++) {
            d_y[at + o] = 0.0;
        }
        return 0.0;
    }
    var largest = y[at];
    for (var o = 1u; o < outputs; o++) {
        largest = max(largest, y[at + o]);
    }
    var sum = 0.0;
    for (var o = 0u; o < outputs; o++) {
        sum += exp(y[at + o] - largest);
    }
    let truth = u32(target_of(row, position));
    for (var o = 0u; o < outputs; o++) {
        let probability = exp(y[at + o] - largest) / sum;
        d_y[at + o] = (probability - select(0.0, 1.0, o == truth)) * step.term_scale;
    }
    return log(sum) - (y[at + truth] - largest);
}
