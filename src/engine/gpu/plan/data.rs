//! Windows on the device: the series, where each window lies in it, and what it is to be answered with.

use super::super::context::Gpu;
use super::super::dims::Window;
use crate::data::{Targets, Windows};
use crate::error::Result;
use wgpu::Buffer;

/// Windows on the device.
#[derive(Debug)]
pub struct Data {
    /// [len, I].
    pub series: Buffer,
    /// [N] of [`Window`].
    pub places: Buffer,
    /// [N, target]; empty where targets lie ahead in the series.
    pub targets: Buffer,
    /// The windows in the order of use, [N].
    pub order: Buffer,
    /// The windows themselves.
    pub windows: Windows,
}

impl Data {
    /// Uploads windows.
    pub fn new(gpu: &Gpu, windows: &Windows) -> Result<Self> {
        let targets = match windows.targets() {
            Targets::Given { values, .. } => values.len(),
            Targets::Ahead { .. } => 0,
        };
        let data = Data {
            series: gpu.storage::<f32>("series", windows.series().len())?,
            places: gpu.storage::<Window>("windows", windows.count())?,
            targets: gpu.storage::<f32>("targets", targets)?,
            order: gpu.storage::<u32>("order", windows.count())?,
            windows: windows.clone(),
        };
        data.write(gpu);
        Ok(data)
    }

    /// Puts other windows of the same shapes in their place.
    pub fn replace(&mut self, gpu: &Gpu, windows: &Windows) {
        self.windows = windows.clone();
        self.write(gpu);
    }

    fn write(&self, gpu: &Gpu) {
        let windows = &self.windows;
        let place = |(n, &start): (usize, &u32)| Window { start, length: windows.length(n) as u32 };
        gpu.write(&self.series, 0, windows.series());
        gpu.write(&self.places, 0, &windows.starts().iter().enumerate().map(place).collect::<Vec<_>>());
        if let Targets::Given { values, .. } = windows.targets() {
            gpu.write(&self.targets, 0, values);
        }
    }
}
