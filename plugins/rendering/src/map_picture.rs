//! A map with everything that people need to read it: title, colour bar, graticule, coastlines, contours.

use crate::contours::contour_lines;
use crate::ticks::{Tick, degrees_step, labelled, latitude, longitude, multiples, nice_ticks};
use crate::{Area, Coastlines, ColourScale, Mark, Pixels, Place, Scene, Spread, Stand, Window, text};

/// A map of a field.
pub struct MapPicture<'a> {
    /// What part of the Earth is seen.
    pub window: &'a Window,
    /// The values of its pixels.
    pub values: &'a [f32],
    /// Their colours.
    pub scale: &'a ColourScale,
    /// Whether pixels are coloured; contours may stand alone.
    pub coloured: bool,
    /// The values of contours.
    pub contours: &'a [f64],
    /// The title.
    pub title: &'a str,
    /// What stands along the colour bar.
    pub label: &'a str,
    /// Coastlines, if they are wanted.
    pub coastlines: Option<Coastlines>,
}

const GREY: [u8; 3] = [110, 110, 110];
const LIGHT: [u8; 3] = [205, 205, 205];
const BLACK: [u8; 3] = [0, 0, 0];
const RIM: [u8; 3] = [215, 215, 215];

/// Room around the map: left, right, top, bottom.
const MARGINS: [u32; 4] = [56, 104, 36, 34];

