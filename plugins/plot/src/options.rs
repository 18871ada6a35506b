//! What the query asks for: how a picture shall look.

use weir_plugin_api::Error;
use weir_plugin_api::form::{decoded, pairs};
use weir_rendering::{Coastlines, MapProjection, Spread};

/// How a picture shall look.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub least: Option<f64>,
    pub most: Option<f64>,
    pub spread: Spread,
    pub projection: MapProjection,
    pub format: Format,
    pub coastlines: Coasts,
    pub title: Option<String>,
    pub levels: Levels,
    pub along: Vec<String>,
    pub bins: Option<u32>,
    pub interval: Option<u16>,
    pub dress: Dress,
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Png,
    Svg,
    Apng,
}

/// Which coastlines are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Coasts {
    /// Those that suit what is seen.
    #[default]
    Suitable,
    These(Coastlines),
    None,
}

/// At which values contours are drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Levels {
    #[default]
    Some,
    About(u32),
    These(Vec<f64>),
}

/// What stands around a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dress {
    /// Title, axes and colour bar.
    #[default]
    Full,
    /// Nothing: each pixel is one of the map.
    Bare,
}

/// The greatest width and height.
const MOST_SIDE: u32 = 8192;

/// The greatest number of pixels.
const MOST_PIXELS: u64 = 16 << 20;

const SIDE: &str = r#"{"type":"integer","minimum":64,"maximum":8192}"#;
const NUMBER: &str = r#"{"type":"number"}"#;

