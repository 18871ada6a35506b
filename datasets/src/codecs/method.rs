//! Which codec is which: HDF5's registered filters by number, Zarr's and numcodecs' codecs by name.

use serde_json::Value;
use weir_model::Codec;

use super::checksum::{Checksum, Side, Sum};
use super::{Room, Tools, bitshuffle, blosc, blosc2, lz4, lzf, nbit, scaleoffset, stream, szip};
use crate::Error;
use crate::error::NETCDF_C_HINT;

/// How a step is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method<'a> {
    /// A checksum is verified and taken off.
    Checksum(Checksum),
    /// Bytes of elements of this size are put together.
    Shuffle(usize),
    /// A stream is decoded.
    Packing(Packing<'a>),
}

/// How a stream is decoded, with what its writer recorded for the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing<'a> {
    Bitshuffle(&'a [u32]),
    Blosc,
    Blosc2,
    Bzip2,
    Gzip,
    Lz4Blocks,
    Lz4Sized,
    Lzf,
    Nbit(&'a [u32]),
    ScaleOffset(&'a [u32]),
    Szip(&'a [u32]),
    Zlib,
    Zstd,
}

/// Registered HDF5 filters that a dataset may name (<https://github.com/HDFGroup/hdf5_plugins>, "Registered Filter Plugins").
const HDF5_NAMES: [(u32, &str); 35] = [
    (1, "deflate"),
    (2, "shuffle"),
    (3, "fletcher32"),
    (4, "szip"),
    (5, "nbit"),
    (6, "scaleoffset"),
    (305, "lzo"),
    (307, "bzip2"),
    (32000, "lzf"),
    (32001, "blosc"),
    (32002, "mafisc"),
    (32003, "snappy"),
    (32004, "lz4"),
    (32005, "apax"),
    (32006, "cbf"),
    (32007, "jpeg-xr"),
    (32008, "bitshuffle"),
    (32009, "spdp"),
    (32010, "lpc-rice"),
    (32011, "ccsds-123"),
    (32012, "jpeg-ls"),
    (32013, "zfp"),
    (32014, "fpzip"),
    (32015, "zstd"),
    (32016, "b3d"),
    (32017, "sz"),
    (32018, "fcidecomp"),
    (32019, "jpeg"),
    (32020, "vbz"),
    (32022, "bitgroom"),
    (32023, "granular-bitround"),
    (32024, "sz3"),
    (32025, "delta-rice"),
    (32026, "blosc2"),
    (32028, "sperr"),
];

/// The name of a registered HDF5 filter.
#[must_use]
pub fn hdf5_name(id: u32) -> Option<&'static str> {
    HDF5_NAMES.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}

/// Whether a Zarr or numcodecs codec of this name makes bytes of bytes and can be decoded here.
///
/// Names are those of Zarr version 2 (`zlib`) and 3 (`numcodecs.zlib`); both mean the same.
#[must_use]
pub fn is_bytes_to_bytes(name: &str) -> bool {
    of_zarr(name, &Value::Null).is_ok_and(|method| method.is_some())
}

impl<'a> Method<'a> {
    /// How a codec is undone.
    ///
    /// # Errors
    /// `Unsupported` for one that is not built in, by name; `Corrupt` for a configuration that makes no sense.
    pub fn of(codec: &'a Codec) -> Result<Self, Error> {
        match codec {
            Codec::Shuffle { element_size } => Ok(Self::Shuffle(*element_size as usize)),
            Codec::Deflate { .. } => Ok(Self::Packing(Packing::Zlib)),
            Codec::Fletcher32 => Ok(Self::Checksum(Checksum { sum: Sum::Fletcher32, side: Side::Behind })),
            Codec::Other { id: 0, name, configuration, .. } => {
                let configuration = match configuration.as_str() {
                    "" => Value::Null,
                    text => serde_json::from_str(text).map_err(|e| {
                        Error::corrupt(format!("the configuration of codec {name} is no JSON: {e}"))
                    })?,
                };
                let method = of_zarr(name, &configuration)?;
                method.ok_or_else(|| Error::unsupported(format!("codec {name} is not built in")))
            }
            Codec::Other { id, name, parameters, .. } => {
                let method = of_hdf5(*id, parameters);
                method.ok_or_else(|| {
                    Error::unsupported(format!(
                        "codec {name} (HDF5 filter {id}) is not built in{NETCDF_C_HINT}"
                    ))
                })
            }
        }
    }

    /// How many bytes more than it was given the step made when writing; `None` where that depends on the bytes.
    pub fn overhead(self) -> Option<usize> {
        match self {
            Self::Checksum(_) => Some(super::checksum::BYTES),
            Self::Shuffle(_) => Some(0),
            Self::Packing(_) => None,
        }
    }
}

impl Packing<'_> {
    /// Decodes a stream into `out`, whose bytes are all replaced.
    pub fn unpack(
        self,
        input: &[u8],
        room: Room,
        (tools, out): (&mut Tools, &mut Vec<u8>),
    ) -> Result<(), Error> {
        let limit = room.limit;
        match self {
            Self::Bitshuffle(parameters) => bitshuffle::decode(input, parameters, limit, (tools, out)),
            Self::Blosc => blosc::decode(input, limit, tools, out),
            Self::Blosc2 => blosc2::decode(input, limit, tools, out),
            Self::Bzip2 => stream::bzip2(input, limit, out),
            Self::Gzip => tools.gzip(input, room, out),
            Self::Lz4Blocks => lz4::decode_blocks(input, limit, out),
            Self::Lz4Sized => lz4::decode_sized(input, limit, out),
            Self::Lzf => lzf::decode(input, limit, out),
            Self::Nbit(parameters) => nbit::decode(input, parameters, limit, out),
            Self::ScaleOffset(parameters) => scaleoffset::decode(input, parameters, limit, out),
            Self::Szip(parameters) => szip::decode(input, parameters, limit, (&mut tools.planes, out)),
            Self::Zlib => tools.zlib(input, room, out),
            Self::Zstd => tools.zstd(input, room, out),
        }
    }
}

fn of_hdf5(id: u32, parameters: &[u32]) -> Option<Method<'_>> {
    Some(Method::Packing(match id {
        1 => Packing::Zlib,
        2 => return Some(Method::Shuffle(parameters.first().copied()? as usize)),
        3 => return Some(Method::Checksum(Checksum { sum: Sum::Fletcher32, side: Side::Behind })),
        4 => Packing::Szip(parameters),
        5 => Packing::Nbit(parameters),
        6 => Packing::ScaleOffset(parameters),
        307 => Packing::Bzip2,
        32000 => Packing::Lzf,
        32001 => Packing::Blosc,
        32004 => Packing::Lz4Blocks,
        32008 => Packing::Bitshuffle(parameters),
        32015 => Packing::Zstd,
        32026 => Packing::Blosc2,
        _ => return None,
    }))
}