impl MapPicture<'_> {
    /// The room that a picture of a size leaves for the map.
    #[must_use]
    pub fn room((width, height): (u32, u32)) -> (u32, u32) {
        let [left, right, top, bottom] = MARGINS;
        (width.saturating_sub(left + right).max(16), height.saturating_sub(top + bottom).max(16))
    }

    /// The least height that a picture of the map needs.
    #[must_use]
    pub fn height(window: &Window) -> u32 {
        let [_, _, top, bottom] = MARGINS;
        window.size().1.saturating_add(top + bottom).max(160)
    }

    /// The map alone.
    #[must_use]
    pub fn bare(&self) -> Scene {
        let (width, height) = self.window.size();
        let area = Area { x: 0.0, y: 0.0, width: f64::from(width), height: f64::from(height) };
        let mut marks = Vec::new();
        self.cells(&mut marks, area);
        self.lines(&mut marks, area);
        Scene { width, height, marks }
    }

    /// What the picture shows.
    #[must_use]
    pub fn scene(&self, (width, height): (u32, u32)) -> Scene {
        let area = self.area((width, height));
        let mut marks = Vec::new();
        self.cells(&mut marks, area);
        self.graticule(&mut marks, area);
        if let Some(coastlines) = self.coastlines {
            let lines: Vec<_> = coastlines.lines().iter().flat_map(|line| self.seen(line, area)).collect();
            // A light rim, so that they are seen where colours are dark.
            let rim = Mark::Lines { lines: lines.clone(), colour: RIM, width: 1.7, within: Some(area) };
            marks.extend(self.coloured.then_some(rim));
            marks.push(Mark::Lines { lines, colour: BLACK, width: 0.8, within: Some(area) });
        }
        self.lines(&mut marks, area);
        self.outline(&mut marks, area);
        colour_bar(&mut marks, bar_area(Self::beside(area, height)), (self.scale, self.label));
        title(&mut marks, self.title, (width, area.x));
        Scene { width, height, marks }
    }

    fn cells(&self, marks: &mut Vec<Mark>, area: Area) {
        if self.coloured {
            let pixels = Pixels::coloured(self.values, self.window.size(), self.scale);
            marks.push(Mark::Image { area, pixels });
        }
    }

    fn lines(&self, marks: &mut Vec<Mark>, area: Area) {
        for level in self.contours {
            let colour = if self.coloured { BLACK } else { self.scale.colour(*level).unwrap_or(BLACK) };
            let lines = contour_lines(self.values, self.window.size(), *level).into_iter();
            let moved =
                |line: Vec<(f64, f64)>| line.into_iter().map(|(x, y)| (x + area.x, y + area.y)).collect();
            marks.push(Mark::Lines {
                lines: lines.map(moved).collect(),
                colour,
                width: 1.1,
                within: Some(area),
            });
        }
    }

    /// Where the map lies: in the middle of its room.
    fn area(&self, (width, height): (u32, u32)) -> Area {
        let [left, _, top, _] = MARGINS;
        let (room_width, room_height) = Self::room((width, height));
        let (map_width, map_height) = self.window.size();
        let before = |room: u32, map: u32| f64::from(room.saturating_sub(map) / 2);
        Area {
            x: f64::from(left) + before(room_width, map_width),
            y: f64::from(top) + before(room_height, map_height),
            width: f64::from(map_width),
            height: f64::from(map_height),
        }
    }

    /// How high a colour bar beside the map is: as high as the map, but that one can be read where the map is a strip.
    fn beside(area: Area, height: u32) -> Area {
        const LEAST: f64 = 90.0;
        let [_, _, top, bottom] = MARGINS;
        let room = f64::from(height.saturating_sub(top + bottom));
        if area.height >= LEAST || room <= area.height {
            return area;
        }
        Area { y: f64::from(top), height: room, ..area }
    }

    /// A line on the Earth as lines on the picture: it is cut where it leaves one edge of the map and comes back at the other.
    fn seen(&self, line: &[Place], area: Area) -> Vec<Vec<(f64, f64)>> {
        let mut seen = vec![Vec::new()];
        let mut last: Option<(f64, f64)> = None;
        for place in line {
            let point = self.window.point(*place).map(|(x, y)| (x + area.x, y + area.y));
            let jumps = |(x, y): (f64, f64)| {
                last.is_some_and(|(a, b)| {
                    (x - a).abs() > area.width / 3.0 || (y - b).abs() > area.height / 2.0
                })
            };
            if point.is_none_or(jumps) {
                seen.push(Vec::new());
            }
            if let (Some(point), Some(part)) = (point, seen.last_mut()) {
                part.push(point);
            }
            last = point;
        }
        seen.retain(|part| part.len() > 1);
        seen
    }

    /// Meridians and parallels: with words at the edges where the map is straight, else as lines.
    fn graticule(&self, marks: &mut Vec<Mark>, area: Area) {
        if let Some(edges) = self.window.straight_edges() {
            return self.degrees(marks, area, edges);
        }
        let lines = self.lines_of(|n| f64::from(n) * 30.0 - 180.0, 12, |n| f64::from(n) * 30.0 - 60.0, 5);
        let lines = lines.iter().flat_map(|line| self.seen(line, area)).collect();
        marks.push(Mark::Lines { lines, colour: LIGHT, width: 0.6, within: Some(area) });
    }

    /// Words at the lower and the left edge, as many as have room beside each other.
    fn degrees(&self, marks: &mut Vec<Mark>, area: Area, [west, east, south, north]: [f64; 4]) {
        let size = 11.0;
        let x_of = |degrees: f64| Some(area.x + (degrees - west) / (east - west) * area.width);
        let width = |text: &str| text::width(text, size);
        for (x, text) in fitting((west, east), along(area.width), (x_of, longitude, width)) {
            tick(marks, (x, area.y + area.height), (0.0, 4.0));
            marks.push(words((x, area.y + area.height + 17.0), &text, (size, Stand::Middle)));
        }
        let y_of = |degrees: f64| {
            let (_, y) = self.window.point(Place { longitude: west, latitude: degrees })?;
            Some(area.y + y)
        };
        for (y, text) in fitting((south, north), along(area.height * 2.0), (y_of, latitude, |_: &str| size)) {
            tick(marks, (area.x, y), (-4.0, 0.0));
            marks.push(words((area.x - 7.0, y + 4.0), &text, (size, Stand::End)));
        }
    }

    fn lines_of(
        &self,
        meridian: impl Fn(u32) -> f64,
        meridians: u32,
        parallel: impl Fn(u32) -> f64,
        parallels: u32,
    ) -> Vec<Vec<Place>> {
        let central = self.window.view().central();
        let along = |steps: u32| (0..=steps).map(f64::from);
        let meridians = (0..meridians).map(|n| {
            let line = along(180).map(|n| n - 90.0);
            line.map(|latitude| Place { longitude: meridian(n), latitude }).collect()
        });
        let parallels = (0..parallels).map(|n| {
            let line = along(358).map(|n| central - 179.0 + n);
            line.map(|longitude| Place { longitude, latitude: parallel(n) }).collect()
        });
        meridians.chain(parallels).collect()
    }

    /// The edge of the map: the Earth's where the map shows it all round, else that of the area.
    fn outline(&self, marks: &mut Vec<Mark>, area: Area) {
        if self.window.view().projection() != Some(crate::MapProjection::Robinson) {
            marks.push(Mark::frame(area, BLACK, 1.0));
            return;
        }
        let side = |east: f64| {
            let line = (0..=180).map(|n| (east, f64::from(n) - 90.0));
            let points = line.filter_map(|point| self.window.view().forward_from(point));
            points
                .map(|point| self.window.pixel_of(point))
                .map(|(x, y)| (x + area.x, y + area.y))
                .collect::<Vec<_>>()
        };
        let (mut west, east) = (side(-179.9999), side(179.9999));
        west.extend(east.into_iter().rev());
        west.extend(west.first().copied());
        marks.push(Mark::Lines { lines: vec![west], colour: GREY, width: 1.2, within: Some(area) });
    }
}

