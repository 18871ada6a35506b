//! Files against the specification, and plans against themselves. That others read them is shown where there are others.

use hdf5_core::jenkins_lookup3;
use proptest::prelude::*;
use weir_model::{Attribute, Value};

use super::datatype::Datatype;
use super::heap::Heap;
use super::{Dimension, Elements, File, Group, Plan, Variable};
use crate::External;

fn dimension(path: &str, length: u64) -> Dimension {
    Dimension { path: path.to_owned(), length }
}

fn variable(path: &str, external: External, dimensions: &[usize]) -> Variable {
    let (path, dimensions) = (path.to_owned(), dimensions.to_vec());
    Variable { path, elements: Elements::Numbers(external), dimensions, attributes: vec![] }
}

fn attribute(name: &str, value: Value) -> Attribute {
    Attribute { name: name.to_owned(), value }
}

/// The object header that begins at the place of the `nth` one, up to its checksum.
fn object(plan: &Plan, nth: usize) -> Vec<u8> {
    let header = plan.header();
    let begins: Vec<usize> = (0..header.len()).filter(|at| header[*at..].starts_with(b"OHDR\x02")).collect();
    let at = begins[nth];
    let sized = at + if header[at + 5] & 0x10 == 0 { 6 } else { 10 };
    let length = u32::from_le_bytes(header[sized..sized + 4].try_into().unwrap()) as usize;
    let end = sized + 4 + length;
    let sum = u32::from_le_bytes(header[end..end + 4].try_into().unwrap());
    assert_eq!(sum, jenkins_lookup3(&header[at..end]));
    header[at..end].to_vec()
}

#[test]
fn a_variable_is_as_the_specification_has_it() {
    let mut scalar = variable("/v", External::Short, &[]);
    scalar.attributes = vec![attribute("u", Value::text("K"))];
    let plan = File { variables: vec![scalar], ..File::default() }.plan().unwrap();
    let begin = plan.header().len() as u64;
    let address = begin.to_le_bytes();
    let expected: Vec<&[u8]> = vec![
        b"OHDR\x02\x0e\x82\0\0\0",
        // Dataspace: version 2, no axes, no flags, scalar.
        &[1, 4, 0, 0, 0, 0, 2, 0, 0, 0],
        // Datatype: a signed little-endian integer of two bytes, all 16 bits of it.
        &[3, 12, 0, 1, 0, 0, 0x10, 8, 0, 0, 2, 0, 0, 0, 0, 0, 16, 0],
        // Fill: version 3, -32767.
        &[5, 8, 0, 1, 0, 0, 3, 0x2A, 2, 0, 0, 0, 0x01, 0x80],
        // Layout: version 3, contiguous, an address and two bytes.
        &[8, 18, 0, 0, 0, 0, 3, 1],
        &address,
        &[2, 0, 0, 0, 0, 0, 0, 0],
        // How attributes are kept: one, in order, nowhere else.
        &[21, 28, 0, 4, 0, 0, 0, 3, 1, 0],
        &[255; 24],
        // The attribute: its name, type and space have 2, 8 and 4 bytes.
        &[12, 24, 0, 0, 0, 0, 3, 0, 2, 0, 8, 0, 4, 0, 0, b'u', 0],
        &[0x13, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, b'K'],
    ];
    let expected = expected.concat();
    assert_eq!(expected.len(), 10 + 0x82);
    assert_eq!(object(&plan, 1), expected);
    let steps: Vec<_> = plan.steps().map(|step| (step.offset, step.bytes, step.padding)).collect();
    assert_eq!((steps, plan.length()), (vec![(begin, 2, 6)], begin + 8));
}

#[test]
fn a_file_begins_with_what_tells_where_its_root_is_and_where_it_ends() {
    let plan = File::default().plan().unwrap();
    let header = plan.header();
    assert_eq!(header[..16], *b"\x89HDF\r\n\x1a\n\x02\x08\x08\0\0\0\0\0");
    assert_eq!(header[20..28], [255; 8]);
    assert_eq!(header[28..36], (header.len() as u64).to_le_bytes());
    assert_eq!(header[36..44], 48_u64.to_le_bytes());
    assert_eq!(header[44..48], jenkins_lookup3(&header[..44]).to_le_bytes());
    assert!(object(&plan, 0).windows(15).any(|words| words == b"version=2,weir="));
}

