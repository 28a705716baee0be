//! Whether methods differ over many tables, by their ranks. Source: Demsar, Statistical comparisons of classifiers over
//! multiple data sets, 2006.

use serde::Serialize;

/// The studentized range over the root of 2, at 5 %, of 2, 3, ... methods.
const NEMENYI: [f64; 9] = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164];

/// The ranks of methods over tables.
#[derive(Clone, Debug, Serialize)]
pub struct Ranks {
    /// Tables that every method has forecast.
    pub tables: usize,
    /// From the least mean rank to the greatest.
    pub methods: Vec<Ranked>,
    /// Friedman's statistic, and how probable one as large is where methods do not differ; none of one table.
    pub friedman: Option<Friedman>,
    /// Nemenyi's critical difference at 5 %: mean ranks that are no further apart do not differ; none of one table.
    pub critical_difference: Option<f64>,
    /// Methods whose ranks do not differ, as places in `methods`, each group as large as it can be.
    pub groups: Vec<Vec<usize>>,
}

/// A method among others.
#[derive(Clone, Debug, Serialize)]
pub struct Ranked {
    /// What it is called.
    pub name: String,
    /// Its mean rank; 1 is the best, and methods that are as good share theirs.
    pub rank: f64,
    /// Tables of which it is the best, or one of these.
    pub wins: usize,
}

/// Friedman's test.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Friedman {
    /// The statistic, with one degree of freedom less than there are methods.
    pub chi_squared: f64,
    /// The probability of one as large by chance.
    pub p: f64,
}

impl Ranks {
    /// Of methods with these names; `errors` has those of all methods for each table. None of no tables.
    pub fn of(names: &[&str], errors: &[Vec<f64>]) -> Option<Self> {
        let (tables, count) = (errors.len() as f64, names.len() as f64);
        if errors.is_empty() || names.len() < 2 {
            return None;
        }
        let ranks: Vec<Vec<f64>> = errors.iter().map(|errors| ranked(errors)).collect();
        let of_method = |(place, name): (usize, &&str)| Ranked {
            name: (*name).to_owned(),
            rank: ranks.iter().map(|ranks| ranks[place]).sum::<f64>() / tables,
            wins: errors.iter().filter(|errors| errors.iter().all(|error| errors[place] <= *error)).count(),
        };
        let mut methods: Vec<Ranked> = names.iter().enumerate().map(of_method).collect();
        methods.sort_by(|a, b| a.rank.total_cmp(&b.rank));
        let tested = errors.len() > 1;
        let spread: f64 = methods.iter().map(|method| (method.rank - (count + 1.0) / 2.0).powi(2)).sum();
        let chi_squared = 12.0 * tables / (count * (count + 1.0)) * spread;
        let friedman = tested.then(|| Friedman { chi_squared, p: chi_squared_tail(chi_squared, names.len() - 1) });
        let quantile = NEMENYI.get(names.len() - 2).filter(|_| tested);
        let critical_difference = quantile.map(|q| q * (count * (count + 1.0) / (6.0 * tables)).sqrt());
        let groups = critical_difference.map_or_else(Vec::new, |difference| groups(&methods, difference));
        Some(Ranks { tables: errors.len(), methods, friedman, critical_difference, groups })
    }
}

/// The rank of each error, from 1; equal ones share the mean of theirs.
fn ranked(errors: &[f64]) -> Vec<f64> {
    let rank = |error: &f64| {
        let less = errors.iter().filter(|other| *other < error).count() as f64;
        let equal = errors.iter().filter(|other| *other == error).count() as f64;
        less + (equal + 1.0) / 2.0
    };
    errors.iter().map(rank).collect()
}

/// The largest runs of two methods or more that are no further apart than the difference.
fn groups(methods: &[Ranked], difference: f64) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (begin, first) in methods.iter().enumerate() {
        let end = methods.partition_point(|method| method.rank <= first.rank + difference);
        if end - begin > 1 && groups.last().is_none_or(|last| last.last() < Some(&(end - 1))) {
            groups.push((begin..end).collect());
        }
    }
    groups
}

