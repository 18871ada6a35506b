//! Tests of writing and reading DMRs.

use proptest::prelude::*;

use super::super::samples::world;
use super::super::{AtomicType, Inventory, View};
use super::*;
use crate::dap4::document::Dimension;

fn document(ce: &str) -> Dataset {
    let schema = world();
    let inventory = Inventory::of(&schema);
    View::of(ce, &inventory).unwrap().document("world.nc")
}

/// The DMR of a part of the world, without the lines around it and its title, which stands at the end.
fn check(ce: &str, expected: &str) {
    let text = write(&document(ce));
    let start = text.find("name=\"world.nc\">\n").unwrap() + "name=\"world.nc\">\n".len();
    let got: Vec<&str> =
        text[start..].lines().map(str::trim).take_while(|line| !line.contains("title")).collect();
    assert_eq!(got.join("\n"), expected.lines().map(str::trim).collect::<Vec<_>>().join("\n"), "{text}");
}

#[test]
fn a_variable_with_everything_around_it() {
    check(
        "/sst;/lat",
        r#"<Dimension name="time" size="10" _edu.ucar.isunlimited="1"/>
        <Dimension name="lat" size="4"/>
        <Float32 name="lat">
          <Dim name="/lat"/>
        </Float32>
        <Int16 name="sst">
          <Dim name="/time"/>
          <Dim name="/lat"/>
          <Attribute name="units" type="String">
            <Value>degC</Value>
          </Attribute>
          <Attribute name="_FillValue" type="Int16">
            <Value>-999</Value>
          </Attribute>
          <Attribute name="range" type="Float64">
            <Value>-1e999</Value>
            <Value>NaN</Value>
          </Attribute>
          <Map name="/lat"/>
        </Int16>"#,
    );
}

#[test]
fn types_of_every_kind() {
    check(
        "/sky;/s;/v;/rows;/blob;/a\\.b c",
        r#"<Dimension name="lat" size="4"/>
        <Dimension name="a.b c" size="3"/>
        <Enumeration name="cloud" basetype="UInt8">
          <EnumConst name="Clear" value="0"/>
          <EnumConst name="Cirrus" value="7"/>
        </Enumeration>
        <Char name="a.b c">
          <Dim name="/a.b c"/>
        </Char>
        <Enum name="sky" enum="/cloud">
          <Dim name="/lat"/>
        </Enum>
        <Opaque name="blob" _edu.ucar.opaque.size="5"/>
        <Structure name="s">
          <Int16 name="a"/>
          <Float32 name="b">
            <Dim size="3"/>
          </Float32>
          <String name="c"/>
          <Dim name="/lat"/>
        </Structure>
        <Sequence name="v" _edu.ucar.isvlen="1">
          <Int32 name="v"/>
          <Dim name="/lat"/>
        </Sequence>
        <Sequence name="rows">
          <Int32 name="id"/>
          <String name="name"/>
          <Sequence name="depths" _edu.ucar.isvlen="1">
            <Float32 name="depths"/>
          </Sequence>
        </Sequence>"#,
    );
}

#[test]
fn texts_that_clients_would_spoil_stand_in_an_xml_attribute() {
    let text = write(&document("/blob"));
    let line = "<Attribute name=\"title\" type=\"String\" value=\"a &lt;small&gt; &quot;world&quot; &amp; more&#10;lines\\é\"/>";
    assert!(text.contains(line), "{text}");
    let attribute = Attribute { name: "a".into(), number: None, values: vec![String::new(), "<".into()] };
    let mut out = String::new();
    write_attribute(&mut out, &attribute, 0);
    let expected = "<Attribute name=\"a\" type=\"String\">\n  <Value value=\"\"/>\n  <Value>&lt;</Value>\n</Attribute>\n";
    assert_eq!(out, expected);
}

#[test]
fn groups_nest_and_empty_ones_stay() {
    let text = write(&document(""));
    for line in ["  <Group name=\"forecast\">", "    <Group name=\"deep é\">", "  <Group name=\"bare\">"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!write(&document("/blob")).contains("<Group"), "{text}");
}

#[test]
fn what_is_written_reads_back() {
    for ce in ["", "/sst[0:2:9][1]", "lat=[1:2];/sst", "/s{a};/rows{name}|id>3", "/forecast"] {
        let document = document(ce);
        assert_eq!(parse(&write(&document)).unwrap(), document, "{ce}");
    }
}

