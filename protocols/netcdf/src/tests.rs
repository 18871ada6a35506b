//! Files against the specification, and plans against themselves.

use proptest::prelude::*;
use weir_model::{Attribute, Value};

use crate::{Classic, Dimension, External, NetcdfError, Plan, Step, Variable, Version};

fn dimension(name: &str, length: u64) -> Dimension {
    Dimension { name: name.to_owned(), length, unlimited: false }
}

fn variable(name: &str, external: External, dimensions: &[usize]) -> Variable {
    Variable { name: name.to_owned(), external, dimensions: dimensions.to_vec(), attributes: vec![] }
}

fn attribute(name: &str, value: Value) -> Attribute {
    Attribute { name: name.to_owned(), value }
}

fn records(length: u64) -> Dimension {
    Dimension { unlimited: true, ..dimension("time", length) }
}

/// The example of the specification, "A tiny example": dimension `dim` of 5, variable `vx` of shorts.
#[test]
fn the_tiny_example_is_as_specified() {
    let file = Classic {
        dimensions: vec![dimension("dim", 5)],
        variables: vec![variable("vx", External::Short, &[0])],
        ..Classic::default()
    };
    let plan = file.plan().unwrap();
    let expected: Vec<u32> = vec![
        0x4344_4601,
        0,
        0xA,
        1,
        3,
        0x6469_6d00,
        5,
        0,
        0,
        0xB,
        1,
        2,
        0x7678_0000,
        1,
        0,
        0,
        0,
        3,
        12,
        0x50,
    ];
    let expected: Vec<u8> = expected.into_iter().flat_map(u32::to_be_bytes).collect();
    assert_eq!(plan.header(), expected);
    assert_eq!((plan.version(), plan.length()), (Version::Cdf1, 92));
    let steps: Vec<Step> = plan.steps().collect();
    assert_eq!(steps, [Step { variable: 0, record: None, bytes: 10, padding: 2, offset: 80 }]);
}

#[test]
fn records_of_several_variables_are_padded_and_of_one_are_not() {
    let of = |variables: Vec<Variable>| {
        Classic { dimensions: vec![records(3), dimension("x", 3)], variables, ..Classic::default() }
            .plan()
            .unwrap()
    };
    let one = of(vec![variable("b", External::Byte, &[0, 1])]);
    let begin = one.header().len() as u64;
    assert_eq!(
        one.steps().map(|step| (step.bytes, step.padding, step.offset - begin)).collect::<Vec<_>>(),
        [(3, 0, 0), (3, 0, 3), (3, 0, 6)]
    );
    assert_eq!(one.length() - begin, 9);
    let two = of(vec![
        variable("b", External::Byte, &[0, 1]),
        variable("s", External::Short, &[0]),
        variable("x", External::Byte, &[1]),
    ]);
    let begin = two.header().len() as u64;
    let steps: Vec<_> =
        two.steps().map(|step| (step.variable, step.record, step.padding, step.offset - begin)).collect();
    assert_eq!(
        steps,
        [
            (2, None, 1, 0),
            (0, Some(0), 1, 4),
            (1, Some(0), 2, 8),
            (0, Some(1), 1, 12),
            (1, Some(1), 2, 16),
            (0, Some(2), 1, 20),
            (1, Some(2), 2, 24)
        ]
    );
}

fn check(file: &Classic, expected: Result<Version, &str>) {
    let got = file.plan().map(|plan| plan.version()).map_err(|error| error.to_string());
    match (got, expected) {
        (Ok(got), Ok(expected)) => assert_eq!(got, expected),
        (Err(got), Err(part)) => assert!(got.contains(part), "{got}"),
        (got, expected) => panic!("{got:?} is not {expected:?}"),
    }
}

