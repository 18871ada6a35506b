//! Maps: fields on the Earth.

use weir_fields::{Laid, bytes_of, packing, values};
use weir_plugin_api::{Error, ErrorKind, Response};
use weir_rendering::{
    Bounds, Coastlines, ColourScale, Grid, MapPicture, Pixels, Place, Resampling, Sampling, Window,
    animation_of, nice_ticks, png_of_values, scattered,
};
use weir_selection::Indices;

use crate::kind::Kind;
use crate::options::{Coasts, Dress, Format, Levels};
use crate::picked::Picked;
use crate::{Drawing, png, words};

/// An animation has so many pictures at most.
const MOST_FRAMES: u64 = 500;

/// A map that is being made.
struct Map<'a> {
    drawing: &'a Drawing<'a>,
    picked: &'a Picked<'a>,
    /// Indices along all dimensions, single ones along those that are not horizontal.
    indices: Vec<Indices>,
    horizontal: Vec<usize>,
}

/// Values of pixels, and the indices at which they were read.
struct Frame {
    values: Vec<f32>,
    at: Vec<(usize, u64)>,
}

/// Answers with a map, or with one that moves.
pub(crate) fn respond(drawing: &Drawing<'_>, picked: &Picked<'_>) -> Result<Response, Error> {
    let schema = drawing.dataset.schema()?;
    let path = drawing.asked.path.as_str();
    let variable =
        schema.variable(path).ok_or_else(|| Error::internal("the variable is not there any more"))?;
    packing(variable)?;
    let laid = Laid::of(&schema, path).map_err(without_map)?;
    let map = Map { drawing, picked, indices: picked.indices.clone(), horizontal: laid.dimensions() };
    map.respond(laid)
}

/// Says what else can be drawn of what has no place on the Earth.
fn without_map(error: Error) -> Error {
    match error.kind {
        ErrorKind::Unsupported => {
            Error::unsupported(format!("{}; ask for kind image, section, line or hist", error.message))
        }
        _ => error,
    }
}