/// The probability that the chi-squared distribution with so many degrees of freedom exceeds x. It is known for 1 and 2
/// of them, and grows by a term for 2 more.
fn chi_squared_tail(x: f64, degrees: usize) -> f64 {
    let half = x / 2.0;
    if half <= 0.0 {
        return 1.0;
    }
    let density = (-half).exp();
    let (mut degree, mut tail, mut term) = if degrees.is_multiple_of(2) {
        (2, density, density)
    } else {
        (1, error_function_complement(half.sqrt()), density / (std::f64::consts::PI * half).sqrt())
    };
    while degree < degrees {
        term *= 2.0 * half / degree as f64;
        tail += term;
        degree += 2;
    }
    tail.clamp(0.0, 1.0)
}

/// 1 - erf(x) for x at or above 0, to 1.2e-7. Source: Numerical Recipes, erfcc.
fn error_function_complement(x: f64) -> f64 {
    const TERMS: [f64; 10] = [
        -1.26551223,
        1.00002368,
        0.37409196,
        0.09678418,
        -0.18628806,
        0.27886807,
        -1.13520398,
        1.48851587,
        -0.82215223,
        0.17087277,
    ];
    let t = 1.0 / (1.0 + x / 2.0);
    t * (-x * x + TERMS.iter().rev().fold(0.0, |sum, term| sum * t + term)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_tables() {
        for (x, degrees, expected) in
            [(3.841, 1, 0.05), (5.991, 2, 0.05), (7.815, 3, 0.05), (9.488, 4, 0.05), (18.475, 7, 0.01), (0.0, 3, 1.0)]
        {
            let found = chi_squared_tail(x, degrees);
            assert!((found - expected).abs() < 2e-5, "{x}, {degrees}: {found}, not {expected}");
        }
    }

    #[test]
    fn ranks_and_their_test_are_as_counted_by_hand() {
        let errors = [[3.0, 1.0, 2.0], [2.0, 1.0, 3.0], [5.0, 2.0, 2.0], [9.0, 1.0, 2.0]].map(Vec::from);
        let found = Ranks::of(&["c", "a", "b"], &errors).unwrap();
        let methods: Vec<(&str, f64, usize)> =
            found.methods.iter().map(|of| (of.name.as_str(), of.rank, of.wins)).collect();
        assert_eq!(methods, [("a", 1.125, 4), ("b", 2.125, 1), ("c", 2.75, 0)]);
        let friedman = found.friedman.unwrap();
        assert!((friedman.chi_squared - 5.375).abs() < 1e-9 && (friedman.p - 0.06805).abs() < 1e-5, "{friedman:?}");
        assert!((found.critical_difference.unwrap() - 1.6568).abs() < 1e-4);
        assert_eq!(found.groups, [vec![0, 1, 2]]);
    }

    #[test]
    fn groups_end_where_ranks_are_too_far_apart() {
        let of = |rank| Ranked { name: String::new(), rank, wins: 0 };
        let methods = [1.0, 1.5, 2.6, 4.5].map(of);
        assert_eq!(groups(&methods, 1.2), [vec![0, 1], vec![1, 2]]);
        assert_eq!(groups(&methods, 0.1), [[0usize; 0]; 0]);
        assert!(Ranks::of(&["a", "b"], &[]).is_none() && Ranks::of(&["a"], &[vec![1.0]]).is_none());
        let one = Ranks::of(&["a", "b"], &[vec![2.0, 1.0]]).unwrap();
        assert_eq!((one.methods[0].name.as_str(), one.methods[0].wins, one.groups.len()), ("b", 1, 0));
        assert!(one.friedman.is_none() && one.critical_difference.is_none());
    }
}
