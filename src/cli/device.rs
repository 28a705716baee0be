//! The one place where a device is chosen.

use super::console::Console;
use refrain::data::{Sequences, Windows};
use refrain::engine::cpu::CpuEngine;
use refrain::engine::{DeviceInfo, Engine, Gradients, Outputs, Steps};
use refrain::model::{Layout, Spec, initial_parameters};
use refrain::{Error, Result};

/// The most parameters that a command makes a network of: 2^28. With gradients and Adam's moments these are 4 GiB.
const MOST_PARAMETERS: u64 = 1 << 28;

/// A network on the device that was chosen.
#[derive(Debug)]
pub enum AnyEngine {
    Cpu(CpuEngine),
}

/// Puts a network with the initial weights of `seed` on the device that `wanted` names; see `--device` in
/// [`super::Common`]. Says so where that is not the device that one would expect.
pub async fn open(wanted: &str, spec: Spec, seed: u64, console: &Console) -> anyhow::Result<AnyEngine> {
    match wanted {
        "auto" => {
            let engine = cpu(spec, seed)?;
            console.warn(format_args!(
                "no hardware GPU found: the CPU engine takes its place ({})",
                engine.device().name
            ))?;
            Ok(AnyEngine::Cpu(engine))
        }
        "cpu" => Ok(AnyEngine::Cpu(cpu(spec, seed)?)),
        _ => Err(Error::NoAdapter { wanted: wanted.into(), available: "there is `cpu` alone".into() }.into()),
    }
}

fn cpu(spec: Spec, seed: u64) -> Result<CpuEngine> {
    CpuEngine::new(spec, &parameters(&spec, seed, "the CPU engine")?)
}

/// The initial weights, refused before they are made where they are too many for the device.
fn parameters(spec: &Spec, seed: u64, adapter: &str) -> Result<Vec<f32>> {
    spec.validate()?;
    let needed = Layout::new(spec).len() as u64;
    if needed > MOST_PARAMETERS {
        return Err(Error::Limit {
            what: format!("a network of {} hidden units", spec.hidden),
            needed,
            limit: MOST_PARAMETERS,
            unit: "parameters",
            adapter: adapter.into(),
            remedy: "take a smaller --hidden".into(),
        });
    }
    Ok(initial_parameters(spec, seed))
}

impl Engine for AnyEngine {
    fn device(&self) -> &DeviceInfo {
        match self {
            AnyEngine::Cpu(engine) => engine.device(),
        }
    }

    async fn parameters(&mut self) -> Result<Vec<f32>> {
        match self {
            AnyEngine::Cpu(engine) => engine.parameters().await,
        }
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        match self {
            AnyEngine::Cpu(engine) => engine.set_parameters(parameters),
        }
    }

    fn load(&mut self, windows: &Windows) -> Result<()> {
        match self {
            AnyEngine::Cpu(engine) => engine.load(windows),
        }
    }

    fn train(&mut self, steps: &Steps) -> Result<()> {
        match self {
            AnyEngine::Cpu(engine) => engine.train(steps),
        }
    }

    async fn losses(&mut self) -> Result<Vec<f32>> {
        match self {
            AnyEngine::Cpu(engine) => engine.losses().await,
        }
    }

    async fn predict(&mut self, ids: &[u32], batch: usize) -> Result<Vec<f32>> {
        match self {
            AnyEngine::Cpu(engine) => engine.predict(ids, batch).await,
        }
    }

    async fn forward(&mut self, sequences: &Sequences) -> Result<Outputs> {
        match self {
            AnyEngine::Cpu(engine) => engine.forward(sequences).await,
        }
    }

    async fn differentiate(&mut self, sequences: &Sequences, targets: &[f32]) -> Result<Gradients> {
        match self {
            AnyEngine::Cpu(engine) => engine.differentiate(sequences, targets).await,
        }
    }
}
