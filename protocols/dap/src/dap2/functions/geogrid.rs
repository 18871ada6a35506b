//! `geogrid()`: the part of an array inside a box of latitudes and longitudes, with its coordinates.

use super::super::{Entry, Inventory, Shown};
use super::grid::Gridded;
use super::{Looked, Refusal, Value, grid, longitude};

/// Units of latitudes (CF conventions, section 4.1).
const NORTH: [&str; 6] = ["degrees_north", "degree_north", "degree_N", "degrees_N", "degreeN", "degreesN"];

/// Units of longitudes (CF conventions, section 4.2).
const EAST: [&str; 6] = ["degrees_east", "degree_east", "degree_E", "degrees_E", "degreeE", "degreesE"];

/// The places of latitude and longitude among the axes of `gridded`.
fn axes(
    gridded: &Gridded<'_>,
    values: &[Value<'_>],
    inventory: &Inventory<'_>,
) -> Result<(usize, usize), Refusal> {
    if let [_, Value::Variable(latitude), Value::Variable(longitude), ..] = values {
        let axis = |shown: &Shown<'_>| {
            let path = match shown {
                Shown::Array(array) => array.entry.path.as_str(),
                _ => "",
            };
            let entry = |map: usize| inventory.entries().get(map);
            let found = gridded.maps.iter().position(|&map| entry(map).is_some_and(|e| e.path == path));
            found.ok_or_else(|| format!("{} is no coordinate of {}", shown.name(), gridded.entry.name))
        };
        return Ok((axis(latitude)?, axis(longitude)?));
    }
    let maps: Vec<_> = gridded.maps.iter().filter_map(|&map| inventory.entries().get(map)).collect();
    let find = |units: &[&str], word: &str| {
        let is_it = |entry: &&Entry<'_>| says(entry, "units", units) || says(entry, "standard_name", &[word]);
        let short = word.get(..3).unwrap_or(word);
        let is_called = |entry: &&Entry<'_>| entry.name.to_ascii_lowercase().starts_with(short);
        let found = maps.iter().position(is_it).or_else(|| maps.iter().position(is_called));
        found.ok_or_else(|| {
            format!(
                "none of its coordinates is a {word}; name them: geogrid(array, latitude, longitude, ...)"
            )
        })
    };
    Ok((find(&NORTH, "latitude")?, find(&EAST, "longitude")?))
}

fn says(entry: &Entry<'_>, attribute: &str, words: &[&str]) -> bool {
    let value = entry.variable.attribute(attribute).and_then(|attribute| attribute.value.as_text());
    value.is_some_and(|value| words.contains(&value.trim()))
}

/// Both axes of the box, and those of expressions.
pub fn coordinates(values: &[Value<'_>], inventory: &Inventory<'_>) -> Result<Vec<usize>, Refusal> {
    let gridded = Gridded::of(values, inventory)?;
    let (latitude, longitude) = axes(&gridded, values, inventory)?;
    let mut found = grid::coordinates(values, inventory)?;
    found.extend([latitude, longitude].iter().filter_map(|&axis| gridded.maps.get(axis)));
    Ok(found)
}

pub fn answer<'i>(values: &[Value<'i>], looked: &Looked<'_, 'i>) -> Result<Shown<'i>, Refusal> {
    let gridded = Gridded::of(values, looked.inventory)?;
    let (latitude, longitude) = axes(&gridded, values, looked.inventory)?;
    if latitude == longitude {
        return Err("latitude and longitude are the same coordinate".to_owned());
    }
    let numbers = values.iter().filter_map(|value| match value {
        Value::Number(number) => Some(*number),
        _ => None,
    });
    let numbers: Vec<f64> = numbers.collect();
    let [top, left, bottom, right] = *numbers.as_slice() else {
        return Err("a box has four sides: top, left, bottom, right".to_owned());
    };
    let mut runs = gridded.whole();
    gridded.cut(values, looked, &mut runs)?;
    let along = |axis: usize| gridded.maps.get(axis).copied().ok_or("an axis is missing");
    let sides = [
        (latitude, longitude::latitudes(looked.values(along(latitude)?)?, top, bottom)?),
        (longitude, longitude::longitudes(looked.values(along(longitude)?)?, left, right)?),
    ];
    for (axis, side) in sides {
        let run = runs.get_mut(axis).ok_or("an axis is missing")?;
        if run.indices.count != gridded.entry.axes.get(axis).map_or(0, |axis| axis.length) {
            return Err("expressions and the box must not be about the same coordinate".to_owned());
        }
        *run = side;
    }
    gridded.grid(runs, looked)
}