#[test]
fn types_are_as_hdf5_writes_them() {
    let check =
        |datatype: Datatype, expected: &[u8]| assert_eq!(datatype.encoded(), expected, "{datatype:?}");
    check(Datatype::Number(External::UByte), &[0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0]);
    check(Datatype::Number(External::Int64), &[0x10, 8, 0, 0, 8, 0, 0, 0, 0, 0, 64, 0]);
    let float = [0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];
    check(Datatype::Number(External::Float), &float);
    let double = [0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 255, 3, 0, 0];
    check(Datatype::Number(External::Double), &double);
    check(Datatype::Number(External::Char), &[0x13, 0, 0, 0, 1, 0, 0, 0]);
    check(Datatype::Texts, &[0x19, 1, 1, 0, 16, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0]);
    check(Datatype::Objects, &[0x19, 0, 0, 0, 16, 0, 0, 0, 0x17, 0, 0, 0, 8, 0, 0, 0]);
}

#[test]
fn the_heap_keeps_what_is_referred_to() {
    let mut heap = Heap::new(&[4096, 8192]);
    let first = heap.keep(3, b"abc");
    assert_eq!(first, [3, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    let large = vec![7; 65_536];
    assert_eq!(heap.keep(65_536, &large)[4..], [0, 32, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    let collections = heap.finish();
    let first = &collections[0];
    assert_eq!(first.len(), 4096);
    assert_eq!(first[..16], *b"GCOL\x01\0\0\0\0\x10\0\0\0\0\0\0");
    assert_eq!(first[16..40], *b"\x01\0\x01\0\0\0\0\0\x03\0\0\0\0\0\0\0abc\0\0\0\0\0");
    assert_eq!(first[48..56], (4096_u64 - 40).to_le_bytes());
    assert_eq!(collections[1].len(), 16 + 16 + 65_536);
}

/// Collections have no room left that is too small for the head of what is left.
#[test]
fn collections_end_where_objects_do() {
    for length in 4000..4100_usize {
        let mut heap = Heap::new(&[]);
        heap.keep(length, &vec![1; length]);
        let collection = heap.finish().remove(0);
        let used = 32 + length.next_multiple_of(8);
        assert!(collection.len() == used || collection.len() >= used + 16, "{length}");
        assert_eq!(collection[8..16], (collection.len() as u64).to_le_bytes());
    }
}

#[test]
fn what_no_file_can_have_is_refused() {
    let check = |variables: Vec<Variable>, dimensions: Vec<Dimension>, part: &str| {
        let error = File { variables, dimensions, ..File::default() }.plan().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    let v = |path: &str, dimensions: &[usize]| vec![variable(path, External::Int, dimensions)];
    check(v("v", &[]), vec![], "does not begin with a slash");
    check(v("/a//v", &[]), vec![], "it is empty");
    check(v(&format!("/{}", "n".repeat(257)), &[]), vec![], "more than 256 bytes");
    check(v("/v", &[0]), vec![], "a dimension that the file has not");
    check(v("/v", &[0]), vec![dimension("/g/x", 1)], "not around it");
    check(v("/ga/v", &[0]), vec![dimension("/g/x", 1)], "not around it");
    check([v("/v", &[]), v("/v", &[])].concat(), vec![], "it is there already");
    check([v("/v", &[]), v("/v/w", &[])].concat(), vec![], "is called so already");
    check(v("/v", &[0, 0]), vec![dimension("/x", 1 << 33)], "63 bits");
    check(v("/v", &[0; 33]), vec![dimension("/x", 1)], "more than 32 dimensions");
    let mut long = v("/v", &[]);
    long[0].attributes = vec![attribute("a", Value::Float64(vec![1.0; 9000]))];
    check(long, vec![], "attribute \"a\" has 72000 bytes, and a netCDF-4 file has room for 65000");
    let mut few = v("/v", &[0]);
    few[0].elements = Elements::Texts(vec![b"one".to_vec()]);
    check(few, vec![dimension("/x", 2)], "not as many texts");
    assert!(
        File { variables: v("/g/h/v", &[0]), dimensions: vec![dimension("/g/x", 1)], ..File::default() }
            .plan()
            .is_ok()
    );
}

fn has(plan: &Plan, nth: usize, words: &[u8]) -> bool {
    object(plan, nth).windows(words.len()).any(|part| part == words)
}

#[test]
fn dimensions_are_told_from_variables() {
    let file = File {
        dimensions: vec![dimension("/x", 3), dimension("/y", 12)],
        variables: vec![
            variable("/x", External::Int, &[0]),
            variable("/y", External::Int, &[0, 1]),
            variable("/v", External::Int, &[1]),
        ],
        groups: vec![Group {
            path: "/".to_owned(),
            attributes: vec![attribute("CLASS", Value::text("ours")), attribute("n", Value::Int8(vec![]))],
        }],
    };
    let plan = file.plan().unwrap();
    assert!(has(&plan, 0, b"_nc4_non_coord_y") && !has(&plan, 0, b"ours"));
    assert!(has(&plan, 1, b"This is a netCDF dimension but not a netCDF variable.         12\0"));
    assert!(has(&plan, 2, b"DIMENSION_SCALE\0") && !has(&plan, 2, b"DIMENSION_LIST"));
    assert!(has(&plan, 2, b"REFERENCE_LIST") && has(&plan, 1, b"REFERENCE_LIST"));
    assert!(has(&plan, 3, b"DIMENSION_LIST") && !has(&plan, 3, b"DIMENSION_SCALE"));
}

fn some_file() -> impl Strategy<Value = File> {
    let elements = prop_oneof![
        Just(Elements::Numbers(External::Byte)),
        Just(Elements::Numbers(External::Char)),
        Just(Elements::Numbers(External::Double)),
        Just(Elements::Texts(vec![])),
    ];
    let text = prop::collection::vec(any::<u8>(), 0..90);
    let value = prop_oneof![
        text.clone().prop_map(Value::Char),
        prop::collection::vec(text, 0..3).prop_map(Value::String),
        prop::collection::vec(any::<i16>(), 0..20).prop_map(Value::Int16),
    ];
    let variable = (elements, prop::collection::vec(0_usize..4, 0..3), prop::collection::vec(value, 0..12));
    (prop::collection::vec(0_u64..5, 4), prop::collection::vec(variable, 0..14)).prop_map(
        |(lengths, variables)| {
            let dimensions =
                (0..).zip(&lengths).map(|(n, length): (usize, _)| dimension(&format!("/d{n}"), *length));
            let described = (0..).zip(variables).map(|(n, (elements, places, values)): (usize, _)| {
                let elements = match elements {
                    Elements::Texts(_) => {
                        let count: u64 = places.iter().map(|place| lengths[*place]).product();
                        Elements::Texts((0..count).map(|at| vec![b'a'; at as usize]).collect())
                    }
                    numbers => numbers,
                };
                let path = if n % 3 == 0 { format!("/g/v{n}") } else { format!("/d{n}") };
                let attributes =
                    (0..).zip(values).map(|(n, value): (usize, _)| attribute(&format!("a{n}"), value));
                Variable { path, elements, dimensions: places, attributes: attributes.collect() }
            });
            File { groups: vec![], dimensions: dimensions.collect(), variables: described.collect() }
        },
    )
}

proptest! {
    /// Whatever is described, steps follow the header and each other without a gap and end where the file does.
    #[test]
    fn steps_follow_each_other_without_a_gap(file in some_file()) {
        let plan = file.plan().unwrap();
        let end = plan.steps().try_fold(plan.header().len() as u64, |at, step| {
            (step.offset == at && at % 8 == 0).then_some(at + step.bytes + step.padding)
        });
        prop_assert_eq!(end, Some(plan.length()));
        prop_assert!(plan.header()[28..36] == plan.length().to_le_bytes());
    }
}