impl Map<'_> {
    fn respond(mut self, mut laid: Laid) -> Result<Response, Error> {
        let room = self.room();
        laid.thin(&mut self.indices, room)?;
        let frames = self.frames()?;
        self.admit(&laid, room, frames.count())?;
        let grid = laid.grid(&self.picked.axes, &self.indices).map_err(without_map)?;
        let window = Window::around(self.drawing.options.projection, &self.bounds(&grid)?, room);
        let fields = self.fields(&grid, &window, &frames)?;
        let all = fields.iter().flat_map(|frame| frame.values.iter().copied());
        let scale = self.drawing.scale(all)?;
        let (scale, levels) = self.leveled(scale)?;
        self.draw(&window, &fields, (&scale, &levels))
    }

    /// The pixels that the map itself has at most.
    fn room(&self) -> (u32, u32) {
        let options = self.drawing.options;
        let size = options.size(options.most_height());
        match options.dress {
            Dress::Full => MapPicture::room(size),
            Dress::Bare => size,
        }
    }

    /// The steps that are seen: the last, or all where the map moves.
    fn frames(&self) -> Result<Indices, Error> {
        let Some(steps) = self.picked.time.and_then(|axis| self.indices.get(axis)) else {
            return Ok(Indices::one(0));
        };
        if self.drawing.options.format != Format::Apng {
            return Ok(steps.part(steps.count().saturating_sub(1), 1));
        }
        if steps.count() > MOST_FRAMES {
            return Err(Error::too_large(format!(
                "an animation of {} steps is asked for; the most is {MOST_FRAMES}, so select fewer, as time/-{MOST_FRAMES}_0",
                steps.count()
            )));
        }
        Ok(steps.clone())
    }

    /// Asks for all the memory that the picture will take.
    fn admit(&self, laid: &Laid, (width, height): (u32, u32), frames: u64) -> Result<(), Error> {
        let cells = self.horizontal.iter().filter_map(|axis| self.indices.get(*axis));
        let cells = cells.map(Indices::count).try_fold(1_u64, u64::checked_mul);
        let cells =
            cells.ok_or_else(|| Error::too_large("more cells are selected than 64 bits can count"))?;
        let schema = self.drawing.dataset.schema()?;
        let variable = schema.variable(&self.drawing.asked.path);
        let values = variable.map_or(Ok(0), |variable| bytes_of(variable, cells))?;
        let pixels = u64::from(width) * u64::from(height);
        // Pixels in colour, twice where they are drawn on paper, and the file.
        let each = frames.saturating_mul(4).saturating_add(Resampling::bytes_each(self.sampling()) + 16);
        let picture = pixels.saturating_mul(each);
        self.drawing.admit(values.saturating_add(picture).saturating_add(laid.bytes(cells)))
    }

    fn sampling(&self) -> Sampling {
        match self.drawing.asked.kind() {
            Kind::Contour | Kind::Contourf => Sampling::Smooth,
            _ => Sampling::Nearest,
        }
    }

    /// What is seen: what is selected, or where the data is.
    fn bounds(&self, grid: &Grid) -> Result<Bounds, Error> {
        let mut bounds = grid
            .bounds()
            .ok_or_else(|| Error::unsupported("no cell of the grid lies anywhere on the Earth"))?;
        let is_cut = matches!(grid, Grid::Rectilinear(found) if found.is_geographic());
        if let (Some((south, north)), false) = (self.picked.latitudes, is_cut) {
            bounds = Bounds { south: bounds.south.max(south), north: bounds.north.min(north), ..bounds };
            if bounds.south >= bounds.north {
                return Err(Error::bad_request(format!("no cell lies at latitudes from {south} to {north}")));
            }
        }
        if let (Some((west, east)), false) = (self.picked.longitudes, is_cut) {
            bounds = Bounds { west, east, ..bounds };
        }
        let around_pole = self.drawing.options.projection.is_polar();
        if self.picked.latitudes.is_none() && around_pole {
            // Half the Earth is too much of it for a look at a pole.
            let bounds = Bounds { south: bounds.south.max(20.0), ..bounds };
            return Ok(Bounds { north: bounds.north.min(-20.0), ..bounds });
        }
        Ok(bounds)
    }

    fn fields(&self, grid: &Grid, window: &Window, frames: &Indices) -> Result<Vec<Frame>, Error> {
        let dots = self.drawing.asked.kind() == Kind::Scatter;
        let resampling = (!dots).then(|| Resampling::new(grid, window, self.sampling()));
        let inside = self.inside(window);
        let mut fields = Vec::new();
        for (step, _) in frames.iter() {
            self.drawing.go_on()?;
            let (indices, at) = self.single(step);
            let values = values(&self.picked.axes, &indices)?;
            let mut values = match &resampling {
                Some(resampling) => resampling.of(&values),
                None => scattered(grid, window, &values),
            };
            for (value, inside) in values.iter_mut().zip(&inside) {
                *value = if *inside { *value } else { f32::NAN };
            }
            fields.push(Frame { values, at });
        }
        Ok(fields)
    }

    /// The pixels within the part of the Earth that is selected; none where all are.
    fn inside(&self, window: &Window) -> Vec<bool> {
        if (self.picked.latitudes, self.picked.longitudes) == (None, None) || window.view().is_straight() {
            return Vec::new();
        }
        let (south, north) = self.picked.latitudes.unwrap_or((-90.0, 90.0));
        let (west, east) = self.picked.longitudes.unwrap_or((-180.0, 180.0));
        let is_in = |place: Place| {
            let along = (place.longitude - west).rem_euclid(360.0);
            (south..=north).contains(&place.latitude) && along <= east - west
        };
        let (width, height) = window.size();
        let pixels = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
        pixels.map(|(column, row)| window.place(column, row).is_some_and(is_in)).collect()
    }

    /// Single indices along all dimensions that are not horizontal: the step that is told, else the first that is selected.
    fn single(&self, step: u64) -> (Vec<Indices>, Vec<(usize, u64)>) {
        let mut indices = self.indices.clone();
        let mut at = Vec::new();
        for (axis, room) in indices.iter_mut().enumerate() {
            if self.horizontal.contains(&axis) {
                continue;
            }
            let first = room.iter().next().map_or(0, |(index, _)| index);
            let index = if self.picked.time == Some(axis) { step } else { first };
            *room = Indices::one(index);
            at.push((axis, index));
        }
        (indices, at)
    }

    /// The values of contours; filled ones have colours between them.
    fn leveled(&self, scale: ColourScale) -> Result<(ColourScale, Vec<f64>), Error> {
        let kind = self.drawing.asked.kind();
        if !matches!(kind, Kind::Contour | Kind::Contourf) {
            return Ok((scale, Vec::new()));
        }
        let (least, most) = scale.ends();
        let levels = match &self.drawing.options.levels {
            Levels::These(levels) => levels.clone(),
            Levels::Some => covering((least, most), 10),
            Levels::About(count) => covering((least, most), *count),
        };
        let (Some(first), Some(last)) = (levels.first(), levels.last()) else {
            return Err(Error::bad_request("there is nothing to draw lines of: the values have no range"));
        };
        if kind == Kind::Contour {
            return Ok((scale, levels));
        }
        let scale = ColourScale::new(self.drawing.asked.map, (*first, *last), scale.spread());
        Ok((scale.banded(levels), Vec::new()))
    }

    fn draw(
        &self,
        window: &Window,
        fields: &[Frame],
        (scale, levels): (&ColourScale, &[f64]),
    ) -> Result<Response, Error> {
        let options = self.drawing.options;
        let schema = self.drawing.dataset.schema()?;
        let label = schema.variable(&self.drawing.asked.path).map_or_else(String::new, words::label);
        let coastlines = self.coastlines(window);
        let (width, height) = options.size(MapPicture::height(window));
        let scene = |frame: &Frame| -> Result<_, Error> {
            let title =
                options.title.clone().map_or_else(|| words::title(&self.picked.axes, &frame.at), Ok)?;
            let picture = MapPicture {
                window,
                values: &frame.values,
                scale,
                coloured: self.drawing.asked.kind() != Kind::Contour,
                contours: levels,
                title: &title,
                label: &label,
                coastlines,
            };
            Ok(match options.dress {
                Dress::Full => picture.scene((width, height)),
                Dress::Bare => picture.bare(),
            })
        };
        let last = fields.last().ok_or_else(|| Error::internal("there is no step to draw"))?;
        if options.format == Format::Apng {
            return self.animate(fields, scene);
        }
        if options.dress == Dress::Bare && options.format == Format::Png && levels.is_empty() {
            return png(png_of_values(&last.values, window.size(), scale));
        }
        self.drawing.picture(&scene(last)?)
    }

    fn animate(
        &self,
        fields: &[Frame],
        scene: impl Fn(&Frame) -> Result<weir_rendering::Scene, Error>,
    ) -> Result<Response, Error> {
        let first = fields.first().ok_or_else(|| Error::internal("there is no step to draw"))?;
        let size = scene(first)?;
        let count = u32::try_from(fields.len()).unwrap_or(u32::MAX);
        let interval = self.drawing.options.interval.unwrap_or(400);
        let next = |frame: u32| -> Result<Pixels, Failed> {
            self.drawing.go_on()?;
            let frame = usize::try_from(frame).ok().and_then(|frame| fields.get(frame)).unwrap_or(first);
            let pixels = scene(frame)?.pixels();
            Ok(pixels.ok_or_else(|| Error::internal("a picture has no size"))?)
        };
        let file = animation_of((size.width, size.height), (count, interval), next)
            .map_err(|Failed(error)| error)?;
        Ok(Response::full("image/apng", file).stable().costly())
    }

    fn coastlines(&self, window: &Window) -> Option<Coastlines> {
        let ((west, east), _) = window.edges();
        match self.drawing.options.coastlines {
            Coasts::None => None,
            Coasts::These(coastlines) => Some(coastlines),
            Coasts::Suitable if east - west < 120.0 => Some(Coastlines::Fine),
            Coasts::Suitable => Some(Coastlines::Coarse),
        }
    }
}

/// An error of making a picture, as that of writing it.
struct Failed(Error);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<weir_rendering::EncodeError> for Failed {
    fn from(error: weir_rendering::EncodeError) -> Self {
        Self(Error::internal(error.to_string()))
    }
}

/// Round numbers that reach from the least to the most.
fn covering((least, most): (f64, f64), count: u32) -> Vec<f64> {
    let mut levels = nice_ticks((least, most), count);
    if let [first, second, ..] = levels[..] {
        let step = second - first;
        if first > least {
            levels.insert(0, first - step);
        }
        if let Some(last) = levels.last().copied().filter(|last| *last < most) {
            levels.push(last + step);
        }
    } else if least < most {
        levels = vec![least, f64::midpoint(least, most), most];
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_reach_over_all_values() {
        let check = |ends, expected: &[f64]| {
            let found = covering(ends, 5);
            assert!(
                found.len() == expected.len()
                    && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9),
                "{found:?}"
            );
        };
        check((0.0, 10.0), &[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        check((271.3, 299.0), &[270.0, 280.0, 290.0, 300.0]);
        check((1.0, 1.0), &[]);
    }
}
