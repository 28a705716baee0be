//! Windows on the device: the series, where each window lies in it, and what it is to be answered with.

use super::super::array::Array;
use super::super::context::Gpu;
use super::super::dims::Window;
use crate::data::{Targets, Windows};
use crate::error::{Error, Result};

/// Windows whose places the host holds at a time: millions would take it as many bytes as the device.
const PIECE: usize = 1 << 16;

/// Windows on the device.
#[derive(Debug)]
pub struct Data {
    /// [len, I].
    pub series: Array,
    /// [N] of [`Window`].
    pub places: Array,
    /// [N, target]; empty where targets lie ahead in the series.
    pub targets: Array,
    /// The windows in the order of use, at least [N].
    pub order: Array,
    /// Windows that `order` holds.
    pub room: usize,
    /// The windows themselves.
    pub windows: Windows,
}

impl Data {
    /// Uploads windows.
    pub fn new(gpu: &Gpu, windows: &Windows) -> Result<Self> {
        let targets = match windows.targets() {
            Targets::Given { values, .. } => values.len(),
            Targets::Horizon { .. } => 0,
        };
        let data = || {
            Ok(Data {
                series: gpu.storage::<f32>("series", windows.series().len())?,
                places: gpu.storage::<Window>("windows", windows.count())?,
                targets: gpu.storage::<f32>("targets", targets)?,
                order: gpu.storage::<u32>("order", windows.count())?,
                room: windows.count(),
                windows: windows.clone(),
            })
        };
        let data = data().map_err(|error: Error| {
            error.with_remedy("take fewer windows, or windows that overlap in a shorter series, or `--device cpu`")
        })?;
        data.write(gpu, None);
        Ok(data)
    }

    /// Makes room for batches of `rows` windows, of which some are then the same; whether plans have to bind the new `order`.
    pub fn make_room(&mut self, gpu: &Gpu, rows: usize) -> Result<bool> {
        if rows <= self.room {
            return Ok(false);
        }
        self.order = gpu.storage::<u32>("order", rows)?;
        self.room = rows;
        Ok(true)
    }

    /// Puts other windows of the same shapes in their place.
    pub fn replace(&mut self, gpu: &Gpu, windows: &Windows) {
        let before = std::mem::replace(&mut self.windows, windows.clone());
        self.write(gpu, Some(&before));
    }

    /// Writes what differs from `before`, which is there; the series in any case.
    fn write(&self, gpu: &Gpu, before: Option<&Windows>) {
        let windows = &self.windows;
        gpu.write(&self.series, 0, windows.series());
        if let Targets::Given { values, .. } = windows.targets()
            && before.is_none_or(|before| before.targets() != windows.targets())
        {
            gpu.write(&self.targets, 0, values);
        }
        if before.is_some_and(|before| (before.starts(), before.lengths()) == (windows.starts(), windows.lengths())) {
            return;
        }
        let place = |n: usize| Window { start: windows.starts()[n], length: windows.length(n) as u32 };
        for first in (0..windows.count()).step_by(PIECE) {
            let last = windows.count().min(first + PIECE);
            gpu.write(&self.places, first, &(first..last).map(place).collect::<Vec<_>>());
        }
    }
}
