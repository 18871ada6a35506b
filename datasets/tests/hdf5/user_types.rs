//! Values of user-defined types: fixtures of `make_user_type_fixtures.py`, whose elements are made of their place.

use weir_datasets::contract::{Expected, check_source};
use weir_datasets::{Dataset, ErrorKind};
use weir_model::{Codec, DataType, Field, Hyperslab, Packed, Value, pack_count};

use crate::fixture::open;

/// The packed form of a list inside of something else, or alone.
fn list(n: u64, inside: bool, one: &dyn Fn(u64) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    if inside {
        pack_count((n % 3) as usize, &mut out);
    }
    out.extend((n..n + n % 3).flat_map(one));
    out
}

fn short(n: u64) -> Vec<u8> {
    (n as i16).to_le_bytes().to_vec()
}

fn text(n: u64) -> Vec<u8> {
    let text = if n == 0 { String::new() } else { format!("text {n}") };
    let mut out = Vec::new();
    pack_count(text.len(), &mut out);
    [out, text.into_bytes()].concat()
}

fn blob(n: u64) -> Vec<u8> {
    (n..n + 5).map(|n| n as u8).collect()
}

/// An int32, 4 bytes of padding, and a double.
fn point(n: u64) -> Vec<u8> {
    [&(n as i32).to_le_bytes()[..], &[0; 4], &(n as f64).to_le_bytes()].concat()
}

fn cloud(n: u64) -> Vec<u8> {
    vec![[1, 2, 0xfd][(n - 1) as usize % 3]]
}

fn station(n: u64) -> Vec<u8> {
    let counts = (n..n + 6).flat_map(short).collect();
    [cloud(n), vec![0], counts, vec![0; 2], point(n), blob(n), vec![0; 3]].concat()
}

fn note(n: u64) -> Vec<u8> {
    [vec![n as u8], text(n), point(n), point(n + 1)].concat()
}

fn deep(n: u64) -> Vec<u8> {
    [vec![n as u8], list(n, true, &short), list(n, true, &text), note(n), note(n + 1)].concat()
}

/// The packed note of zeros: no bytes of text.
fn no_note() -> Vec<u8> {
    vec![0; 1 + 8 + 32]
}

fn elements(count: u64, one: impl Fn(u64) -> Vec<u8>) -> Option<Expected> {
    Some(Expected::Elements((1..=count).flat_map(one).collect()))
}

/// Elements of varying size: three by a rule, and others behind them.
fn varying(one: impl Fn(u64) -> Vec<u8>, behind: &[Vec<u8>]) -> Option<Expected> {
    let three: Vec<Vec<u8>> = (1..=3).map(one).collect();
    Some(Expected::Strings([&three, behind].concat()))
}

#[test]
fn netcdf_c_files_give_all_their_types() {
    let expected = |path: &str| match path {
        "/sky" => elements(3, cloud),
        "/tags" => elements(3, blob),
        "/points" | "/inner/points" => elements(3, point),
        "/stations" => elements(3, station),
        "/remarks" => varying(note, &[]),
        "/rows" => varying(|n| list(n, false, &short), &[]),
        "/tracks" => varying(|n| list(n, false, &point), &[]),
        "/said" => varying(|n| list(n, false, &text), &[]),
        "/books" => varying(|n| list(n, false, &note), &[]),
        "/tables" => varying(|n| list(n, false, &|n| list(n, true, &short)), &[]),
        "/wells" => varying(deep, &[]),
        "/stations_recorded" => elements(5, |n| if n < 4 { station(n) } else { vec![0; 40] }),
        "/remarks_recorded" => varying(note, &[no_note(), no_note()]),
        "/rows_recorded" => varying(|n| list(n, false, &short), &[vec![], vec![]]),
        "/wells_recorded" => {
            let nothing = [vec![0; 1 + 8 + 8], no_note(), no_note()].concat();
            varying(deep, &[nothing.clone(), nothing])
        }
        "/inner/other_points" => elements(3, |n| [short(n), short(n)].concat()),
        "/t" => elements(5, |n| (n as i32).to_le_bytes().to_vec()),
        other => panic!("{other} is new"),
    };
    check_source(|| open("hdf5_user_types.nc"), &expected).unwrap();
}

