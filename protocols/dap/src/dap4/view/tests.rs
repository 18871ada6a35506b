//! Tests of what constraints name.

use super::super::samples::world;
use super::*;
use crate::dap4::form::Part;

fn shown(variable: &Projected<'_>) -> String {
    let axis = |axis: &Axis| match axis {
        Axis::Shared(name) => format!("[{name}]"),
        Axis::Anonymous(length) => format!("[{length}]"),
    };
    let axes: String = variable.axes.iter().map(axis).collect();
    let mut form = variable.form.clone();
    let fields = form.fields_mut().map(|fields| {
        let sent = fields.iter().filter(|field| field.part != Part::None);
        sent.map(|field| field.name.clone()).collect::<Vec<_>>().join(",")
    });
    let fields = fields.map_or_else(String::new, |fields| format!("{{{fields}}}"));
    format!("{}{axes}{fields}={}", variable.entry.fqn, variable.selection.elements())
}

fn check(ce: &str, expected: &str) {
    let schema = world();
    let inventory = Inventory::of(&schema);
    let got = match View::of(ce, &inventory) {
        Ok(view) => view.variables.iter().map(shown).collect::<Vec<_>>().join(" "),
        Err(fault) => fault.to_string(),
    };
    assert_eq!(got, expected, "{ce}");
}

#[test]
fn variables_in_the_order_of_the_dmr() {
    check("/sst;/time", "/time[/time]=10 /sst[/time][/lat]=40");
    check("sst;lat", "/lat[/lat]=4 /sst[/time][/lat]=40");
    check(
        "/forecast/t;forecast/deep é/t",
        "/forecast/t[/forecast/level][/lat]=8 /forecast/deep é/t[/forecast/level]=2",
    );
    check("/sst[0:2:9][1];/sst", "/sst[5][1]=5");
    check("/sst[0:1,5][]", "/sst[3][/lat]=12");
    check("/empty", "/empty[/zero]=0");
}

#[test]
fn whole_groups() {
    check(
        "/forecast",
        "/forecast/t[/forecast/level][/lat]=8 /forecast/lat[/lat]=4 /forecast/deep é/t[/forecast/level]=2",
    );
    check("/forecast/deep é;/blob", "/blob=1 /forecast/deep é/t[/forecast/level]=2");
    check("/bare", "");
    check(
        "/forecast[0]",
        "\"/forecast\" (byte 0 of the constraint) is a group, of which no part can be asked for",
    );
}

#[test]
fn names_escaped_or_not() {
    check("/a.b c", "/a.b c[/a.b c]=3");
    check("/a\\.b c[1]", "/a.b c[1]=1");
    check("/\"a.b c\"", "/a.b c[/a.b c]=3");
    check("/a%252Eb%2520c", "/a.b c[/a.b c]=3");
    check("/a%5c%5cb%20c", "/a.b c[/a.b c]=3");
}

#[test]
fn slices_of_dimensions_hold_for_all_along_them() {
    check("lat=[1:2];/sst;/lat;/time", "/time[/time]=10 /lat[/lat]=2 /sst[/time][/lat]=20");
    check("lat=[1:2];/sst[][];/forecast/t[0][]", "/sst[/time][/lat]=20 /forecast/t[1][/lat]=2");
    check("lat=[1:2];/sst[][0:2]", "/sst[/time][3]=30");
    check(
        "time=[0:3:9];/forecast/level=[1];/forecast/t;/time",
        "/time[/time]=4 /forecast/t[/forecast/level][/lat]=4",
    );
    check(
        "none=[1];/sst",
        "there is no dimension \"none\" (byte 0 of the constraint); there are /time, /lat, /zero, /a.b c, /forecast/level",
    );
    check(
        "lat=[4];/sst",
        "\"lat\" (byte 0 of the constraint): axis 0 is asked for index 4, but its length is 4",
    );
    let schema = world();
    let inventory = Inventory::of(&schema);
    let document = View::of("lat=[1:2];/sst;/lat", &inventory).unwrap().document("x");
    assert_eq!((document.root.dimensions[1].name.as_str(), document.root.dimensions[1].size), ("lat", 2));
    assert_eq!(document.root.variables[1].maps, ["/lat"]);
    // A part of its own has no coordinates any more.
    let document = View::of("/sst[][1];/lat", &inventory).unwrap().document("x");
    assert_eq!(document.root.variables[1].maps, Vec::<String>::new());
}

#[test]
fn fields_of_structures_and_rows() {
    check("/s", "/s[/lat]{a,b,c}=4");
    check("/s{a}", "/s[/lat]{a}=4");
    check("/s[1:2]{b[0];a}", "/s[2]{a,b}=2");
    check("/s.b[0:1]", "/s[/lat]{b}=4");
    check("/s.a;/s.c", "/s[/lat]{a,c}=4");
    check("/s{a};/s", "/s[/lat]{a,b,c}=4");
    check("/rows{id;depths}|id>=2", "/rows{id,depths}=1");
    check("/s{x}", "there is no field \"x\" (byte 3 of the constraint); there are a, b, c");
    check("/sst{x}", "variable \"/sst\" (byte 0 of the constraint) has no fields to choose from");
    check("/s{b[3]}", "\"b\" (byte 3 of the constraint): axis 0 is asked for index 3, but its length is 3");
    check("/s{a[0]}", "\"a\" (byte 3 of the constraint): 1 axes given for a variable with 0");
}

