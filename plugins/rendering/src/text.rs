//! Words in pictures: with an embedded font, as outlines.

use tiny_skia::{Path, PathBuilder, Transform};
use ttf_parser::{Face, OutlineBuilder};

use crate::Stand;

static FONT: &[u8] = include_bytes!("../assets/DejaVuSans-subset.ttf");

/// How wide a text is, in pixels, at a size in pixels.
#[must_use]
pub fn width(text: &str, size: f64) -> f64 {
    let Ok(face) = Face::parse(FONT, 0) else { return 0.0 };
    let units: u32 =
        glyphs(&face, text).map(|glyph| u32::from(face.glyph_hor_advance(glyph).unwrap_or(0))).sum();
    f64::from(units) * size / f64::from(face.units_per_em())
}

/// A text that is no wider than some pixels: its end is cut off where it is.
#[must_use]
pub fn cut(text: &str, size: f64, most: f64) -> String {
    // No text that is longer fits any picture; this keeps hostile ones from being measured to their end.
    let mut kept: String = text.chars().filter(|character| !character.is_control()).take(400).collect();
    if width(&kept, size) <= most {
        return kept;
    }
    while !kept.is_empty() && width(&kept, size) + size > most {
        kept.pop();
    }
    kept.trim_end().to_owned() + "…"
}

/// A name with its units behind it, as `name [units]`, no wider than some pixels: the name is cut, and the units are kept where they fit.
#[must_use]
pub fn cut_name(label: &str, size: f64, most: f64) -> String {
    let kept = label.rfind(" [").filter(|_| label.ends_with(']')).map(|place| label.split_at(place));
    match kept {
        Some((name, units)) if width(label, size) > most && width(units, size) * 2.0 < most => {
            cut(name, size, most - width(units, size)) + units
        }
        _ => cut(label, size, most),
    }
}

fn glyphs<'a>(face: &'a Face<'_>, text: &'a str) -> impl Iterator<Item = ttf_parser::GlyphId> + 'a {
    let replacement = face.glyph_index('\u{fffd}').or_else(|| face.glyph_index('?'));
    text.chars().filter_map(move |character| face.glyph_index(character).or(replacement))
}

/// The outlines of a text, whose baseline begins, has its middle, or ends at a point; where it is turned, it is read from below.
pub(crate) fn outlines(
    text: &str,
    (x, y): (f64, f64),
    (size, stand, turned): (f64, Stand, bool),
) -> Option<Path> {
    let face = Face::parse(FONT, 0).ok()?;
    let scale = single(size) / f32::from(face.units_per_em());
    let before = match stand {
        Stand::Start => 0.0,
        Stand::Middle => width(text, size) / 2.0,
        Stand::End => width(text, size),
    };
    let mut pen = Pen { path: PathBuilder::new(), x: 0.0 };
    for glyph in glyphs(&face, text) {
        face.outline_glyph(glyph, &mut pen);
        pen.x += f32::from(face.glyph_hor_advance(glyph).unwrap_or(0));
    }
    let upright = Transform::from_row(scale, 0.0, 0.0, -scale, -single(before), 0.0);
    let upright = if turned { upright.post_concat(Transform::from_rotate(-90.0)) } else { upright };
    pen.path.finish()?.transform(upright.post_translate(single(x), single(y)))
}

#[expect(clippy::cast_possible_truncation, reason = "pixels")]
fn single(number: f64) -> f32 {
    number as f32
}

struct Pen {
    path: PathBuilder,
    x: f32,
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + x1, y1, self.x + x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + x1, y1, self.x + x2, y2, self.x + x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_widths() {
        assert!((width("0", 2048.0) - 1303.0).abs() < 1.0);
        assert!(width("°CΔμ²", 12.0) > width("iiiii", 12.0));
        // A character that the font has not stands as the one that says so.
        assert!(width("漢", 12.0) > 0.0);
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(cut("short", 10.0, 100.0), "short");
        let cut = cut(&"long ".repeat(1000), 10.0, 100.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 100.0, "{cut}");
    }

    #[test]
    fn units_are_kept() {
        assert_eq!(cut_name("short [K]", 10.0, 100.0), "short [K]");
        let cut = cut_name(&format!("{} [kg m-2]", "long ".repeat(20)), 10.0, 120.0);
        assert!(cut.ends_with("… [kg m-2]") && width(&cut, 10.0) <= 120.0, "{cut}");
        assert!(cut_name("name [of units that are longer than all else]", 10.0, 60.0).ends_with('…'));
    }

    #[test]
    fn outlines_stand_where_they_must() {
        let bounds = |stand, turned| outlines("HHHH", (100.0, 50.0), (20.0, stand, turned)).unwrap().bounds();
        assert!(bounds(Stand::Start, false).left() >= 100.0 && bounds(Stand::Start, false).bottom() <= 50.1);
        assert!(bounds(Stand::End, false).right() <= 100.0);
        let turned = bounds(Stand::Middle, true);
        assert!(turned.right() <= 100.1 && turned.height() > turned.width());
        assert!(outlines(" ", (0.0, 0.0), (20.0, Stand::Start, false)).is_none());
    }
}
