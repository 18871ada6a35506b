//! Entity tags, dates, and conditional requests (RFC 9110, sections 8.8 and 13).

use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use weir_datasets::Times;

use crate::coding::Coding;

/// What tells one state of a response from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validators {
    /// Its strong tag, without any coding.
    pub tag: String,
    /// When the data was changed, where that is known.
    pub times: Option<Times>,
}

impl Validators {
    /// The date that a client is told at `now`: none as long as the data may be changed again within the same second.
    pub fn last_modified(&self, now: SystemTime) -> Option<SystemTime> {
        let times = self.times?;
        (seconds(now) > settled(times)).then_some(times.modified)
    }
}

/// Whether the data is what it was when a client was told `since`.
///
/// That is so where the client has the very date of the data, and where nothing of the file was changed since, its times
/// included: a file that was replaced by an older one is another one although its date is earlier. A date behind `now` tells of
/// a clock that is wrong.
pub fn is_unmodified(times: Times, since: SystemTime, now: SystemTime) -> bool {
    let left_alone = seconds(since) > settled(times) && seconds(since) <= seconds(now);
    seconds(since) == seconds(times.modified) || left_alone
}

/// The second in which the file was left alone.
fn settled(times: Times) -> u64 {
    seconds(times.modified.max(times.changed))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age: Duration| age.as_secs())
}

/// The strong tag of a response that depends only on a dataset's generation, the request target and the plugin: its name, its
/// version and its configuration.
pub fn tag(generation: &str, [name, version, configuration]: [&str; 3], target: &str) -> String {
    let mut hash = Sha256::new();
    for part in [generation, name, version, configuration, target] {
        hash.update(part);
        hash.update([0]);
    }
    let digits = hash.finalize().into_iter().take(12).flat_map(|byte| [byte >> 4, byte & 15]);
    let hex = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
    std::iter::once('"').chain(hex).chain(['"']).collect()
}

/// The tag in an `If-None-Match` header that names the response with `tag`, in whichever coding the client has it. A weak
/// spelling counts, as the comparison is weak. `*` names every version, but only of what exists, so it is left to those who
/// know that.
pub fn known(header: &str, tag: &str) -> Option<String> {
    let ours: Vec<String> =
        std::iter::once(tag.to_owned()).chain(Coding::ALL.map(|coding| coding.tag(tag))).collect();
    let named = header.split(',').map(str::trim).map(|one| one.strip_prefix("W/").unwrap_or(one));
    named.map(str::to_owned).find(|one| ours.contains(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_change_with_every_part() {
        let tags = [
            tag("a", ["p", "1", "{}"], "/x"),
            tag("b", ["p", "1", "{}"], "/x"),
            tag("a", ["q", "1", "{}"], "/x"),
            tag("a", ["p", "2", "{}"], "/x"),
            tag("a", ["p", "1", "{\"a\":1}"], "/x"),
            tag("a", ["p", "1", "{}"], "/y"),
        ];
        for (i, one) in tags.iter().enumerate() {
            assert!(tags.iter().skip(i + 1).all(|other| other != one));
        }
    }

    #[test]
    fn lists_weak_spellings_and_codings_match() {
        let ours = tag("a", ["p", "1", "{}"], "/x");
        let check = |header: &str, expected: Option<&str>| {
            assert_eq!(known(header, &ours).as_deref(), expected, "{header}");
        };
        check(&ours, Some(&ours));
        check(&format!("\"other\", W/{ours}"), Some(&ours));
        let coded = Coding::Gzip.tag(&ours);
        check(&format!("{coded},{ours}"), Some(&coded));
        check("\"other\"", None);
        check("*", None);
        check("", None);
    }

    fn at(tenths: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(tenths * 100)
    }

    #[test]
    fn dates_are_told_once_they_will_not_do_for_two_states() {
        let check = |modified, changed, now, expected: Option<u64>| {
            let times = Some(Times { modified: at(modified), changed: at(changed) });
            let validators = Validators { tag: String::new(), times };
            assert_eq!(validators.last_modified(at(now)), expected.map(at), "{modified} {changed} {now}");
        };
        check(103, 103, 104, None);
        check(103, 103, 109, None);
        check(103, 103, 110, Some(103));
        check(53, 103, 109, None);
        check(53, 103, 110, Some(53));
        // A file of the future.
        check(203, 103, 150, None);
    }

    #[test]
    fn a_date_is_believed_only_where_it_cannot_mean_another_state() {
        let check = |modified, changed, since, expected: bool| {
            let times = Times { modified: at(modified), changed: at(changed) };
            assert_eq!(is_unmodified(times, at(since), at(400)), expected, "{modified} {changed} {since}");
        };
        check(103, 103, 100, true);
        check(103, 103, 90, false);
        check(103, 103, 110, true);
        // Replaced by an older file after the client had asked.
        check(53, 303, 100, false);
        check(53, 303, 300, false);
        check(53, 303, 310, true);
        check(53, 303, 50, true);
        check(103, 103, 409, true);
        check(103, 103, 410, false);
    }
}
