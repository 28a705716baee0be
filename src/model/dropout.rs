//! Dropout between layers: which units are dropped is a hash of where they stand, so that the forward pass, the
//! backward pass and every device agree without a mask in memory.
//!
//! The hash is pcg4d, a permutation of four 32-bit words, all arithmetic modulo 2^32 (as u32 in WGSL has it):
//!
//! ```text
//! v = v * 1664525 + 1013904223
//! v.x += v.y * v.w;  v.y += v.z * v.x;  v.z += v.x * v.y;  v.w += v.y * v.z
//! v = v ^ (v >> 16)
//! v.x += v.y * v.w;  v.y += v.z * v.x;  v.z += v.x * v.y;  v.w += v.y * v.z
//! ```
//!
//! Source: Jarzynski and Olano 2020, Hash Functions for GPU Rendering, jcgt.org/published/0009/03/02. A key is made of
//! seed and step, and a unit's word of the key and its place; a permutation, so that no two steps of a run share a key:
//!
//! ```text
//! key  = pcg4d(seed low, seed high, step low, step high)
//! word = pcg4d(key ^ (unit, time, row, layer)).w
//! keep if word >= threshold,   threshold = round(p 2^32)
//! ```

use crate::error::{Error, Result};

/// Dropout at one training step: each output of each layer but the last is zeroed with probability p, else multiplied
/// by 1 / (1 - p); the states that a layer hands to itself are left alone. Inference has none. Source: the `dropout` of
/// `torch.nn.RNN`, `torch.nn.LSTM` and `torch.nn.GRU`, with a generator of our own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dropout {
    /// The probability that a unit is dropped, from 0 to below 1. In f32, so that it is the same number on every
    /// device.
    pub p: f32,
    /// The seed of the run.
    pub seed: u64,
    /// Optimiser steps taken before this one: each has its own mask.
    pub step: u64,
}

/// What decides about a unit, and what a kept one is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mask {
    /// Made of seed and step.
    pub key: [u32; 4],
    /// A unit is kept if its word is not below it.
    pub threshold: u32,
    /// 1 / (1 - p).
    pub scale: f64,
}

impl Dropout {
    /// Checks p.
    ///
    /// # Errors
    /// [`Error::Config`] where p is not from 0 to below 1. With 1 nothing would be left to learn from.
    pub fn check(&self) -> Result<()> {
        if (0.0..1.0).contains(&self.p) {
            return Ok(());
        }
        Err(Error::config("dropout", self.p, "a number from 0 to below 1"))
    }

    /// The mask of this step. The caller has checked p.
    pub fn mask(&self) -> Mask {
        let p = f64::from(self.p);
        let [seed, step] = [self.seed, self.step].map(|word| [word as u32, (word >> 32) as u32]);
        let key = pcg4d([seed[0], seed[1], step[0], step[1]]);
        // Below 2^32, because the largest f32 below 1 is 1 - 2^-24.
        Mask { key, threshold: (p * 2f64.powi(32)).round() as u32, scale: 1.0 / (1.0 - p) }
    }
}

impl Mask {
    /// Whether the output `unit` (of D*H: the forward direction's, then the reverse one's) of layer `layer` at time
    /// `time` of batch row `row` is kept.
    #[inline(always)]
    pub fn keeps(&self, layer: u32, row: u32, time: u32, unit: u32) -> bool {
        let [x, y, z, w] = self.key;
        pcg4d([x ^ unit, y ^ time, z ^ row, w ^ layer])[3] >= self.threshold
    }

    /// What a unit is multiplied by, forward and backward: [`Mask::scale`] or 0.
    #[inline(always)]
    pub fn factor(&self, layer: u32, row: u32, time: u32, unit: u32) -> f64 {
        if self.keeps(layer, row, time, unit) { self.scale } else { 0.0 }
    }
}

