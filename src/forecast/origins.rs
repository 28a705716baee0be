//! Where series lie in a stack, and from where in them windows are forecast.

use super::normalize::Basis;
use super::plan::Plan;
use crate::data::Windows;
use crate::error::{Error, Result};
use std::ops::Range;

/// A series among others, or one target of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The place of the series in the table.
    pub series: usize,
    /// Its first target here, of which there are [`Plan::width`].
    pub target: usize,
    /// Its first row in the stack.
    pub first: usize,
    /// Rows of the series before that one, which are left out.
    pub skipped: usize,
    /// Rows of the series, those left out included.
    pub rows: usize,
}

impl Segment {
    /// The row of the series that stands at row `end` of the stack.
    pub fn origin(&self, end: u32) -> usize {
        end as usize - self.first + self.skipped
    }

    /// The row of the stack at which the series' row `origin` stands.
    ///
    /// # Errors
    /// [`Error::Config`] where the rows of all series are 2^32 or more.
    pub fn end(&self, origin: usize) -> Result<u32> {
        let refuse = |_| Error::config("rows of all series", self.first + self.rows, "fewer than 2^32");
        u32::try_from(self.first + origin - self.skipped).map_err(refuse)
    }

    /// The rows of the stack before which windows end, and from which on `horizon` rows of `within` follow, every `stride`-th.
    ///
    /// # Errors
    /// [`Error::Config`] where the rows of all series are 2^32 or more.
    pub fn ends(
        &self,
        plan: &Plan,
        within: Range<usize>,
        horizon: usize,
        stride: usize,
    ) -> Result<impl Iterator<Item = u32> + use<>> {
        let (first, skipped) = (self.first, self.skipped);
        let end = (within.end.min(self.rows) + 1).saturating_sub(horizon);
        self.end(skipped + self.rows)?;
        let origins = within.start.max(skipped + plan.least())..end;
        Ok(origins.step_by(stride).map(move |origin| (first + origin - skipped) as u32))
    }
}

/// From where in which series windows are forecast, and how they were normalised.
#[derive(Clone, Debug)]
pub struct Origins {
    /// The stack's segments, in order.
    pub segments: Vec<Segment>,
    /// The row of the stack after each window, `[N]`.
    pub ends: Vec<u32>,
    /// Rows of a window, but of those at the beginning of a series, which may have fewer.
    pub window: usize,
    /// What each target of each window was normalised by, [N, width], where windows are copies; else empty.
    pub bases: Vec<Basis>,
}

impl Origins {
    /// The place of a window's segment.
    pub fn place(&self, id: usize) -> usize {
        let end = self.ends[id] as usize;
        self.segments.partition_point(|segment| segment.first < end) - 1
    }

    /// The rows of a window.
    pub fn rows(&self, id: usize) -> usize {
        self.window.min(self.ends[id] as usize - self.segment(id).first)
    }

    /// A window's segment.
    pub fn segment(&self, id: usize) -> Segment {
        self.segments[self.place(id)]
    }

    /// The segment of a window, and the row of its series that is the first to be forecast.
    pub fn of(&self, id: usize) -> (Segment, usize) {
        let segment = self.segment(id);
        (segment, segment.origin(self.ends[id]))
    }

    /// What the target `column` of window `id` was normalised by.
    pub fn basis(&self, windows: &Windows, id: usize, column: usize, width: usize) -> Basis {
        let copied = self.bases.get(id * width + column).copied();
        copied.unwrap_or_else(|| Basis { base: windows.base(id, column), factor: 1.0 })
    }
}
