//! What a time step is estimated to take, from counted work: the arithmetic of the choice between scans and a dispatch
//! a step. Every rate is an estimate from published figures (vendors' peaks, a quarter of which is assumed); none has
//! been measured on a GPU.

use super::cuts::ROW_QUAD;
use super::fused::fused;
use super::method::{Method, scan, steps};
use super::setup::Tuning;
use crate::model::Spec;

/// Operations of f32 that a unit does in a microsecond: 128 invocations at a time, at 1.6 GHz, do 410,000; a quarter of
/// these.
const FLOPS: f64 = 100_000.0;

/// Invocations that a unit runs at a time, and needs to be busy.
const INVOCATIONS: f64 = 128.0;

/// Bytes of weights that a unit reads from its cache in a microsecond: 64 a clock at 1.6 GHz.
const CACHE_BYTES: f64 = 100_000.0;

/// Microseconds that a dispatch costs beside its work, with the barrier before it.
const DISPATCH: f64 = 5.0;

/// Microseconds that a step of a scan waits for at least: a barrier, and the latency of a cache.
const STEP: f64 = 1.0;

/// Microseconds that a time step takes there and back, of all layers and directions.
pub fn step_time(tuning: &Tuning, spec: &Spec, rows: usize, method: Method) -> f64 {
    let layers = (spec.layers * spec.directions()) as f64;
    let weights = weight_bytes(tuning, spec);
    let flops = flops(spec, rows);
    let both = match method {
        Method::Scan { layouts, .. } => layouts.map(|layout| {
            let workgroups = layout.workgroups(rows) as f64;
            let of_unit = (workgroups / f64::from(tuning.capabilities.units)).ceil();
            let busy = (of_unit * f64::from(layout.invocations) / INVOCATIONS).min(1.0);
            let compute = of_unit * flops / workgroups / (FLOPS * busy);
            STEP + compute.max(of_unit * weights / CACHE_BYTES)
        }),
        Method::Steps { layouts } => {
            let quads = spec.hidden.div_ceil(4);
            let columns = [quads * spec.facts().gates, quads];
            [0, 1].map(|way| {
                let workgroups = layouts[way].workgroups(rows, columns[way]) as f64;
                let units = workgroups.min(f64::from(tuning.capabilities.units));
                let busy = (workgroups / units * f64::from(layouts[way].invocations()) / INVOCATIONS).min(1.0);
                DISPATCH + (flops / (FLOPS * units * busy)).max(weights / (CACHE_BYTES * units))
            })
        }
    };
    layers * (both[0] + both[1])
}

/// Operations of a time step of one layer and direction, one way.
fn flops(spec: &Spec, rows: usize) -> f64 {
    (2 * rows * spec.hidden * spec.hidden * spec.facts().gates) as f64
}

fn weight_bytes(tuning: &Tuning, spec: &Spec) -> f64 {
    (spec.hidden * spec.hidden * spec.facts().gates * tuning.storage.quad_bytes() / 4) as f64
}

/// What the kernels are estimated to take for one time step there and back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Microseconds, where scans fit.
    pub scans: Option<f64>,
    /// Microseconds of a dispatch a step.
    pub steps: f64,
    /// Whether the network is small enough for the fused kernels, which are taken then.
    pub fused: bool,
}

/// Of batches of `rows` rows of `time` steps.
pub fn estimates(tuning: &Tuning, spec: &Spec, rows: usize, time: usize) -> Estimate {
    let rows = rows.next_multiple_of(ROW_QUAD);
    let of = |method| step_time(tuning, spec, rows, method);
    Estimate {
        scans: scan(tuning, spec, rows).map(of),
        steps: of(steps(tuning, spec, rows)),
        fused: fused(tuning, spec, rows, time).is_some(),
    }
}