/// Names, what they say, and what they take.
pub(crate) const PARAMETERS: [(&str, &str, &str); 13] = [
    ("width", "pixels; 800 unless said", SIDE),
    ("height", "pixels; of a map as its shape wants it, of a chart 450 unless said", SIDE),
    ("vmin", "the value of the first colour", NUMBER),
    ("vmax", "the value of the last colour", NUMBER),
    ("log", "colours by logarithms", r#"{"type":"string","enum":["true","false"]}"#),
    (
        "format",
        "png, svg, or apng for one that moves over time",
        r#"{"type":"string","enum":["png","svg","apng"]}"#,
    ),
    ("coastlines", "1 to 110 or to 50 million, or none", r#"{"type":"string","enum":["110m","50m","none"]}"#),
    ("title", "the title", ""),
    ("levels", "how many contours, about; or their values, with commas between", ""),
    ("along", "the coordinate along which a line is drawn; of a section two, x,y", ""),
    ("bins", "how many bars a histogram has", r#"{"type":"integer","minimum":1,"maximum":1000}"#),
    (
        "interval",
        "milliseconds that each picture of an animation is seen",
        r#"{"type":"integer","minimum":10,"maximum":60000}"#,
    ),
    (
        "bare",
        "the map alone, without title, axes, colour bar and coastlines",
        r#"{"type":"string","enum":["true","false"]}"#,
    ),
];

impl Options {
    /// Reads a query; parameters of other names say nothing.
    pub(crate) fn parse(query: &str) -> Result<Self, Error> {
        let mut options = Self::default();
        for (name, value) in pairs(query) {
            let value = decoded(value).map_err(|error| {
                Error::bad_request(format!("the value of {name:.40} is not UTF-8: {error}"))
            })?;
            options.set(name, &value)?;
        }
        if let (Some(least), Some(most)) = (options.least, options.most)
            && least >= most
        {
            return Err(Error::bad_request(format!("vmin is {least}, and must be less than vmax, {most}")));
        }
        let (width, height) = options.size(MOST_SIDE);
        let asked = options.height.map_or(u64::from(width), |_| u64::from(width) * u64::from(height));
        if asked > MOST_PIXELS {
            return Err(Error::too_large(format!(
                "{width} x {height} pixels are more than {MOST_PIXELS}; ask for fewer"
            )));
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let one_of = |all: &[&str]| refused(name, value, &format!("one of {}", all.join(", ")));
        match name {
            "width" => self.width = Some(side(name, value)?),
            "height" => self.height = Some(side(name, value)?),
            "vmin" => self.least = Some(number(name, value)?),
            "vmax" => self.most = Some(number(name, value)?),
            "log" => self.spread = if flag(name, value)? { Spread::Logarithmic } else { Spread::Linear },
            "bare" => self.dress = if flag(name, value)? { Dress::Bare } else { Dress::Full },
            "title" => self.title = Some(value.to_owned()),
            "along" => {
                self.along = value
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
                    .collect();
            }
            "bins" => self.bins = Some(whole(name, value, (1, 1000))?),
            "interval" => self.interval = u16::try_from(whole(name, value, (10, 60_000))?).ok(),
            "levels" => self.levels = Levels::parse(value)?,
            "proj" => {
                let names: Vec<&str> = MapProjection::names().collect();
                self.projection = MapProjection::named(value).ok_or_else(|| one_of(&names))?;
            }
            "format" => {
                self.format = match value {
                    "png" => Format::Png,
                    "svg" => Format::Svg,
                    "apng" => Format::Apng,
                    _ => return Err(one_of(&["png", "svg", "apng"])),
                }
            }
            "coastlines" => {
                self.coastlines = match value {
                    "110m" => Coasts::These(Coastlines::Coarse),
                    "50m" => Coasts::These(Coastlines::Fine),
                    "none" => Coasts::None,
                    _ => return Err(one_of(&["110m", "50m", "none"])),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Width and height, where they are not told: 800, and as it is said.
    pub(crate) fn size(&self, height: u32) -> (u32, u32) {
        (self.width.unwrap_or(800), self.height.unwrap_or(height))
    }

    /// The greatest height of a map whose height nobody tells.
    pub(crate) fn most_height(&self) -> u32 {
        let (width, _) = self.size(0);
        let by_pixels =
            MOST_PIXELS.checked_div(u64::from(width)).and_then(|height| u32::try_from(height).ok());
        by_pixels.unwrap_or(MOST_SIDE).min(width.saturating_mul(2)).min(MOST_SIDE)
    }
}

impl Levels {
    fn parse(text: &str) -> Result<Self, Error> {
        if let Ok(count) = text.parse::<u32>()
            && (1..=100).contains(&count)
        {
            return Ok(Self::About(count));
        }
        let wanted = "a number from 1 to 100, or up to 100 rising values with commas between";
        let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
        let rising = |numbers: &Vec<f64>| {
            numbers.iter().all(|number| number.is_finite()) && numbers.is_sorted_by(|a, b| a < b)
        };
        let fits = numbers.filter(|numbers| (2..=100).contains(&numbers.len())).filter(rising);
        fits.map(Self::These).ok_or_else(|| refused("levels", text, wanted))
    }
}

fn refused(name: &str, value: &str, wanted: &str) -> Error {
    let shown: String = value.chars().take(60).collect();
    Error::bad_request(format!("{name} is {shown:?}, but must be {wanted}"))
}

fn number(name: &str, value: &str) -> Result<f64, Error> {
    value
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| refused(name, value, "a number"))
}

fn whole(name: &str, value: &str, (least, most): (u32, u32)) -> Result<u32, Error> {
    let found = value.parse().ok().filter(|number| (least..=most).contains(number));
    found.ok_or_else(|| refused(name, value, &format!("a number from {least} to {most}")))
}

fn side(name: &str, value: &str) -> Result<u32, Error> {
    let found: Result<u64, _> = value.parse();
    match found {
        Ok(pixels) if pixels > u64::from(MOST_SIDE) => Err(Error::too_large(format!(
            "{name} is {pixels}, and pictures have at most {MOST_SIDE} pixels there"
        ))),
        _ => whole(name, value, (64, MOST_SIDE)),
    }
}

fn flag(name: &str, value: &str) -> Result<bool, Error> {
    match value {
        "true" | "1" | "" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(refused(name, value, "true or false")),
    }
}

#[cfg(test)]
mod tests {
    use weir_plugin_api::ErrorKind;

    use super::*;

    fn check(query: &str, expected: Result<Options, (ErrorKind, &str)>) {
        match (Options::parse(query), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{query}"),
            (Err(error), Err((kind, words))) => {
                assert!(error.kind == kind && error.message.contains(words), "{query}: {error}");
            }
            (found, _) => panic!("{query}: {found:?}"),
        }
    }

    #[test]
    fn queries_say_how_a_picture_looks() {
        let default = Options::default;
        check("", Ok(default()));
        check("other=1", Ok(default()));
        check("width=640&height=480", Ok(Options { width: Some(640), height: Some(480), ..default() }));
        check("vmin=-1.5&vmax=2e1", Ok(Options { least: Some(-1.5), most: Some(20.0), ..default() }));
        check(
            "proj=Robinson&format=svg",
            Ok(Options { projection: MapProjection::Robinson, format: Format::Svg, ..default() }),
        );
        check("levels=12", Ok(Options { levels: Levels::About(12), ..default() }));
        check("levels=0,0.5,%201", Ok(Options { levels: Levels::These(vec![0.0, 0.5, 1.0]), ..default() }));
        check(
            "title=a+b%26c&log=true",
            Ok(Options { title: Some("a b&c".into()), spread: Spread::Logarithmic, ..default() }),
        );
        check(
            "along=lat,%20lev&bare=true",
            Ok(Options { along: vec!["lat".into(), "lev".into()], dress: Dress::Bare, ..default() }),
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let bad = |query, words| check(query, Err((ErrorKind::BadRequest, words)));
        bad("width=-1", "a number from 64 to 8192");
        bad("height=x", "a number from 64 to 8192");
        bad("vmin=nan", "a number");
        bad("vmin=2&vmax=2", "less than vmax");
        bad("proj=mollweide", "one of platecarree, mercator");
        bad("format=gif", "one of png, svg, apng");
        bad("levels=3,2", "rising values");
        bad("bins=0", "from 1 to 1000");
        bad("title=%ff", "not UTF-8");
        check("width=99999", Err((ErrorKind::TooLarge, "at most 8192")));
        check("width=8192&height=8192", Err((ErrorKind::TooLarge, "ask for fewer")));
    }
}