fn of_zarr<'a>(name: &str, configuration: &Value) -> Result<Option<Method<'a>>, Error> {
    let checksum = |sum, usual| {
        let side = match option(configuration, "location").and_then(Value::as_str) {
            None => usual,
            Some("start") => Side::Before,
            Some("end") => Side::Behind,
            Some(other) => {
                return Err(Error::corrupt(format!(
                    "a checksum has no location {other}, only start and end"
                )));
            }
        };
        Ok(Some(Method::Checksum(Checksum { sum, side })))
    };
    Ok(Some(Method::Packing(match name.strip_prefix("numcodecs.").unwrap_or(name) {
        "blosc" => Packing::Blosc,
        "bz2" => Packing::Bzip2,
        "gzip" => Packing::Gzip,
        "lz4" => Packing::Lz4Sized,
        "zlib" => Packing::Zlib,
        "zstd" => Packing::Zstd,
        "shuffle" => {
            let size = option(configuration, "elementsize").and_then(Value::as_u64);
            let size = usize::try_from(size.unwrap_or(4)).unwrap_or(usize::MAX);
            return Ok(Some(Method::Shuffle(size)));
        }
        // numcodecs puts these before the data, unless told otherwise.
        "adler32" => return checksum(Sum::Adler32, Side::Before),
        "crc32" => return checksum(Sum::Crc32, Side::Before),
        "crc32c" => return checksum(Sum::Crc32c, Side::Behind),
        "fletcher32" => return checksum(Sum::Fletcher32, Side::Behind),
        _ => return Ok(None),
    })))
}

/// A member of a configuration, which may stand inside a whole codec object of version 3.
fn option<'v>(configuration: &'v Value, name: &str) -> Option<&'v Value> {
    configuration.get(name).or_else(|| configuration.get("configuration")?.get(name))
}
