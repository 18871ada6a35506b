//! Tests of server functions, from the constraint to what is sent.

use super::super::view::samples::{buoys, earth, ocean};
use super::super::{AtomicType, Constraint, Coordinates, Inventory, Shown, View, dds};
use weir_model::Schema;

/// What the response declares, or why there is none.
fn answer(schema: &Schema, query: &str) -> String {
    let inventory = Inventory::of(schema);
    let coordinates: Coordinates =
        [(0, vec![10.0, 20.0]), (1, vec![-60.0, 0.0, 60.0]), (2, vec![0.0, 90.0, 180.0, 270.0])].into();
    let constraint = Constraint::parse(query).unwrap();
    let view = View::coordinates(&constraint, &inventory).and_then(|needed| {
        let given = coordinates.into_iter().filter(|(place, _)| needed.contains(place)).collect();
        View::resolve(&constraint, &inventory, &given)
    });
    match view {
        Ok(view) => {
            let text = dds::dds(&view, "x");
            super::super::grammar::parse_dds(&text).unwrap();
            let words: Vec<&str> = text.split_whitespace().collect();
            words[2..words.len() - 2].join(" ")
        }
        Err(fault) => fault.to_string(),
    }
}

fn check(query: &str, expected: &str) {
    assert_eq!(answer(&earth(), query), expected, "{query}");
}

fn grid(name: &str, time: u64, lat: u64, lon: u64) -> String {
    format!(
        "Grid {{ Array: {name}[time = {time}][lat = {lat}][lon = {lon}]; Maps: Int32 time[time = {time}]; \
         Float32 lat[lat = {lat}]; Float64 lon[lon = {lon}]; }} sst;"
    )
}

#[test]
fn version_names_every_function() {
    let schema = earth();
    let inventory = Inventory::of(&schema);
    let constraint = Constraint::parse("version()").unwrap();
    let view = View::resolve(&constraint, &inventory, &Coordinates::new()).unwrap();
    let [Shown::Text { name, text }] = view.variables.as_slice() else { panic!("{view:?}") };
    assert_eq!(name, "version");
    for function in super::TABLE {
        assert!(text.contains(&format!("name=\"{}\"", function.name)), "{text}");
    }
    assert!(text.contains("10&lt;lat&lt;20"), "{text}");
    check("version()", "String version;");
    check("geogrid()", "String info;");
}

#[test]
fn grid_cuts_by_coordinates() {
    check("grid(sst)", &grid("Int16 sst", 2, 3, 4));
    check("grid(sst,\"lat>=0\",\"lon<200\",\"time=20\")", &grid("Int16 sst", 1, 2, 3));
    check("grid(sst,\"-60<lat<60\",\"lat!=60\")", &grid("Int16 sst", 2, 1, 4));
    let at = "grid() at byte 0 of the constraint:";
    check("grid(sst,\"lat>60\")", &format!("{at} no value of lat fulfils the expressions"));
    check(
        "grid(sst,\"lat!=0\")",
        &format!("{at} the values of lat that fulfil the expressions do not lie side by side"),
    );
    check("grid(sst,\"lev>60\")", &format!("{at} sst has no coordinate \"lev\""));
    check(
        "grid(sst,\"lat\")",
        &format!("{at} \"lat\" is no expression; expressions look like \"lat>10\" or \"10<lat<20\""),
    );
    check("grid(free)", &format!("{at} free has not one coordinate variable for each of its axes"));
    check("grid(lat)", &format!("{at} lat has not one coordinate variable for each of its axes"));
    check(
        "grid(sst[0][0][0])",
        &format!("{at} it takes sst as a whole, without indices and not changed before"),
    );
    check("grid(sst,3)", &format!("{at} it takes other arguments: grid(array, \"10<lat<20\", ...)"));
    check(
        "grid(linear_scale(sst),\"lat>0\")",
        &format!("{at} it takes sst as a whole, without indices and not changed before"),
    );
}