/// How many words fit along a side.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 2 to 6")]
fn along(pixels: f64) -> u32 {
    (pixels / 64.0).clamp(2.0, 6.0) as u32
}

/// Round degrees between two, about `most` or as many fewer as have room beside each other: where each stands, and its words.
fn fitting(
    ends: (f64, f64),
    most: u32,
    (at, word, size): (impl Fn(f64) -> Option<f64>, fn(f64) -> String, impl Fn(&str) -> f64),
) -> Vec<(f64, String)> {
    const GAP: f64 = 5.0;
    let apart = |pair: &[(f64, String)]| match pair {
        [(a, before), (b, behind)] => (b - a).abs() >= f64::midpoint(size(before), size(behind)) + GAP,
        _ => true,
    };
    let mut found = Vec::new();
    for count in (1..=most).rev() {
        let degrees = multiples(ends, degrees_step(ends.1 - ends.0, count)).into_iter();
        found = degrees.filter_map(|degrees| Some((at(degrees)?, word(degrees)))).collect();
        if found.windows(2).all(apart) {
            break;
        }
    }
    found
}

pub(crate) fn words(at: (f64, f64), text: &str, (size, stand): (f64, Stand)) -> Mark {
    Mark::Text { at, text: text.to_owned(), size, stand, turned: false }
}

pub(crate) fn tick(marks: &mut Vec<Mark>, (x, y): (f64, f64), (dx, dy): (f64, f64)) {
    let lines = vec![vec![(x, y), (x + dx, y + dy)]];
    marks.push(Mark::Lines { lines, colour: BLACK, width: 1.0, within: None });
}

/// The title, over the area that begins at `left`.
pub(crate) fn title(marks: &mut Vec<Mark>, title: &str, (width, left): (u32, f64)) {
    let shown = text::cut(title, 13.0, f64::from(width) - left - 8.0);
    if !shown.is_empty() {
        marks.push(words((left, 23.0), &shown, (13.0, Stand::Start)));
    }
}

/// Where the colour bar lies beside an area.
pub(crate) fn bar_area(area: Area) -> Area {
    Area { x: area.x + area.width + 14.0, y: area.y, width: 14.0, height: area.height }
}

