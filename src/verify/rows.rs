//! The table that a run of the cases fills: a row for each cell at each precision.

use super::cases::Case;
use super::errors::{Errors, tolerance};
use crate::engine::Precision;
use serde::Serialize;

/// The worst of the cases of one cell at one precision.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The cell.
    pub cell: String,
    /// How weights and the tape are stored.
    pub precision: Precision,
    /// What is allowed.
    pub tolerance: Errors,
    /// How many were measured.
    pub cases: usize,
    /// The largest of each error.
    pub worst: Errors,
    /// The cases beyond the tolerance, with their errors.
    pub misses: Vec<String>,
}

/// The cases of each cell at each precision, which share kernels.
pub fn groups(cases: &[Case]) -> Vec<Vec<&Case>> {
    let mut groups: Vec<Vec<&Case>> = Vec::new();
    for case in cases {
        let is_same = |other: &Case| other.spec.cell == case.spec.cell && other.precision == case.precision;
        match groups.iter_mut().find(|group| is_same(group[0])) {
            Some(group) => group.push(case),
            None => groups.push(vec![case]),
        }
    }
    groups
}

impl Row {
    /// A row for the cases that share kernels with `case`, before any of them is measured.
    pub fn new(case: &Case) -> Self {
        let (cell, precision) = (case.spec.cell.to_string(), case.precision);
        let tolerance = *tolerance(precision);
        Row { cell, precision, tolerance, cases: 0, worst: Errors::default(), misses: Vec::new() }
    }

    /// Takes in the errors of a case.
    pub fn note(&mut self, case: &Case, errors: Errors) {
        self.cases += 1;
        self.worst = self.worst.worst(errors);
        if !errors.within(&self.tolerance) {
            self.misses.push(format!("{case}: {errors}"));
        }
    }
}
