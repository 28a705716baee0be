//! Which SIMD instructions the engine uses.

use pulp::{Arch, WithSimd};

/// Whether a module for browsers is built with SIMD: it then cannot be loaded without, and has the kernels once, which
/// halves them.
#[cfg(target_arch = "wasm32")]
const ALWAYS_SIMD: bool = cfg!(target_feature = "simd128");
#[cfg(not(target_arch = "wasm32"))]
const ALWAYS_SIMD: bool = false;

/// A set of SIMD instructions that this machine has. The kernels are compiled once for each and chosen when the engine
/// is made.
#[derive(Clone, Copy, Debug)]
pub struct Level(Arch);

impl Level {
    /// The widest that this machine has.
    pub fn best() -> Self {
        Level(Arch::new())
    }

    /// Every level that this machine has, the widest first and the scalar one last.
    pub fn available() -> Vec<Self> {
        let mut levels = vec![Level::best()];
        #[cfg(target_arch = "x86_64")]
        if matches!(levels[0].0, Arch::V4(_)) {
            levels.extend(pulp::x86::V3::try_new().map(|simd| Level(Arch::V3(simd))));
        }
        if !ALWAYS_SIMD && !matches!(levels[0].0, Arch::Scalar) {
            levels.push(Level(Arch::Scalar));
        }
        levels
    }

    /// The name of the instruction set.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Arch::V4(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Arch::V3(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(_) => "neon",
            #[cfg(target_arch = "wasm32")]
            Arch::Simd128(_) => "wasm simd128",
            _ => "scalar",
        }
    }

    /// Runs `operation` compiled for this level.
    pub(super) fn dispatch<Operation: WithSimd>(self, operation: Operation) -> Operation::Output {
        #[cfg(target_arch = "wasm32")]
        if let (true, Arch::Simd128(simd)) = (ALWAYS_SIMD, self.0) {
            return pulp::Simd::vectorize(simd, operation);
        } else if ALWAYS_SIMD {
            unreachable!("a module that is built with SIMD has no other level than {}", self.name());
        }
        self.0.dispatch(operation)
    }
}

impl Default for Level {
    fn default() -> Self {
        Level::best()
    }
}
