//! The clock on the wall beside the stamps of a series.

use super::stamp::{MINUTE, Stamp};

/// How a series' stamps stand to the times that its table has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Offsets from UTC in minutes, each with the first stamp that it holds for; none where times have no offset.
    changes: Vec<(Stamp, i16)>,
    /// Whether stamps are in UTC. Else they are the time on the wall, and so are days, weeks and months.
    utc: bool,
}

impl Clock {
    /// The clock of a series whose times of the wall are `locals` and had these `offsets`.
    pub fn of(locals: &[Stamp], offsets: &[i16], utc: bool) -> Self {
        let mut changes: Vec<(Stamp, i16)> = Vec::new();
        for (&local, &offset) in locals.iter().zip(offsets) {
            if changes.last().is_none_or(|&(_, last)| last != offset) {
                changes.push((if utc { to_utc(local, offset) } else { local }, offset));
            }
        }
        Clock { changes, utc }
    }

    /// Minutes ahead of UTC at a stamp. Beyond the table, its last offset holds.
    pub fn offset(&self, stamp: Stamp) -> i16 {
        let after = self.changes.partition_point(|&(from, _)| from <= stamp);
        self.changes.get(after.saturating_sub(1)).map_or(0, |&(_, offset)| offset)
    }

    /// The time on the wall at a stamp.
    pub fn local(&self, stamp: Stamp) -> Stamp {
        if self.utc { stamp.saturating_add(i64::from(self.offset(stamp)) * MINUTE) } else { stamp }
    }

    /// The stamp of a time on the wall, whose offset may be known.
    pub fn stamp(&self, local: Stamp, offset: Option<i16>) -> Stamp {
        if !self.utc {
            return local;
        }
        let near = || self.offset(to_utc(local, self.offset(local)));
        to_utc(local, offset.unwrap_or_else(near))
    }
}

/// The time in UTC of one on the wall.
pub fn to_utc(local: Stamp, offset: i16) -> Stamp {
    local.saturating_sub(i64::from(offset) * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::super::stamp::HOUR;
    use super::*;

    #[test]
    fn a_clock_that_changes_goes_there_and_back() {
        let locals = [0, HOUR, 3 * HOUR, 4 * HOUR]; // an hour is left out in spring
        let clock = Clock::of(&locals, &[60, 60, 120, 120], true);
        for (n, &local) in (-1..).zip(&locals) {
            assert_eq!(clock.local(n * HOUR), local);
            assert_eq!(clock.stamp(local, None), n * HOUR);
        }
        assert_eq!((clock.offset(-5 * HOUR), clock.offset(100 * HOUR)), (60, 120));
        assert_eq!(clock.stamp(HOUR, Some(120)), -HOUR);
        let wall = Clock::of(&locals, &[60, 60, 120, 120], false);
        assert_eq!((wall.local(3 * HOUR), wall.offset(3 * HOUR), wall.stamp(7, Some(60))), (3 * HOUR, 120, 7));
        assert_eq!(Clock::default().local(7), 7);
    }
}
