//! Shards: objects that hold many chunks, and an index of where each lies.
//!
//! Source: "Sharding codec" of the Zarr v3 core specification (ZEP 2).

use serde_json::Value;
use weir_model::ByteOrder;

use super::chain::Named;
use super::description::lengths;
use super::json::Members;
use crate::store::Object;
use crate::{Error, ErrorKind};

/// A shard may have this many chunks: its index then has 64 MiB.
const MOST_CHUNKS: u64 = 1 << 22;

/// Bytes of an entry of the index: an offset and a length.
const ENTRY: u64 = 16;

/// Both numbers of an entry for a chunk that is not there.
const ABSENT: u64 = u64::MAX;

/// Where the index lies in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// Before the chunks.
    Start,
    /// Behind them.
    End,
}

/// How an array's chunks lie in shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharding {
    /// Chunks along each axis of a shard.
    counts: Vec<u64>,
    location: Location,
    order: ByteOrder,
    /// Whether a CRC-32C stands behind the index.
    has_checksum: bool,
}

/// A sharding, the inner chunk shape, and the inner codecs.
type Sharded = (Sharding, Vec<u64>, Vec<Named>);

impl Sharding {
    /// The sharding that a chain of codecs begins with, if it does; `outer` is the shape of a shard.
    ///
    /// # Errors
    /// `Corrupt` where inner chunks do not tile a shard, `Unsupported` for what is not built in.
    pub fn of_chain(steps: &[Named], outer: &[u64]) -> Result<Option<Sharded>, Error> {
        let is_sharding = |step: &Named| step.name == "sharding_indexed";
        let configuration = match steps {
            [only] if is_sharding(only) => &only.configuration,
            _ if steps.iter().any(is_sharding) => {
                return Err(Error::unsupported("codecs around shards are not built in"));
            }
            _ => return Ok(None),
        };
        let inner = lengths(configuration.get("chunk_shape"));
        let inner = inner.ok_or_else(|| Error::corrupt("its sharding has no chunk shape"))?;
        let counts = outer.iter().zip(&inner).map(|(outer, inner)| {
            outer.checked_div(*inner).filter(|count| *count > 0 && count.checked_mul(*inner) == Some(*outer))
        });
        let counts: Option<Vec<u64>> = counts.collect();
        let counts = counts.filter(|counts| counts.len() == outer.len() && inner.len() == outer.len());
        let counts =
            counts.ok_or_else(|| Error::corrupt(format!("chunks {inner:?} do not tile shards {outer:?}")))?;
        let chunks = counts.iter().try_fold(1_u64, |n, &count| n.checked_mul(count));
        if chunks.is_none_or(|chunks| chunks > MOST_CHUNKS) {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("a shard has more than {MOST_CHUNKS} chunks"),
            ));
        }
        let inner_steps = named(configuration.get("codecs"))?;
        if inner_steps.iter().any(is_sharding) {
            return Err(Error::unsupported("shards in shards are not built in"));
        }
        let location = match configuration.get("index_location").and_then(Value::as_str) {
            Some("start") => Location::Start,
            Some("end") | None => Location::End,
            Some(other) => return Err(Error::corrupt(format!("its shard index is at {other:?}"))),
        };
        let (order, has_checksum) = index_codecs(&named(configuration.get("index_codecs"))?)?;
        Ok(Some((Self { counts, location, order, has_checksum }, inner, inner_steps)))
    }

    /// The shard that has a chunk, and the chunk's place in its index.
    pub fn place(&self, index: &[u64]) -> (Vec<u64>, u64) {
        let pairs = index.iter().zip(&self.counts);
        let shard = pairs.clone().map(|(&n, &count)| n.checked_div(count).unwrap_or(0)).collect();
        let place = pairs.fold(0_u64, |place, (&n, &count)| {
            place.saturating_mul(count).saturating_add(n.checked_rem(count).unwrap_or(0))
        });
        (shard, place)
    }

    /// Bytes of memory that reading the index of a shard takes: as it is stored, and as it is used.
    pub fn index_bytes(&self) -> u64 {
        let chunks = self.counts.iter().fold(1_u64, |n, &count| n.saturating_mul(count));
        chunks.saturating_mul(ENTRY).saturating_mul(2)
    }

    /// Reads the index of a shard.
    ///
    /// # Errors
    /// `Corrupt` where the shard is shorter than its index, or the checksum does not match.
    pub fn read_index(&self, shard: &Object) -> Result<ShardIndex, Error> {
        let chunks = self.counts.iter().fold(1_u64, |n, &count| n.saturating_mul(count));
        let checksum = if self.has_checksum { 4 } else { 0 };
        let length = chunks.saturating_mul(ENTRY).saturating_add(checksum);
        let offset = match self.location {
            Location::Start => 0,
            Location::End => shard.len().checked_sub(length).ok_or_else(|| {
                Error::corrupt(format!(
                    "a shard of {} bytes is shorter than its index of {length}",
                    shard.len()
                ))
            })?,
        };
        let bytes = shard.part(offset, length)?.read()?;
        ShardIndex::parse(&bytes, self.order, self.has_checksum)
    }
}

