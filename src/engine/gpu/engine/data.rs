//! Windows on the device: the series, where each window lies in it, and what it is to be answered with.

use crate::data::{Targets, Windows};
use crate::engine::gpu::device::{Array, Gpu};
use crate::engine::gpu::kernels::Window;
use crate::engine::gpu::plan::DataShape;
use crate::error::{Error, Result};

/// Windows whose places the host holds at a time: millions would take it as many bytes as the device.
const AT_A_TIME: usize = 1 << 16;

/// Windows on the device.
#[derive(Debug)]
pub struct Data {
    /// [len, I], and behind it what each window is centred by, [N, centered].
    pub series: Array,
    /// [N] of [`Window`].
    pub places: Array,
    /// [N, target]; empty where targets are steps of the series.
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
        let shape = DataShape::of(windows, windows.count());
        let data = || {
            Ok(Data {
                series: gpu.values::<f32>("series", shape.series + shape.windows * shape.centered)?,
                places: gpu.values::<Window>("windows", shape.windows)?,
                targets: gpu.values::<f32>("targets", shape.given_targets())?,
                order: gpu.values::<u32>("order", shape.order)?,
                room: shape.order,
                windows: windows.clone(),
            })
        };
        let data = data().map_err(|error: Error| {
            error.with_remedy("take fewer windows, or windows that overlap in a shorter series, or `Device::Cpu`")
        })?;
        data.write(gpu, None);
        Ok(data)
    }

    /// Its shape.
    pub fn shape(&self) -> DataShape {
        DataShape::of(&self.windows, self.room)
    }

    /// Makes room for batches of `rows` windows, of which some are then the same; whether plans have to bind the new
    /// `order`.
    pub fn make_room(&mut self, gpu: &Gpu, rows: usize) -> Result<bool> {
        if rows <= self.room {
            return Ok(false);
        }
        self.order = gpu.values::<u32>("order", rows)?;
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
        let (_, centered) = windows.center();
        if centered > 0 {
            let base = |n: usize| (0..centered).map(move |feature| windows.base(n, feature));
            self.write_windows(gpu, &self.series, |at| windows.series().len() + at * centered, base);
        }
        if let Targets::Given { values, .. } = windows.targets()
            && before.is_none_or(|before| before.targets() != windows.targets())
        {
            gpu.write(&self.targets, 0, values);
        }
        if before.is_some_and(|before| (before.starts(), before.lengths()) == (windows.starts(), windows.lengths())) {
            return;
        }
        let place = |n: usize| [Window { start: windows.starts()[n], length: windows.length(n) as u32 }];
        self.write_windows(gpu, &self.places, |at| at, place);
    }

    /// Writes some values of each window, those of window n from value `at(n)` on.
    fn write_windows<T: bytemuck::NoUninit, V: IntoIterator<Item = T>>(
        &self,
        gpu: &Gpu,
        array: &Array,
        at: impl Fn(usize) -> usize,
        values: impl Fn(usize) -> V,
    ) {
        for first in (0..self.windows.count()).step_by(AT_A_TIME) {
            let last = self.windows.count().min(first + AT_A_TIME);
            gpu.write(array, at(first), &(first..last).flat_map(&values).collect::<Vec<_>>());
        }
    }
}
