//! Where the errors of a backtest are added up.

use super::method::{Method, SeriesScores};
use crate::forecast::metrics::{Scores, Tally};

/// The sums of each method for each target of each series and each step.
#[derive(Debug)]
pub struct Sums {
    tallies: Vec<Tally>,
    series: usize,
    steps: usize,
}

impl Sums {
    /// Of `methods` methods and so many steps; `sizes` has the largest value of each target of each series.
    pub fn new(methods: usize, sizes: &[f64], steps: usize) -> Self {
        let of_size = |&size: &f64| vec![Tally::new(size); steps];
        let tallies = (0..methods).flat_map(|_| sizes.iter().flat_map(of_size)).collect();
        Sums { tallies, series: sizes.len(), steps }
    }

    pub fn of(&mut self, method: usize, series: usize, step: usize) -> &mut Tally {
        &mut self.tallies[(method * self.series + series) * self.steps + step]
    }

    /// Adds the errors of others of the same methods, series and steps.
    pub fn merge(&mut self, other: &Sums) {
        self.tallies.iter_mut().zip(&other.tallies).for_each(|(tally, other)| tally.merge(other));
    }

    /// The errors of a method over all that was added.
    pub fn scores(&self, method: usize) -> Option<Scores> {
        Tally::scores_of(&self.of_series(method))
    }

    /// The sums of each target of each series.
    fn of_series(&self, method: usize) -> Vec<Tally> {
        let all = &self.tallies[method * self.series * self.steps..][..self.series * self.steps];
        let of = |steps: &[Tally]| {
            let mut tally = Tally::new(1.0);
            steps.iter().for_each(|step| tally.merge(step));
            tally
        };
        all.chunks_exact(self.steps).map(of).collect()
    }

    /// The errors of a method; `names` has the identifier and the target of each series.
    pub fn method(&self, method: usize, name: String, names: &[(Option<String>, String)]) -> Method {
        let (series, steps) = (self.series, self.steps);
        let all = &self.tallies[method * series * steps..][..series * steps];
        let of_series = self.of_series(method);
        let of_step = |step| all.iter().skip(step).step_by(steps).cloned().collect::<Vec<Tally>>();
        Method {
            name,
            scores: Tally::scores_of(&of_series).expect("a backtest has something to forecast"),
            steps: (0..steps).map(|step| Tally::scores_of(&of_step(step))).collect(),
            series: (names.iter().zip(&of_series))
                .filter_map(|((id, target), tally)| {
                    Some(SeriesScores { id: id.clone(), target: target.clone(), scores: tally.scores()? })
                })
                .collect(),
        }
    }
}
