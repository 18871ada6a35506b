//! Charts: what is no map.

use crate::map_picture::{bar_area, colour_bar, tick, title, words};
use crate::{Area, Axis, AxisCells, Colour, ColourScale, Mark, Pixels, Scene, Stand, text};

/// A chart.
pub struct Chart<'a> {
    /// The title.
    pub title: &'a str,
    /// The axis along the bottom.
    pub x: Axis,
    /// The axis along the left side.
    pub y: Axis,
    /// What it shows.
    pub drawn: Drawn<'a>,
}

/// What a chart shows.
pub enum Drawn<'a> {
    /// A line through points in their order; it is broken where a point is missing.
    Line(Vec<(f64, f64)>),
    /// Bars between edges (one more than counts) from 0 up.
    Bars {
        /// The edges, ascending.
        edges: Vec<f64>,
        /// How high each is.
        counts: Vec<f64>,
    },
    /// A field.
    Mesh(Mesh<'a>),
}

/// A field over two axes.
pub struct Mesh<'a> {
    /// Values; each row has one y.
    pub values: &'a [f32],
    /// Cells along both axes.
    pub cells: (AxisCells, AxisCells),
    /// Colours.
    pub scale: &'a ColourScale,
    /// What stands along the colour bar.
    pub label: &'a str,
}

const BLACK: Colour = [0, 0, 0];
const BLUE: Colour = [31, 119, 180];
const GRID: Colour = [225, 225, 225];

impl Chart<'_> {
    /// What the picture shows.
    #[must_use]
    pub fn scene(&self, (width, height): (u32, u32)) -> Scene {
        let right = if matches!(self.drawn, Drawn::Mesh(_)) { 112.0 } else { 46.0 };
        let widest = self.y.ticks.iter().map(|tick| text::width(&tick.text, 11.0)).fold(0.0, f64::max);
        let left = (widest + 36.0).max(78.0).round();
        let area = Area {
            x: left,
            y: 36.0,
            width: (f64::from(width) - left - right).max(16.0).round(),
            height: (f64::from(height) - 36.0 - 52.0).max(16.0).round(),
        };
        let mut marks = Vec::new();
        if !matches!(self.drawn, Drawn::Mesh(_)) {
            self.grid(&mut marks, area);
        }
        self.draw(&mut marks, area);
        marks.push(Mark::frame(area, BLACK, 1.0));
        self.axes(&mut marks, area);
        title(&mut marks, self.title, (width, area.x));
        Scene { width, height, marks }
    }

    fn x_of(&self, area: Area, number: f64) -> f64 {
        area.x + area.width * self.x.part(number)
    }

    fn y_of(&self, area: Area, number: f64) -> f64 {
        area.y + area.height * (1.0 - self.y.part(number))
    }

    fn grid(&self, marks: &mut Vec<Mark>, area: Area) {
        let down = self.x.ticks.iter().map(|tick| self.x_of(area, tick.at));
        let across = self.y.ticks.iter().map(|tick| self.y_of(area, tick.at));
        let down = down.map(|x| vec![(x, area.y), (x, area.y + area.height)]);
        let across = across.map(|y| vec![(area.x, y), (area.x + area.width, y)]);
        marks.push(Mark::Lines {
            lines: down.chain(across).collect(),
            colour: GRID,
            width: 1.0,
            within: Some(area),
        });
    }

    fn draw(&self, marks: &mut Vec<Mark>, area: Area) {
        match &self.drawn {
            Drawn::Line(points) => {
                let missing = |(x, y): &(f64, f64)| !x.is_finite() || !y.is_finite();
                let runs = points.split(missing).filter(|run| !run.is_empty());
                for run in runs.clone().filter(|run| run.len() == 1).flatten() {
                    let (x, y) = (self.x_of(area, run.0), self.y_of(area, run.1));
                    let area = Area { x: x - 2.0, y: y - 2.0, width: 4.0, height: 4.0 };
                    marks.push(Mark::Box { area, colour: BLUE });
                }
                let point = |(x, y): &(f64, f64)| (self.x_of(area, *x), self.y_of(area, *y));
                let lines = runs.map(|run| run.iter().map(point).collect()).collect();
                marks.push(Mark::Lines { lines, colour: BLUE, width: 1.6, within: Some(area) });
            }
            Drawn::Bars { edges, counts } => {
                for (pair, count) in edges.windows(2).zip(counts) {
                    let [from, to] = pair else { continue };
                    let (left, right) = (self.x_of(area, *from), self.x_of(area, *to));
                    let (top, bottom) = (self.y_of(area, *count).max(area.y), self.y_of(area, 0.0));
                    let width = (right - left - 1.0).max(0.5);
                    let bar = Area { x: left, y: top, width, height: bottom - top };
                    marks.push(Mark::Box { area: bar, colour: BLUE });
                }
            }
            Drawn::Mesh(mesh) => {
                marks.push(Mark::Image { area, pixels: self.pixels(mesh, area) });
                colour_bar(marks, bar_area(area), (mesh.scale, mesh.label));
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 16 to what a picture has"
    )]
    fn pixels(&self, mesh: &Mesh<'_>, area: Area) -> Pixels {
        let (width, height) = (area.width as u32, area.height as u32);
        let along = |axis: &Axis, n: u32, count: u32| {
            axis.ends.0 + (axis.ends.1 - axis.ends.0) * (f64::from(n) + 0.5) / f64::from(count)
        };
        let (x, y) = &mesh.cells;
        let columns: Vec<Option<usize>> = (0..width).map(|n| x.index(along(&self.x, n, width))).collect();
        let mut values = Vec::new();
        for n in (0..height).rev() {
            let row = y.index(along(&self.y, n, height));
            let value = |column: &Option<usize>| {
                let place = row?.checked_mul(x.len())?.checked_add((*column)?)?;
                mesh.values.get(place).copied()
            };
            values.extend(columns.iter().map(|column| value(column).unwrap_or(f32::NAN)));
        }
        Pixels::coloured(&values, (width, height), mesh.scale)
    }

    fn axes(&self, marks: &mut Vec<Mark>, area: Area) {
        let bottom = area.y + area.height;
        let mut free = f64::NEG_INFINITY;
        for found in &self.x.ticks {
            let x = self.x_of(area, found.at);
            tick(marks, (x, bottom), (0.0, 4.0));
            let half = text::width(&found.text, 11.0) / 2.0;
            // Words that would lie over others are left out.
            if x - half > free {
                marks.push(words((x, bottom + 17.0), &found.text, (11.0, Stand::Middle)));
                free = x + half + 6.0;
            }
        }
        for found in &self.y.ticks {
            let y = self.y_of(area, found.at);
            tick(marks, (area.x, y), (-4.0, 0.0));
            marks.push(words((area.x - 7.0, y + 4.0), &found.text, (11.0, Stand::End)));
        }
        let along = text::cut_name(&self.x.label, 12.0, area.width);
        marks.push(words((area.x + area.width / 2.0, bottom + 38.0), &along, (12.0, Stand::Middle)));
        let up = text::cut_name(&self.y.label, 12.0, area.height.max(60.0));
        let at = (17.0, area.y + area.height / 2.0);
        marks.push(Mark::Text { at, text: up, size: 12.0, stand: Stand::Middle, turned: true });
    }
}
