//! Inputs made of others.

use crate::corpus::WORDS;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Bytes of an input, at most.
const LONGEST: usize = 1 << 16;
/// Numbers that arithmetic goes wrong at.
const EDGES: [u64; 8] = [0, 1, 0x7f, 0xff, 0x7fff_ffff, 0xffff_ffff, 1 << 63, u64::MAX];

/// Changes an input in a few places; `other` is one to take pieces from.
pub fn mutate(rng: &mut ChaCha8Rng, input: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..rng.random_range(1..=6) {
        let at = rng.random_range(0..=input.len());
        let end = (at + rng.random_range(0..32)).min(input.len());
        match rng.random_range(0..8) {
            0 if at < input.len() => input[at] ^= 1 << rng.random_range(0..8),
            1 if at < input.len() => input[at] = rng.random(),
            2 => drop(input.splice(at..end, [])),
            3 => drop(input.splice(at..at, WORDS[rng.random_range(0..WORDS.len())].bytes())),
            4 => drop(input.splice(at..end, WORDS[rng.random_range(0..WORDS.len())].bytes())),
            5 => {
                let bytes = EDGES[rng.random_range(0..EDGES.len())].to_le_bytes();
                let width = [1, 2, 4, 8][rng.random_range(0..4)];
                for (byte, edge) in input[at..].iter_mut().zip(&bytes[..width]) {
                    *byte = *edge;
                }
            }
            6 => {
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece);
            }
            _ => {
                let from = rng.random_range(0..=other.len());
                let to = (from + rng.random_range(0..64)).min(other.len());
                input.splice(at..end, other[from..to].iter().copied());
            }
        }
    }
    input.truncate(LONGEST);
}
