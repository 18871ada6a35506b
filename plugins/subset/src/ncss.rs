//! The spelling of THREDDS' NetCDF Subset Service.
//!
//! Source: "NetCDF Subset Service Reference" of the THREDDS Data Server
//! (<https://docs.unidata.ucar.edu/tds/current/userguide/netcdf_subset_service_ref.html>). Where no time is asked for, all times are
//! meant: THREDDS takes the time nearest to now, which here would make one address mean another thing each day.

use weir_plugin_api::Error;
use weir_selection::{Bound, BoundingBox, Place, Wanted};

use crate::asked::{Asked, Every, Parameter, Where, number, one, parameters, stride, told, variables};
use crate::format::Format;

/// Every parameter that is known.
const KNOWN: [&str; 24] = [
    "var",
    "north",
    "south",
    "east",
    "west",
    "latitude",
    "longitude",
    "minx",
    "maxx",
    "miny",
    "maxy",
    "time",
    "time_start",
    "time_end",
    "time_duration",
    "temporal",
    "timeStride",
    "horizStride",
    "vertStride",
    "vertCoord",
    "accept",
    "addLatLon",
    "disableLLSubset",
    "disableProjSubset",
];

/// What the query of a request asks.
///
/// # Errors
/// `BadRequest`.
pub(crate) fn parse(query: &str) -> Result<Asked, Error> {
    let parameters = parameters(query)?;
    if let Some((name, _)) = parameters.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
        let shown: String = name.chars().take(60).collect();
        return Err(Error::bad_request(format!("{shown:?} is no parameter; known are {}", KNOWN.join(", "))));
    }
    let mut along = projected(&parameters)?;
    along.extend(times(&parameters)?.map(|wanted| ("time".to_owned(), wanted)));
    if let Some(level) = one(&parameters, "vertCoord") {
        let level = number("vertCoord", level)?;
        along.push(("vertical".to_owned(), Wanted::Nearest(Bound::Number(level))));
    }
    let every = Every {
        time: stride(&parameters, "timeStride")?,
        vertical: stride(&parameters, "vertStride")?,
        horizontal: stride(&parameters, "horizStride")?,
    };
    Ok(Asked {
        variables: variables(&parameters),
        place: place(&parameters)?,
        along,
        every,
        format: format(one(&parameters, "accept").unwrap_or("netcdf"))?,
        query: told(&parameters),
    })
}

fn format(name: &str) -> Result<Format, Error> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "netcdf" | "netcdf3" => Format::Netcdf3,
        "csv" | "csv_file" => Format::NcssCsv,
        "xml" | "xml_file" => Format::NcssXml,
        "netcdf4" | "netcdf4ext" => Format::Netcdf4,
        other => {
            let shown: String = other.chars().take(40).collect();
            return Err(Error::bad_request(format!(
                "accept {shown:?} is not known; known are netcdf, netcdf4, csv, xml"
            )));
        }
    })
}

/// Several parameters that only mean something together.
fn together<const N: usize>(parameters: &[Parameter], names: [&str; N]) -> Result<Option<[f64; N]>, Error> {
    let given = names.map(|name| one(parameters, name));
    if given.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut numbers = [0.0; N];
    for ((name, value), slot) in names.iter().zip(given).zip(&mut numbers) {
        let missing = || Error::bad_request(format!("{name} is missing; {} go together", names.join(", ")));
        *slot = number(name, value.ok_or_else(missing)?)?;
    }
    Ok(Some(numbers))
}

fn place(parameters: &[Parameter]) -> Result<Where, Error> {
    let within = together(parameters, ["west", "south", "east", "north"])?;
    let at = together(parameters, ["longitude", "latitude"])?;
    match (within, at) {
        (None, None) => Ok(Where::Everywhere),
        (Some([west, south, east, north]), None) => {
            Ok(Where::Within(BoundingBox::new(west, south, east, north)?))
        }
        (None, Some([longitude, latitude])) => Ok(Where::At(vec![Place::new(longitude, latitude)?])),
        _ => Err(Error::bad_request("a box and a point cannot both be asked for")),
    }
}