/// A colour bar with ticks, and its label read from below.
pub(crate) fn colour_bar(marks: &mut Vec<Mark>, area: Area, (scale, label): (&ColourScale, &str)) {
    let (least, most) = scale.ends();
    let bands = scale.bands();
    let y_of = |value: f64| {
        let part = if bands.len() > 1 { (value - least) / (most - least) } else { scale.part(value) };
        area.y + area.height * (1.0 - part)
    };
    if bands.len() > 1 {
        for (band, pair) in bands.windows(2).enumerate() {
            let [from, to] = pair else { continue };
            let (top, bottom) = (y_of(*to), y_of(*from));
            let area = Area { y: top, height: (bottom - top).max(0.5), ..area };
            marks.push(Mark::Box { area, colour: scale.of_band(band) });
        }
    } else {
        let values: Vec<f32> =
            (0..256_u16).rev().map(|n| narrowed(scale.value((f64::from(n) + 0.5) / 256.0))).collect();
        marks.push(Mark::Image { area, pixels: Pixels::coloured(&values, (1, 256), scale) });
    }
    marks.push(Mark::frame(area, BLACK, 0.8));
    let right = area.x + area.width;
    let mut named = false;
    for (name, pair) in scale.names().zip(bands.windows(2)) {
        let [from, to] = pair else { continue };
        let shown = text::cut(name, 10.0, 68.0);
        marks.push(words((right + 5.0, y_of(f64::midpoint(*from, *to)) + 4.0), &shown, (10.0, Stand::Start)));
        named = true;
    }
    if named {
        // Names need the room of the label, and say what is seen.
        return;
    }
    for Tick { at, text } in bar_ticks(scale) {
        tick(marks, (right, y_of(at)), (4.0, 0.0));
        marks.push(words((right + 7.0, y_of(at) + 4.0), &text, (11.0, Stand::Start)));
    }
    // It may reach into the margins.
    let shown = text::cut_name(label, 12.0, area.height + 52.0);
    let at = (right + 72.0, area.y + area.height / 2.0);
    marks.push(Mark::Text { at, text: shown, size: 12.0, stand: Stand::Middle, turned: true });
}

#[expect(clippy::cast_possible_truncation, reason = "a colour needs no more digits")]
fn narrowed(number: f64) -> f32 {
    number as f32
}

fn bar_ticks(scale: &ColourScale) -> Vec<Tick> {
    let (least, most) = scale.ends();
    let numbers = match (scale.bands(), scale.spread()) {
        (bands, _) if bands.len() > 1 => {
            let every = bands.len().div_ceil(12).max(1);
            bands.iter().copied().step_by(every).collect()
        }
        (_, Spread::Linear) => nice_ticks((least, most), 6),
        (_, Spread::Logarithmic) => {
            let powers = nice_ticks((least.log10(), most.log10()), 6).into_iter();
            let whole: Vec<f64> =
                powers.filter(|power| power.fract() == 0.0).map(|power| 10_f64.powf(power)).collect();
            if whole.len() > 1 { whole } else { vec![least, scale.value(0.5), most] }
        }
    };
    labelled(&numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words along a world of some pixels, six pixels wide for each character.
    fn check(pixels: f64, expected: &[&str]) {
        let at = |degrees: f64| Some((degrees + 180.0) / 360.0 * pixels);
        #[expect(clippy::cast_precision_loss, reason = "a few characters")]
        let found =
            fitting((-180.0, 180.0), 6, (at, longitude, |text: &str| text.chars().count() as f64 * 6.0));
        let found: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(found, expected, "{pixels}");
    }

    #[test]
    fn words_that_have_no_room_are_left_out() {
        check(400.0, &["180°", "120°W", "60°W", "0°", "60°E", "120°E", "180°"]);
        check(180.0, &["180°", "90°W", "0°", "90°E", "180°"]);
        check(80.0, &["180°", "0°", "180°"]);
    }
}
