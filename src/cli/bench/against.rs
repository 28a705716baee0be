//! The file that `benches/pytorch.py` wrote.

use anyhow::{Context, ensure};
use refrain::engine::DeviceInfo;
use serde::Deserialize;
use std::path::Path;

/// What PyTorch measured, on one machine.
#[derive(Debug, Deserialize)]
pub struct Against {
    /// PyTorch's version.
    torch: String,
    /// The processor.
    cpu: String,
    /// The GPU, where there was one.
    cuda: Option<String>,
    results: Vec<Measured>,
}

/// One row under one setting.
#[derive(Debug, Deserialize)]
struct Measured {
    name: String,
    /// `cpu` or `cuda`.
    device: String,
    #[serde(default)]
    tf32: bool,
    median_ms: f64,
}

impl Against {
    /// Reads the file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let place = || format!("--against: {}", path.display());
        let bytes = std::fs::read(path).with_context(place)?;
        let against: Against =
            serde_json::from_slice(&bytes).context("not a file of benches/pytorch.py").with_context(place)?;
        for Measured { name, median_ms, .. } in &against.results {
            let positive = median_ms.is_finite() && *median_ms > 0.0;
            ensure!(positive, "{}: {name}: median_ms is {median_ms}, expected a time above 0", place());
        }
        Ok(against)
    }

    /// A GPU is compared with PyTorch's, where there was one; anything else with PyTorch on the processor.
    fn on_cuda(&self, device: &DeviceInfo) -> bool {
        device.kind != "cpu" && self.cuda.is_some()
    }

    /// What a device is compared with, in words.
    pub fn title(&self, device: &DeviceInfo) -> String {
        match &self.cuda {
            Some(cuda) if self.on_cuda(device) => format!("PyTorch {} on {cuda}, TF32 off", self.torch),
            _ => format!("PyTorch {} on {}, its better thread count", self.torch, self.cpu),
        }
    }

    /// PyTorch's best time for a row, where it has one.
    pub fn median_ms(&self, device: &DeviceInfo, row: &str) -> Option<f64> {
        let wanted = if self.on_cuda(device) { "cuda" } else { "cpu" };
        let rows = self.results.iter().filter(|found| found.name == row && found.device == wanted && !found.tf32);
        rows.map(|found| found.median_ms).min_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"torch": "2", "cpu": "P", "cuda": "G", "results": [
        {"name": "a", "device": "cpu", "threads": 1, "median_ms": 2.0},
        {"name": "a", "device": "cpu", "threads": 8, "median_ms": 3.0},
        {"name": "a", "device": "cuda", "tf32": true, "median_ms": 0.5},
        {"name": "a", "device": "cuda", "tf32": false, "median_ms": 0.75}]}"#;

    #[test]
    fn a_device_is_held_against_its_like() {
        let info =
            |kind: &str| DeviceInfo { name: "".into(), backend: "".into(), driver: "".into(), kind: kind.into() };
        let against: Against = serde_json::from_str(FILE).unwrap();
        assert_eq!(against.median_ms(&info("cpu"), "a"), Some(2.0));
        assert_eq!(against.median_ms(&info("discrete-gpu"), "a"), Some(0.75));
        assert_eq!(against.median_ms(&info("cpu"), "b"), None);
        let without = Against { cuda: None, ..against };
        assert_eq!(without.median_ms(&info("discrete-gpu"), "a"), Some(2.0));
    }

    #[test]
    fn another_file_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("times.json");
        for text in ["", "{}", "[1]", &FILE.replace("2.0", "0"), &FILE.replace("2.0", "-1")] {
            std::fs::write(&path, text).unwrap();
            let refused = format!("{:#}", Against::read(&path).unwrap_err());
            assert!(refused.starts_with("--against: ") && refused.contains("times.json"), "{refused}");
        }
    }
}