#[test]
fn geogrid_cuts_a_box() {
    check("geogrid(sst,10,80,-10,100)", &grid("Int16 sst", 2, 3, 3));
    check("geogrid(sst,0,-90,0,90)", &grid("Int16 sst", 2, 1, 3));
    check("geogrid(sst,0,90,0,90,\"time<15\")", &grid("Int16 sst", 1, 1, 1));
    check("geogrid(sst,lat,lon,0,90,0,90)", &grid("Int16 sst", 2, 1, 1));
    let at = "geogrid() at byte 0 of the constraint:";
    check(
        "geogrid(sst,time,lat,0,90,0,90)",
        &format!("{at} the box from 0 to 0 lies outside of the latitudes from 10 to 20"),
    );
    check("geogrid(sst,lat,mask,0,90,0,90)", &format!("{at} mask is no coordinate of sst"));
    check("geogrid(sst,lat,lat,0,90,0,90)", &format!("{at} latitude and longitude are the same coordinate"));
    check(
        "geogrid(sst,0,90,0,90,\"lat<15\")",
        &format!("{at} expressions and the box must not be about the same coordinate"),
    );
    check(
        "geogrid(sst,-10,80,10,100)",
        &format!("{at} the top of the box, -10, lies south of its bottom, 10"),
    );
}

#[test]
fn scaled_values_are_floats() {
    check("linear_scale(sst)", "Float64 sst[time = 2][lat = 3][lon = 4];");
    check("linear_scale(sst[0][1][0:1])", "Float64 sst[time = 1][lat = 1][lon = 2];");
    check("linear_scale(lat,2,1),lon", "Float64 lat[lat = 3]; Float64 lon[lon = 4];");
    check("linear_scale(geogrid(sst,10,80,-10,100))", &grid("Float64 sst", 2, 3, 3));
    let at = "linear_scale() at byte 0 of the constraint:";
    check(
        "linear_scale(lat)",
        &format!("{at} lat has no attribute scale_factor; give a factor and an offset"),
    );
    check("linear_scale(linear_scale(sst))", &format!("{at} sst was changed before"));
    let schema = earth();
    let inventory = Inventory::of(&schema);
    let constraint = Constraint::parse("linear_scale(sst)").unwrap();
    let view = View::resolve(&constraint, &inventory, &Coordinates::new()).unwrap();
    let [Shown::Array(sst)] = view.variables.as_slice() else { panic!("{view:?}") };
    assert_eq!(sst.data_type(), AtomicType::Float64);
    let super::super::Values::Scaled(scale) = &sst.values else { panic!("{sst:?}") };
    assert_eq!([scale.value(4.0), scale.value(-99.0)], [12.0, -99.0]);
}

#[test]
fn tables_are_made_of_arrays() {
    let check = |query: &str, expected: &str| assert_eq!(answer(&ocean(), query), expected, "{query}");
    check("tabular(time)", "Sequence { Int32 time; } table;");
    check(
        "tabular(label,deep_air%20temp)&table.label=\"x\"",
        "Sequence { String label; Float32 deep_air%20temp; } table;",
    );
    check("tabular(time)&time>3&3<table.time", "Sequence { Int32 time; } table;");
    let at = "tabular() at byte 0 of the constraint:";
    check("tabular(time,label)", &format!("{at} label and time differ in their shape or their indices"));
    check("tabular(time,time)", &format!("{at} time is given twice"));
    check(
        "tabular(time[0:1],time[1:2])",
        &format!("{at} time and time differ in their shape or their indices"),
    );
    check(
        "tabular(time)&sst>3",
        "selections compare columns of one Sequence, and \"sst\" (byte 14 of the constraint) is not one; tabular() makes a Sequence of arrays",
    );
    assert_eq!(answer(&buoys(), "tabular(one)"), format!("{at} one is not an array as it is stored"));
}

#[test]
fn unknown_functions_are_named() {
    check(
        "sqrt(sst)",
        "there is no server function \"sqrt\" (byte 0 of the constraint); there are version(), grid(), geogrid(), linear_scale(), tabular()",
    );
    check(
        "grid(sst),sst",
        "the response would have two variables \"sst\" (byte 10 of the constraint); ask for one at a time",
    );
    check(
        "version(),version()",
        "the response would have two variables \"version\" (byte 10 of the constraint); ask for one at a time",
    );
}