#[test]
fn conditions_need_rows_that_have_the_field() {
    check(
        "/sst|sst<3",
        "conditions apply to sequences, and variable \"/sst\" (byte 0 of the constraint) is none",
    );
    check("/v|v>2", "/v[/lat]=4");
    check(
        "/v|x>2",
        "the condition \"x>2\" (byte 3 of the constraint) cannot be decided: a number is compared with a text",
    );
    check(
        "/rows|1<2",
        "the condition \"1<2\" (byte 6 of the constraint) cannot be decided: it names no field; there are id, name, depths",
    );
    check(
        "/rows|depths<2",
        "the condition \"depths<2\" (byte 6 of the constraint) cannot be decided: the field \"depths\" is neither a number nor a text",
    );
    check(
        "/rows|name~=\"(\"",
        "the condition \"name~=(\" (byte 6 of the constraint) cannot be decided: the expression is not understood: \
         regex parse error:\n    (\n    ^\nerror: unclosed group",
    );
}

#[test]
fn what_is_unknown_is_told() {
    let schema = world();
    let inventory = Inventory::of(&schema);
    let fault = View::of("/none", &inventory).unwrap_err();
    assert!(
        fault.to_string().starts_with("there is no variable \"/none\" (byte 0 of the constraint)"),
        "{fault}"
    );
    check(
        "/sst[0][4]",
        "\"/sst\" (byte 0 of the constraint): axis 1 is asked for index 4, but its length is 4",
    );
    check("/sst[0]", "\"/sst\" (byte 0 of the constraint): 1 axes given for a variable with 2");
}

#[test]
fn names_that_a_client_cannot_escape() {
    use super::super::samples::{group, variable};
    use weir_model::{DataType, Schema};
    let mut root = group("", &[("x", 3)]);
    for name in ["a[0]", "a;b", "a"] {
        root.variables.push(variable(name, DataType::Int8, &[("/x", 3)]));
    }
    let schema = Schema { root };
    let inventory = Inventory::of(&schema);
    let check = |ce: &str, expected: &str| {
        let view = View::of(ce, &inventory).unwrap();
        assert_eq!(view.variables.iter().map(shown).collect::<Vec<_>>().join(" "), expected, "{ce}");
    };
    check("/a[0][0:1:2]", "/a[0][3]=3");
    check("/a%5B0%5D%5B0:1:1%5D", "/a[0][2]=2");
    check("/a;b[0:1:1]", "/a;b[2]=2");
    check("/a[0]", "/a[1]=1");
}

#[test]
fn a_percent_sign_that_a_client_does_not_escape_is_understood() {
    use super::super::samples::{group, variable};
    use weir_model::{DataType, Schema};
    let names = ["percent%20", "a%62", "twice%2520", "twice%20"];
    let mut root = group("", &[]);
    root.variables = names.iter().map(|name| variable(name, DataType::Int8, &[])).collect();
    let schema = Schema { root };
    let inventory = Inventory::of(&schema);
    let check = |ce: &str, expected: Option<&str>| {
        let view = View::of(ce, &inventory).ok();
        let found =
            view.map(|view| view.variables.iter().map(|one| one.entry.name.clone()).collect::<Vec<_>>());
        assert_eq!(found, expected.map(|name| vec![name.to_owned()]), "{ce}");
    };
    check("/percent%2520", Some("percent%20"));
    check("/percent%20", Some("percent%20"));
    check("/a%62", Some("a%62"));
    check("/percent", None);
    // It could be either.
    check("/twice%20", None);
}

#[test]
fn what_lies_too_deep_or_is_called_too_long_is_hidden() {
    use super::super::samples::{group, variable};
    use weir_model::{DataType, Schema};
    let mut inner = group("g", &[]);
    inner.variables = vec![variable("deep", DataType::Int8, &[])];
    for _ in 0..70 {
        let mut around = group("g", &[]);
        around.groups.push(inner);
        inner = around;
    }
    let mut root = group("", &[]);
    root.variables =
        vec![variable(&"x".repeat(300), DataType::Int8, &[]), variable("x", DataType::Int8, &[])];
    root.groups.push(inner);
    let schema = Schema { root };
    let inventory = Inventory::of(&schema);
    assert_eq!((inventory.entries().len(), inventory.hidden().len()), (1, 2));
    let fault = View::of(&format!("/{}", "x".repeat(300)), &inventory).unwrap_err();
    assert!(fault.to_string().contains("its name has more than 256 bytes"), "{fault}");
    let text = crate::dap4::dmr::write(&View::of("", &inventory).unwrap().document("x"));
    crate::dap4::dmr::parse(&text).unwrap();
}
