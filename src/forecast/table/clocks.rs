//! What clocks on walls showed at the times of a table, where these have offsets from UTC.

use super::options::ReadOptions;
use super::raw::Raw;
use crate::forecast::time::{Clock, DAY, Frequency, Stamp, to_utc};

/// Where times have offsets from UTC, they are kept in UTC if steps within days are counted, which go on when clocks
/// change; days, weeks and months are those on the wall.
pub fn set_clocks(raw: &mut [Raw], options: &ReadOptions) {
    let longest = raw.iter().max_by_key(|series| series.offsets.len()).filter(|series| !series.offsets.is_empty());
    let Some(longest) = longest else { return };
    let utc = |series: &Raw| -> Vec<Stamp> {
        series.stamps.iter().zip(&series.offsets).map(|(&stamp, &offset)| to_utc(stamp, offset)).collect()
    };
    let guess = || {
        let instants = utc(longest);
        let mut steps: Vec<i64> =
            instants.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).saturating_abs()).collect();
        steps.sort_unstable();
        // Where clocks change, a day has 23 or 25 hours: half of a day and less is within days.
        steps.get(steps.len() / 2).is_some_and(|&median| median < DAY * 9 / 10)
    };
    let within = options.frequency.or(options.known.frequency).map_or_else(guess, Frequency::is_within_days);
    for series in raw {
        let instants = utc(series);
        let mut times: Vec<(Stamp, Stamp, i16)> = instants
            .iter()
            .zip(&series.stamps)
            .zip(std::mem::take(&mut series.offsets))
            .map(|((&instant, &local), offset)| (instant, local, offset))
            .collect();
        times.sort_unstable();
        let (locals, offsets): (Vec<Stamp>, Vec<i16>) =
            times.into_iter().map(|(_, local, offset)| (local, offset)).unzip();
        series.clock = Clock::of(&locals, &offsets, within);
        if within {
            series.stamps = instants;
        }
    }
}
