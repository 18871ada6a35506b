//! Words: what global attributes say, and where they stand in for coordinates that say nothing.

use weir_catalogs::{Summary, TimeSpan, Words};
use weir_cf::Calendar;
use weir_cf::extent::{BoundingBox, Latitudes, LongitudeRange, Longitudes, Range};
use weir_cf::time::DateTime;
use weir_plugin_api::model::{Attribute, Value};

/// What global attributes say in words.
pub(crate) fn of(attributes: &[Attribute]) -> Words {
    let text = |names: &[&str]| names.iter().find_map(|name| find(attributes, name));
    Words {
        title: text(&["title"]),
        description: text(&["summary", "description", "comment"]),
        license: text(&["license", "licence"]),
        keywords: text(&["keywords"]).map(|keywords| listed(&keywords)).unwrap_or_default(),
        institution: text(&["institution", "creator_institution", "institution_id"]),
        creator: text(&["creator_name", "author", "contact"]),
        publisher: text(&["publisher_name"]),
        source: text(&["source"]),
        references: text(&["references"]),
        history: text(&["history"]),
        project: text(&["project", "project_id", "mip_era"]),
        identifier: text(&["doi", "id", "tracking_id"]),
        created: text(&["date_created", "creation_date"]).and_then(|date| instant(&date)),
    }
}

fn find(attributes: &[Attribute], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
    let text = found.value.as_text()?;
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Keywords, parted by commas, or by semicolons where there is no comma.
fn listed(text: &str) -> Vec<String> {
    let mark = if text.contains(',') { ',' } else { ';' };
    let mut keywords: Vec<String> = Vec::new();
    for keyword in text.split(mark).map(str::trim) {
        if !keyword.is_empty() && !keywords.iter().any(|known| known == keyword) {
            keywords.push(keyword.to_owned());
        }
    }
    keywords
}

/// A date as RFC 3339 writes it.
fn instant(text: &str) -> Option<String> {
    DateTime::parse(text, Calendar::ProlepticGregorian).ok()?.rfc3339()
}

/// Where coordinates said nothing of place or time, what ACDD's attributes say is taken.
pub(crate) fn stand_in(summary: &mut Summary) {
    if summary.bounds.is_none() {
        summary.bounds = bounds(&summary.attributes);
    }
    if summary.time.is_none() {
        let date = |name: &str| find(&summary.attributes, name).and_then(|text| instant(&text));
        let span = date("time_coverage_start").zip(date("time_coverage_end"));
        let calendar = Calendar::Standard.name().to_owned();
        summary.time =
            span.filter(|(start, end)| start <= end).map(|(start, end)| TimeSpan { start, end, calendar });
    }
}

fn bounds(attributes: &[Attribute]) -> Option<BoundingBox> {
    let number = |name: &str| number(attributes, name);
    let (west, east) = (number("geospatial_lon_min")?, number("geospatial_lon_max")?);
    let (south, north) = (number("geospatial_lat_min")?, number("geospatial_lat_max")?);
    let mut latitudes = Latitudes::default();
    [south, north].into_iter().for_each(|latitude| latitudes.add(latitude));
    let Range { least: south, greatest: north } = latitudes.range()?;
    if (east - west).abs() >= 360.0 {
        let LongitudeRange { west, east } = LongitudeRange::WHOLE;
        return Some(BoundingBox { west, south, east, north });
    }
    // Their order says which way round, if the box is wider than half the Earth.
    let signed = |degrees: f64| {
        let mut one = Longitudes::default();
        one.add(degrees);
        one.range().map(|range| range.west)
    };
    let (west, east) = (signed(west)?, signed(east)?);
    Some(BoundingBox { west, south, east: if east == -180.0 { 180.0 } else { east }, north })
}

/// A number, or a text that is one.
fn number(attributes: &[Attribute], name: &str) -> Option<f64> {
    let found = attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
    let number = match &found.value {
        Value::Float64(numbers) => numbers.first().copied(),
        Value::Float32(numbers) => numbers.first().map(|number| f64::from(*number)),
        Value::Int32(numbers) => numbers.first().map(|number| f64::from(*number)),
        Value::Int16(numbers) => numbers.first().map(|number| f64::from(*number)),
        other => other.as_text().and_then(|text| text.trim().parse().ok()),
    };
    number.filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str, value: Value) -> Attribute {
        Attribute { name: name.to_owned(), value }
    }

    #[test]
    fn keywords_are_parted() {
        assert_eq!(listed("a, b c,,a"), ["a", "b c"]);
        assert_eq!(listed("a; b"), ["a", "b"]);
        assert!(listed(" ").is_empty());
    }

    #[test]
    fn attributes_stand_in_for_coordinates() {
        let box_of = |west: f64, east: f64| {
            let attributes = [
                attribute("geospatial_lon_min", Value::Float64(vec![west])),
                attribute("geospatial_lon_max", Value::text(&format!(" {east} "))),
                attribute("geospatial_lat_min", Value::Float32(vec![-10.0])),
                attribute("geospatial_lat_max", Value::Int32(vec![20])),
            ];
            bounds(&attributes).map(|bounds| bounds.bbox())
        };
        assert_eq!(box_of(-30.0, 40.0), Some([-30.0, -10.0, 40.0, 20.0]));
        assert_eq!(box_of(0.0, 360.0), Some([-180.0, -10.0, 180.0, 20.0]));
        assert_eq!(box_of(170.0, 190.0), Some([170.0, -10.0, -170.0, 20.0]));
        assert_eq!(box_of(f64::NAN, 190.0), None);
        let mut summary = Summary {
            attributes: vec![
                attribute("time_coverage_start", Value::text("2001-02-03")),
                attribute("time_coverage_end", Value::text("2001-02-04T06:00:00Z")),
            ],
            ..Summary::default()
        };
        stand_in(&mut summary);
        let time = summary.time.unwrap();
        assert_eq!(
            (time.start.as_str(), time.end.as_str()),
            ("2001-02-03T00:00:00Z", "2001-02-04T06:00:00Z")
        );
    }

    #[test]
    fn words_are_taken_in_their_order() {
        let words = of(&[
            attribute("comment", Value::text("c")),
            attribute("Summary", Value::text(" s ")),
            attribute("title", Value::text("  ")),
            attribute("date_created", Value::text("2020-01-02")),
        ]);
        assert_eq!(words.description.as_deref(), Some("s"));
        assert_eq!(words.title, None);
        assert_eq!(words.created.as_deref(), Some("2020-01-02T00:00:00Z"));
    }
}
