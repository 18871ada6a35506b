//! The schema of a file: a variable for each cube of fields, and its coordinates.

use std::collections::{BTreeSet, HashMap};

use weir_model::{Attribute, ByteOrder, Codec, DataType, Schema, Storage, Value, Variable};

use super::coordinates::{Axis, Content, Coordinates, GridNames, text};
use super::cube::Cube;
use super::field::Index;
use super::naming;
use super::product::Parameter;
use super::unpack;

/// Describes a file; gives what each variable holds, too.
pub fn describe(index: &Index, cubes: &[Cube]) -> (Schema, HashMap<String, Content>) {
    let names = naming::names(cubes);
    let mut coordinates = Coordinates::new(&names);
    let mut variables = Vec::with_capacity(cubes.len());
    for (place, (cube, name)) in cubes.iter().zip(&names).enumerate() {
        let axes = coordinates.axes(cube);
        let valid_time = coordinates.valid_time(cube, &axes);
        let grid = coordinates.grid(index, cube.kind.grid);
        variables.push(variable(index, cube, name, (&axes, valid_time, &grid)));
        coordinates.contents.insert(name.clone(), Content::Cube(place));
    }
    let Coordinates { mut group, contents, .. } = coordinates;
    group.variables.extend(variables);
    group.attributes = global(index);
    (Schema { root: group }, contents)
}

fn variable(
    index: &Index,
    cube: &Cube,
    name: &str,
    (axes, valid_time, grid): (&[Axis], String, &GridNames),
) -> Variable {
    let several = axes.iter().filter(|axis| axis.length > 1).map(|axis| (axis.name.clone(), axis.length));
    let mut over: Vec<(String, u64)> = several.collect();
    let mut chunk_shape: Vec<u64> = over.iter().map(|_| 1).collect();
    chunk_shape.extend(grid.dimensions.iter().map(|(_, length)| (*length).max(1)));
    over.extend(grid.dimensions.iter().cloned());
    let first = index.fields.get(cube.first);
    let packing = first.map_or(String::new(), |field| unpack::packing(&field.stored).0);
    let codec = Codec::Other {
        id: 0,
        name: format!("grib {packing}"),
        parameters: vec![],
        configuration: String::new(),
    };
    let single = axes.iter().filter(|axis| axis.length == 1).map(|axis| axis.name.as_str());
    let auxiliary = grid.auxiliary.iter().map(String::as_str);
    let listed: Vec<&str> = single.chain([valid_time.as_str()]).chain(auxiliary).collect();
    let mut attributes = attributes(index, cube, &packing);
    attributes.push(text("coordinates", &listed.join(" ")));
    attributes.extend(grid.mapping.iter().map(|mapping| text("grid_mapping", mapping)));
    attributes.push(Attribute { name: "_FillValue".to_owned(), value: Value::Float32(vec![f32::NAN]) });
    Variable {
        name: name.to_owned(),
        data_type: DataType::Float32,
        dimensions: over.iter().map(|(name, _)| format!("/{name}")).collect(),
        shape: over.iter().map(|(_, length)| *length).collect(),
        attributes,
        storage: Storage {
            chunk_shape,
            codecs: vec![codec],
            byte_order: ByteOrder::Little,
            fill: f32::NAN.to_le_bytes().to_vec(),
        },
    }
}

fn number(name: &str, number: impl Into<i64>) -> Attribute {
    let number = i32::try_from(number.into()).unwrap_or(i32::MAX);
    Attribute { name: name.to_owned(), value: Value::Int32(vec![number]) }
}

/// What CF says of a variable, and what GRIB does, under cfgrib's names.
fn attributes(index: &Index, cube: &Cube, packing: &str) -> Vec<Attribute> {
    let mut all = Vec::new();
    let fallback = || index.fields.get(cube.first).map(|field| field.product.parameter.fallback_name());
    match cube.names {
        Some(names) => {
            all.extend([text("long_name", names.long), text("units", names.units)]);
            if !names.standard.is_empty() {
                all.push(text("standard_name", names.standard));
            }
            all.push(number("GRIB_paramId", names.number));
            all.push(text("GRIB_shortName", names.short));
        }
        None => all.push(text("long_name", &format!("GRIB {}", fallback().unwrap_or_default()))),
    }
    all.extend(
        index.fields.get(cube.first).map(|field| numbers_of(field.product.parameter)).unwrap_or_default(),
    );
    all.push(text("GRIB_typeOfLevel", &cube.kind.level));
    all.push(text("GRIB_stepType", &cube.kind.process));
    if !cube.kind.variant.is_empty() {
        all.push(text("GRIB_variant", &cube.kind.variant));
    }
    let types: BTreeSet<&str> =
        cube.fields().filter_map(|place| Some(index.fields.get(place)?.product.data_type)).collect();
    if let (1, Some(&name)) = (types.len(), types.first())
        && !name.is_empty()
    {
        all.push(text("GRIB_dataType", name));
    }
    if let Some(grid) = index.grids.get(cube.kind.grid) {
        all.push(text("GRIB_gridType", &grid.name));
        all.push(number("GRIB_numberOfPoints", i64::try_from(grid.points).unwrap_or(i64::MAX)));
    }
    all.push(text("GRIB_packingType", packing));
    all
}

fn numbers_of(parameter: Parameter) -> Vec<Attribute> {
    match parameter {
        Parameter::One { table, number: of_table, .. } => {
            vec![number("GRIB_table2Version", table), number("GRIB_indicatorOfParameter", of_table)]
        }
        Parameter::Two { discipline, category, number: of_category, .. } => vec![
            number("GRIB_discipline", discipline),
            number("GRIB_parameterCategory", category),
            number("GRIB_parameterNumber", of_category),
        ],
    }
}

/// The attributes of the dataset.
fn global(index: &Index) -> Vec<Attribute> {
    let mut all = vec![text("Conventions", "CF-1.8")];
    let editions: BTreeSet<u8> = index.fields.iter().map(|field| field.stored.edition).collect();
    if let (1, Some(&edition)) = (editions.len(), editions.first()) {
        all.push(number("GRIB_edition", edition));
    }
    let centres: BTreeSet<u16> = index.fields.iter().map(|field| field.centre).collect();
    if let (1, Some(&centre)) = (centres.len(), centres.first()) {
        match centre_name(centre) {
            Some((name, institution)) => {
                all.extend([text("GRIB_centre", name), text("institution", institution)]);
            }
            None => all.push(text("GRIB_centre", &centre.to_string())),
        }
    }
    let unread = index.unread.iter().map(|(reason, count)| format!("{count} not read: {reason}"));
    let unread: Vec<String> = unread.collect();
    if !unread.is_empty() {
        all.push(text("GRIB_unread", &unread.join("; ")));
    }
    all
}

/// Common code table C-11: what ecCodes calls a centre, and its name.
fn centre_name(centre: u16) -> Option<(&'static str, &'static str)> {
    Some(match centre {
        7 => ("kwbc", "US National Weather Service - NCEP"),
        34 => ("rjtd", "Tokyo (JMA)"),
        54 => ("cwao", "Montreal (CMC)"),
        74 => ("egrr", "U.K. Met Office - Exeter"),
        78 => ("edzw", "Offenbach (DWD)"),
        82 => ("eswi", "Norrkoping (SMHI)"),
        84 | 85 => ("lfpw", "Toulouse (Meteo-France)"),
        88 => ("enmi", "Oslo (MET Norway)"),
        94 => ("ekmi", "Copenhagen (DMI)"),
        98 => ("ecmf", "European Centre for Medium-Range Weather Forecasts"),
        _ => return None,
    })
}
