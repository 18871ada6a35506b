//! What is asked, whichever way it is spelled; and weir's own spelling.

use weir_plugin_api::{Error, form};
use weir_selection::{BoundingBox, Place, Wanted};

use crate::format::Format;

/// Which part of the Earth.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Where {
    /// All that there is.
    #[default]
    Everywhere,
    /// A box.
    Within(BoundingBox),
    /// The cells nearest to some places.
    At(Vec<Place>),
}

/// Every n-th index along the dimensions that measure something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Every {
    pub time: u64,
    pub vertical: u64,
    pub horizontal: u64,
}

impl Default for Every {
    fn default() -> Self {
        Self { time: 1, vertical: 1, horizontal: 1 }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// The variables, as they were named.
    pub variables: Vec<String>,
    /// Which part of the Earth.
    pub place: Where,
    /// What is wanted along coordinates, by their names.
    pub along: Vec<(String, Wanted)>,
    pub every: Every,
    pub format: Format,
    /// The query, as it is told in the history of a file.
    pub query: String,
}

/// One parameter of a query, decoded.
pub(crate) type Parameter = (String, String);

/// The parameters of a query.
///
/// # Errors
/// `BadRequest` for what is no UTF-8.
pub(crate) fn parameters(query: &str) -> Result<Vec<Parameter>, Error> {
    let decoded = |text: &str| {
        form::decoded(text).map_err(|error| Error::bad_request(format!("the query is no UTF-8: {error}")))
    };
    form::pairs(query).map(|(name, value)| Ok((decoded(name)?, decoded(value)?))).collect()
}

/// The query as one line of text.
pub(crate) fn told(parameters: &[Parameter]) -> String {
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(" ").chars().map(|c| if c.is_control() { ' ' } else { c }).take(2000).collect()
}

/// The last value given to a name.
pub(crate) fn one<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    let found = parameters.iter().rev().find(|(known, value)| known == name && !value.trim().is_empty());
    found.map(|(_, value)| value.trim())
}

/// Variables, which may be given several times, and several at once behind commas.
pub(crate) fn variables(parameters: &[Parameter]) -> Vec<String> {
    let given = parameters.iter().filter(|(name, _)| name == "var").flat_map(|(_, value)| value.split(','));
    let mut names: Vec<String> = Vec::new();
    for name in given.map(str::trim).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// A number of degrees or the like.
///
/// # Errors
/// `BadRequest` for what is none.
pub(crate) fn number(name: &str, value: &str) -> Result<f64, Error> {
    value.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
        let shown: String = value.chars().take(40).collect();
        Error::bad_request(format!("{name} is {shown:?}, but must be a number"))
    })
}

/// A stride.
///
/// # Errors
/// `BadRequest` for what is none.
pub(crate) fn stride(parameters: &[Parameter], name: &str) -> Result<u64, Error> {
    let Some(value) = one(parameters, name) else { return Ok(1) };
    value.parse().ok().filter(|stride| *stride >= 1).ok_or_else(|| {
        let shown: String = value.chars().take(40).collect();
        Error::bad_request(format!("{name} is {shown:?}, but must be a whole number from 1 on"))
    })
}

impl Asked {
    /// Reads `var=`, `bbox=`, `point=`, `format=`, `layout=`, and coordinates by their names.
    ///
    /// # Errors
    /// `BadRequest`.
    pub(crate) fn parse(query: &str) -> Result<Self, Error> {
        let parameters = parameters(query)?;
        let format =
            Format::parse(one(&parameters, "format").unwrap_or("netcdf3"), one(&parameters, "layout"))?;
        let points: Result<Vec<Place>, Error> = parameters
            .iter()
            .filter(|(name, value)| name == "point" && !value.is_empty())
            .map(|(_, value)| point(value))
            .collect();
        let place = match (one(&parameters, "bbox"), points?) {
            (None, points) if points.is_empty() => Where::Everywhere,
            (None, points) => Where::At(points),
            (Some(text), points) if points.is_empty() => Where::Within(BoundingBox::parse(text)?),
            _ => return Err(Error::bad_request("bbox and point cannot both be asked for")),
        };
        let mut along = Vec::new();
        for (name, value) in &parameters {
            if ["var", "bbox", "point", "format", "layout"].contains(&name.as_str()) {
                continue;
            }
            if along.iter().any(|(known, _)| known == name) {
                let shown: String = name.chars().take(60).collect();
                return Err(Error::bad_request(format!("{shown:?} is given twice")));
            }
            let wanted = Wanted::parse(value)
                .map_err(|error| Error::bad_request(format!("{name}: {}", error.message)))?;
            along.push((name.clone(), wanted));
        }
        let query = told(&parameters);
        Ok(Self { variables: variables(&parameters), place, along, every: Every::default(), format, query })
    }
}

/// Reads `longitude,latitude`.
fn point(text: &str) -> Result<Place, Error> {
    match text.split(',').map(str::trim).collect::<Vec<_>>()[..] {
        [longitude, latitude] => Place::new(number("longitude", longitude)?, number("latitude", latitude)?),
        _ => {
            let shown: String = text.chars().take(80).collect();
            Err(Error::bad_request(format!("the point {shown:?} is not longitude,latitude in degrees")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read() {
        let asked = Asked::parse("var=a,b&var=b&bbox=1,2,3,4&time=2001-02&lev=[0]&format=csv").unwrap();
        assert_eq!(asked.variables, ["a", "b"]);
        assert_eq!(asked.place, Where::Within(BoundingBox::new(1.0, 2.0, 3.0, 4.0).unwrap()));
        assert_eq!(asked.along[1], ("lev".to_owned(), Wanted::Index(0)));
        assert_eq!(asked.format, Format::Csv);
        let places = Asked::parse("point=1,2&point=3,4").unwrap().place;
        assert_eq!(places, Where::At(vec![Place::new(1.0, 2.0).unwrap(), Place::new(3.0, 4.0).unwrap()]));
        let check = |query: &str, part: &str| {
            let message = Asked::parse(query).unwrap_err().message;
            assert!(message.contains(part), "{message}");
        };
        check("bbox=1,2,3,4&point=1,2", "cannot both");
        check("point=1", "is not longitude,latitude");
        check("point=1,a", "latitude is \"a\"");
        check("lev=1&lev=2", "\"lev\" is given twice");
        check("lev=", "lev: a selection is empty");
        check("lev=%ff", "no UTF-8");
    }
}