/// Codecs of version 3, as JSON.
fn named(codecs: Option<&Value>) -> Result<Vec<Named>, Error> {
    let wrong = || Error::corrupt("the codecs of its sharding are no list of codecs");
    let codecs = codecs.and_then(Value::as_array).ok_or_else(wrong)?;
    let one = |codec: &Value| match codec {
        Value::String(name) => Some(Named::new(name, Members::new())),
        Value::Object(members) => {
            let configuration = members.get("configuration").and_then(Value::as_object);
            Some(Named::new(members.get("name")?.as_str()?, configuration.cloned().unwrap_or_default()))
        }
        _ => None,
    };
    codecs.iter().map(|codec| one(codec).ok_or_else(wrong)).collect()
}

fn index_codecs(steps: &[Named]) -> Result<(ByteOrder, bool), Error> {
    let refused =
        || Error::unsupported("a shard index with other codecs than bytes and crc32c is not built in");
    let (bytes, rest) = steps.split_first().filter(|(first, _)| first.name == "bytes").ok_or_else(refused)?;
    let order = match bytes.configuration.get("endian").and_then(Value::as_str) {
        Some("little") => ByteOrder::Little,
        Some("big") => ByteOrder::Big,
        _ => return Err(Error::corrupt("its shard index has no byte order")),
    };
    match rest {
        [] => Ok((order, false)),
        [checksum] if checksum.name == "crc32c" => Ok((order, true)),
        _ => Err(refused()),
    }
}

/// Where the chunks of a shard lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardIndex {
    entries: Vec<(u64, u64)>,
}

impl ShardIndex {
    /// Parses an index of 16 bytes a chunk, and a checksum behind it if there is one.
    ///
    /// # Errors
    /// `Corrupt` where the checksum does not match.
    pub fn parse(bytes: &[u8], order: ByteOrder, has_checksum: bool) -> Result<Self, Error> {
        let bytes = match bytes.split_last_chunk::<4>().filter(|_| has_checksum) {
            Some((bytes, checksum)) => {
                if crc32c::crc32c(bytes) != u32::from_le_bytes(*checksum) {
                    return Err(Error::corrupt("the checksum of a shard index does not match"));
                }
                bytes
            }
            None if has_checksum => return Err(Error::corrupt("a shard index has no checksum")),
            None => bytes,
        };
        let number = |bytes: &[u8]| {
            let bytes = <[u8; 8]>::try_from(bytes).unwrap_or_default();
            match order {
                ByteOrder::Little => u64::from_le_bytes(bytes),
                ByteOrder::Big => u64::from_be_bytes(bytes),
            }
        };
        let entry =
            |entry: &[u8]| entry.split_at_checked(8).map(|(offset, length)| (number(offset), number(length)));
        // As long as it needs to be: a list that grows takes twice as much while it does.
        let mut entries = Vec::with_capacity(bytes.len() / 16);
        entries.extend(bytes.chunks_exact(16).filter_map(entry));
        Ok(Self { entries })
    }

