//! Styles: colour maps with ncWMS' parameters.

use weir_plugin_api::Error;
use weir_rendering::{ColourMap, ColourScale, Spread};

use crate::keys::{Keys, invalid};
use crate::refusal::{Code, refused};

/// The colour map where nobody asks for another.
const USUAL: &str = "viridis";

/// The name under which styles are listed: that of ncWMS.
pub(crate) const PREFIX: &str = "default-scalar/";

/// Of which other servers' names a colour map's name may be a part.
const PREFIXES: [&str; 4] = [PREFIX, "raster/", "boxfill/", "colored_contours/"];

/// From which value to which the colours go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Range {
    /// That of the variable.
    Usual,
    /// That of the values that are seen.
    Auto,
    /// As it is asked for.
    Given(f64, f64),
}

/// What is drawn for values beyond the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// The colour of the end.
    Extend,
    /// Red, green, blue, opacity.
    Colour([u8; 4]),
}

/// How a layer is coloured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Style {
    pub map: ColourMap,
    pub range: Range,
    spread: Spread,
    bands: Option<u32>,
    above: Beyond,
    below: Beyond,
}

impl Style {
    /// Reads the name of a style, and the keys that go with it.
    ///
    /// # Errors
    /// `StyleNotDefined`, and `InvalidParameterValue` for a key.
    pub(crate) fn parse(name: &str, keys: &Keys) -> Result<Self, Error> {
        Ok(Self {
            map: colour_map(name)?,
            range: range(keys)?,
            spread: if keys.flag("logscale")? { Spread::Logarithmic } else { Spread::Linear },
            bands: keys.whole("numcolorbands", (1, 256))?,
            above: beyond(keys, "abovemaxcolor")?,
            below: beyond(keys, "belowmincolor")?,
        })
    }

    /// The scale between two values.
    pub(crate) fn scale(&self, ends: (f64, f64)) -> ColourScale {
        let scale = ColourScale::new(self.map, ends, self.spread);
        match self.bands {
            None => scale,
            Some(bands) => {
                let part = |band: u32| f64::from(band) / f64::from(bands.max(1));
                let edges = (0..=bands).map(|band| scale.value(part(band))).collect();
                scale.banded(edges)
            }
        }
    }

    /// The colour of a value; `None` where nothing is drawn.
    pub(crate) fn colour(&self, scale: &ColourScale, value: f32) -> Option<[u8; 4]> {
        let value = f64::from(value);
        let (least, most) = scale.ends();
        let beyond = if value > most {
            self.above
        } else if value < least {
            self.below
        } else {
            Beyond::Extend
        };
        match beyond {
            Beyond::Colour([_, _, _, 0]) => None,
            Beyond::Colour(colour) => Some(colour),
            Beyond::Extend => scale.colour(value).map(|[r, g, b]| [r, g, b, 255]),
        }
    }
}

fn colour_map(name: &str) -> Result<ColourMap, Error> {
    let plain = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    // ncWMS writes -inv where matplotlib writes _r.
    let named = match plain.strip_suffix("-inv") {
        Some(plain) => format!("{plain}_r"),
        None => plain.to_owned(),
    };
    let named = if matches!(&*named, "" | "default" | "default-scalar") { USUAL } else { &*named };
    ColourMap::named(named).ok_or_else(|| {
        let shown: String = name.chars().take(60).collect();
        let names = ColourMap::names().join(", ");
        refused(Code::StyleNotDefined, format!("{shown:?} is no style; there are {PREFIX} with {names}"))
    })
}

fn range(keys: &Keys) -> Result<Range, Error> {
    let Some(text) = keys.get("colorscalerange") else { return Ok(Range::Usual) };
    match text.to_ascii_lowercase().as_str() {
        "auto" => return Ok(Range::Auto),
        "default" => return Ok(Range::Usual),
        _ => {}
    }
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some([least, most]) if least.is_finite() && most.is_finite() && least < most => {
            Ok(Range::Given(*least, *most))
        }
        _ => Err(invalid("colorscalerange", text, "min,max with min less than max, auto, or default")),
    }
}

