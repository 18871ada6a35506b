//! Maps: one or several layers, drawn over each other into the pixels of a window.

use weir_fields::Patch;
use weir_plugin_api::{Dataset, Error, Response};
use weir_rendering::{Pixels, Window, png_of};

use crate::asking::Asking;
use crate::crs::Crs;
use crate::keys::{Keys, invalid};
use crate::layer::Layer;
use crate::ranges::ends;
use crate::refusal::{Code, refused};
use crate::style::{Range, Style, colour};
use crate::version::Version;

/// So many layers are drawn over each other at most.
pub(crate) const MOST_LAYERS: usize = 16;

/// How pictures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Webp,
}

impl Format {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Png, Self::Webp];

    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// The format that keys ask for: PNG where they ask for none.
    ///
    /// # Errors
    /// `InvalidFormat`.
    pub(crate) fn asked(keys: &Keys) -> Result<Self, Error> {
        let Some(name) = keys.get("format") else { return Ok(Self::Png) };
        // Others write image/png;mode=32bit.
        let plain = name.split(';').next().unwrap_or(name).trim();
        Self::ALL.into_iter().find(|format| format.media_type().eq_ignore_ascii_case(plain)).ok_or_else(
            || {
                let shown: String = name.chars().take(60).collect();
                refused(
                    Code::InvalidFormat,
                    format!("{shown:?} is not written; there are image/png and image/webp"),
                )
            },
        )
    }

    /// A picture as a response.
    ///
    /// # Errors
    /// None that can come to pass: pictures are as large as they say.
    pub(crate) fn response(self, pixels: &Pixels) -> Result<Response, Error> {
        let file = match self {
            Self::Png => png_of(pixels).map_err(|error| error.to_string()),
            Self::Webp => webp_of(pixels).map_err(|error| error.to_string()),
        };
        let file = file.map_err(Error::internal)?;
        Ok(Response::full(self.media_type(), file).stable().costly())
    }
}

fn webp_of(pixels: &Pixels) -> Result<Vec<u8>, image_webp::EncodingError> {
    let mut file = Vec::new();
    let encoder = image_webp::WebPEncoder::new(&mut file);
    encoder.encode(&pixels.rgba, pixels.width, pixels.height, image_webp::ColorType::Rgba8)?;
    Ok(file)
}

/// Answers GetMap.
pub(crate) fn answer(asking: &Asking<'_>, dataset: &Dataset, keys: &Keys) -> Result<Response, Error> {
    let version = Version::of(keys)?;
    let format = Format::asked(keys)?;
    let layers = layers(dataset, keys, "layers")?;
    let styles = styles(keys, layers.len())?;
    let window = Crs::asked(keys, version)?;
    let ground = match (keys.flag("transparent")?, keys.get("bgcolor")) {
        (true, _) => [0; 4],
        (false, None) => [255; 4],
        (false, Some(text)) => {
            colour(text).ok_or_else(|| invalid("bgcolor", text, "a colour as 0xRRGGBB"))?
        }
    };
    let mut drawing = Drawing::on(asking, &window, ground)?;
    for (layer, style) in layers.iter().zip(&styles) {
        drawing.draw((layer, style), keys)?;
    }
    format.response(&drawing.pixels)
}

/// The layers that a key names.
///
/// # Errors
/// `LayerNotDefined`, or that there are none or too many.
pub(crate) fn layers<'d>(dataset: &'d Dataset, keys: &Keys, key: &str) -> Result<Vec<Layer<'d>>, Error> {
    let text = keys.required(key)?;
    let names = keys.list(key);
    if names.len() > MOST_LAYERS {
        return Err(invalid(key, text, &format!("at most {MOST_LAYERS} layers")));
    }
    names.into_iter().map(|name| Layer::open(dataset, name)).collect()
}

/// The styles of some layers: one for each, or none at all for the usual one.
fn styles(keys: &Keys, count: usize) -> Result<Vec<Style>, Error> {
    let names = keys.list("styles");
    if names.is_empty() {
        return (0..count).map(|_| Style::parse("", keys)).collect();
    }
    if names.len() != count {
        let words = format!(
            "STYLES names {} styles for {count} layers; there must be one for each, or none",
            names.len()
        );
        return Err(refused(Code::StyleNotDefined, words));
    }
    names.into_iter().map(|name| Style::parse(name, keys)).collect()
}