#[test]
fn packed_forms_are_those_of_their_types() {
    for fixture in ["hdf5_user_types.nc", "hdf5_varying.h5"] {
        let dataset = Dataset::new(open(fixture));
        for (path, variable) in dataset.schema().variables() {
            let whole = Hyperslab::whole(&variable.shape).unwrap();
            if variable.data_type.is_varying() && path != "/reference_lists" && path != "/held_references" {
                for element in dataset.read_strings(&path, &whole).unwrap() {
                    Packed::count(&element, &variable.data_type)
                        .unwrap_or_else(|error| panic!("{fixture} {path}: {error}"));
                }
            }
        }
    }
}

#[test]
fn memory_for_lists_is_known_before_they_are_read() {
    let dataset = Dataset::new(open("hdf5_user_types.nc"));
    let check = |path: &str, expected: u64| {
        let shape = &dataset.schema().variable(path).unwrap().shape;
        let whole = Hyperslab::whole(shape).unwrap();
        let hint = dataset.varying_bytes_hint(path, &whole).unwrap();
        assert_eq!(hint - whole.elements() * 24, expected, "{path}");
    };
    check("/rows", 6);
    check("/rows_recorded", 6);
    check("/tracks", 3 * 16);
    check("/remarks", 3 * (1 + 6 + 32));
    check("/tables", 3 * 64);
    let points = dataset.varying_bytes_hint("/points", &Hyperslab::whole(&[3]).unwrap());
    assert_eq!(points.unwrap_err().kind, ErrorKind::BadRequest);
}

/// A type and the types inside of it, by name.
fn names(data_type: &DataType) -> String {
    match data_type {
        DataType::Compound { name, fields, .. } => {
            let fields: Vec<String> = fields.iter().map(|field| names(&field.data_type)).collect();
            format!("{name}({})", fields.join(" "))
        }
        DataType::Vlen { name, element } => format!("{name}({})", names(element)),
        DataType::Enum { name, .. } | DataType::Opaque { name, .. } => name.clone(),
        other => other.describe(),
    }
}

#[test]
fn types_inside_of_types_have_their_names() {
    let source = open("hdf5_user_types.nc");
    let check = |path: &str, expected: &str| {
        assert_eq!(names(&source.schema().variable(path).unwrap().data_type), expected, "{path}");
    };
    check("/sky", "cloud");
    check("/tags", "blob");
    check("/stations", "station(cloud int16 point(int32 float64) blob)");
    check("/tables", "table(ragged(int16))");
    let note = "note(int8 string point(int32 float64))";
    check("/books", &format!("notes({note})"));
    check("/wells", &format!("deep(int8 ragged(int16) words(string) {note})"));
    check("/inner/points", "point(int32 float64)");
    check("/inner/other_points", "point_2(int16 int16)");
}

#[test]
fn attributes_of_defined_types() {
    let source = open("hdf5_user_types.nc");
    let time = source.schema().variable("/t").unwrap();
    let check = |name: &str, expected: Value| {
        assert_eq!(time.attribute(name).map(|found| &found.value), Some(&expected), "{name}");
    };
    let other = |description: &str| Value::Other { description: description.into() };
    check("of_enum", Value::Int8(vec![2]));
    check("of_enum_2", Value::Int8(vec![2, -3]));
    check("of_list", Value::Int16(vec![2, 3]));
    check("of_list_2", other("vlen ragged"));
    check("of_words", Value::String(vec![b"text 2".to_vec(), b"text 3".to_vec()]));
    check("of_words_2", other("vlen words"));
    check("of_record", other("compound point"));
    check("of_bytes_2", other("opaque blob"));
}