/// Windows of the coordinates of a projection.
fn projected(parameters: &[Parameter]) -> Result<Vec<(String, Wanted)>, Error> {
    let Some([west, east, south, north]) = together(parameters, ["minx", "maxx", "miny", "maxy"])? else {
        return Ok(Vec::new());
    };
    let between = |low, high| Wanted::Between(Bound::Number(low), Bound::Number(high));
    Ok(vec![("x".to_owned(), between(west, east)), ("y".to_owned(), between(south, north))])
}

fn times(parameters: &[Parameter]) -> Result<Option<Wanted>, Error> {
    let text = |name: &str| one(parameters, name).map(|text| Bound::Text(text.to_owned()));
    if let Some("present") = ["time", "time_start", "time_end"]
        .iter()
        .find_map(|name| one(parameters, name).filter(|text| *text == "present"))
    {
        return Err(Error::bad_request(
            "the time \"present\" has no meaning here, because the same address must mean the same each day; write a date",
        ));
    }
    let (start, end, duration) = (text("time_start"), text("time_end"), text("time_duration"));
    match (text("time"), one(parameters, "temporal")) {
        (_, Some(all)) if all != "all" => Err(Error::bad_request("temporal can only be \"all\"")),
        (None, Some(_)) if start.is_none() && end.is_none() => Ok(None),
        (Some(_), Some(_)) => Err(Error::bad_request("time and temporal=all cannot both be asked for")),
        (Some(time), None) if start.is_none() && end.is_none() && duration.is_none() => {
            Ok(Some(Wanted::Nearest(time)))
        }
        (Some(_), None) => Err(Error::bad_request("time, and a range of times, cannot both be asked for")),
        (None, _) => match (start, end, duration) {
            (None, None, None) => Ok(None),
            (Some(start), Some(end), None)
            | (Some(start), None, Some(end))
            | (None, Some(end), Some(start)) => Ok(Some(Wanted::Between(start, end))),
            _ => Err(Error::bad_request(
                "a range of times takes two of time_start, time_end and time_duration",
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Bound {
        Bound::Text(text.to_owned())
    }

    #[test]
    fn queries_are_read() {
        let asked = parse(
            "var=a&var=b&north=4&south=2&west=1&east=3&horizStride=2&temporal=all&accept=csv&vertCoord=500",
        )
        .unwrap();
        assert_eq!(asked.variables, ["a", "b"]);
        assert_eq!(asked.place, Where::Within(BoundingBox::new(1.0, 2.0, 3.0, 4.0).unwrap()));
        assert_eq!((asked.every.horizontal, asked.every.time, asked.format), (2, 1, Format::NcssCsv));
        assert_eq!(asked.along, [("vertical".to_owned(), Wanted::Nearest(Bound::Number(500.0)))]);
        let times = |query: &str| parse(query).unwrap().along.remove(0).1;
        assert_eq!(times("time=2001-02-03T00:00:00"), Wanted::Nearest(text("2001-02-03T00:00:00")));
        assert_eq!(times("time_start=2001&time_duration=P1D"), Wanted::Between(text("2001"), text("P1D")));
        assert_eq!(times("time_duration=P1D&time_end=2001"), Wanted::Between(text("P1D"), text("2001")));
        assert_eq!(parse("minx=1&maxx=2&miny=3&maxy=4").unwrap().along.len(), 2);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let check = |query: &str, part: &str| {
            let message = parse(query).unwrap_err().message;
            assert!(message.contains(part), "{query}: {message}");
        };
        check("north=1", "west is missing; west, south, east, north go together");
        check("latitude=1&longitude=2&north=1&south=0&east=1&west=0", "cannot both");
        check("bbox=1", "\"bbox\" is no parameter; known are var");
        check("accept=netcdf4-classic", "known are netcdf, netcdf4, csv, xml");
        check("accept=png", "known are netcdf, netcdf4, csv, xml");
        check("time=present", "present");
        check("time_start=2001", "two of time_start");
        check("temporal=some", "only be \"all\"");
        check("timeStride=0", "whole number from 1 on");
    }
}
