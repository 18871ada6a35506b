//! The reference set in one document: `refs.json`, version 1 of Kerchunk's format.
//!
//! The document is made while it is sent, so that it may be large; a small one is made before, so that its length is known.

use weir_plugin_api::{Body, Bytes, Error, Response};
use weir_references::{Reference, entry};
use weir_zarr::{Key, Node, document};
use weir_zarr_objects::JSON;

use crate::references::{Member, Referred, Target, with_filters_alone};

/// The key of the document.
pub(crate) const NAME: &str = "refs.json";

/// Documents of at most this many bytes are made whole.
const SMALL: usize = 4 << 20;

/// Bytes of a piece of a larger one.
const PIECE: usize = 256 << 10;

/// Answers with the document of a dataset; one of more than `most` chunks is refused.
///
/// # Errors
/// `TooLarge`, naming the number of chunks and the limit; whatever keeps places from being found.
pub(crate) fn respond(referred: Referred, most: u64) -> Result<Response, Error> {
    let members = referred.members();
    let chunks = members.iter().map(Member::chunks).fold(0, u64::saturating_add);
    if chunks > most {
        return Err(Error::too_large(format!(
            "the reference set has {chunks} chunks, and the limit of one document is {most}; refs.parquet has no limit"
        )));
    }
    let mut pieces = Pieces { referred, members, at: Place::Beginning };
    let mut whole = Vec::new();
    while let Some(piece) = pieces.piece()? {
        whole.extend_from_slice(&piece);
        if whole.len() > SMALL {
            let body = Beginning { first: Some(whole), rest: pieces };
            return Ok(Response::stream(JSON, None, Box::new(body)).stable());
        }
    }
    Ok(Response::full(JSON, whole).stable())
}

/// Where the making of a document stands.
#[derive(Clone, Copy)]
enum Place {
    Beginning,
    /// Before this chunk of this member.
    Chunk(usize, u64),
    End,
}

struct Pieces {
    referred: Referred,
    members: Vec<Member>,
    at: Place,
}

impl Pieces {
    fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.at {
            Place::Beginning => {
                self.at = Place::Chunk(0, 0);
                self.metadata().map(Some)
            }
            Place::Chunk(member, number) => self.chunks(member, number).map(Some),
            Place::End => Ok(None),
        }
    }

    /// The documents of all groups and arrays.
    fn metadata(&self) -> Result<Vec<u8>, Error> {
        let hierarchy = self.referred.hierarchy();
        let mut out = br#"{"version":1,"refs":{"#.to_vec();
        let groups = [(String::new(), false)].into_iter();
        let members = hierarchy.members("").into_iter();
        let members = members.map(|(path, node)| (path, matches!(node, Node::Array(_))));
        for (number, (path, is_array)) in groups.chain(members).enumerate() {
            let path = path.as_str();
            let own = if is_array { Key::V2Array { path } } else { Key::V2Group { group: path } };
            let names = [
                (if is_array { ".zarray" } else { ".zgroup" }, own),
                (".zattrs", Key::V2Attributes { path }),
            ];
            for (place, (name, key)) in names.into_iter().enumerate() {
                let text = document(&key, &hierarchy);
                let mut text = text.ok_or_else(|| Error::internal(format!("{path} has no {name}")))?;
                if name == ".zarray" {
                    let mut array =
                        serde_json::from_str(&text).map_err(|e| Error::internal(e.to_string()))?;
                    with_filters_alone(&mut array);
                    text = array.to_string();
                }
                let full = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
                let comma = if number > 0 || place > 0 { "," } else { "" };
                out.extend(comma.bytes());
                out.extend(entry(&full, Reference::Inline(ascii(&text).as_bytes())).bytes());
            }
        }
        Ok(out)
    }

    /// Chunks from one on, until a piece is full or there are no more.
    fn chunks(&mut self, mut member: usize, mut number: u64) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(PIECE);
        while out.len() < PIECE {
            let Some(current) = self.members.get(member) else {
                out.extend(b"}}");
                self.at = Place::End;
                return Ok(out);
            };
            if number >= current.chunks() {
                (member, number) = (member.saturating_add(1), 0);
                continue;
            }
            let array = self.referred.array(&current.path);
            let array = array.ok_or_else(|| Error::internal(format!("{} is no array", current.path)))?;
            while number < current.chunks() && out.len() < PIECE {
                let index = current.index(number);
                number = number.saturating_add(1);
                let target = self.referred.target(current, &array, &index)?;
                let Some(Target { url, offset, length }) = &target else { continue };
                let reference = Reference::Part { target: url, offset: *offset, length: *length };
                out.push(b',');
                out.extend(entry(&current.key(&index), reference).bytes());
            }
        }
        self.at = Place::Chunk(member, number);
        Ok(out)
    }
}

/// A JSON document in ASCII: letters beyond it, which stand in its texts only, are escaped as RFC 8259 says. VirtualiZarr reads all
/// metadata as JSON, so none may be written in base64, which is how other texts get into sets.
fn ascii(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for character in document.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            out.extend(character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

/// A document whose beginning is made.
struct Beginning {
    first: Option<Vec<u8>>,
    rest: Pieces,
}

impl Body for Beginning {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let piece = match self.first.take() {
            Some(first) => Some(first),
            None => self.rest.piece()?,
        };
        Ok(piece.map(Bytes::from))
    }
}
