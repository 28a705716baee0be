//! What stands in for `adapters.rs` without the feature `gpu`.

use super::cpu;
use super::device::Device;
use crate::error::{Error, Result};

/// The device of any word but `cpu`.
pub async fn select(wanted: &str) -> Result<Device> {
    if wanted == "auto" {
        return Ok(Device::Cpu(cpu::Options::default()));
    }
    let available = "refrain was built without the feature `gpu`, which has the adapters".to_owned();
    Err(Error::NoAdapter { wanted: wanted.to_owned(), available })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_the_cpu_engine_alone() {
        let selected = |wanted| pollster::block_on(select(wanted));
        assert!(matches!(selected("auto"), Ok(Device::Cpu(_))));
        for wanted in ["gpu", "llvmpipe"] {
            let refused = selected(wanted).unwrap_err().to_string();
            assert!(refused.contains(wanted) && refused.contains("without the feature `gpu`"), "{refused}");
        }
    }
}
