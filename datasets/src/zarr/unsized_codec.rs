//! Codecs of chunks whose length is not known before they are decoded: those of texts of any length.
//!
//! What a step yields is read from its header, or is read until it ends, and is never more than a limit.

use std::io::Read;

use weir_model::{ByteOrder, Codec, DataType};

use crate::codecs::{self, Decoded, Scratch};
use crate::{Error, ErrorKind};

/// Bytes of a checksum.
const CHECKSUM: usize = 4;

/// How much a step yields.
enum Yield {
    /// So many bytes, by its header or by what it is.
    Known(usize),
    /// As many as its stream holds.
    Stream,
    /// That is not known.
    Unknown,
}

fn yielded(codec: &Codec, input: &[u8]) -> Yield {
    let header = |at: usize| {
        let number = input.get(at..).and_then(<[u8]>::first_chunk::<4>);
        number.and_then(|number| usize::try_from(u32::from_le_bytes(*number)).ok()).unwrap_or(0)
    };
    match codec {
        Codec::Shuffle { .. } => Yield::Known(input.len()),
        Codec::Fletcher32 => Yield::Known(input.len().saturating_sub(CHECKSUM)),
        Codec::Deflate { .. } => Yield::Stream,
        Codec::Other { name, .. } => match name.as_str() {
            "crc32c" | "crc32" | "adler32" => Yield::Known(input.len().saturating_sub(CHECKSUM)),
            // Blosc's header: four bytes of flags, then the decoded length. numcodecs' lz4 begins with it.
            "blosc" => Yield::Known(header(4)),
            "lz4" => Yield::Known(header(0)),
            "gzip" | "zstd" | "bz2" => Yield::Stream,
            _ => Yield::Unknown,
        },
    }
}

/// Undoes codecs, to at most `most` bytes.
///
/// # Errors
/// `Corrupt` where a stream is damaged, `TooLarge` where it holds more, `Unsupported` for a codec that is not built in.
pub fn decode(codecs: &[Codec], stored: Vec<u8>, most: usize) -> Result<Vec<u8>, Error> {
    codecs.iter().rev().try_fold(stored, |bytes, codec| match yielded(codec, &bytes) {
        Yield::Known(length) if length > most => Err(too_large(most)),
        Yield::Known(length) => decode_known(codec, &bytes, length),
        Yield::Stream => decode_stream(codec, &bytes, most),
        Yield::Unknown => Err(Error::unsupported(format!("codec {} is not built in", codec.name()))),
    })
}

fn too_large(most: usize) -> Error {
    Error::new(ErrorKind::TooLarge, format!("a chunk of texts has more than {most} bytes"))
}

fn decode_known(codec: &Codec, bytes: &[u8], length: usize) -> Result<Vec<u8>, Error> {
    let (stored, wanted) = (ByteOrder::Little, ByteOrder::Little);
    let codecs = std::slice::from_ref(codec);
    let to = Decoded { codecs, length, data_type: &DataType::UInt8, stored, wanted };
    Scratch::with(|scratch| codecs::decode(scratch, bytes, 0, &to).map(<[u8]>::to_vec))
}

fn decode_stream(codec: &Codec, bytes: &[u8], most: usize) -> Result<Vec<u8>, Error> {
    let damaged =
        |error: std::io::Error| Error::corrupt(format!("its {} stream is damaged: {error}", codec.name()));
    let reader: Box<dyn Read + '_> = match codec.name() {
        "gzip" => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        "zstd" => Box::new(zstd::stream::read::Decoder::new(bytes).map_err(damaged)?),
        "bz2" => Box::new(bzip2::read::MultiBzDecoder::new(bytes)),
        _ => Box::new(flate2::read::ZlibDecoder::new(bytes)),
    };
    let mut out = Vec::new();
    let limit = (most as u64).saturating_add(1);
    reader.take(limit).read_to_end(&mut out).map_err(damaged)?;
    if out.len() > most { Err(too_large(most)) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn named(name: &str) -> Codec {
        super::super::chain::opaque(name)
    }

    fn check(codecs: &[Codec], stored: &[u8], expected: Result<&[u8], ErrorKind>) {
        let got = decode(codecs, stored.to_vec(), 100);
        assert_eq!(got.as_deref().map_err(|e| e.kind), expected, "{codecs:?}");
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn streams_are_read_until_they_end_or_are_too_long() {
        let plain: Vec<u8> = (1..=50).collect();
        check(&[], &plain, Ok(&plain));
        check(&[named("gzip")], &gzipped(&plain), Ok(&plain));
        check(&[named("gzip")], &gzipped(&[7; 101]), Err(ErrorKind::TooLarge));
        check(&[named("gzip")], b"junk", Err(ErrorKind::Corrupt));
        check(&[named("zstd")], &zstd::bulk::compress(&plain, 1).unwrap(), Ok(&plain));
        check(&[named("zstd")], &zstd::bulk::compress(&[1; 200], 1).unwrap(), Err(ErrorKind::TooLarge));
        check(&[named("blosc")], &[2, 1, 1, 1, 255, 255, 255, 255], Err(ErrorKind::TooLarge));
        check(&[named("secret")], &plain, Err(ErrorKind::Unsupported));
        let twice = gzipped(&zstd::bulk::compress(&plain, 1).unwrap());
        check(&[named("zstd"), named("gzip")], &twice, Ok(&plain));
    }
}
