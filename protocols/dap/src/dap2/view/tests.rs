//! Tests of views.

use weir_model::{Schema, Stride};

use super::samples::{buoys, earth, ocean};
use super::*;
use crate::dap2::{Arrays, Constraint, Inventory};

fn strides(slab: &Hyperslab) -> String {
    let axis = |s: &Stride| format!("[{}:{}x{}]", s.start, s.step, s.count);
    slab.strides().iter().map(axis).collect()
}

fn array(array: &Projected<'_>) -> String {
    let behind = array.behind.as_ref().map_or(String::new(), |behind| format!("+{}", strides(&behind.slab)));
    let values = match &array.values {
        Values::Stored => String::new(),
        Values::Scaled(scale) => format!("*{:?}+{:?}~{:?}", scale.factor, scale.offset, scale.missing),
        Values::Given(values) => format!("={values:?}"),
    };
    format!("{}{}{behind}{values}", array.entry.name, strides(&array.slab))
}

fn members(asked: &[Asked]) -> String {
    let one = |asked: &Asked| {
        let inner =
            if asked.members.is_empty() { String::new() } else { format!("{{{}}}", members(&asked.members)) };
        format!("{}{}{inner}", asked.member.name, strides(&asked.slab))
    };
    asked.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A view in short.
fn shown(shown: &Shown<'_>) -> String {
    match shown {
        Shown::Array(one) => array(one),
        Shown::Structure(record) => {
            format!("{}{}{{{}}}", record.entry.name, strides(&record.slab), members(&record.members))
        }
        Shown::Sequence(rows) => {
            let columns = match &rows.source {
                RowSource::Records(record) => members(&record.members),
                RowSource::Columns(columns) => columns.iter().map(array).collect::<Vec<_>>().join(" "),
            };
            let range = rows.range.map_or(String::new(), |r| format!(" {}:{}:{}", r.start, r.step, r.stop));
            let filter = if rows.filter.is_empty() { "" } else { " where" };
            format!("{}({columns}){range}{filter}", rows.name)
        }
        Shown::Grid(grid) => {
            let parts: Vec<String> = grid.array.iter().chain(&grid.maps).map(array).collect();
            format!("{:?} {}<{}>", grid.form, grid.name, parts.join(" "))
        }
        Shown::Text { name, .. } => format!("'{name}'"),
    }
}

fn view(schema: &Schema, arrays: Arrays, query: &str) -> String {
    let inventory = Inventory::with(schema, arrays);
    let coordinates: Coordinates =
        [(0, vec![10.0, 20.0]), (1, vec![-60.0, 0.0, 60.0]), (2, vec![0.0, 90.0, 180.0, 270.0])].into();
    let resolve = |constraint| {
        let needed = View::coordinates(&constraint, &inventory)?;
        let given = coordinates.iter().filter(|(place, _)| needed.contains(place));
        let given = given.map(|(place, values)| (*place, values.clone())).collect();
        View::resolve(&constraint, &inventory, &given)
    };
    match Constraint::parse(query).and_then(resolve) {
        Ok(view) => view.variables.iter().map(shown).collect::<Vec<_>>().join(" "),
        Err(fault) => fault.to_string(),
    }
}

fn check(query: &str, expected: &str) {
    assert_eq!(view(&ocean(), Arrays::Plain, query), expected, "{query}");
}

fn check_buoys(query: &str, expected: &str) {
    assert_eq!(view(&buoys(), Arrays::Plain, query), expected, "{query}");
}

fn check_grids(query: &str, expected: &str) {
    assert_eq!(view(&earth(), Arrays::Grids, query), expected, "{query}");
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
    let constraint = Constraint::parse("label[2:3]").unwrap();
    let view = View::resolve(&constraint, &inventory, &Coordinates::new()).unwrap();
    let [Shown::Array(label)] = view.variables.as_slice() else { panic!("{view:?}") };
    assert_eq!(label.slab.shape(), [2]);
    assert_eq!(label.stored.shape(), [2, 3]);
}

const ALL: &str = "id depths[0:1x2][0:1x3] name in_side[0:1x3]{x y}";

#[test]
fn members_are_asked_for_one_by_one() {
    check_buoys("one", &format!("one{{{ALL}}}"));
    check_buoys("buoys[0:2:4]", &format!("buoys[0:2x3]{{{ALL}}}"));
    check_buoys("one.id", "one{id}");
    check_buoys("buoys[1].depths[0][1:2]", "buoys[1:1x1]{depths[0:1x1][1:1x2]}");
    check_buoys("buoys.name,buoys[1:2].id", "buoys[1:1x2]{id name}");
    check_buoys("one.in_side[1].y", "one{in_side[1:1x1]{y}}");
    check_buoys("one.in_side[1:2],one.in_side.x", "one{in_side[1:1x2]{x y}}");
    check_buoys("one,one.depths[1][2]", "one{id depths[1:1x1][2:1x1] name in_side[0:1x3]{x y}}");
    check_buoys(
        "one.far",
        "variable \"one.far\" (byte 0 of the constraint) is not served through DAP2: its type is int64, which DAP2 does not have",
    );
    check_buoys(
        "one.id[0]",
        "variable \"one.id\" (byte 0 of the constraint): 1 axes given for a variable with 0",
    );
    check_buoys(
        "buoys[5].id",
        "variable \"buoys.id\" (byte 0 of the constraint): axis 0 is asked for index 5, but its length is 5",
    );
    let names = "; there are buoys, one, log, height";
    check_buoys("one.ids", &format!("there is no variable \"one.ids\" (byte 0 of the constraint){names}"));
    check_buoys(
        "height[0].x",
        &format!("there is no variable \"height.x\" (byte 0 of the constraint){names}"),
    );
}

#[test]
fn rows_are_selected() {
    check_buoys("log", "log(value count label)");
    check_buoys("log.count,log.value", "log(value count)");
    check_buoys("log&log.value>3", "log(value count label) where");
    check_buoys("log.label&log.value>log.count&log.label~=\"^a\"", "log(label) where");
    check_buoys("log[1:2:4]", "log(value count label) 1:2:4");
    check_buoys("log.value,log.count[0:9]", "log(value count) 0:1:9");
    check_buoys("log[2:*].value", "log(value) 2:1:5");
    // netCDF-C repeats selections with every variable.
    check_buoys("height&log.value>3", "height[0:1x5]");
    check_buoys(
        "log.value[1],log.count[2]",
        "\"log.value\" (byte 0 of the constraint): all columns of a Sequence have the same rows",
    );
    check_buoys(
        "log[4:1:2]",
        "variable \"log\" (byte 0 of the constraint): axis 0 selects no index; steps must be at least 1",
    );
    check_buoys(
        "log[0][0]",
        "variable \"log\" (byte 0 of the constraint): 2 axes given for a variable with 1",
    );
}

#[test]
fn what_cannot_be_selected_is_refused() {
    let not = "(byte 5 of the constraint) is not one; tabular() makes a Sequence of arrays";
    check_buoys(
        "log&height>3",
        &format!("selections compare columns of one Sequence, and \"height\" {}", not.replace('5', "4")),
    );
    check_buoys(
        "log,&one.id>3",
        "expected a variable name, \"[\", \",\", \"&\" or the end at byte 3 of the constraint, found \",&one.id>3\"",
    );
    check_buoys(
        "one&one.id>3",
        &format!("selections compare columns of one Sequence, and \"one.id\" {}", not.replace('5', "4")),
    );
    check_buoys(
        "log&log>3",
        &format!("selections compare columns of one Sequence, and \"log\" {}", not.replace('5', "4")),
    );
    check_buoys(
        "log&log.value[0]>3",
        &format!("selections compare columns of one Sequence, and \"log.value\" {}", not.replace('5', "4")),
    );
    let cannot = "the selection at byte 4 of the constraint cannot be evaluated:";
    check_buoys(
        "log&log.value>\"3\"",
        &format!("{cannot} it compares text with numbers; texts stand in quotes"),
    );
    check_buoys(
        "log&log.label={\"a\",3}",
        &format!("{cannot} it compares text with numbers; texts stand in quotes"),
    );
    check_buoys("log&3>2", &format!("{cannot} it names no column"));
    check_buoys(
        "log&log.label~=\"(\"",
        &format!("{cannot} \"(\" is no regular expression: error: unclosed group"),
    );
    check_buoys(
        "log&log.label~=log.label",
        &format!("{cannot} ~= takes a regular expression in quotes on its right"),
    );
    check_buoys("log&log.value=version()", &format!("{cannot} version() does not answer with a column"));
    check_buoys(
        "log&log.valu=1",
        "there is no variable \"log.valu\" (byte 4 of the constraint); there are buoys, one, log, height",
    );
}

#[test]
fn grids_take_their_coordinates_along() {
    let all = "Grid sst<sst[0:1x2][0:1x3][0:1x4] time[0:1x2] lat[0:1x3] lon[0:1x4]>";
    check_grids("sst", all);
    check_grids("sst.sst,sst.time,sst.lon,sst.lat", all);
    check_grids("sst[1][0:2:2][1:3]", "Grid sst<sst[1:1x1][0:2x2][1:1x3] time[1:1x1] lat[0:2x2] lon[1:1x3]>");
    check_grids("sst.sst[0][1][2]", "Structure sst<sst[0:1x1][1:1x1][2:1x1]>");
    check_grids("sst.lat[1:2]", "Structure sst<lat[1:1x2]>");
    check_grids("mask.mask,mask.lon", "Structure mask<mask[0:1x3][0:1x4] lon[0:1x4]>");
    check_grids("mask,mask.lon[1]", "Structure mask<mask[0:1x3][0:1x4] lat[0:1x3] lon[1:1x1]>");
    check_grids(
        "mask.mask[1][1],mask.lat[1],mask.lon[1]",
        "Grid mask<mask[1:1x1][1:1x1] lat[1:1x1] lon[1:1x1]>",
    );
    // Neither is one: an axis twice, an axis without coordinate, a coordinate.
    check_grids("square,free,lat", "lat[0:1x3] square[0:1x3][0:1x3] free[0:1x3][0:1x4]");
    check_grids(
        "sst.sst[0]",
        "variable \"sst.sst\" (byte 0 of the constraint): 1 axes given for a variable with 3",
    );
}