fn beyond(keys: &Keys, key: &str) -> Result<Beyond, Error> {
    match keys.get(key).map(str::to_ascii_lowercase).as_deref() {
        None | Some("extend") => Ok(Beyond::Extend),
        Some("transparent") => Ok(Beyond::Colour([0; 4])),
        Some(text) => match colour(text) {
            Some(colour) => Ok(Beyond::Colour(colour)),
            None => Err(invalid(key, text, "extend, transparent, 0xRRGGBB or 0xAARRGGBB")),
        },
    }
}

/// A colour as `0xRRGGBB`, `#RRGGBB` or with the opacity before it.
pub(crate) fn colour(text: &str) -> Option<[u8; 4]> {
    let digits =
        text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).or_else(|| text.strip_prefix('#'))?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [a, r, g, b] = number.to_be_bytes();
    match digits.len() {
        6 => Some([r, g, b, 255]),
        8 => Some([r, g, b, a]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, query: &str, expected: Result<(&str, Range), &str>) {
        let found = Style::parse(name, &Keys::parse(query).unwrap());
        match (found, expected) {
            (Ok(style), Ok((map, range))) => {
                assert_eq!((style.map, style.range), (ColourMap::named(map).unwrap(), range), "{name}");
            }
            (Err(error), Err(words)) => assert!(error.message.contains(words), "{error}"),
            (found, _) => panic!("{name} {query}: {found:?}"),
        }
    }

    #[test]
    fn styles_have_the_names_of_other_servers() {
        check("", "", Ok(("viridis", Range::Usual)));
        check("default", "", Ok(("viridis", Range::Usual)));
        check("default-scalar/default", "colorscalerange=default", Ok(("viridis", Range::Usual)));
        check("default-scalar/magma", "colorscalerange=auto", Ok(("magma", Range::Auto)));
        check("raster/RdBu_r", "COLORSCALERANGE=-1,2.5", Ok(("RdBu_r", Range::Given(-1.0, 2.5))));
        check("boxfill/plasma-inv", "", Ok(("plasma_r", Range::Usual)));
        check("turbo", "", Ok(("turbo", Range::Usual)));
        check("default-vector/turbo", "", Err("StyleNotDefined"));
        check("", "colorscalerange=2,1", Err("min less than max"));
        check("", "colorscalerange=nan,1", Err("min less than max"));
        check("", "numcolorbands=0", Err("from 1 to 256"));
        check("", "abovemaxcolor=red", Err("0xRRGGBB"));
    }

    #[test]
    fn colours_are_hexadecimal() {
        assert_eq!(colour("0xFF8001"), Some([255, 128, 1, 255]));
        assert_eq!(colour("#ff8001"), Some([255, 128, 1, 255]));
        assert_eq!(colour("0x40FF8001"), Some([255, 128, 1, 64]));
        for wrong in ["ff8001", "0xff80", "0x+f8001", "0xfffffffff", "#ééé"] {
            assert_eq!(colour(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn values_beyond_the_range_are_told_apart() {
        let keys = "belowmincolor=transparent&abovemaxcolor=0x102030&numcolorbands=2";
        let style = Style::parse("Greys_r", &Keys::parse(keys).unwrap()).unwrap();
        let scale = style.scale((0.0, 10.0));
        assert_eq!(style.colour(&scale, -0.1), None);
        assert_eq!(style.colour(&scale, 10.1), Some([16, 32, 48, 255]));
        assert_eq!(style.colour(&scale, f32::NAN), None);
        assert_eq!(style.colour(&scale, 1.0), style.colour(&scale, 4.9));
        assert_ne!(style.colour(&scale, 4.9), style.colour(&scale, 5.1));
    }
}
