//! What stored chunks that are passed on as they are must hold: they are whole, lie where they are said to lie, and decode to
//! the variable's elements.

use std::sync::atomic::{AtomicU64, Ordering};

use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Storage, Stride, Variable};

use super::elements::{difference, pick};
use super::{Subject, rule};
use crate::codecs::{self, Decoded, Scratch};
use crate::runs::Purpose;
use crate::{ChunkKey, DataFile, Error, ErrorKind, Stored, grib};

/// How many chunks of a variable are looked at, one by one.
const CHUNKS: usize = 5000;

/// Every chunk of the layout, if the variable has one, holds its part of `whole`.
pub fn check(subject: &Subject<'_>, whole: &[u8]) -> Result<(), String> {
    let layout = match subject.dataset.layout(subject.path) {
        Ok(layout) => layout,
        Err(error) => {
            let refused = matches!(error.kind, ErrorKind::Unsupported | ErrorKind::Corrupt);
            return rule(refused, || format!("it has no layout, which is said as {:?}: {error}", error.kind));
        }
    };
    let grid = ChunkGrid::new(subject.variable.shape.clone(), layout.chunk_shape.clone());
    let grid = grid.map_err(|e| format!("its layout does not fit: {e}"))?;
    let all = subject.whole()?;
    for part in grid.plan(&all).take(CHUNKS) {
        let index = part.chunk();
        check_chunk(subject, (&layout, &grid), &index, whole)
            .map_err(|broken| format!("chunk {index:?} of its layout: {broken}"))?;
    }
    Ok(())
}

fn check_chunk(
    subject: &Subject<'_>,
    (layout, grid): (&Storage, &ChunkGrid),
    index: &[u64],
    whole: &[u8],
) -> Result<(), String> {
    let extent = grid.extent(index).ok_or("the grid does not have it")?;
    let expected = pick(subject, whole, &subject.variable.shape, &extent)?;
    let stored = match subject.dataset.place(subject.path, index, Purpose::Find) {
        Ok(stored) => stored,
        // One chunk may be stored in another way than the others.
        Err(error) if error.kind == ErrorKind::Unsupported => return Ok(()),
        Err(error) => return Err(format!("it has no place: {error}")),
    };
    let skipped = match &stored {
        Stored::Nothing => {
            let fill = layout.fill.iter().copied().cycle().take(expected.len());
            return rule(fill.eq(expected.iter().copied()), || {
                "it is absent, but not all fill value".to_owned()
            });
        }
        Stored::Here(encoded) => encoded.skipped_codecs,
        Stored::Run(run) => run.skipped_codecs,
        Stored::Scattered => return Err("it lies in several parts".to_owned()),
    };
    let at = match &stored {
        Stored::Run(run) => {
            let bytes = run.file.read_at(run.offset, run.length).map_err(|e| e.to_string())?;
            Some(bytes)
        }
        _ => None,
    };
    let bytes = subject.dataset.read_place(stored).map_err(|e| format!("it cannot be read: {e}"))?;
    rule(at.is_none_or(|at| at == bytes), || "it is not what its file has in its place".to_owned())?;
    let got = decoded(subject, (layout, grid), &bytes, skipped)?;
    let counts = extent.shape().into_iter().map(|count| Stride { start: 0, step: 1, count });
    let inside = Hyperslab::within(grid.chunk_shape(), counts.collect()).map_err(|e| e.to_string())?;
    let got = pick(subject, &got, grid.chunk_shape(), &inside)?;
    rule(got == expected, || format!("as it is stored, it {}", difference(&got, &expected)))
}

fn decoded(
    subject: &Subject<'_>,
    (layout, grid): (&Storage, &ChunkGrid),
    bytes: &[u8],
    skipped: u32,
) -> Result<Vec<u8>, String> {
    if layout.codecs.iter().any(|codec| codec.name() == "grib") {
        return field(bytes);
    }
    let size = subject.variable.data_type.size().unwrap_or(1);
    let length = usize::try_from(grid.chunk_elements()).ok().and_then(|n| n.checked_mul(size));
    let to = Decoded {
        codecs: &layout.codecs,
        length: length.ok_or("it does not fit into memory")?,
        data_type: &subject.variable.data_type,
        stored: layout.byte_order,
        wanted: ByteOrder::Little,
    };
    let decoded = Scratch::with(|scratch| codecs::decode(scratch, bytes, skipped, &to).map(<[u8]>::to_vec));
    decoded.map_err(|e| format!("as it is stored, it cannot be decoded: {e}"))
}

/// The values of a GRIB message that stands alone, as it does for those who unpack it elsewhere: it is a file of its own.
fn field(message: &[u8]) -> Result<Vec<u8>, String> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("weir-message-{}-{number}.grib", std::process::id()));
    std::fs::write(&path, message).map_err(|e| e.to_string())?;
    let found = DataFile::open(&path).and_then(|file| {
        let source = grib::open(file)?;
        let variables = source.schema().variables();
        let is_field = |variable: &Variable| {
            variable.storage.codecs.iter().any(|codec| codec.name().starts_with("grib"))
        };
        let mut fields = variables.into_iter().filter(|(_, variable)| is_field(variable));
        let (path, variable) = fields.next().ok_or_else(|| Error::corrupt("the message has no field"))?;
        let index = vec![0; variable.shape.len()];
        let stored = source.fetch(ChunkKey { variable: &path, index: &index })?;
        stored.ok_or_else(|| Error::corrupt("the message has no values"))
    });
    std::fs::remove_file(&path).map_err(|e| e.to_string())?;
    found.map(|encoded| encoded.bytes).map_err(|e| format!("as a file of its own: {e}"))
}
