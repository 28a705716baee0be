//! The gradients of a batch: its tiles form groups, and each group adds up a gradient of its own.

use super::pass::{Backward, BackwardOptions, Forward, Minimised, Source, Task};
use super::threads::{Machine, Workspaces};
use super::tile::Workspace;
use std::ops::Range;

/// The most groups of a batch, and with them the most threads that a training step can use.
const MAX_GROUPS: usize = 64;
/// Values that all groups' gradients may have together, where four of them have fewer: 64 MB.
const MAX_VALUES: usize = 1 << 24;

/// What a group of tiles of one batch adds to the loss and the gradient. How a batch falls into groups depends on its
/// shape alone, so that the sum over them does not depend on threads or timing.
#[derive(Debug)]
pub(super) struct Group {
    pub tiles: Range<usize>,
    /// The sum of the loss's terms.
    terms: f64,
    pub gradient: Vec<f32>,
}

impl Group {
    /// Sets the sums to zero.
    pub fn begin(&mut self) {
        self.gradient.fill(0.0);
        self.terms = 0.0;
    }
}

/// The groups of a batch.
#[derive(Debug, Default)]
pub(super) struct Groups(Vec<Group>);

impl Groups {
    /// One group, of the whole batch.
    pub fn one(&mut self, parameters: usize) -> &mut [Group] {
        self.of(1, 1, parameters)
    }

    /// Divides a batch of `rows` into groups; allocates only where none before had as many.
    pub fn of(&mut self, rows: usize, lanes: usize, parameters: usize) -> &mut [Group] {
        let tiles = rows.div_ceil(lanes);
        let count = group_count(tiles, parameters);
        while self.0.len() < count {
            self.0.push(Group { tiles: 0..0, terms: 0.0, gradient: vec![0.0; parameters] });
        }
        for (index, group) in self.0[..count].iter_mut().enumerate() {
            group.tiles = index * tiles / count..(index + 1) * tiles / count;
        }
        &mut self.0[..count]
    }
}

/// How many groups so many tiles form.
pub(super) fn group_count(tiles: usize, parameters: usize) -> usize {
    tiles.min(MAX_GROUPS).min((MAX_VALUES / parameters).max(4))
}

/// Computes the gradients of all groups, and returns the loss. `seen` is called with each tile's rows and its
/// workspace.
pub(super) fn differentiate(
    (machine, workspaces): (&Machine, &Workspaces),
    task: &Task<'_>,
    minimised: &Minimised<'_>,
    with_d_x: bool,
    groups: &mut [Group],
    seen: impl Fn(&Range<usize>, &Workspace) + Send + Sync,
) -> f32 {
    let batch = minimised.batch;
    let options = &BackwardOptions { source: Source::Loss(*minimised), with_d_x };
    machine.threads.each(workspaces, groups, |group, workspace| {
        group.begin();
        for tile in group.tiles.clone() {
            let rows = tile_rows(tile, machine.lanes, batch.rows());
            machine.level.dispatch(Forward { task, batch, rows: rows.clone(), times: 0..batch.steps(), workspace });
            let gradient = &mut group.gradient;
            group.terms += machine.level.dispatch(Backward { task, options, rows: rows.clone(), workspace, gradient });
            seen(&rows, workspace);
        }
    });
    (groups.iter().map(|group| group.terms).sum::<f64>() / minimised.terms as f64) as f32
}

/// The rows of a tile of a batch.
pub(super) fn tile_rows(tile: usize, lanes: usize, rows: usize) -> Range<usize> {
    tile * lanes..rows.min((tile + 1) * lanes)
}
