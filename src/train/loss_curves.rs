//! Losses over the epochs.

use super::validated::Finished;
use crate::plot::{Axis, Frame, Head, Svg, whole_ticks};
use crate::words::significant;

/// Pixels of the picture below its head.
const HEIGHT: f64 = 358.0;

/// The picture, so many pixels wide, of a run of the network `model`: its training and validation losses, on a
/// logarithmic scale, and the best epoch.
pub fn loss_curves(finished: &Finished, model: &str, width: f64) -> String {
    let curve = |losses: &[f64]| (1..).map(f64::from).zip(losses.iter().copied()).collect::<Vec<(f64, f64)>>();
    let curves = [("training", curve(&finished.history), "known"), ("validation", curve(&finished.val), "forecast")];
    let shown: Vec<_> = curves.iter().filter(|(_, points, _)| !points.is_empty()).collect();
    let last = shown.iter().map(|(_, points, _)| points.len()).max().unwrap_or(1);

    let described: Vec<String> = shown
        .iter()
        .filter_map(|(name, points, _)| Some(format!("The {name} loss ends at {}.", significant(points.last()?.1))))
        .collect();
    let title = format!("Loss over the epochs: {model}");
    let names: Vec<_> = shown.iter().map(|(name, _, class)| ((*name).to_owned(), *class)).collect();
    let head = Head::new(width, &title, &names);
    let height = head.height + HEIGHT;
    let mut svg = Svg::new(width, height, &title, &described.join(" "));
    head.draw(&mut svg);
    // Of one epoch, some room about it.
    let room = if last == 1 { 0.5 } else { 0.0 };
    let x = Axis { low: 1.0 - room, high: last as f64 + room, log: false };
    let values = shown.iter().flat_map(|(_, points, _)| points).map(|&(_, loss)| loss);
    let frame = Frame::new(width, [head.height + 10.0, height], x, Axis::log(values));
    let ticks: Vec<_> = whole_ticks(1, last).into_iter().map(|epoch| (epoch as f64, epoch.to_string())).collect();
    frame.axes(&mut svg, &ticks);
    frame.name_below(&mut svg, "epoch");
    for (_, points, class) in shown {
        svg.curve(&frame.all(points), class);
    }
    if let Some(best) = finished.best {
        frame.edge(&mut svg, best.epoch as f64);
        frame.beside(&mut svg, best.epoch as f64, &format!("best, epoch {}", best.epoch));
    }
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Best;

    fn labels(svg: &str) -> Vec<&str> {
        let below = svg.lines().filter(|line| line.contains("text-anchor=\"middle\""));
        below.filter_map(|line| line.split('>').nth(1)?.strip_suffix("</text")).collect()
    }

    #[test]
    fn a_run_of_any_length_has_its_losses_and_whole_epochs() {
        for (epochs, ticks) in [(1, vec!["1"]), (3, vec!["1", "2", "3"]), (25, vec!["5", "10", "15", "20", "25"])] {
            let history: Vec<f64> = (1..=epochs).map(|epoch| 1.0 / f64::from(epoch)).collect();
            let best = Some(Best { epoch: epochs as usize, loss: 0.5, mae: None });
            let (val, steps, epochs) = (history.clone(), 1, epochs as usize);
            let svg = loss_curves(&Finished { epochs, steps, history, val, best, stopped: false }, "gru 1 x 8", 960.0);
            let found: Vec<&str> = labels(&svg).into_iter().filter(|label| *label != "epoch").collect();
            assert_eq!(found, ticks);
            let curves = svg.matches(if epochs == 1 { "<circle" } else { "<polyline" }).count();
            assert_eq!(curves, 2, "{svg}");
            assert!(!svg.contains("NaN") && svg.contains("<title>Loss over the epochs: gru 1 x 8</title>"), "{svg}");
        }
    }
}
