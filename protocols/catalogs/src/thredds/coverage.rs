//! What a catalog of one dataset says of its data: where, when, and which variables.

use std::io;

use weir_cf::axes::Positive;
use weir_cf::extent::BoundingBox;

use super::xml::Xml;
use crate::{GridKind, Summary, VariableFacts, Vertical};

/// Everything that a summary tells; `format` is the data's, as THREDDS names it, or nothing.
pub(super) fn coverage(xml: &mut Xml, summary: &Summary, format: &str) -> io::Result<()> {
    if let Some(kind) = data_type(summary) {
        xml.text("dataType", &[], kind)?;
    }
    if !format.is_empty() {
        xml.text("dataFormat", &[], format)?;
    }
    words(xml, summary)?;
    if summary.bounds.is_some() || summary.vertical.is_some() {
        xml.open("geospatialCoverage", &[("zpositive", up(summary.vertical.as_ref()))])?;
        summary.bounds.as_ref().map_or(Ok(()), |bounds| horizontal(xml, bounds))?;
        summary.vertical.as_ref().map_or(Ok(()), |vertical| heights(xml, vertical))?;
        xml.close("geospatialCoverage")?;
    }
    if let Some(time) = &summary.time {
        xml.open("timeCoverage", &[])?;
        xml.text("start", &[], &time.start)?;
        xml.text("end", &[], &time.end)?;
        xml.close("timeCoverage")?;
    }
    variables(xml, summary)
}

/// The feature type as netCDF-Java names it: what the data says of itself (CF section 9), else what its grid tells.
pub(super) fn data_type(summary: &Summary) -> Option<&'static str> {
    const FEATURES: [(&str, &str); 6] = [
        ("timeSeries", "STATION"),
        ("timeSeriesProfile", "STATION_PROFILE"),
        ("trajectoryProfile", "TRAJECTORY_PROFILE"),
        ("trajectory", "TRAJECTORY"),
        ("profile", "PROFILE"),
        ("point", "POINT"),
    ];
    let said = summary.attribute("featureType").unwrap_or_default();
    if let Some((_, name)) = FEATURES.iter().find(|(of, _)| of.eq_ignore_ascii_case(&said)) {
        return Some(name);
    }
    match summary.grid.as_ref()?.kind {
        GridKind::Rectilinear | GridKind::Rotated | GridKind::Projected | GridKind::Curvilinear => {
            Some("GRID")
        }
        GridKind::Unstructured => Some("UGRID"),
        GridKind::Unknown | GridKind::Healpix { .. } | GridKind::Points => None,
    }
}

fn words(xml: &mut Xml, summary: &Summary) -> io::Result<()> {
    let words = &summary.words;
    let documentation = [
        ("title", &words.title),
        ("summary", &words.description),
        ("rights", &words.license),
        ("history", &words.history),
        ("references", &words.references),
    ];
    for (kind, text) in documentation {
        if let Some(text) = text {
            xml.text("documentation", &[("type", kind)], text)?;
        }
    }
    words.keywords.iter().try_for_each(|keyword| xml.text("keyword", &[], keyword))?;
    // A creator of THREDDS must have an address, which data does not tell; a contributor has a role instead.
    for (role, name) in [("creator", &words.creator), ("publisher", &words.publisher)] {
        if let Some(name) = name {
            xml.text("contributor", &[("role", role)], name)?;
        }
    }
    if let Some(project) = &words.project {
        xml.text("project", &[], project)?;
    }
    Ok(())
}

fn up(vertical: Option<&Vertical>) -> &'static str {
    match vertical.and_then(|vertical| vertical.positive) {
        Some(Positive::Down) => "down",
        _ => "up",
    }
}

fn range(xml: &mut Xml, name: &str, (start, size): (f64, f64), units: &str) -> io::Result<()> {
    xml.open(name, &[])?;
    xml.text("start", &[], &start.to_string())?;
    xml.text("size", &[], &size.to_string())?;
    if !units.is_empty() {
        xml.text("units", &[], units)?;
    }
    xml.close(name)
}

fn horizontal(xml: &mut Xml, bounds: &BoundingBox) -> io::Result<()> {
    range(xml, "northsouth", (bounds.south, bounds.north - bounds.south), "degrees_north")?;
    let whole = if bounds.crosses_antimeridian() { 360.0 } else { 0.0 };
    range(xml, "eastwest", (bounds.west, bounds.east + whole - bounds.west), "degrees_east")
}

fn heights(xml: &mut Xml, vertical: &Vertical) -> io::Result<()> {
    let range_of = vertical.range;
    let units = vertical.units.as_deref().unwrap_or_default();
    range(xml, "updown", (range_of.least, range_of.greatest - range_of.least), units)
}

fn variables(xml: &mut Xml, summary: &Summary) -> io::Result<()> {
    let data: Vec<&VariableFacts> = summary.data_variables().collect();
    if data.is_empty() {
        return Ok(());
    }
    xml.open("variables", &[("vocabulary", "CF-1.0")])?;
    for variable in data {
        let mut attributes = vec![("name", variable.key())];
        attributes.extend(variable.standard_name.as_deref().map(|name| ("vocabulary_name", name)));
        attributes.extend(variable.units.as_deref().map(|units| ("units", units)));
        xml.text("variable", &attributes, variable.label())?;
    }
    xml.close("variables")
}
