//! Records: what was learnt of an aggregation's members, as it is kept from one run of the server to the next.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::facts::{Facts, Layout, VariableLayout};
use super::held::Held;
use crate::index::{self, packed};

/// Gives the record with a key.
pub type Get = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

/// Keeps a record under a key.
pub type Put = dyn Fn(&str, &[u8]) + Send + Sync;

/// Where records are kept.
pub struct Kept {
    /// Gives the record with a key.
    pub get: Box<Get>,
    /// Keeps a record under a key.
    pub put: Box<Put>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

/// A record has at most this many bytes; a larger one is not kept.
const MOST_BYTES: usize = 256 << 20;

/// Records of another version are not understood.
const VERSION: u32 = 2;

/// All members of an aggregation.
struct Record {
    version: u32,
    /// Layouts, each once.
    layouts: Vec<Layout>,
    members: Vec<MemberRecord>,
}

/// One member.
struct MemberRecord {
    name: String,
    stamp: String,
    generation: String,
    /// The layout's number.
    layout: u32,
    length: u64,
    coordinate: Option<Held>,
    fixed: Vec<(String, String)>,
    times: Vec<(String, Held)>,
}

packed!(struct Record { version, layouts, members });
packed!(struct MemberRecord { name, stamp, generation, layout, length, coordinate, fixed, times });
packed!(struct Layout { dimensions, variables });
packed!(struct VariableLayout {
    path, data_type, type_name, dimensions, shape, chunk_shape, encoding, units, calendar, bounds, packing,
});
packed!(enum Held { 1 => Elements(elements), 2 => Strings(strings) });

/// Members and what was learnt of them as bytes; `None` where that is too much to keep.
#[must_use]
pub fn pack<'a>(members: impl Iterator<Item = (&'a str, &'a Facts)>) -> Option<Vec<u8>> {
    let mut numbers: HashMap<&Arc<Layout>, u32> = HashMap::new();
    let mut record = Record { version: VERSION, layouts: Vec::new(), members: Vec::new() };
    for (name, facts) in members {
        let next = u32::try_from(record.layouts.len()).ok()?;
        let layout = *numbers.entry(&facts.layout).or_insert_with(|| {
            record.layouts.push(Layout::clone(&facts.layout));
            next
        });
        let times = facts.times.iter().map(|(path, held)| (path.clone(), held.clone()));
        record.members.push(MemberRecord {
            name: name.to_owned(),
            stamp: facts.stamp.clone(),
            generation: facts.generation.clone(),
            layout,
            length: facts.length,
            coordinate: facts.coordinate.clone(),
            fixed: facts.fixed.clone(),
            times: times.collect(),
        });
    }
    Some(index::pack(&record)).filter(|bytes| bytes.len() <= MOST_BYTES)
}

/// What was packed, by the members' names; `None` for bytes that are no such record.
#[must_use]
pub fn unpack(bytes: &[u8]) -> Option<HashMap<String, Facts>> {
    let record: Record = index::unpack(bytes).filter(|record: &Record| record.version == VERSION)?;
    let layouts: Vec<Arc<Layout>> = record.layouts.into_iter().map(Arc::new).collect();
    let member = |member: MemberRecord| {
        let MemberRecord { name, stamp, generation, length, coordinate, fixed, times, .. } = member;
        let layout = Arc::clone(layouts.get(usize::try_from(member.layout).ok()?)?);
        let times = times.into_iter().collect();
        Some((name, Facts { stamp, generation, layout, length, coordinate, fixed, times }))
    };
    record.members.into_iter().map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_they_were_written() {
        let layout = |lengths: &[u64]| {
            let dimensions = lengths.iter().map(|&length| (format!("/d{length}"), length)).collect();
            Arc::new(Layout { dimensions, variables: vec![] })
        };
        let facts = |number: u64, layout: &Arc<Layout>| Facts {
            stamp: format!("stamp {number}"),
            generation: format!("generation {number}"),
            layout: Arc::clone(layout),
            length: number,
            coordinate: Some(Held::Elements(vec![number as u8; 3])),
            fixed: vec![("/lat".into(), "digest".into())],
            times: HashMap::from([("/bounds".into(), Held::Strings(vec![vec![1]]))]),
        };
        let (one, other) = (layout(&[3]), layout(&[4, 5]));
        let members = [("a", facts(1, &one)), ("b", facts(2, &other)), ("c", facts(3, &one))];
        let bytes = pack(members.iter().map(|(name, facts)| (*name, facts))).unwrap();
        let found = unpack(&bytes).unwrap();
        assert_eq!(found.len(), 3);
        for (name, facts) in &members {
            assert_eq!(&found[*name], facts);
        }
        assert!(Arc::ptr_eq(&found["a"].layout, &found["c"].layout), "a layout is kept once");
        for cut in 0..bytes.len() {
            let _ = unpack(&bytes[..cut]);
        }
        assert_eq!(unpack(b"other"), None);
    }
}