/// A picture that is being drawn.
pub(crate) struct Drawing<'a> {
    asking: &'a Asking<'a>,
    window: &'a Window,
    pub pixels: Pixels,
}

impl<'a> Drawing<'a> {
    /// An empty picture, whose memory is asked for.
    ///
    /// # Errors
    /// Where it is more than is allowed.
    pub(crate) fn on(asking: &'a Asking<'a>, window: &'a Window, ground: [u8; 4]) -> Result<Self, Error> {
        let (width, height) = window.size();
        let pixels = u64::from(width).saturating_mul(u64::from(height));
        // Pixels, and the file, which may be as large.
        asking.admit(pixels.saturating_mul(8))?;
        let count =
            usize::try_from(pixels).map_err(|_overflow| Error::too_large("the picture exceeds memory"))?;
        let rgba = ground.repeat(count);
        Ok(Self { asking, window, pixels: Pixels { width, height, rgba } })
    }

    /// Draws a layer over what is there.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    pub(crate) fn draw(&mut self, (layer, style): (&Layer<'_>, &Style), keys: &Keys) -> Result<(), Error> {
        self.asking.go_on()?;
        let values = values(self.asking, layer, (self.window, keys))?;
        let range = match style.range {
            Range::Given(least, most) => (least, most),
            Range::Auto => ends(&values),
            Range::Usual => self.asking.ranges.of(self.asking, layer)?,
        };
        let scale = style.scale(range);
        let (pixels, _) = self.pixels.rgba.as_chunks_mut::<4>();
        for (pixel, value) in pixels.iter_mut().zip(&values) {
            if let Some(colour) = style.colour(&scale, *value) {
                *pixel = over(colour, *pixel);
            }
        }
        Ok(())
    }
}

/// The values that the pixels of a window show.
///
/// # Errors
/// Whatever keeps them from being read.
pub(crate) fn values(
    asking: &Asking<'_>,
    layer: &Layer<'_>,
    (window, keys): (&Window, &Keys),
) -> Result<Vec<f32>, Error> {
    let at = layer.at(keys)?;
    let patch = Patch::of(&layer.laid, &layer.axes, (window, &at), &|bytes| asking.admit(bytes))?;
    patch.values(&layer.axes)
}

/// A colour over another, by its opacity.
fn over(above: [u8; 4], below: [u8; 4]) -> [u8; 4] {
    let ([r, g, b, a], [below_r, below_g, below_b, below_a]) = (above, below);
    if a == 255 || below_a == 0 {
        return above;
    }
    let (a, below_a) = (u32::from(a), u32::from(below_a));
    let rest = below_a * (255 - a) / 255;
    let all = a + rest;
    let mixed = |above: u8, below: u8| {
        let sum = u32::from(above) * a + u32::from(below) * rest;
        u8::try_from(sum.checked_div(all).unwrap_or_default()).unwrap_or(u8::MAX)
    };
    [mixed(r, below_r), mixed(g, below_g), mixed(b, below_b), u8::try_from(all).unwrap_or(u8::MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_lie_over_each_other() {
        assert_eq!(over([1, 2, 3, 255], [9, 9, 9, 255]), [1, 2, 3, 255]);
        assert_eq!(over([1, 2, 3, 40], [0; 4]), [1, 2, 3, 40]);
        assert_eq!(over([255, 0, 0, 51], [0, 0, 255, 255]), [51, 0, 204, 255]);
    }

    #[test]
    fn formats_are_named() {
        let asked = |query: &str| Format::asked(&Keys::parse(query).unwrap()).ok();
        assert_eq!(asked(""), Some(Format::Png));
        assert_eq!(asked("FORMAT=image/PNG;%20mode=32bit"), Some(Format::Png));
        assert_eq!(asked("format=image/webp"), Some(Format::Webp));
        assert_eq!(asked("format=image/gif"), None);
    }

    #[test]
    fn webp_has_the_pixels() {
        let rgba: Vec<u8> = (0..7 * 5 * 4_u32).map(|n| (n * 3 + 1) as u8).collect();
        let file = webp_of(&Pixels { width: 7, height: 5, rgba: rgba.clone() }).unwrap();
        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(file)).unwrap();
        let mut found = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_image(&mut found).unwrap();
        assert_eq!((decoder.dimensions(), found), ((7, 5), rgba));
    }
}
