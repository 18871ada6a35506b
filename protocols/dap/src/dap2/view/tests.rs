//! Tests of views.

use super::samples::ocean;
use super::*;

fn check(query: &str, expected: &str) {
    let schema = ocean();
    let inventory = Inventory::of(&schema);
    let view = Constraint::parse(query).and_then(|constraint| View::resolve(&constraint, &inventory));
    let got = match view {
        Ok(view) => {
            let line = |part: &Projected<'_>| {
                let axis = |s: &Stride| format!("[{}:{}x{}]", s.start, s.step, s.count);
                let axes: String = part.slab.strides().iter().map(axis).collect();
                format!("{}{axes}", part.entry.name)
            };
            view.variables.iter().map(line).collect::<Vec<_>>().join(" ")
        }
        Err(fault) => fault.to_string(),
    };
    assert_eq!(got, expected, "{query}");
}

#[test]
fn each_variable_has_its_own_hyperslab() {
    check("", "time[0:1x10] sst[0:1x10][0:1x4] label[0:1x4] deep_air%20temp[0:1x4]");
    check("time[0:2:9]", "time[0:2x5]");
    check("sst[1:2][0:0],time[3]", "time[3:1x1] sst[1:1x2][0:1x1]");
    check("label[1:2:3]", "label[1:2x2]");
}

#[test]
fn names_are_understood_in_every_spelling() {
    for query in [
        "deep_air%20temp[1]",
        "deep_air temp[1]",
        "deep_air%2520temp%5b1%5d",
        "/deep/air%20temp[1]",
        "deep/air temp[1]",
    ] {
        check(query, "deep_air%20temp[1:1x1]");
    }
}

#[test]
fn of_several_projections_the_last_indices_count() {
    check("time[1],time[2:3]", "time[2:1x2]");
    check("time[1],time", "time[1:1x1]");
    check("time,time[1]", "time[1:1x1]");
}

#[test]
fn faults_say_what_does_not_fit() {
    let names = "; there are time, sst, label, deep_air%20temp";
    check("time,sat", &format!("there is no variable \"sat\" (byte 5 of the constraint){names}"));
    check("sst.sst[0]", &format!("there is no variable \"sst.sst\" (byte 0 of the constraint){names}"));
    check(
        "count",
        "variable \"count\" (byte 0 of the constraint) is not served through DAP2: its type is int64, which DAP2 does not have",
    );
    check(
        "time,sst[0][4]",
        "variable \"sst\" (byte 5 of the constraint): axis 1 is asked for index 4, but its length is 4",
    );
    check("sst[0]", "variable \"sst\" (byte 0 of the constraint): 1 axes given for a variable with 2");
    check("label[0][1]", "variable \"label\" (byte 0 of the constraint): 2 axes given for a variable with 1");
}

#[test]
fn text_is_read_with_the_axis_it_lies_along() {
    let schema = ocean();
    let inventory = Inventory::of(&schema);
    let view = View::resolve(&Constraint::parse("label[2:3]").unwrap(), &inventory).unwrap();
    assert_eq!(view.variables[0].slab.shape(), [2]);
    assert_eq!(view.variables[0].stored.shape(), [2, 3]);
}
