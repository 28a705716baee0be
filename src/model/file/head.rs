//! Which Linear of a state_dict is the head behind its recurrent module. A file does not say in which order its layers
//! come, and an Embedding or a Linear in front may have the shape of a head: then its name decides, or the user.

use super::stored::Stored;
use super::survey::Layer;
use crate::arrays::Arrays;

/// The recurrent module that a head would be behind.
pub struct Behind<'a> {
    pub module: &'a str,
    /// Its inputs (I).
    pub input: usize,
    /// Its outputs (D*H), the head's inputs.
    pub top: usize,
}

/// Words in the name of a layer in front of the recurrent module.
const FRONT: [&str; 15] = [
    "emb",
    "embed",
    "embedding",
    "embeddings",
    "encoder",
    "enc",
    "wte",
    "pre",
    "in",
    "input",
    "inp",
    "inputs",
    "token",
    "lookup",
    "stem",
];
/// Words in the name of a head, which no layer in front bears.
const HEAD: [&str; 16] = [
    "head",
    "out",
    "output",
    "outputs",
    "decoder",
    "dec",
    "classifier",
    "readout",
    "regressor",
    "predictor",
    "logits",
    "final",
    "last",
    "generator",
    "post",
    "score",
];
/// Words in the name of any Linear.
const LINEAR: [&str; 7] = ["fc", "linear", "lin", "dense", "proj", "projection", "ff"];

/// Why a layer is not known to be the head; `None` where it is.
pub fn doubt(arrays: &Arrays<'_>, name: &str, layer: &Layer<'_>, behind: &Behind<'_>) -> Option<String> {
    let Behind { module, input, top } = *behind;
    let Some(weight) = Stored::find(arrays, &super::names::join(name, "weight")) else {
        return Some("has no weight of a Linear".to_owned());
    };
    let &[rows, columns] = weight.array.shape() else {
        return Some(format!("(weight {:?}) is no Linear", weight.array.shape()));
    };
    if columns != top {
        return Some(format!("(weight [{rows}, {columns}]) is no head, whose weight would be [O, D*H={top}]"));
    }
    let words = words(name);
    let named = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let before = match (place(name), place(module)) {
        (Some((parent, at)), Some((other, module))) if parent == other => Some(at < module),
        _ => None,
    };
    // In front, a Linear gives the module's inputs, and an Embedding, which has no bias, too.
    let linear_in_front = rows == input;
    let embedding_in_front = !layer.bias && columns == input;
    let front = named(&FRONT) && !named(&HEAD);
    let certain = match before {
        Some(before) => !before,
        None if front => false,
        None if named(&HEAD) => true,
        None if linear_in_front && columns == input => false,
        None if named(&LINEAR) => true,
        None => !embedding_in_front && (!linear_in_front || input == 1),
    };
    (!certain).then(|| format!("(weight [{rows}, {columns}]) may lie in front of the recurrent module"))
}

/// The parent and the place of a part of a torch.nn.Sequential, such as 0 of `net.0`.
fn place(name: &str) -> Option<(&str, usize)> {
    let (parent, place) = name.rsplit_once('.').unwrap_or(("", name));
    Some((parent, place.parse().ok()?))
}

/// The words of the last part of a module's name that is no number, in small letters: `token`, `embedding` of
/// `net.tokenEmbedding.0`.
fn words(name: &str) -> Vec<String> {
    let last = name.rsplit('.').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in last.chars() {
        if !letter.is_alphabetic() || (letter.is_uppercase() && small) {
            words.push(String::new());
        }
        if letter.is_alphabetic() {
            words.last_mut().expect("it began with one").extend(letter.to_lowercase());
        }
        small = letter.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_are_taken_apart_at_capitals_and_signs() {
        assert_eq!(words("net.tokenEmbedding.0"), ["token", "embedding"]);
        assert_eq!(words("fc_out"), ["fc", "out"]);
        assert_eq!(words("FC"), ["fc"]);
        assert_eq!(words(""), [""]);
    }
}
