//! Values: every way to store an array gives the elements that were written.

use weir_datasets::contract::{Expected, check_source};
use weir_datasets::{Dataset, ErrorKind};
use weir_model::{ByteOrder, Codec, Hyperslab};

use crate::fixture::{counted, open};
use crate::numbers::elements;

const FLOAT_FILL: f64 = 9.969_209_968_386_869e36;

/// Keeps the whole contract; variables that `unlike` does not name hold 1, 2, 3, ...
fn check(fixture: &str, unlike: &dyn Fn(&str) -> Option<Vec<f64>>) {
    let source = open(fixture);
    let schema = source.schema();
    let expected = |path: &str| {
        let data_type = &schema.variable(path)?.data_type;
        match unlike(path) {
            Some(numbers) => Some(Expected::Elements(elements(data_type, &numbers))),
            None => Some(counted(schema, path)),
        }
    };
    check_source(|| open(fixture), &expected).unwrap_or_else(|broken| panic!("{fixture}: {broken}"));
}

fn indexed(path: &str) -> Option<Vec<f64>> {
    match path {
        "/zero" => Some(vec![0., 0., 3., 4., 0., 0.]),
        "/holes" => Some(vec![99., 99., 3., 4., 99., 99.]),
        "/shrunk" => Some(vec![1., 2., 3., 4., 5., 99., 99.]),
        _ => None,
    }
}

#[test]
fn version_1_headers_and_b_trees() {
    check("hdf5_earliest.h5", &indexed);
}

#[test]
fn all_chunk_indices_of_layout_version_4() {
    check("hdf5_v110.h5", &indexed);
}

#[test]
fn all_chunk_indices_of_layout_version_5() {
    check("hdf5_latest.h5", &indexed);
}

#[test]
fn dense_links_lead_to_their_variables() {
    let number = |path: &str| path.rsplit('v').next().and_then(|digits| digits.parse::<f64>().ok());
    check("hdf5_dense.h5", &|path| number(path).map(|number| vec![number + 1.]));
}

#[test]
fn chunks_at_the_edges_without_codecs_behind_a_user_block() {
    check("hdf5_edges.h5", &|_| None);
}

#[test]
fn netcdf4_values_with_fill_where_a_dimension_is_longer() {
    let source = open("hdf5_netcdf4.nc");
    let schema = source.schema();
    let short = [vec![1., 2., 3., 4., 5.], vec![-9.; 15]].concat();
    let text =
        |texts: &[&str]| Expected::Strings(texts.iter().map(|text| text.as_bytes().to_vec()).collect());
    let long = "5".repeat(500);
    let expected = |path: &str| {
        let numbers = |numbers: &[f64]| {
            Expected::Elements(elements(&schema.variable(path).unwrap().data_type, numbers))
        };
        Some(match path {
            "/short_series" => numbers(&short),
            "/no_fill" => numbers(&[&[1., 2., 3.][..], &[-32767.; 9]].concat()),
            "/no_fill_chunks" => numbers(&[FLOAT_FILL; 3]),
            "/unwritten" | "/unwritten_chunks" => numbers(&[FLOAT_FILL; 15]),
            "/letters" => Expected::Elements(b"abcdefghijklmno".to_vec()),
            "/words" => text(&["1", "22", "", "ü4", &long, "6", "", "", "", "", "", ""]),
            _ => counted(schema, path),
        })
    };
    check_source(|| open("hdf5_netcdf4.nc"), &expected).unwrap();
}

#[test]
fn unwritten_chunks_differ_from_what_lies_beyond() {
    let short = [[0.; 6].to_vec(), vec![7., 8., 9.], vec![-2_147_483_647.; 9]].concat();
    check("hdf5_scales.h5", &|path| path.starts_with("/short").then(|| short.clone()));
}

/// Reads a variable whole.
fn read(dataset: &Dataset, path: &str) -> Result<Vec<u8>, weir_datasets::Error> {
    let variable = dataset.schema().variable(path).unwrap();
    let slab = Hyperslab::whole(&variable.shape).unwrap();
    let mut out = vec![0xa5; usize::try_from(slab.elements()).unwrap() * variable.data_type.size().unwrap()];
    dataset.read(path, &slab, ByteOrder::Little, &mut out).map(|()| out)
}

#[test]
fn values_of_defined_types_are_their_bytes() {
    let dataset = Dataset::new(open("hdf5_types.nc"));
    assert_eq!(read(&dataset, "/sky").unwrap(), [1, 0, 2, 0, 0xfd, 0xff]);
    let points = read(&dataset, "/points").unwrap();
    assert_eq!(
        (points.len(), &points[16..20], &points[24..32]),
        (48, &[2, 0, 0, 0][..], &2.5_f64.to_le_bytes()[..])
    );
    let plain = Dataset::new(open("hdf5_plain.h5"));
    assert_eq!(read(&plain, "/flags").unwrap(), [1, 0, 1, 1]);
    assert_eq!(read(&plain, "/fixed_text").unwrap(), *b"a\0\0bcd");
    assert_eq!(read(&plain, "/soft_inner").unwrap(), read(&plain, "/inner/line").unwrap());
}

#[test]
fn what_is_not_built_in_is_refused_and_named() {
    let dataset = Dataset::new(open("hdf5_unsupported.h5"));
    for (path, word) in [("/outside", "external"), ("/virtual", "virtual")] {
        let error = read(&dataset, path).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{path}: {error}");
        assert!(error.message.contains(word), "{path}: {error}");
    }
    assert_eq!(read(&dataset, "/good").unwrap().len(), 16);
    assert_eq!(read(&dataset, "/lzf").unwrap(), [0; 4000]);
    let codecs = &dataset.schema().variable("/lzf").unwrap().storage.codecs;
    assert!(
        matches!(codecs.as_slice(), [Codec::Other { id: 32000, name, .. }] if name == "lzf"),
        "{codecs:?}"
    );
}
