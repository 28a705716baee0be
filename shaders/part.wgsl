// The part of the steps and of the batch's rows that one split of a weight gradient sums over.

struct Part {
    first_t: u32,
    end_t: u32,
    first_row: u32,
    end_row: u32,
}

fn part_of(split: u32) -> Part {
    let steps = dims.steps - first_step();
    let steps_a_split = (steps + dims.step_splits - 1u) / dims.step_splits;
    let rows_a_split = (step.rows + dims.row_splits - 1u) / dims.row_splits;
    let first_t = first_step() + split / dims.row_splits * steps_a_split;
    let first_row = split % dims.row_splits * rows_a_split;
    let end_t = min(first_t + steps_a_split, dims.steps);
    return Part(first_t, end_t, first_row, min(first_row + rows_a_split, step.rows));
}
