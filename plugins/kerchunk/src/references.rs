//! References: where the chunk of a key can be read without this mount.

use std::cell::OnceCell;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

use weir_plugin_api::model::Schema;
use weir_plugin_api::{ChunkPlace, Dataset, Error, ErrorKind, FileInfo, Place, PlaceBytes, Request, Source};
use weir_zarr::{Array, Format, Hierarchy, Layouts, Node};
use weir_zarr_objects::unravelled;

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

/// A range of what is at a URL. No chunk is written into a set: not every reader of sets can read those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub url: String,
    pub offset: u64,
    pub length: u64,
}

/// An array of a reference set.
pub(crate) struct Member {
    /// Its path without a slash in front.
    pub path: String,
    /// How many chunks lie along each axis.
    pub counts: Vec<u64>,
    /// How long a chunk is that is made because it was never written.
    unwritten: OnceCell<u64>,
}

impl Member {
    fn new(path: String, counts: Vec<u64>) -> Self {
        Self { path, counts, unwritten: OnceCell::new() }
    }

    fn unwritten_length(&self, array: &Array<'_>) -> u64 {
        let make = || {
            let elements = array.grid().chunk_elements();
            array.chain().and_then(|chain| chain.unwritten(&array.fill(), elements))
        };
        // Where it cannot be made, this mount says so to whoever asks for any of it.
        *self.unwritten.get_or_init(|| make().map_or(1, |bytes| bytes.len() as u64))
    }

    /// How many chunks it has.
    pub(crate) fn chunks(&self) -> u64 {
        self.counts.iter().copied().fold(1, u64::saturating_mul)
    }

    /// The index of a chunk, counted row-major.
    pub(crate) fn index(&self, number: u64) -> Vec<u64> {
        unravelled(number, &self.counts)
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
            Node::Array(array) => Some(Member::new(path, array.grid().counts())),
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

    /// Where a chunk is; `None` where the client fills in the fill value, and is right. What no file has, and what a client would
    /// not understand as it is stored, leads to this mount, which makes what it can of it and says why it cannot.
    ///
    /// # Errors
    /// Whatever keeps absence or presence from being proven.
    pub(crate) fn target(
        &self,
        member: &Member,
        array: &Array<'_>,
        index: &[u64],
    ) -> Result<Option<Target>, Error> {
        let path = format!("/{}", member.path);
        let here = |length| {
            let url = format!("{}/{}", self.addresses.mount, encoded(&member.key(index)));
            Ok(Some(Target { url, offset: 0, length }))
        };
        let place = self.dataset.place(&path, index, PlaceBytes::Unwanted).map_err(crate::chunks::present);
        let stored = match place {
            Ok(ChunkPlace::Missing) if array.absent_chunks_may_be_missing(Format::V2) => return Ok(None),
            Ok(ChunkPlace::Missing) => return here(member.unwritten_length(array)),
            Ok(ChunkPlace::Stored(stored)) => stored,
            // This one chunk cannot be had as it is stored.
            Err(error) if error.kind == ErrorKind::Unsupported => return here(1),
            Err(error) => return Err(error),
        };
        let (length, is_as_said) = (stored.length, stored.skipped_codecs == 0);
        match stored.at {
            Place::Range { source, offset } if is_as_said => match self.addresses.url(&source) {
                Some(url) => Ok(Some(Target { url, offset, length })),
                None => here(length),
            },
            _ => here(length),
        }
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

/// The metadata document of an array as reference sets have it: all codecs stand among the filters, as kerchunk writes them, because
/// VirtualiZarr takes a compressor for a list.
pub(crate) fn with_filters_alone(array: &mut Json) {
    let Some(members) = array.as_object_mut() else { return };
    let Some(compressor) = members.insert("compressor".to_owned(), Json::Null).filter(|c| !c.is_null())
    else {
        return;
    };
    match members.get_mut("filters") {
        Some(Json::Array(filters)) => filters.push(compressor),
        _ => drop(members.insert("filters".to_owned(), Json::Array(vec![compressor]))),
    }
}

/// A path as a part of a URL: slashes stay.
fn encoded(path: &str) -> String {
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b'/');
    utf8_percent_encode(path, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_counted_row_major() {
        let member = Member::new("g/v".into(), vec![2, 3]);
        assert_eq!(member.chunks(), 6);
        let keys: Vec<String> = (0..6).map(|number| member.key(&member.index(number))).collect();
        assert_eq!(keys, ["g/v/0.0", "g/v/0.1", "g/v/0.2", "g/v/1.0", "g/v/1.1", "g/v/1.2"]);
        let scalar = Member::new("s".into(), vec![]);
        assert_eq!((scalar.chunks(), scalar.key(&scalar.index(0)).as_str()), (1, "s/0"));
    }

    #[test]
    fn codecs_stand_among_the_filters() {
        let check = |document: &str, expected: &str| {
            let mut document: Json = serde_json::from_str(document).unwrap();
            with_filters_alone(&mut document);
            assert_eq!(document.to_string(), expected);
        };
        check(
            r#"{"compressor":{"id":"zlib"},"order":"C","filters":[{"id":"shuffle"}]}"#,
            r#"{"compressor":null,"order":"C","filters":[{"id":"shuffle"},{"id":"zlib"}]}"#,
        );
        check(
            r#"{"compressor":{"id":"zlib"},"filters":null}"#,
            r#"{"compressor":null,"filters":[{"id":"zlib"}]}"#,
        );
        check(r#"{"compressor":null,"filters":null}"#, r#"{"compressor":null,"filters":null}"#);
    }

    #[test]
    fn paths_are_encoded() {
        assert_eq!(encoded("a/b c+é.nc"), "a/b%20c%2B%C3%A9.nc");
    }
}
