//! Columns of a panel that do not change in time, as features of a network.

use super::number::{exact, listed};
use super::table::{Series, Table};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Numbers of which a column has more are a measure; fewer may be the names of kinds.
const MOST_KINDS: usize = 32;
/// Most values of a column of text.
const MOST: usize = 1 << 12;

/// A column that does not change in time, as it was when the network was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Static {
    /// The column.
    pub name: String,
    /// What a series' value of it becomes.
    pub kind: Kind,
}

/// What the values of a column become.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A feature for each value, which is 1 where a series has it, and 0 else: what a layer makes of them is an
    /// embedding of the values. They are in order.
    Categories(Vec<String>),
    /// One feature, of mean 0 and standard deviation 1 over the series.
    Number {
        /// Over the series.
        mean: f64,
        /// Over the series.
        deviation: f64,
    },
}

impl Static {
    /// The column `name` of a panel: of categories, but for more than 32 different numbers.
    ///
    /// # Errors
    /// [`Error::Table`] where it has one value in every series, or more than 2^12.
    pub fn of(table: &Table, name: &str) -> Result<Self> {
        let place = table.static_column(name)?;
        let values = table.series.iter().filter_map(|series| series.statics[place].as_deref());
        let mut categories: Vec<String> = values.clone().map(str::to_owned).collect();
        categories.sort_unstable();
        categories.dedup();
        let refuse = |message| Err(Error::Table { place: table.name.clone(), message });
        if let [] | [_] = categories[..] {
            let found = categories.first().map_or("missing".to_owned(), |value| format!("`{value}`"));
            let message = format!("static column `{name}` is {found} in every series: there is nothing to learn");
            return refuse(format!("{message}; leave it out"));
        }
        let numbers: Option<Vec<f64>> = values.map(|value| value.parse().ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.iter().all(|number| number.is_finite()));
        let kind = match numbers.filter(|_| categories.len() > MOST_KINDS) {
            Some(numbers) => {
                let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
                let squares = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>();
                Kind::Number { mean, deviation: (squares / numbers.len() as f64).sqrt() }
            }
            None if categories.len() > MOST => {
                let found = categories.len();
                return refuse(format!("static column `{name}` has {found} values, expected at most {MOST}"));
            }
            None => Kind::Categories(categories),
        };
        match kind {
            Kind::Number { mean, deviation } if !(mean.is_finite() && deviation.is_normal()) => {
                let found = exact(deviation);
                refuse(format!("static column `{name}` has a deviation of {found}, expected a finite one above 0"))
            }
            kind => Ok(Static { name: name.to_owned(), kind }),
        }
    }

    /// How many features it becomes.
    pub fn features(&self) -> usize {
        match &self.kind {
            Kind::Categories(values) => values.len(),
            Kind::Number { .. } => 1,
        }
    }

    /// Whether a file may say so.
    pub(super) fn is_sound(&self) -> bool {
        match &self.kind {
            Kind::Categories(values) => (2..=MOST).contains(&values.len()) && values.is_sorted_by(|a, b| a < b),
            Kind::Number { mean, deviation } => mean.is_finite() && deviation.is_finite() && *deviation > 0.0,
        }
    }

    /// The place of the feature that is not 0 for a value, and what it is then; none where training has not seen the
    /// value.
    fn feature(&self, value: &str) -> Option<(usize, f32)> {
        match &self.kind {
            Kind::Categories(values) => {
                let place = values.binary_search_by(|known| known.as_str().cmp(value)).ok()?;
                Some((place, 1.0))
            }
            Kind::Number { mean, deviation } => {
                let number = value.parse::<f64>().ok().filter(|number| number.is_finite())?;
                Some((0, ((number - mean) / deviation) as f32))
            }
        }
    }
}

/// Places of static columns in a table.
///
/// # Errors
/// As [`Table::static_column`].
pub fn places(statics: &[Static], table: &Table) -> Result<Vec<usize>> {
    statics.iter().map(|column| table.static_column(&column.name)).collect()
}