    /// Offset and length of the chunk at a place, inside a shard of `shard_bytes`; `None` where the shard does not have it.
    ///
    /// # Errors
    /// `Corrupt` where it does not lie inside the shard.
    pub fn range(&self, place: u64, shard_bytes: u64) -> Result<Option<(u64, u64)>, Error> {
        let entry = usize::try_from(place).ok().and_then(|place| self.entries.get(place));
        let &(offset, length) = entry.ok_or_else(|| Error::corrupt("a shard index is too short"))?;
        if (offset, length) == (ABSENT, ABSENT) {
            return Ok(None);
        }
        match offset.checked_add(length) {
            Some(end) if end <= shard_bytes => Ok(Some((offset, length))),
            _ => Err(Error::corrupt(format!(
                "its shard has {shard_bytes} bytes, but {length} bytes at byte {offset} are said to be the chunk"
            ))),
        }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.entries.len().saturating_mul(16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(json: &str) -> Vec<Named> {
        named(Some(&serde_json::from_str(json).unwrap())).unwrap()
    }

    fn check(configuration: &str, outer: &[u64], expected: Result<&[u64], &str>) {
        let json = format!(r#"[{{"name":"sharding_indexed","configuration":{{{configuration}}}}}]"#);
        match (Sharding::of_chain(&steps(&json), outer), expected) {
            (Ok(Some((sharding, ..))), Ok(counts)) => assert_eq!(sharding.counts, counts),
            (Err(error), Err(part)) => assert!(error.message.contains(part), "{json}: {error}"),
            (got, expected) => panic!("{json}: {got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn inner_chunks_tile_shards() {
        let codecs = r#""codecs":["bytes"],"index_codecs":[{"name":"bytes","configuration":{"endian":"little"}},"crc32c"]"#;
        check(&format!(r#""chunk_shape":[2,3],{codecs}"#), &[4, 9], Ok(&[2, 3]));
        check(&format!(r#""chunk_shape":[2,3],{codecs}"#), &[4, 10], Err("do not tile"));
        check(&format!(r#""chunk_shape":[0,3],{codecs}"#), &[4, 9], Err("do not tile"));
        check(&format!(r#""chunk_shape":[2],{codecs}"#), &[4, 9], Err("do not tile"));
        check(
            &format!(r#""chunk_shape":[1,1],{codecs}"#),
            &[1 << 40, 1 << 40],
            Err("more than 4194304 chunks"),
        );
        check(
            r#""chunk_shape":[1],"codecs":["bytes"],"index_codecs":["gzip"]"#,
            &[2],
            Err("other codecs than"),
        );
        check(
            r#""chunk_shape":[1],"codecs":["sharding_indexed"],"index_codecs":[]"#,
            &[2],
            Err("shards in shards"),
        );
        check(r#""chunk_shape":[1],"codecs":3"#, &[2], Err("no list of codecs"));
        let around = steps(r#"["transpose","sharding_indexed"]"#);
        assert!(Sharding::of_chain(&around, &[1]).is_err());
        assert_eq!(Sharding::of_chain(&steps(r#"["bytes"]"#), &[1]), Ok(None));
    }

    #[test]
    fn entries_lie_inside_the_shard() {
        let numbers = [10_u64, 5, ABSENT, ABSENT, ABSENT, 1, 96, 5];
        let mut bytes = numbers.map(u64::to_le_bytes).concat();
        let index = ShardIndex::parse(&bytes, ByteOrder::Little, false).unwrap();
        assert_eq!(index.range(0, 100), Ok(Some((10, 5))));
        assert_eq!(index.range(1, 100), Ok(None));
        for place in 2..5 {
            assert_eq!(index.range(place, 100).unwrap_err().kind, ErrorKind::Corrupt);
        }
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        assert_eq!(ShardIndex::parse(&bytes, ByteOrder::Little, true), Ok(index));
        bytes[3] ^= 1;
        assert!(ShardIndex::parse(&bytes, ByteOrder::Little, true).is_err());
        let swapped = ShardIndex::parse(&numbers.map(u64::to_be_bytes).concat(), ByteOrder::Big, false);
        assert_eq!(swapped.unwrap().range(0, 100), Ok(Some((10, 5))));
    }
}
