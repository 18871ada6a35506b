//! Times as WMS lists them: each by itself, or intervals with their step (OGC 06-042, annex D).

use weir_cf::Calendar;
use weir_cf::time::DateTime;

use crate::dimension::MOST_LISTED;

const SECOND: i128 = 1_000_000_000;

/// A time as ISO 8601 writes it, in the data's own calendar.
pub(crate) fn date(calendar: Calendar, instant: i128) -> Option<String> {
    Some(format!("{}Z", DateTime::at(calendar, instant).ok()?))
}

/// Steps of one length.
struct Even {
    first: i128,
    last: i128,
    count: usize,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    None,
    Seconds(i128),
    Months(i128),
}

/// All times. Those that are missing are left out.
pub(crate) fn listed(calendar: Calendar, instants: &[Option<i128>]) -> String {
    let mut runs: Vec<Even> = Vec::new();
    for instant in instants.iter().copied().flatten() {
        if !runs.last_mut().is_some_and(|run| run.take(calendar, instant)) {
            runs.push(Even { first: instant, last: instant, count: 1, step: Step::None });
        }
    }
    let written: Vec<String> = runs.iter().flat_map(|run| run.written(calendar)).collect();
    if written.len() <= MOST_LISTED {
        return written.join(",");
    }
    let there = || instants.iter().copied().flatten();
    let ends = there().min().zip(there().max());
    let ends = ends.and_then(|(first, last)| date(calendar, first).zip(date(calendar, last)));
    // No step stands for times that do not lie evenly.
    ends.map_or_else(String::new, |(first, last)| format!("{first}/{last}/0"))
}

impl Even {
    /// Takes a time that goes on with the same step (a second time makes one), and says whether it does.
    fn take(&mut self, calendar: Calendar, instant: i128) -> bool {
        let goes_on = match self.step {
            Step::None => {
                self.step = step(calendar, self.last, instant);
                self.step != Step::None
            }
            Step::Seconds(seconds) => instant.saturating_sub(self.last) == seconds.saturating_mul(SECOND),
            months => step_in_months(calendar, self.last, instant) == Some(months),
        };
        if goes_on {
            (self.last, self.count) = (instant, self.count.saturating_add(1));
        }
        goes_on
    }

    fn written(&self, calendar: Calendar) -> Vec<String> {
        let date = |instant| date(calendar, instant).unwrap_or_default();
        match (self.count, self.step) {
            (1, _) | (_, Step::None) => vec![date(self.first)],
            (2, _) => vec![date(self.first), date(self.last)],
            (_, step) => vec![format!("{}/{}/{}", date(self.first), date(self.last), step.written())],
        }
    }
}

impl Step {
    fn written(self) -> String {
        match self {
            Self::None => String::new(),
            Self::Months(months) if months % 12 == 0 => format!("P{}Y", months / 12),
            Self::Months(months) => format!("P{months}M"),
            Self::Seconds(seconds) if seconds % 86_400 == 0 => format!("P{}D", seconds / 86_400),
            Self::Seconds(seconds) if seconds % 3600 == 0 => format!("PT{}H", seconds / 3600),
            Self::Seconds(seconds) if seconds % 60 == 0 => format!("PT{}M", seconds / 60),
            Self::Seconds(seconds) => format!("PT{seconds}S"),
        }
    }
}

/// From one time to the next: months where both are at the same day and time of day, else seconds.
fn step(calendar: Calendar, from: i128, to: i128) -> Step {
    let apart = to.saturating_sub(from);
    match step_in_months(calendar, from, to) {
        Some(months) => months,
        None if apart > 0 && apart % SECOND == 0 => Step::Seconds(apart / SECOND),
        None => Step::None,
    }
}

fn step_in_months(calendar: Calendar, from: i128, to: i128) -> Option<Step> {
    let (from, to) = (DateTime::at(calendar, from).ok()?, DateTime::at(calendar, to).ok()?);
    let month = |date: &DateTime| i128::from(date.date().year) * 12 + i128::from(date.date().month);
    let months = month(&to).checked_sub(month(&from))?;
    let same = from.date().day == to.date().day && from.clock() == to.clock();
    (same && months > 0).then_some(Step::Months(months))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instants(calendar: Calendar, dates: &[&str]) -> Vec<Option<i128>> {
        dates.iter().map(|date| DateTime::parse(date, calendar).unwrap().instant().ok()).collect()
    }

    fn check(dates: &[&str], expected: &str) {
        let calendar = Calendar::Standard;
        assert_eq!(listed(calendar, &instants(calendar, dates)), expected);
    }

    #[test]
    fn even_times_are_intervals() {
        check(&["2001-01-01"], "2001-01-01T00:00:00Z");
        check(&["2001-01-01", "2001-01-02"], "2001-01-01T00:00:00Z,2001-01-02T00:00:00Z");
        check(
            &["2001-01-01", "2001-01-01T06", "2001-01-01T12"],
            "2001-01-01T00:00:00Z/2001-01-01T12:00:00Z/PT6H",
        );
        check(&["2001-01-30", "2001-01-31", "2001-02-01"], "2001-01-30T00:00:00Z/2001-02-01T00:00:00Z/P1D");
        check(&["2001-01-15", "2001-02-15", "2001-03-15"], "2001-01-15T00:00:00Z/2001-03-15T00:00:00Z/P1M");
        check(&["2001-06-01", "2002-06-01", "2003-06-01"], "2001-06-01T00:00:00Z/2003-06-01T00:00:00Z/P1Y");
    }

    #[test]
    fn other_times_stand_by_themselves() {
        check(
            &["2001-01-01", "2001-01-02", "2001-01-03", "2001-01-05T12", "2001-01-07"],
            "2001-01-01T00:00:00Z/2001-01-03T00:00:00Z/P1D,2001-01-05T12:00:00Z,2001-01-07T00:00:00Z",
        );
        assert_eq!(listed(Calendar::Standard, &[None]), "");
    }

    #[test]
    fn too_many_are_told_by_their_ends() {
        let instants: Vec<Option<i128>> =
            (0..3000_i128).map(|n| Some((n * n + 86_400 * 2_451_545) * SECOND)).collect();
        let found = listed(Calendar::Standard, &instants);
        assert!(found.ends_with("/0") && found.matches('/').count() == 2, "{found}");
    }

    #[test]
    fn calendars_are_those_of_the_data() {
        let calendar = Calendar::parse("360_day").unwrap();
        let found = listed(calendar, &instants(calendar, &["2001-01-30", "2001-02-30", "2001-03-30"]));
        assert_eq!(found, "2001-01-30T00:00:00Z/2001-03-30T00:00:00Z/P1M");
    }
}
