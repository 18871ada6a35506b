//! Which requests many ranges make: near ones share one, large ones are split.

/// A gap of fewer bytes is read with its neighbours: asking again would take longer.
const NEAR: u64 = 128 << 10;

/// One request asks for at most this many bytes.
pub const MOST_PART: u64 = 2 << 20;

/// Bytes of an object that are read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u64,
    /// The byte behind the last one.
    pub end: u64,
    /// Which of the ranges lie in it.
    pub members: Vec<usize>,
}

/// Covers ranges, given by offset and length, with spans. The caller has checked that they are inside the object. Empty
/// ranges are in no span.
pub fn cover(ranges: &[(u64, u64)]) -> Vec<Span> {
    let mut order: Vec<(usize, u64, u64)> = ranges
        .iter()
        .enumerate()
        .filter(|(_, (_, length))| *length > 0)
        .map(|(number, &(offset, length))| (number, offset, offset.saturating_add(length)))
        .collect();
    order.sort_unstable_by_key(|&(_, start, end)| (start, end));
    let mut spans: Vec<Span> = Vec::new();
    for (number, start, end) in order {
        match spans.last_mut() {
            Some(span) if joins(span, start, end) => {
                span.end = span.end.max(end);
                span.members.push(number);
            }
            _ => spans.push(Span { start, end, members: vec![number] }),
        }
    }
    spans
}

fn joins(span: &Span, start: u64, end: u64) -> bool {
    let inside = end <= span.end;
    let near = start.saturating_sub(span.end) <= NEAR;
    inside || (near && end.saturating_sub(span.start) <= MOST_PART)
}

/// The requests of a span, each of at most [`MOST_PART`] bytes.
pub fn parts(span: &Span) -> impl Iterator<Item = (u64, u64)> + use<> {
    let (start, end) = (span.start, span.end);
    let count = end.saturating_sub(start).div_ceil(MOST_PART);
    (0..count).map(move |number| {
        let from = start.saturating_add(number.saturating_mul(MOST_PART));
        (from, from.saturating_add(MOST_PART).min(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(ranges: &[(u64, u64)], expected: &[(u64, u64, &[usize])]) {
        let expected: Vec<Span> = expected
            .iter()
            .map(|&(start, end, members)| Span { start, end, members: members.to_vec() })
            .collect();
        assert_eq!(cover(ranges), expected, "{ranges:?}");
    }

    #[test]
    fn near_ranges_share_a_span() {
        check(&[], &[]);
        check(&[(5, 0)], &[]);
        check(&[(10, 5), (0, 10)], &[(0, 15, &[1, 0])]);
        check(&[(0, 10), (0, 10), (3, 4)], &[(0, 10, &[0, 1, 2])]);
        check(&[(0, 1), (1 + NEAR, 1)], &[(0, 2 + NEAR, &[0, 1])]);
        check(&[(0, 1), (2 + NEAR, 1)], &[(0, 1, &[0]), (2 + NEAR, 3 + NEAR, &[1])]);
        check(&[(0, MOST_PART), (MOST_PART, 1)], &[(0, MOST_PART, &[0]), (MOST_PART, MOST_PART + 1, &[1])]);
        check(&[(0, 2 * MOST_PART), (7, 9)], &[(0, 2 * MOST_PART, &[0, 1])]);
    }

    #[test]
    fn large_spans_are_split() {
        let split = |end| parts(&Span { start: 3, end, members: vec![] }).collect::<Vec<_>>();
        assert_eq!(split(4), [(3, 4)]);
        assert_eq!(split(4 + MOST_PART), [(3, 3 + MOST_PART), (3 + MOST_PART, 4 + MOST_PART)]);
    }

    proptest! {
        #[test]
        fn every_range_lies_in_one_span(ranges in proptest::collection::vec((0..20_u64 << 20, 0..6_u64 << 20), 0..30)) {
            let spans = cover(&ranges);
            let mut members: Vec<usize> = spans.iter().flat_map(|span| span.members.clone()).collect();
            members.sort_unstable();
            let full: Vec<usize> = (0..ranges.len()).filter(|&number| ranges[number].1 > 0).collect();
            prop_assert_eq!(members, full);
            for span in &spans {
                for &member in &span.members {
                    let (offset, length) = ranges[member];
                    prop_assert!(span.start <= offset && offset + length <= span.end);
                }
                let covered: u64 = parts(span).map(|(from, to)| to - from).sum();
                prop_assert_eq!(covered, span.end - span.start);
            }
        }
    }
}
