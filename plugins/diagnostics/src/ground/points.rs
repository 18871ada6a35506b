//! `points=`: a list of places, of which each takes the nearest cell.
//!
//! ```text
//! points = place *( ";" place )
//! place  = longitude "," latitude                  degrees, as in 9.99,53.55
//! ```

use nom::character::complete::char;
use nom::combinator::{all_consuming, opt};
use nom::multi::separated_list1;
use nom::number::complete::double;
use nom::sequence::separated_pair;
use nom::{IResult, Parser};
use weir_cf::Coordinates;
use weir_cf::axes::Kind;
use weir_model::{Attribute, Value};
use weir_plugin_api::Error;
use weir_selection::{Axes, Found, Place};

use super::{Ground, Target};
use crate::diagnostic::Diagnostic;
use crate::engine::mapping::Taking;
use crate::engine::values::Values;
use crate::grammar::shown;
use crate::labels::Labels;
use crate::result::ResultCoordinate;

/// The dimension of points.
pub const POINT: &str = "point";

/// Reads `points`.
///
/// # Errors
/// `BadRequest` with what can stand there, and for places that are not on the Earth.
pub fn parse(text: &str) -> Result<Vec<Place>, Error> {
    let place = separated_pair(double, (char(','), opt(char(' '))), double);
    let parsed: IResult<&str, Vec<(f64, f64)>> =
        all_consuming(separated_list1((char(';'), opt(char(' '))), place)).parse(text);
    let (_, places) = parsed.map_err(|_refused| {
        Error::bad_request(format!(
            "points is {:?}, but must be longitudes and latitudes in degrees with ; between places, as in 9.99,53.55;-70.2,43.6",
            shown(text)
        ))
    })?;
    places.into_iter().map(|(longitude, latitude)| Place::new(longitude, latitude)).collect()
}

/// The cells nearest to places.
///
/// # Errors
/// `BadRequest` where nothing says where cells are, or a place lies outside.
pub fn ground(diagnostic: &Diagnostic<'_>, axes: &Axes<'_>, places: &[Place]) -> Result<Ground, Error> {
    let found = axes.nearest(places)?;
    let cells: Vec<usize> =
        found.first().map(|found| found.indices.iter().map(|(axis, _)| *axis).collect()).unwrap_or_default();
    let shape = &diagnostic.variable.shape;
    let width = cells.get(1).and_then(|axis| shape.get(*axis)).copied().unwrap_or(1);
    let place = |found: &Found| {
        let along = |number: usize| found.indices.get(number).map_or(0, |(_, index)| *index);
        (along(0), along(1))
    };
    let taken: Vec<(u64, u64)> = found.iter().map(place).collect();
    let number = |(row, column): &(u64, u64)| {
        let number = row.checked_mul(width).and_then(|cell| cell.checked_add(*column));
        number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number != u32::MAX)
    };
    let numbers: Option<Vec<u32>> = taken.iter().map(number).collect();
    let numbers = numbers
        .ok_or_else(|| Error::too_large("a grid has more cells than 32 bits count; select by index"))?;
    let target = Target {
        name: POINT.to_owned(),
        length: taken.len(),
        chunk: taken.len() as u64,
        source: None,
        areas: None,
    };
    let mut ground = Ground::new(diagnostic, cells, vec![target], Taking::Each(numbers));
    let coordinates = Coordinates::of(diagnostic.schema, &diagnostic.path).unwrap_or_default();
    if coordinates.of_kind(Kind::Longitude).is_none() {
        ground.coordinates = centres(&found);
    }
    ground.places = Some(taken);
    Ok(ground)
}

/// Where the cells are that were found, for grids without coordinates of their own.
fn centres(found: &[Found]) -> Vec<ResultCoordinate> {
    let along = |name: &str, units: &str, kind, of: fn(&Found) -> f64| ResultCoordinate {
        name: name.to_owned(),
        dimensions: vec![POINT.to_owned()],
        attributes: vec![Attribute { name: "units".to_owned(), value: Value::text(units) }],
        kind: Some(kind),
        labels: Labels::Numbers(Values::Float64(found.iter().map(of).collect())),
    };
    vec![
        along("lon", "degrees_east", Kind::Longitude, |found| found.at.longitude),
        along("lat", "degrees_north", Kind::Latitude, |found| found.at.latitude),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_are_read() {
        let check = |text: &str, expected: Option<&[(f64, f64)]>| {
            let got = parse(text).ok();
            let got: Option<Vec<(f64, f64)>> =
                got.map(|places| places.iter().map(|place| (place.longitude, place.latitude)).collect());
            assert_eq!(got.as_deref(), expected, "{text}");
        };
        check("9.99,53.55", Some(&[(9.99, 53.55)]));
        check("9.99, 53.55; -70,4e1", Some(&[(9.99, 53.55), (-70.0, 40.0)]));
        for wrong in
            ["", "1", "1,2;", "1,2,3", "1,91", "nan,0", "inf,0", "1,2)", "__import__('os'),1", "1;2", "a,b"]
        {
            check(wrong, None);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer_or_an_error(text in "[0-9a-z.,;+ -]{0,40}") {
            if let Ok(places) = parse(&text) {
                prop_assert!(places.iter().all(|place| place.latitude.abs() <= 90.0));
            }
        }
    }
}