/// The features of a series by its static columns, which stand at `places`; 0 where a value is missing or unknown.
pub fn features(statics: &[Static], places: &[usize], series: &Series) -> Vec<f32> {
    let mut features = Vec::new();
    for (column, &place) in statics.iter().zip(places) {
        let first = features.len();
        features.resize(first + column.features(), 0.0);
        if let Some((feature, value)) = series.statics[place].as_deref().and_then(|value| column.feature(value)) {
            features[first + feature] = value;
        }
    }
    features
}

/// What to say of static values that training has not seen.
///
/// # Errors
/// As [`places`].
pub fn unknown(statics: &[Static], table: &Table) -> Result<Option<String>> {
    let mut unknown: Vec<String> = Vec::new();
    for (column, place) in statics.iter().zip(places(statics, table)?) {
        let values = table.series.iter().filter_map(|series| series.statics[place].as_deref());
        let new = values.filter(|value| column.feature(value).is_none());
        unknown.extend(new.map(|value| format!("{} {value}", column.name)));
    }
    unknown.sort_unstable();
    unknown.dedup();
    let any = !unknown.is_empty();
    let note = || format!("not seen in training, and taken for missing: {}", listed(unknown.into_iter()));
    Ok(any.then(note))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::table::ReadOptions;

    fn table(statics: &[&str], text: &str) -> Table {
        let statics = statics.iter().map(|&name| name.to_owned()).collect();
        let options = ReadOptions { id: Some("id".into()), statics, ..ReadOptions::default() };
        Table::read("t", text.as_bytes(), &options).unwrap()
    }

    #[test]
    fn values_become_categories_and_many_numbers_one_feature() {
        let few = table(&["kind"], "id,kind,y\na,shop,1\na,,2\nb,mall,3\nb,mall,4\nc,?,5\nc,-,6\n");
        assert_eq!(few.columns, ["y"]);
        let kind = Static::of(&few, "kind").unwrap();
        assert_eq!(kind.kind, Kind::Categories(vec!["mall".into(), "shop".into()]));
        assert_eq!((kind.feature("shop"), kind.feature("kiosk")), (Some((1, 1.0)), None));

        let rows = (0..40).map(|n| format!("s{n},{n},1\ns{n},{n},2\n"));
        let many = table(&["area"], &format!("id,area,y\n{}", rows.collect::<String>()));
        let area = Static::of(&many, "area").unwrap();
        let Kind::Number { mean, deviation } = area.kind else { panic!("{area:?}") };
        assert_eq!((mean, (deviation - 11.543396).abs() < 1e-6), (19.5, true));
        assert_eq!(area.feature("19.5"), Some((0, 0.0)));
        assert_eq!(area.feature("large"), None);

        let refused = Static::of(&table(&["k"], "id,k,y\na,x,1\na,x,2\nb,x,3\nb,x,4\n"), "k").unwrap_err().to_string();
        assert_eq!(refused, "t: static column `k` is `x` in every series: there is nothing to learn; leave it out");
    }

    #[test]
    fn each_column_has_its_features() {
        let rows = (0..40).map(|n| format!("s{n},{},{n},1\ns{n},,,2\n", if n < 20 { "mall" } else { "shop" }));
        let both = table(&["kind", "area"], &format!("id,kind,area,y\n{}", rows.collect::<String>()));
        let columns = ["area", "kind"].map(|name| Static::of(&both, name).unwrap());
        let found = |n: usize| features(&columns, &places(&columns, &both).unwrap(), &both.series[n]);
        let Kind::Number { deviation, .. } = columns[0].kind else { panic!("{columns:?}") };
        assert_eq!(found(19), [(-0.5 / deviation) as f32, 1.0, 0.0]);
        assert_eq!(found(20), [(0.5 / deviation) as f32, 0.0, 1.0]);
        assert_eq!(features(&columns, &[0, 1], &both.series[0])[0], 0.0, "a number that cannot be read");
    }

    #[test]
    fn a_value_that_changes_is_refused() {
        let options = ReadOptions { id: Some("id".into()), statics: vec!["kind".into()], ..ReadOptions::default() };
        let read = |text: &str| Table::read("t", text.as_bytes(), &options).unwrap_err().to_string();
        let refused = read("id,kind,y\na,shop,1\nb,mall,3\na,mall,2\nb,mall,4\n");
        assert_eq!(
            refused,
            "t, row 4, column `kind`: expected `shop`, as before in series `a`, found `mall`: it is static"
        );
    }
}