/// An element of `make_user_type_fixtures.py`'s `mixed`, little-endian.
fn mixed(n: u64) -> Vec<u8> {
    let pair = [n, n + 1];
    let mut out = vec![0; 43];
    let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
    put(1, &(-(n as i16)).to_le_bytes());
    put(3, &(n as f32 + 0.5).to_le_bytes());
    put(8, &pair.map(|n| (n as f64).to_le_bytes()).concat());
    put(24, &[1_i16, 2, -300][(n - 1) as usize % 3].to_le_bytes());
    for (place, n) in pair.into_iter().enumerate() {
        put(27 + 7 * place, &(n as u32).to_le_bytes());
        put(31 + 7 * place, format!("s{n}").as_bytes());
    }
    out
}

#[test]
fn fields_of_any_byte_order_are_little_endian() {
    for fixture in ["hdf5_records.h5", "hdf5_records_earliest.h5"] {
        let expected = |path: &str| match path {
            "/holes" => elements(7, |n| mixed(if n == 3 || n == 4 { n } else { 9 })),
            "/unwritten" => elements(3, |_| vec![0; 43]),
            "/contiguous" | "/chunked" | "/packed" | "/compact" => elements(7, mixed),
            "/arrays" => elements(2, |_| vec![0; 6]),
            _ => elements(14, |n| {
                let n = n as i32;
                let value = [-n, n][(n % 2) as usize];
                (if n > 12 { -7 } else { value }).to_le_bytes().to_vec()
            }),
        };
        check_source(|| open(fixture), &expected).unwrap_or_else(|broken| panic!("{fixture}: {broken}"));
        let source = open(fixture);
        let data_type = |path: &str| source.schema().variable(path).unwrap().data_type.clone();
        assert_eq!(data_type("/big_middle"), DataType::Int32);
        let DataType::Compound { fields, size, .. } = data_type("/packed") else { panic!("{fixture}") };
        let fields: Vec<_> = fields
            .iter()
            .map(|Field { name, offset, data_type, shape }| {
                (name.as_str(), *offset, names(data_type), shape.clone())
            })
            .collect();
        let inner = "compound(uint32 string of 3 bytes)".to_owned();
        let expected = [
            ("a", 1, "int16".to_owned(), vec![]),
            ("b", 3, "float32".to_owned(), vec![]),
            ("c", 8, "float64".to_owned(), vec![2]),
            ("e", 24, "enum".to_owned(), vec![]),
            ("i", 27, inner, vec![2]),
        ];
        assert_eq!((fields.as_slice(), size), (expected.as_slice(), 43), "{fixture}");
        let codecs = &source.schema().variable("/packed").unwrap().storage.codecs;
        let codecs: Vec<&str> = codecs.iter().map(Codec::name).collect();
        assert_eq!(codecs, ["hdf5 numbers", "shuffle", "deflate", "fletcher32"]);
    }
}

#[test]
fn lists_of_other_programs() {
    let number = |n: u64| (n as i32).to_le_bytes().to_vec();
    let source = open("hdf5_varying.h5");
    let dataset = Dataset::new(source);
    let read = |path: &str| {
        let shape = &dataset.schema().variable(path).unwrap().shape;
        dataset.read_strings(path, &Hyperslab::whole(shape).unwrap())
    };
    let three = |one: &dyn Fn(u64) -> Vec<u8>| (1..=3).map(one).collect::<Vec<_>>();
    assert_eq!(read("/lists").unwrap(), three(&|n| list(n, false, &number)), "big-endian in the file");
    assert_eq!(read("/pairs").unwrap(), three(&|n| [text(n), text(n + 1), short(n)].concat()));
    let deepest = |n| list(n, false, &|n| list(n, true, &|n| list(n, true, &short)));
    assert_eq!(read("/deepest").unwrap(), [deepest(1), deepest(2)]);
    for path in ["/reference_lists", "/held_references", "/references"] {
        let variable = dataset.schema().variable(path).unwrap();
        let whole = Hyperslab::whole(&variable.shape).unwrap();
        let error = dataset.verify(path, &whole).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{path}: {error}");
        assert!(error.message.contains("references into the file"), "{path}: {error}");
    }
}
