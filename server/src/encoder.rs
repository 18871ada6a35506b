//! Compresses a body piece by piece, at the levels that cost least.

use std::io::Write;

use weir_plugin_api::Error;

use crate::coding::{Coding, Worth};
use crate::deflating::{Deflating, Wrapping};

/// A stream of compressed bytes in the making.
pub struct Encoder(Kind);

enum Kind {
    Deflate(Box<Deflating>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

/// How much is done to make a body small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// What is usual, for small texts.
    Usual,
    /// What is quick, for long texts.
    Quick,
    /// What is quick, where that pays; for numbers.
    Tried,
}

/// A body is compressed in blocks of at most this many bytes.
pub const BLOCK: usize = 1 << 20;

impl Encoder {
    /// An encoder of a body.
    ///
    /// # Errors
    /// Where memory is lacking.
    pub fn new(coding: Coding, effort: Effort) -> Result<Self, Error> {
        let kind = match coding {
            Coding::Gzip => Kind::Deflate(Box::new(Deflating::new(Wrapping::Gzip, effort))),
            Coding::Deflate => Kind::Deflate(Box::new(Deflating::new(Wrapping::Zlib, effort))),
            Coding::Zstd => {
                let level = if effort == Effort::Usual { 3 } else { 1 };
                let mut encoder = zstd::stream::write::Encoder::new(vec![], level).map_err(failed)?;
                encoder.include_checksum(true).map_err(failed)?;
                Kind::Zstd(encoder)
            }
        };
        Ok(Self(kind))
    }

    /// Takes bytes, and gives those that came out; maybe none.
    ///
    /// # Errors
    /// Where the compressor fails.
    pub fn write(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        match &mut self.0 {
            Kind::Deflate(deflating) => deflating.write(bytes),
            Kind::Zstd(encoder) => {
                encoder.write_all(bytes).map_err(failed)?;
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }

    /// Ends the stream, and gives its last bytes. A body that broke off is never ended: its reader must see that.
    ///
    /// # Errors
    /// Where the compressor fails.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        match self.0 {
            Kind::Deflate(deflating) => Ok(deflating.finish()),
            Kind::Zstd(encoder) => encoder.finish().map_err(failed),
        }
    }
}

/// A whole body.
///
/// # Errors
/// As those of [`Encoder`].
pub fn whole(coding: Coding, worth: Worth, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let effort = if worth == Worth::Text { Effort::Usual } else { Effort::Tried };
    let mut encoder = Encoder::new(coding, effort)?;
    let mut out = encoder.write(bytes)?;
    out.extend(encoder.finish()?);
    Ok(out)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("compressing failed: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Bytes that no compressor makes less of.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    fn decoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match coding {
            Coding::Gzip => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap(),
            Coding::Deflate => flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut out).unwrap(),
            Coding::Zstd => zstd::stream::read::Decoder::new(bytes).unwrap().read_to_end(&mut out).unwrap(),
        };
        out
    }

    fn check(body: &[u8], most: usize) {
        for coding in Coding::ALL {
            for worth in [Worth::Numbers, Worth::Text] {
                let out = whole(coding, worth, body).unwrap();
                assert_eq!(decoded(coding, &out), body, "{coding:?} {worth:?} of {} bytes", body.len());
                assert!(out.len() <= most, "{coding:?} {worth:?}: {} of {} bytes", out.len(), body.len());
            }
        }
    }

    #[test]
    fn what_comes_out_is_what_went_in() {
        let counting: Vec<u8> = (0..600_000_u32).flat_map(|n| (n >> 2).to_be_bytes()).collect();
        check(&[], 40);
        check(b"x", 40);
        check(&counting, counting.len() * 3 / 4);
        let noise = noise(3 * BLOCK + 17);
        check(&noise, noise.len() + 4000);
        // Each block is stored or compressed in its turn.
        let mixed =
            [&noise[..BLOCK], &counting[..BLOCK], &noise[..BLOCK], &counting[..BLOCK], &noise[..5]].concat();
        check(&mixed, 4 * BLOCK);
    }

    #[test]
    fn what_came_in_pieces_is_one_stream() {
        let body: Vec<u8> = [noise(70_000), vec![7; 3_000_000], noise(2_000_000)].concat();
        for coding in Coding::ALL {
            let mut encoder = Encoder::new(coding, Effort::Tried).unwrap();
            let mut out = Vec::new();
            for piece in body.chunks(333_333) {
                out.extend(encoder.write(piece).unwrap());
            }
            // Without its end it is not taken for whole.
            let broken = out.clone();
            out.extend(encoder.finish().unwrap());
            assert_eq!(decoded(coding, &out), body, "{coding:?}");
            let read = match coding {
                Coding::Gzip => flate2::read::GzDecoder::new(&broken[..]).read_to_end(&mut vec![]),
                Coding::Deflate => flate2::read::ZlibDecoder::new(&broken[..]).read_to_end(&mut vec![]),
                Coding::Zstd => {
                    zstd::stream::read::Decoder::new(&broken[..]).unwrap().read_to_end(&mut vec![])
                }
            };
            assert!(read.is_err(), "{coding:?}");
        }
    }
}
