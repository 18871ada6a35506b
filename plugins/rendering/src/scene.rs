//! A scene: what a picture shows, before it is pixels or SVG.

use tiny_skia::{
    FillRule, FilterQuality, Mask, Paint, Path, PathBuilder, Pixmap, PixmapPaint, PremultipliedColorU8, Rect,
    Stroke, Transform,
};

use crate::{Colour, Pixels, text};

/// A rectangle, in pixels from the upper left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// The left edge.
    pub x: f64,
    /// The upper edge.
    pub y: f64,
    /// How wide it is.
    pub width: f64,
    /// How high it is.
    pub height: f64,
}

/// How a text stands to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It begins there.
    Start,
    /// It has its middle there.
    Middle,
    /// It ends there.
    End,
}

/// Something that a picture shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// Pixels, stretched over an area without being smoothed.
    Image {
        /// Where.
        area: Area,
        /// What.
        pixels: Pixels,
    },
    /// Lines, of which only what lies within an area is seen.
    Lines {
        /// Points of each.
        lines: Vec<Vec<(f64, f64)>>,
        /// Their colour.
        colour: Colour,
        /// Their width.
        width: f64,
        /// Where they are seen; everywhere if nothing is said.
        within: Option<Area>,
    },
    /// A rectangle of one colour.
    Box {
        /// Where.
        area: Area,
        /// Its colour.
        colour: Colour,
    },
    /// Words.
    Text {
        /// Where their baseline begins, has its middle, or ends.
        at: (f64, f64),
        /// The words.
        text: String,
        /// Their size.
        size: f64,
        /// How they stand to the point.
        stand: Stand,
        /// Whether they are read from below.
        turned: bool,
    },
}

/// What a picture shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// How many pixels wide.
    pub width: u32,
    /// How many pixels high.
    pub height: u32,
    /// What is seen, the lowest first.
    pub marks: Vec<Mark>,
}

impl Mark {
    /// A frame of thin lines around an area.
    #[must_use]
    pub fn frame(area: Area, colour: Colour, width: f64) -> Self {
        let (right, bottom) = (area.x + area.width, area.y + area.height);
        let line =
            vec![(area.x, area.y), (right, area.y), (right, bottom), (area.x, bottom), (area.x, area.y)];
        Self::Lines { lines: vec![line], colour, width, within: None }
    }
}

impl Scene {
    /// The scene as pixels, on white; `None` where it has no size that memory could hold.
    #[must_use]
    pub fn pixels(&self) -> Option<Pixels> {
        let mut pixmap = Pixmap::new(self.width, self.height)?;
        pixmap.fill(tiny_skia::Color::WHITE);
        for mark in &self.marks {
            draw(&mut pixmap, mark);
        }
        // On an opaque ground every pixel is opaque, so nothing is multiplied.
        Some(Pixels { width: self.width, height: self.height, rgba: pixmap.take() })
    }
}

fn draw(pixmap: &mut Pixmap, mark: &Mark) {
    match mark {
        Mark::Image { area, pixels } => image(pixmap, area, pixels),
        Mark::Lines { lines, colour, width, within } => {
            let mask = within.and_then(|area| mask(pixmap, area));
            if let Some(path) = path(lines) {
                let stroke = Stroke {
                    width: single(*width),
                    line_join: tiny_skia::LineJoin::Round,
                    ..Stroke::default()
                };
                pixmap.stroke_path(&path, &paint(*colour), &stroke, Transform::identity(), mask.as_ref());
            }
        }
        Mark::Box { area, colour } => {
            if let Some(rect) = rect(*area) {
                pixmap.fill_rect(rect, &paint(*colour), Transform::identity(), None);
            }
        }
        Mark::Text { at, text, size, stand, turned } => {
            if let Some(path) = text::outlines(text, *at, (*size, *stand, *turned)) {
                let rule = FillRule::Winding;
                pixmap.fill_path(&path, &paint([0, 0, 0]), rule, Transform::identity(), None);
            }
        }
    }
}

fn image(pixmap: &mut Pixmap, area: &Area, pixels: &Pixels) {
    let Some(mut image) = Pixmap::new(pixels.width, pixels.height) else { return };
    for (room, [r, g, b, a]) in image.pixels_mut().iter_mut().zip(pixels.rgba.as_chunks::<4>().0) {
        // Pixels are opaque or not there at all.
        let colour = if *a == 0 { None } else { PremultipliedColorU8::from_rgba(*r, *g, *b, 255) };
        if let Some(colour) = colour {
            *room = colour;
        }
    }
    let paint = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
    let (wide, high) = (area.width / f64::from(pixels.width), area.height / f64::from(pixels.height));
    let place = Transform::from_row(single(wide), 0.0, 0.0, single(high), single(area.x), single(area.y));
    pixmap.draw_pixmap(0, 0, image.as_ref(), &paint, place, None);
}

fn mask(pixmap: &Pixmap, area: Area) -> Option<Mask> {
    let mut mask = Mask::new(pixmap.width(), pixmap.height())?;
    mask.fill_path(&PathBuilder::from_rect(rect(area)?), FillRule::Winding, false, Transform::identity());
    Some(mask)
}

fn rect(area: Area) -> Option<Rect> {
    Rect::from_xywh(single(area.x), single(area.y), single(area.width), single(area.height))
}

fn path(lines: &[Vec<(f64, f64)>]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for line in lines {
        let mut points = line.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        if let Some((x, y)) = points.next() {
            path.move_to(single(*x), single(*y));
        }
        points.for_each(|(x, y)| path.line_to(single(*x), single(*y)));
    }
    path.finish()
}

fn paint([r, g, b]: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(r, g, b, 255);
    paint
}

#[expect(clippy::cast_possible_truncation, reason = "pixels")]
fn single(number: f64) -> f32 {
    number as f32
}
