//! GetLegendGraphic: the colours of a layer, with their values.

use weir_plugin_api::{Dataset, Error, Response};
use weir_rendering::{Legend, Pixels};

use crate::asking::Asking;
use crate::keys::Keys;
use crate::layer::Layer;
use crate::map::{Format, values};
use crate::ranges::ends;
use crate::style::{Range, Style};
use crate::{crs::Crs, version::Version};

/// The size where nobody asks for another.
pub(crate) const USUAL_SIZE: (u32, u32) = (110, 264);

/// Answers GetLegendGraphic. `PALETTE`, or else `STYLE` or `STYLES`, names the colour map; with `COLORBARONLY`, no layer is needed.
pub(crate) fn answer(asking: &Asking<'_>, dataset: &Dataset, keys: &Keys) -> Result<Response, Error> {
    let format = Format::asked(keys)?;
    let name = ["palette", "style", "styles"].iter().find_map(|key| keys.get(key)).unwrap_or("");
    let style = Style::parse(name, keys)?;
    let bare = keys.flag("colorbaronly")?;
    let usual = if bare { (25, 256) } else { USUAL_SIZE };
    let size = (
        keys.whole("width", (1, 1024))?.unwrap_or(usual.0),
        keys.whole("height", (1, 1024))?.unwrap_or(usual.1),
    );
    asking.admit(u64::from(size.0) * u64::from(size.1) * 16)?;
    if bare {
        return format.response(&bar(&style, size));
    }
    let layer = keys.get("layer").or_else(|| keys.get("layers"));
    let layer = Layer::open(dataset, layer.map_or_else(|| keys.required("layer"), Ok)?)?;
    let range = match style.range {
        Range::Given(least, most) => (least, most),
        // Where the part that is seen is told, its values; else those of all.
        Range::Auto if keys.get("bbox").is_some() => {
            let window = Crs::asked(keys, Version::of(keys)?)?;
            ends(&values(asking, &layer, (&window, keys))?)
        }
        Range::Auto | Range::Usual => asking.ranges.of(asking, &layer)?,
    };
    let label = layer.label();
    let scene = Legend { scale: &style.scale(range), label: &label }.scene(size);
    let pixels = scene.pixels().ok_or_else(|| Error::internal("a legend has no size"))?;
    format.response(&pixels)
}

/// The colours alone, the greatest value's at the top, or at the right where the bar is wider than high.
fn bar(style: &Style, (width, height): (u32, u32)) -> Pixels {
    let scale = style.scale((0.0, 1.0));
    let lies = width > height;
    let colour = |part: f64| scale.colour(scale.value(part)).map_or([0; 4], |[r, g, b]| [r, g, b, 255]);
    let pixels = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
    let part = |(column, row): (u32, u32)| match lies {
        true => (f64::from(column) + 0.5) / f64::from(width),
        false => 1.0 - (f64::from(row) + 0.5) / f64::from(height),
    };
    Pixels { width, height, rgba: pixels.flat_map(|pixel| colour(part(pixel))).collect() }
}
