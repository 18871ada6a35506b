//! References: where the chunk of a key can be read without this mount.

use std::sync::Arc;

use weir_plugin_api::model::Schema;
use weir_plugin_api::{ChunkPlace, Dataset, Error, ErrorKind, FileInfo, Place, PlaceBytes, Request, Source};
use weir_zarr::{Array, Format, Hierarchy, Layouts, Node};

/// Chunks that lie in no file are written into the set where they have at most this many bytes.
const MOST_INLINE: u64 = 4 << 10;

/// A dataset whose chunks are referred to.
pub(crate) struct Referred {
    pub dataset: Dataset,
    pub schema: Arc<Schema>,
    pub layouts: Layouts,
    addresses: Addresses,
}

/// The URLs that references begin with.
struct Addresses {
    /// Of all datasets.
    datasets: String,
    /// Of this mount of this dataset.
    mount: String,
    /// Of the dataset's own file.
    own: String,
}

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nothing: the client fills in the fill value, which is right.
    Missing,
    /// These bytes.
    Inline(Vec<u8>),
    /// All that is at a URL.
    Whole(String),
    /// A range of what is at a URL.
    Part { url: String, offset: u64, length: u64 },
}

/// An array of a reference set.
pub(crate) struct Member {
    /// Its path without a slash in front.
    pub path: String,
    /// How many chunks lie along each axis.
    pub counts: Vec<u64>,
}

impl Member {
    /// How many chunks it has.
    pub(crate) fn chunks(&self) -> u64 {
        self.counts.iter().copied().fold(1, u64::saturating_mul)
    }

    /// The index of a chunk, counted row-major.
    pub(crate) fn index(&self, number: u64) -> Vec<u64> {
        let mut rest = number;
        let mut index: Vec<u64> = self
            .counts
            .iter()
            .rev()
            .map(|&count| {
                let place = rest.checked_rem(count).unwrap_or(0);
                rest = rest.checked_div(count).unwrap_or(0);
                place
            })
            .collect();
        index.reverse();
        index
    }

    /// The key of a chunk in version 2.
    pub(crate) fn key(&self, index: &[u64]) -> String {
        let numbers: Vec<String> = index.iter().map(u64::to_string).collect();
        let numbers = if numbers.is_empty() { "0".to_owned() } else { numbers.join(".") };
        format!("{}/{numbers}", self.path)
    }
}

impl Referred {
    /// What can be referred to in the dataset of a request.
    ///
    /// # Errors
    /// What keeps layouts from being known now.
    pub(crate) fn new(request: &Request<'_>, dataset: Dataset) -> Result<Self, Error> {
        let schema = dataset.schema()?;
        let layouts = crate::layouts::of_all(&dataset, &schema)?;
        let addresses = Addresses::of(request, own_url(&dataset)?);
        Ok(Self { dataset, schema, layouts, addresses })
    }

    pub(crate) fn hierarchy(&self) -> Hierarchy<'_> {
        Hierarchy::stored(&self.schema, &self.layouts)
    }

    /// The arrays, in declaration order.
    pub(crate) fn members(&self) -> Vec<Member> {
        let all = self.hierarchy().members("").into_iter();
        let member = |(path, node): (String, Node<'_>)| match node {
            Node::Array(array) => Some(Member { path, counts: array.grid().counts() }),
            Node::Group(_) => None,
        };
        all.filter_map(member).collect()
    }

    /// The array at a path without a slash in front; `None` where there is none.
    pub(crate) fn array(&self, path: &str) -> Option<Array<'_>> {
        match self.hierarchy().node(path)? {
            Node::Array(array) => Some(*array),
            Node::Group(_) => None,
        }
    }

    /// Where a chunk is. What no file has, and what a client would not understand as it is stored, leads to this mount, which
    /// makes what it can of it and says why it cannot.
    ///
    /// # Errors
    /// Whatever keeps absence or presence from being proven.
    pub(crate) fn target(&self, member: &Member, array: &Array<'_>, index: &[u64]) -> Result<Target, Error> {
        let path = format!("/{}", member.path);
        let here = || Target::Whole(format!("{}/{}", self.addresses.mount, encoded(&member.key(index))));
        let stored = match self.place(&path, index, PlaceBytes::Unwanted) {
            Ok(ChunkPlace::Missing) if array.absent_chunks_may_be_missing(Format::V2) => {
                return Ok(Target::Missing);
            }
            Ok(ChunkPlace::Missing) => return Ok(here()),
            Ok(ChunkPlace::Stored(stored)) => stored,
            // This one chunk cannot be had as it is stored.
            Err(error) if error.kind == ErrorKind::Unsupported => return Ok(here()),
            Err(error) => return Err(error),
        };
        if stored.skipped_codecs != 0 {
            return Ok(here());
        }
        let length = stored.length;
        Ok(match stored.at {
            Place::Range { source, offset } => match self.addresses.url(&source) {
                Some(url) => Target::Part { url, offset, length },
                None => here(),
            },
            Place::Elsewhere if length > MOST_INLINE => here(),
            Place::Elsewhere => match self.place(&path, index, PlaceBytes::Wanted)? {
                ChunkPlace::Stored(stored) => {
                    Target::Inline(stored.bytes.map_or_else(Vec::new, |bytes| bytes.to_vec()))
                }
                ChunkPlace::Missing => here(),
            },
        })
    }

    fn place(&self, path: &str, index: &[u64], bytes: PlaceBytes) -> Result<ChunkPlace, Error> {
        self.dataset.place(path, index, bytes).map_err(crate::chunks::present)
    }
}

/// The URL at which anybody can read the dataset's own file without this server.
fn own_url(dataset: &Dataset) -> Result<Option<String>, Error> {
    match dataset.file() {
        Ok(FileInfo { url, .. }) => Ok(url),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Addresses {
    fn of(request: &Request<'_>, own: Option<String>) -> Self {
        let datasets = format!("{}/datasets", request.base_url());
        let dataset = format!("{datasets}/{}", encoded(request.dataset_id()));
        let own = own.unwrap_or_else(|| format!("{dataset}/file"));
        Self { mount: format!("{dataset}/kerchunk"), datasets, own }
    }

    fn url(&self, source: &Source) -> Option<String> {
        match source {
            Source::Own => Some(self.own.clone()),
            Source::Dataset(id) => Some(format!("{}/{}/file", self.datasets, encoded(id))),
            Source::Url(url) => Some(url.clone()),
            Source::Unnamed => None,
        }
    }
}

/// A path as a part of a URL: slashes stay.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b'/' => {
                out.push(byte.into());
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_counted_row_major() {
        let member = Member { path: "g/v".into(), counts: vec![2, 3] };
        assert_eq!(member.chunks(), 6);
        let keys: Vec<String> = (0..6).map(|number| member.key(&member.index(number))).collect();
        assert_eq!(keys, ["g/v/0.0", "g/v/0.1", "g/v/0.2", "g/v/1.0", "g/v/1.1", "g/v/1.2"]);
        let scalar = Member { path: "s".into(), counts: vec![] };
        assert_eq!((scalar.chunks(), scalar.key(&scalar.index(0)).as_str()), (1, "s/0"));
    }

    #[test]
    fn paths_are_encoded() {
        assert_eq!(encoded("a/b c+é.nc"), "a/b%20c%2B%C3%A9.nc");
    }
}
