//! Values: every way to store an array gives the elements that were written.

use weir_datasets::contract::{Expected, check_source};
use weir_datasets::{ChunkKey, Dataset, ErrorKind, Stored};
use weir_model::{ByteOrder, Codec, Hyperslab};

use crate::fixture::{counted, open, texts};
use crate::numbers::elements;

/// Keeps the whole contract; variables that `unlike` does not name hold 1, 2, 3, ... or texts that spell them.
fn check(fixture: &str, unlike: &dyn Fn(&str) -> Option<Vec<f64>>) {
    let source = open(fixture);
    let schema = source.schema();
    let expected = |path: &str| {
        let variable = schema.variable(path)?;
        let count = variable.shape.iter().product::<u64>() as usize;
        Some(match unlike(path) {
            Some(numbers) => Expected::Elements(elements(&variable.data_type, &numbers)),
            None if path.contains("bytes") => texts(count, ""),
            None if variable.data_type.size().is_none() => texts(count, "ü"),
            None => Expected::Elements(elements(&variable.data_type, &counted(schema, path))),
        })
    };
    check_source(|| open(fixture), &expected).unwrap_or_else(|broken| panic!("{fixture}: {broken}"));
}

/// Only the last row of three was written, 1 to 15; the others are the fill value.
fn holes(fill: f64) -> Vec<f64> {
    [vec![fill; 10], vec![11., 12., 13., 14., 15.]].concat()
}

fn odd(count: u32) -> Vec<f64> {
    (1..=count).map(|n| f64::from(n % 2)).collect()
}

#[test]
fn version_2_types_orders_texts_times_and_missing_chunks() {
    check("v2.zarr", &|path| match path {
        "/holes" => Some(holes(-9.)),
        "/zero_holes" | "/null_holes" => Some(holes(0.)),
        "/nan_holes" => Some(holes(f64::NAN)),
        "/truth" => Some(odd(15)),
        _ => None,
    });
}

#[test]
fn version_3_types_key_encodings_and_codecs() {
    check("v3.zarr", &|path| match path {
        "/holes" => Some(holes(-9.)),
        "/masked" => Some(holes(f64::NAN)),
        "/truth" => Some(odd(15)),
        _ => None,
    });
}

#[test]
fn stores_that_are_one_array() {
    check("v2_array.zarr", &|_| None);
    check("v3_array.zarr", &|_| None);
}

#[test]
fn consolidated_stores_of_xarray() {
    // xarray counts days since the first time.
    check("v2_xarray.zarr", &|path| (path == "/time").then(|| vec![0., 1., 2.]));
    check("v3_xarray.zarr", &|path| (path == "/time").then(|| vec![0., 1., 2.]));
}

#[test]
fn trees_of_zarr_fuse() {
    // xarray counts seconds since the first time.
    check("fuse.zarr", &|path| (path == "/river/station/time").then(|| vec![0., 1., 2., 3.]));
}

/// Reads a variable whole.
fn read(dataset: &Dataset, path: &str) -> Result<Vec<u8>, weir_datasets::Error> {
    let variable = dataset.schema().variable(path).unwrap();
    let slab = Hyperslab::whole(&variable.shape).unwrap();
    let mut out = vec![0xa5; slab.elements() as usize * variable.data_type.size().unwrap()];
    dataset.read(path, &slab, ByteOrder::Little, &mut out).map(|()| out)
}

#[test]
fn codecs_and_filters_of_version_2() {
    check("v2_codecs.zarr", &|path| (path == "/bits").then(|| odd(600)));
}

#[test]
fn shards_with_an_index_at_either_end() {
    check("v3_shards.zarr", &|path| {
        // Rows 2 and 3 of ten were written.
        let holes = (1..=140).map(|n| if (29..57).contains(&n) { f64::from(n) } else { -9. });
        (path == "/holes").then(|| holes.collect())
    });
}

#[test]
fn what_is_not_built_in_is_refused_and_named() {
    let refusals = [
        ("v2_refused.zarr", "/unknown", "codec secret"),
        ("v3_refused.zarr", "/unknown", "codec secret"),
        ("v3_refused.zarr", "/nested", "shards in shards"),
    ];
    for (store, path, words) in refusals {
        let error = read(&Dataset::new(open(store)), path).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{store} {path}: {error}");
        assert!(error.message.contains(words), "{store} {path}: {error}");
    }
    // A compressor that is not known is one of the chunk's, so the chunk can be passed on.
    let raw = Dataset::new(open("v2_refused.zarr")).raw_chunk("/unknown", &[0, 0]).unwrap().unwrap();
    assert_eq!(raw.bytes.len(), 2 * 3 * 4);
}

#[test]
fn chunks_are_passed_on_as_they_are_stored() {
    let source = open("v3_shards.zarr");
    let located = source.locate(ChunkKey { variable: "/end", index: &[1, 1] }).unwrap();
    let Stored::Run(run) = located else { panic!("{located:?}") };
    assert!(run.offset > 0 && run.length < 100);
    assert_eq!(source.schema().variable("/end").unwrap().storage.codecs[0].name(), "zstd");
    let codecs = open("v2_codecs.zarr");
    let shuffled = codecs.schema().variable("/shuffle_zlib").unwrap();
    assert_eq!(shuffled.storage.codecs, [Codec::Shuffle { element_size: 4 }, Codec::Deflate { level: 4 }]);
    let located = codecs.locate(ChunkKey { variable: "/shuffle_zlib", index: &[1, 1] }).unwrap();
    assert!(matches!(located, Stored::Run(_)));
    let located = codecs.locate(ChunkKey { variable: "/delta", index: &[1, 1] }).unwrap();
    assert!(matches!(located, Stored::Here(_)));
}