#[test]
fn the_oldest_format_that_holds_it_is_chosen() {
    let sized = |lengths: &[u64], externals: &[External]| Classic {
        dimensions: lengths
            .iter()
            .enumerate()
            .map(|(n, length)| dimension(&format!("d{n}"), *length))
            .collect(),
        variables: externals
            .iter()
            .enumerate()
            .map(|(n, external)| {
                variable(&format!("v{n}"), *external, &(0..lengths.len()).collect::<Vec<_>>())
            })
            .collect(),
        ..Classic::default()
    };
    check(&sized(&[10], &[External::Float]), Ok(Version::Cdf1));
    check(&sized(&[10], &[External::UByte]), Ok(Version::Cdf5));
    check(&sized(&[1 << 29], &[External::Float; 1]), Ok(Version::Cdf2));
    check(&sized(&[1 << 28], &[External::Float; 4]), Ok(Version::Cdf2));
    check(&sized(&[1 << 28], &[External::Float; 2]), Ok(Version::Cdf1));
    check(&sized(&[1 << 30], &[External::Float]), Ok(Version::Cdf5));
    check(&sized(&[1 << 31], &[External::Byte]), Ok(Version::Cdf5));
    check(&sized(&[1 << 40, 1 << 40], &[External::Byte]), Err("63 bits"));
    check(&sized(&[1 << 40, 1 << 40, 0], &[External::Byte]), Ok(Version::Cdf5));
    let noted = |value| Classic { attributes: vec![attribute("a", value)], ..Classic::default() };
    check(&noted(Value::Int64(vec![7])), Ok(Version::Cdf1));
    check(&noted(Value::Int64(vec![1 << 40])), Ok(Version::Cdf5));
    check(&noted(Value::Other { description: "a record".to_owned() }), Ok(Version::Cdf1));
}

#[test]
fn what_no_file_can_have_is_refused() {
    let mut file = Classic { dimensions: vec![records(1), dimension("x", 2)], ..Classic::default() };
    file.variables = vec![variable("v", External::Int, &[1, 0])];
    check(&file, Err("\"v\" can grow along another dimension"));
    file.variables = vec![variable("v", External::Int, &[2])];
    check(&file, Err("names a dimension that the file has not"));
    file.variables = vec![variable("v", External::Int, &[1]), variable("v", External::Int, &[1])];
    check(&file, Err("it is there already"));
    for (name, part) in
        [("", "empty"), ("a/b", "slash"), ("a\u{7}", "control"), ("a ", "blank"), (".a", "begins")]
    {
        file.variables = vec![variable(name, External::Int, &[])];
        check(&file, Err(part));
    }
    file.dimensions = vec![records(1), Dimension { name: "two".to_owned(), ..records(1) }];
    assert_eq!(file.plan(), Err(NetcdfError::Records));
}

fn some_file() -> impl Strategy<Value = Classic> {
    let external = prop_oneof![
        Just(External::Byte),
        Just(External::Short),
        Just(External::Double),
        Just(External::UInt64)
    ];
    let variable = (external, any::<bool>(), prop::collection::vec(1_usize..4, 0..3));
    (prop::collection::vec(0_u64..5, 4), prop::collection::vec(variable, 0..5)).prop_map(
        |(lengths, variables)| Classic {
            dimensions: lengths
                .iter()
                .enumerate()
                .map(|(n, length)| Dimension { name: format!("d{n}"), length: *length, unlimited: n == 0 })
                .collect(),
            attributes: vec![attribute("title", Value::text("abc"))],
            variables: variables
                .into_iter()
                .enumerate()
                .map(|(n, (external, recorded, dimensions))| {
                    let dimensions = recorded.then_some(0).into_iter().chain(dimensions).collect();
                    Variable {
                        name: format!("v{n}"),
                        external,
                        dimensions,
                        attributes: vec![attribute("_FillValue", Value::UInt64(vec![9]))],
                    }
                })
                .collect(),
        },
    )
}

/// Whether steps begin behind the header, follow each other without a gap, and end where the file does.
fn is_tight(plan: &Plan) -> bool {
    let begin = plan.header().len() as u64;
    let end = plan
        .steps()
        .try_fold(begin, |at, step| (step.offset == at).then_some(at + step.bytes + step.padding));
    end == Some(plan.length())
}

proptest! {
    #[test]
    fn steps_follow_each_other_without_a_gap(file in some_file()) {
        prop_assert!(is_tight(&file.plan().unwrap()));
    }
}
