//! Dates in words to ISO dates, letter by letter: the final state of an encoder begins a decoder, and the gradient of
//! the decoder's initial state goes back into the encoder.
//! `cargo run --release --example sequence_to_sequence`

use rand::{Rng, RngExt};
use refrain::data::Sequences;
use refrain::engine::Outputs;
use refrain::loss::Loss;
use refrain::optim::Optimizer;
use refrain::rng::{Purpose, generator};
use refrain::{Gru, Network, Result};

const LETTERS: &str = " ,abcdefghijklmnopqrstuvwxyz0123456789";
const DIGITS: &str = " -0123456789"; // what a decoder says, and the blank that it is told first
const MONTHS: &str = "january february march april may june july august september october november december";

/// Trains for so many steps; returns their losses, and how much of 2000 dates never trained on is exactly right.
pub fn run(steps: usize) -> Result<(Vec<f64>, f64)> {
    let mut encoder = Gru::builder(LETTERS.len(), 128).build()?;
    let mut decoder = Gru::builder(DIGITS.len(), 128).head(DIGITS.len()).every_step().seed(1).build()?;
    let (mut rng, mut losses) = (generator(0, Purpose::Data), Vec::new());
    for step in 0..steps {
        let (texts, dates) = dates(&mut rng, 64, false);
        let classes: Vec<f32> = dates.iter().flat_map(|date| places(date, DIGITS)).map(|place| place as f32).collect();
        // Before each letter the decoder is told the right one before it (teacher forcing).
        let told: Vec<String> = dates.iter().map(|date| format!(" {}", &date[..9])).collect();

        let (encoded, encoder_tape) = encoder.forward(&one_hot(&texts, LETTERS))?;
        let told = Sequences { states: Some(encoded.states), ..one_hot(&told, DIGITS) };
        let (decoded, decoder_tape) = decoder.forward(&told)?;
        let (loss, d_decoded) = decoder.loss(Loss::CrossEntropy, &told, &decoded, &classes)?;
        let of_decoder = decoder.backward(decoder_tape, &d_decoded)?;
        let d_encoded = Outputs { states: of_decoder.states, ..Outputs::default() };
        let of_encoder = encoder.backward(encoder_tape, &d_encoded)?;
        let adam = Optimizer::adam(3e-3 * (1.0 - step as f64 / steps as f64));
        encoder.update(&of_encoder.parameters, &adam)?;
        decoder.update(&of_decoder.parameters, &adam)?;
        losses.push(loss);
        if (step + 1) % 500 == 0 {
            println!("Step {}: loss {loss:.5}", step + 1);
        }
    }
    let (texts, dates) = dates(&mut rng, 2000, true);
    let found = translate(&mut encoder, &mut decoder, &texts)?;
    (0..5).for_each(|n| println!("{:28} {}", texts[n], found[n]));
    let right = found.iter().zip(&dates).filter(|(found, date)| found == date).count();
    println!("{right} of {} dates that were not trained on are exactly right", dates.len());
    Ok((losses, right as f64 / dates.len() as f64))
}

/// The likeliest letter at each step, which the next is told.
fn translate(encoder: &mut Network, decoder: &mut Network, texts: &[String]) -> Result<Vec<String>> {
    let (encoded, _) = encoder.forward(&one_hot(texts, LETTERS))?;
    let mut stream = decoder.stream_from(texts.len(), &encoded.states)?;
    let mut found = vec![String::from(" "); texts.len()];
    for step in 0..10 {
        let last: Vec<&str> = found.iter().map(|text| &text[step..]).collect();
        let y = stream.step(&one_hot(&last, DIGITS).x)?;
        for (text, y) in found.iter_mut().zip(y.chunks(DIGITS.len())) {
            let best = (0..y.len()).fold(0, |best, o| if y[o] > y[best] { o } else { best });
            text.push_str(&DIGITS[best..=best]);
        }
    }
    Ok(found.iter().map(|text| text[1..].to_owned()).collect())
}

/// Dates in words, and as year, month and day. Every tenth day is for the test.
fn dates(rng: &mut impl Rng, count: usize, test: bool) -> (Vec<String>, Vec<String>) {
    let mut date = || {
        let (y, m, d) = (rng.random_range(1950..2050), rng.random_range(0..12), rng.random_range(1..29));
        let month = MONTHS.split(' ').nth(m).expect("a month below 12");
        let short = &month[..3];
        let th = ["th", "st", "nd", "rd"][if d / 10 == 1 || d % 10 > 3 { 0 } else { d % 10 }];
        let text = match rng.random_range(0..5) {
            0 => format!("the {d}{th} of {month} {y}"),
            1 => format!("{month} {d}, {y}"),
            2 => format!("{d} {short} {:02}", y % 100),
            3 => format!("{short} {d}{th} {y}"),
            _ => format!("{d} {month} {y}"),
        };
        let for_test = ((y * 12 + m) * 31 + d) % 10 == 0;
        (for_test == test).then(|| (text, format!("{y}-{:02}-{d:02}", m + 1)))
    };
    std::iter::repeat_with(&mut date).flatten().take(count).unzip()
}

fn places(text: &str, alphabet: &str) -> impl Iterator<Item = usize> {
    text.chars().map(|letter| alphabet.find(letter).expect("a letter of the alphabet"))
}

/// Texts as sequences [texts, steps, letters], with a one in the place of each letter.
fn one_hot(texts: &[impl AsRef<str>], alphabet: &str) -> Sequences<'static> {
    let steps = texts.iter().map(|text| text.as_ref().len()).max().unwrap_or(0);
    let mut x = vec![0.0; texts.len() * steps * alphabet.len()];
    for (row, text) in x.chunks_mut(steps * alphabet.len()).zip(texts) {
        places(text.as_ref(), alphabet).enumerate().for_each(|(step, place)| row[step * alphabet.len() + place] = 1.0);
    }
    let lengths = texts.iter().map(|text| text.as_ref().len() as u32).collect();
    Sequences { lengths: Some(lengths), ..Sequences::new(texts.len(), steps, x) }
}

fn main() -> Result<()> {
    let start = std::time::Instant::now();
    run(6000)?;
    println!("in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
