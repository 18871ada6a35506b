//! A rectangular part of some variables, as far as it is known before the values are.

use crate::Numeric;

/// The values of a coordinate.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// Numbers.
    Numbers(Vec<f64>, Numeric),
    /// Texts, such as times.
    Texts(Vec<String>),
}

impl Labels {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers, _) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends one as JSON; `null` where there is none.
    pub(crate) fn json(&self, place: usize, out: &mut String) {
        match self {
            Self::Numbers(numbers, numeric) => {
                numeric.json(numbers.get(place).copied().unwrap_or(f64::NAN), out);
            }
            Self::Texts(texts) => match texts.get(place) {
                Some(text) => out.push_str(&quoted(text)),
                None => out.push_str("null"),
            },
        }
    }
}

/// A coordinate of the elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinate {
    /// Its name.
    pub name: String,
    /// Its units, where that says something: of times there are none.
    pub units: Option<String>,
    /// The dimensions of the frame that it lies along, slowest first: one of a coordinate variable, several of longitudes on a
    /// curvilinear grid, none of a single place.
    pub along: Vec<usize>,
    /// Its values over these dimensions, row-major.
    pub labels: Labels,
}

/// The values of a variable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its units.
    pub units: Option<String>,
    /// Its `standard_name`.
    pub standard_name: Option<String>,
    /// Its `long_name`.
    pub long_name: Option<String>,
    /// What kind of numbers it holds.
    pub numeric: Numeric,
}

/// A rectangular part of some variables over the same dimensions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Lengths of the dimensions, slowest first.
    pub shape: Vec<u64>,
    /// Coordinates, in the order of their columns.
    pub coordinates: Vec<Coordinate>,
    /// The variables.
    pub columns: Vec<Column>,
}

impl Frame {
    /// How many elements each variable has; `None` for more than 64 bits can count.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        if self.shape.contains(&0) {
            return Some(0);
        }
        self.shape.iter().try_fold(1_u64, |product, length| product.checked_mul(*length))
    }

    /// Where the labels of every coordinate are for the row with this number, from 0.
    #[must_use]
    pub fn places(&self, row: u64) -> Vec<usize> {
        let mut rest = row;
        let mut index = vec![0_u64; self.shape.len()];
        for (index, length) in index.iter_mut().zip(&self.shape).rev() {
            *index = rest.checked_rem(*length).unwrap_or(0);
            rest = rest.checked_div(*length).unwrap_or(0);
        }
        let place = |coordinate: &Coordinate| {
            let axes = coordinate
                .along
                .iter()
                .filter_map(|axis| Some((*index.get(*axis)?, *self.shape.get(*axis)?)));
            let place =
                axes.fold(0_u64, |place, (index, length)| place.saturating_mul(length).saturating_add(index));
            usize::try_from(place).unwrap_or(usize::MAX)
        };
        self.coordinates.iter().map(place).collect()
    }
}

/// A text of JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use crate::sample;

    #[test]
    fn labels_are_found_for_every_row() {
        let frame = sample::frame();
        let places: Vec<Vec<usize>> = (0..frame.rows().unwrap()).map(|row| frame.places(row)).collect();
        assert_eq!(
            places,
            [[0, 0, 0, 0], [0, 1, 1, 0], [0, 2, 2, 0], [1, 0, 3, 0], [1, 1, 4, 0], [1, 2, 5, 0]]
        );
    }
}
