// What every cell is made of, and what a cell file defines. GATES, SLOTS, STATES are constants of the cell.
//
// A cell file defines the pointwise step on four units of one row,
//     cell_forward(pre: Slots, prev: States) -> CellStep
//     cell_backward(tape: Slots, prev: States, next: States, d_next: States) -> CellGradient
// and, on a tile of four rows by four units, which gate of the weights feeds which slot:
//     bias_of(at): the bias packed[at + slot * HQ] in every row of each slot
//     weights_at(at): four units' weights of each gate, packed[at + gate * HQ]
//     add_input(tiles, rows, w), add_hidden(tiles, rows, w): the tile with rows x w[gate] added to the gate's slot
//     rows_of(tiles): the four rows, all slots of each.
// Tiles are passed by value and indexed by constants: an array in memory would cost more than the arithmetic.
// INPUT_SLOT and HIDDEN_SLOT are the same maps as constant arrays, for kernels that need the number alone.

alias Slots = array<vec4f, SLOTS>;
alias States = array<vec4f, STATES>;
alias Weights = array<vec4f, GATES>;

struct CellStep {
    next: States,
    tape: Slots,
}

struct CellGradient {
    // Gradients of the pre-activations.
    deltas: Slots,
    // Gradient of the states before, less what comes through the recurrent weights.
    d_prev: States,
}