#[test]
fn what_others_write_is_understood() {
    let text = "<Dataset name='x' xmlns='u'><Byte name='b'><Dim size='3'/><Attribute name='a' type='Byte' value='1'>\
                <Value value='2'/><Value>3</Value></Attribute></Byte><URL name='u'/></Dataset>";
    let document = parse(text).unwrap();
    let [b, u] = document.root.variables.as_slice() else { panic!("{document:?}") };
    assert_eq!((&b.kind, &u.kind), (&Kind::Number(AtomicType::UInt8), &Kind::String));
    assert_eq!(b.attributes[0].values, ["1", "2", "3"]);
}

#[test]
fn what_is_no_dmr_is_told() {
    let check = |text: &str, expected: &str| {
        let malformed = parse(text).unwrap_err().to_string();
        assert!(malformed.contains(expected), "{text}: {malformed}");
    };
    check("", "there is no element");
    check("<Dataset>", "does not end");
    check("<Error/>", "<Error> stands where <Dataset> should");
    check("<Dataset/>", "has no attribute \"name\"");
    check("<Dataset name='x'><Foo name='y'/></Dataset>", "<Foo> is no element of a dmr");
    check("<Dataset name='x'><Dimension name='y' size='-1'/></Dataset>", "\"-1\" where a length should be");
    check("<Dataset name='x'><Int8 name='y'><Int8 name='z'/></Int8></Dataset>", "but no fields");
    check("<Dataset name='x'><Attribute name='y' type='Container'/></Dataset>", "has no known type");
    check("<!DOCTYPE x><Dataset name='x'/>", "document type");
    check("<Dataset name='x'>&x;</Dataset>", "entity \"x\"");
    check(&"<Group name='a'>".repeat(300), "more than 256 elements");
}

fn name() -> impl Strategy<Value = String> {
    "[a-zé_][ -~é]{0,6}".prop_map(|name| super::super::names::spell(&name).into_owned())
}

prop_compose! {
    fn attribute()(name in name(), text in prop::option::of("\\PC{0,12}|[\\x20-\\x7e\n\t\r]{0,9}"), number in any::<f64>()) -> Attribute {
        match text {
            Some(text) => Attribute { name, number: None, values: vec![text] },
            None => {
                let values = vec![format!("{number:?}"), "NaN".to_owned()];
                Attribute { name, number: Some(AtomicType::Float64), values }
            }
        }
    }
}

fn kind() -> impl Strategy<Value = Kind> {
    let leaf = prop_oneof![
        (0..AtomicType::ALL.len()).prop_map(|n| Kind::Number(AtomicType::ALL[n])),
        Just(Kind::String),
        prop::option::of(1_u64..9).prop_map(|size| Kind::Opaque { size }),
        name().prop_map(|enumeration| Kind::Enum { enumeration }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let field = (name(), inner, prop::collection::vec(any::<u64>(), 0..3));
        let field = field.prop_map(|(name, kind, axes)| {
            let axes = axes.into_iter().map(Axis::Anonymous).collect();
            Variable { name, kind, axes, attributes: vec![], maps: vec![] }
        });
        let fields = prop::collection::vec(field, 0..3);
        (fields, any::<bool>(), any::<bool>()).prop_map(|(fields, sequence, of_values)| match sequence {
            true => Kind::Sequence { fields, of_values },
            false => Kind::Structure { fields },
        })
    })
}

prop_compose! {
    fn group()(
        dimensions in prop::collection::vec((name(), any::<u64>(), any::<bool>()), 0..3),
        variables in prop::collection::vec((name(), kind(), name(), prop::collection::vec(attribute(), 0..2)), 0..4),
        attributes in prop::collection::vec(attribute(), 0..4),
        constants in prop::collection::vec((name(), any::<i64>()), 1..3),
    ) -> Group {
        let dimensions = dimensions.into_iter().map(|(name, size, unlimited)| Dimension { name, size, unlimited });
        let constants = constants.into_iter().map(|(name, value)| (name, value.into())).collect();
        let variables = variables.into_iter().map(|(name, kind, map, attributes)| {
            Variable { name, kind, axes: vec![Axis::Shared(map.clone())], attributes, maps: vec![map] }
        });
        let enumerations = vec![Enumeration { name: "e".into(), base: AtomicType::Int8, constants }];
        let (dimensions, variables) = (dimensions.collect(), variables.collect());
        Group { name: String::new(), dimensions, enumerations, variables, attributes, groups: vec![] }
    }
}

proptest! {
    #[test]
    fn any_document_reads_back(root in group(), inner in group(), name in name(), inner_name in name()) {
        let mut root = root;
        root.groups.push(Group { name: inner_name, ..inner });
        let document = Dataset { name, root };
        let text = write(&document);
        prop_assert_eq!(parse(&text).map_err(|malformed| format!("{malformed}\n{text}")), Ok(document));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[<>/='\" A-Za-z&;#0-9]{0,80}") {
        let _ = parse(&text).map_err(|malformed| malformed.to_string());
    }
}