/// The hash above.
#[inline(always)]
pub fn pcg4d(v: [u32; 4]) -> [u32; 4] {
    fn mix([x, y, z, w]: [u32; 4]) -> [u32; 4] {
        let x = x.wrapping_add(y.wrapping_mul(w));
        let y = y.wrapping_add(z.wrapping_mul(x));
        let z = z.wrapping_add(x.wrapping_mul(y));
        let w = w.wrapping_add(y.wrapping_mul(z));
        [x, y, z, w]
    }
    let v = mix(v.map(|u| u.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)));
    mix(v.map(|u| u ^ (u >> 16)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of how many units were kept.
    #[derive(Clone, Copy, Default)]
    struct Share {
        count: f64,
        kept: f64,
    }

    impl Share {
        fn add(&mut self, keep: bool) {
            self.count += 1.0;
            self.kept += f64::from(u8::from(keep));
        }

        /// How far the share of the kept ones lies from 1 - p, in standard deviations.
        fn deviation(self, p: f32) -> f64 {
            let p = f64::from(p);
            (self.kept - self.count * (1.0 - p)) / (self.count * p * (1.0 - p)).sqrt()
        }
    }

    fn units(layers: u32, rows: u32, times: u32, units: u32) -> impl Iterator<Item = [u32; 4]> {
        (0..layers * rows * times * units)
            .map(move |n| [n / (rows * times * units), n / (times * units) % rows, n / units % times, n % units])
    }

    #[test]
    fn units_are_kept_with_their_probability() {
        for p in [0.01, 0.25, 0.5, 0.9] {
            for (seed, step) in [(0, 0), (0, 1), (1, 0), (u64::MAX, 1 << 40)] {
                let mask = Dropout { p, seed, step }.mask();
                let mut all = Share::default();
                // Every layer, row, time and unit for itself.
                let mut slices = [[Share::default(); 64]; 4];
                for place in units(2, 32, 50, 64) {
                    let [layer, row, time, unit] = place;
                    let keep = mask.keeps(layer, row, time, unit);
                    all.add(keep);
                    for (slices, n) in slices.iter_mut().zip(place) {
                        slices[n as usize].add(keep);
                    }
                }
                let all = all.deviation(p);
                assert!(all.abs() < 4.0, "p {p}, seed {seed}, step {step}: {all} standard deviations");
                for (axis, slices) in slices.iter().enumerate() {
                    for (n, slice) in slices.iter().enumerate().filter(|(_, slice)| slice.count > 0.0) {
                        let slice = slice.deviation(p);
                        assert!(slice.abs() < 5.0, "p {p}, seed {seed}, step {step}, axis {axis}, {n}: {slice}");
                    }
                }
            }
        }
    }

    #[test]
    fn neighbours_are_independent() {
        let at = |seed, step| Dropout { p: 0.5, seed, step }.mask();
        let (mask, next_step, next_seed) = (at(3, 5), at(3, 6), at(4, 5));
        type Other = fn([u32; 4]) -> [u32; 4];
        let moves: [(&str, Mask, Other); 8] = [
            ("layer", mask, |[l, r, t, u]| [l + 1, r, t, u]),
            ("row", mask, |[l, r, t, u]| [l, r + 1, t, u]),
            ("time", mask, |[l, r, t, u]| [l, r, t + 1, u]),
            ("unit", mask, |[l, r, t, u]| [l, r, t, u + 1]),
            ("unit, far", mask, |[l, r, t, u]| [l, r, t, u + 64]),
            ("time and unit swapped", mask, |[l, r, t, u]| [l, r, u, t + 64]),
            ("step", next_step, |place| place),
            ("seed", next_seed, |place| place),
        ];
        for (what, other, moved) in moves {
            let mut agree = Share::default();
            for place in units(2, 32, 50, 64) {
                let ([l, r, t, u], [ml, mr, mt, mu]) = (place, moved(place));
                agree.add(mask.keeps(l, r, t, u) == other.keeps(ml, mr, mt, mu));
            }
            let deviation = agree.deviation(0.5);
            assert!(deviation.abs() < 4.0, "{what}: {deviation} standard deviations");
        }
    }

    #[test]
    fn words_fill_their_range() {
        // Chi squared over the 256 values of the highest and of the lowest byte.
        for shift in [24, 0] {
            let mut counts = [0f64; 256];
            for [layer, row, time, unit] in units(2, 32, 50, 64) {
                counts[(pcg4d([unit, time, row, layer])[3] >> shift & 255) as usize] += 1.0;
            }
            let expected = counts.iter().sum::<f64>() / 256.0;
            let chi: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
            assert!((chi - 255.0).abs() < 4.0 * (2.0 * 255f64).sqrt(), "shift {shift}: {chi}");
        }
    }

    #[test]
    fn probabilities_at_the_ends() {
        let none = Dropout { p: 0.0, seed: 1, step: 2 }.mask();
        assert_eq!((none.threshold, none.scale), (0, 1.0));
        assert!(units(1, 8, 8, 8).all(|[l, r, t, u]| none.keeps(l, r, t, u)));
        let largest = Dropout { p: 1.0 - f32::EPSILON / 2.0, seed: 1, step: 2 };
        assert!(largest.check().is_ok());
        assert_eq!((largest.mask().threshold, largest.mask().scale), (u32::MAX - 255, 2f64.powi(24)));
        for p in [1.0, 1.5, -0.1, f32::NAN] {
            let error = Dropout { p, ..Dropout::default() }.check().expect_err("no probability").to_string();
            assert_eq!(error, format!("dropout is {p}, expected a number from 0 to below 1"));
        }
    }
}
