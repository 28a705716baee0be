//! A checksum of a file of ours: of its card, and of every tensor. A bit that has flipped on the way is found; it
//! proves nothing of who wrote the file.

use crate::arrays::{Arrays, Named};

/// The entry that ends a card, before its value.
const ENTRY: &str = ",\"checksum\":\"";

/// A card, the text of a JSON object with entries, with the checksum of it and of `tensors` as its last entry.
pub fn with_checksum(card: &str, tensors: &[Named<'_>]) -> String {
    let card = card.strip_suffix('}').expect("a card is an object");
    let mut tensors = tensors.to_vec();
    tensors.sort_by_key(|tensor| tensor.name);
    let mut hash = Fnv::new();
    hash.text(card);
    for Named { name, shape, values } in tensors {
        hash.tensor(name, shape);
        values.iter().for_each(|value| hash.word(value.to_bits()));
    }
    format!("{card}{ENTRY}{:016x}\"}}", hash.0)
}

/// Compares a file's checksum with what the file holds. A card without one is older than they are.
///
/// # Errors
/// That the file is damaged.
pub fn check(card: &str, arrays: &Arrays<'_>) -> Result<(), String> {
    let Some((before, after)) = card.rsplit_once(ENTRY) else { return Ok(()) };
    let mut hash = Fnv::new();
    hash.text(before);
    for (name, array) in arrays.names().filter_map(|name| Some((name, arrays.get(name)?))) {
        hash.tensor(name, array.shape());
        array.bytes().chunks(4).for_each(|bytes| {
            let mut word = [0; 4];
            word[..bytes.len()].copy_from_slice(bytes);
            hash.word(u32::from_le_bytes(word));
        });
    }
    if after.strip_suffix("\"}") == Some(&format!("{:016x}", hash.0)) {
        return Ok(());
    }
    Err("it is damaged: its checksum is not that of what it holds; take another copy".to_owned())
}

/// The hash function FNV-1a, 64 bits, over words of 32 bits in place of bytes: a word that differs always shows.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    fn word(&mut self, word: u32) {
        self.0 = (self.0 ^ u64::from(word)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    fn text(&mut self, text: &str) {
        self.word(text.len() as u32);
        text.bytes().for_each(|byte| self.word(byte.into()));
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) {
        self.text(name);
        shape.iter().for_each(|&dim| self.word(dim as u32));
    }
}
