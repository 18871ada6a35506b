//! Cubes: fields of one kind, arranged over ensemble members, reference times, steps and levels.

use std::collections::HashMap;

use super::field::{Field, Index};
use super::parameters::{self, Names};
use super::product::Parameter;

/// A level as a coordinate: its top, and a layer's bottom.
pub type LevelValue = (f64, Option<f64>);

/// What the fields of a cube have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The parameter: by name, so that both editions of it are one, or by number.
    pub parameter: Result<&'static str, Parameter>,
    /// The type of level.
    pub level: String,
    /// How values were processed over time.
    pub process: String,
    /// What else tells it from others.
    pub variant: String,
    /// The place of its grid in the index.
    pub grid: usize,
    /// Whether fields say which ensemble member they are of.
    pub has_number: bool,
    /// 0 for the first fields of their coordinates; others with the same coordinates are in further cubes.
    pub copy: usize,
}

/// Fields of one kind.
#[derive(Debug)]
pub struct Cube {
    /// What they have in common.
    pub kind: Kind,
    /// The names of the parameter.
    pub names: Option<Names>,
    /// Ensemble members, rising; empty where fields do not say.
    pub numbers: Vec<i64>,
    /// Reference times in seconds since 1970, rising.
    pub times: Vec<i64>,
    /// Steps in seconds, rising.
    pub steps: Vec<i64>,
    /// Levels, from the ground up or down as pressures fall.
    pub levels: Vec<LevelValue>,
    /// The first field.
    pub first: usize,
    /// The places of fields in the index, by their places in the cube (row-major over the four axes), which rise.
    fields: Vec<(u64, usize)>,
}

/// More values (most of them of fields that are not there) are in no cube.
const MOST_VALUES: u64 = 1 << 60;

/// The four coordinates of a field.
type Key = (Option<i64>, i64, i64, (u64, Option<u64>));

fn level_key(level: LevelValue) -> (u64, Option<u64>) {
    // Adding zero makes one zero of the two.
    ((level.0 + 0.0).to_bits(), level.1.map(|bottom| (bottom + 0.0).to_bits()))
}

fn level_of(field: &Field) -> LevelValue {
    (field.product.level.top, field.product.level.bottom)
}

fn key(field: &Field) -> Key {
    (field.product.number, field.time, field.product.step, level_key(level_of(field)))
}

fn kind(field: &Field, names: Option<Names>) -> Kind {
    let product = &field.product;
    Kind {
        parameter: names.map(|names| names.variable).ok_or(product.parameter),
        level: product.level.name.to_string(),
        process: product.process.name.to_string(),
        variant: product.variant.clone(),
        grid: field.grid,
        has_number: product.number.is_some(),
        copy: 0,
    }
}

/// Arranges the fields of a file; `None` where the cubes of some would have more places than can be counted.
pub fn arrange(index: &Index) -> Option<Vec<Cube>> {
    let mut kinds: HashMap<Kind, usize> = HashMap::new();
    let mut copies: HashMap<(usize, Key), usize> = HashMap::new();
    let mut places: HashMap<(usize, usize), usize> = HashMap::new();
    let mut groups: Vec<(Kind, Option<Names>, Vec<usize>)> = Vec::new();
    for (place, field) in index.fields.iter().enumerate() {
        let names = parameters::names(&field.product);
        let kind = kind(field, names);
        let known = kinds.len();
        let number = *kinds.entry(kind.clone()).or_insert(known);
        let before = copies.entry((number, key(field))).or_default();
        let copy = *before;
        *before = copy.saturating_add(1);
        let group = *places.entry((number, copy)).or_insert_with(|| {
            groups.push((Kind { copy, ..kind }, names, Vec::new()));
            groups.len().saturating_sub(1)
        });
        if let Some((_, _, fields)) = groups.get_mut(group) {
            fields.push(place);
        }
    }
    groups.into_iter().map(|(kind, names, fields)| Cube::new(kind, names, &fields, index)).collect()
}

/// Sorted values, each once.
fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

impl Cube {
    fn new(kind: Kind, names: Option<Names>, places: &[usize], index: &Index) -> Option<Self> {
        let fields = || places.iter().filter_map(|&place| Some((place, index.fields.get(place)?)));
        let numbers = distinct(fields().filter_map(|(_, field)| field.product.number));
        let times = distinct(fields().map(|(_, field)| field.time));
        let steps = distinct(fields().map(|(_, field)| field.product.step));
        let mut levels: Vec<LevelValue> = fields().map(|(_, field)| level_of(field)).collect();
        levels.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.unwrap_or(0.0).total_cmp(&b.1.unwrap_or(0.0))));
        levels.dedup_by_key(|level| level_key(*level));
        if kind.level.starts_with("isobaric") {
            levels.reverse();
        }
        let first = *places.first()?;
        let mut cube = Self { kind, names, numbers, times, steps, levels, first, fields: Vec::new() };
        let counts = cube.counts();
        let points = index.grids.get(cube.kind.grid)?.points.max(1);
        let whole = counts.iter().try_fold(points, |product, &count| product.checked_mul(count));
        whole.filter(|&values| values <= MOST_VALUES)?;
        let levels: HashMap<_, _> =
            cube.levels.iter().enumerate().map(|(place, level)| (level_key(*level), place)).collect();
        let cell = |field: &Field| -> Option<[u64; 4]> {
            let number =
                field.product.number.map_or(Some(0), |number| cube.numbers.binary_search(&number).ok());
            let time = cube.times.binary_search(&field.time).ok()?;
            let step = cube.steps.binary_search(&field.product.step).ok()?;
            let level = *levels.get(&level_key(level_of(field)))?;
            Some([number? as u64, time as u64, step as u64, level as u64])
        };
        let mut all: Vec<(u64, usize)> = fields()
            .map(|(place, field)| Some((cell_number(&counts, cell(field)?), place)))
            .collect::<Option<_>>()?;
        all.sort_unstable();
        cube.fields = all;
        Some(cube)
    }

    /// The lengths of the four axes: members, times, steps, levels; none is zero.
    pub fn counts(&self) -> [u64; 4] {
        let count = |length: usize| (length as u64).max(1);
        [
            count(self.numbers.len()),
            count(self.times.len()),
            count(self.steps.len()),
            count(self.levels.len()),
        ]
    }

    /// The place in the index of the field at a cell; `None` where the file has none.
    pub fn field(&self, cell: [u64; 4]) -> Option<usize> {
        let number = cell_number(&self.counts(), cell);
        let place = self.fields.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.fields.get(place).map(|(_, field)| *field)
    }

    /// The bytes of memory that it takes.
    pub fn resident_bytes(&self) -> u64 {
        let numbers = self.numbers.len().saturating_add(self.times.len()).saturating_add(self.steps.len());
        let levels = self.levels.len().saturating_mul(size_of::<LevelValue>());
        let fields = self.fields.capacity().saturating_mul(size_of::<(u64, usize)>());
        let lists = numbers.saturating_mul(8).saturating_add(levels).saturating_add(fields);
        lists.saturating_add(size_of::<Self>()) as u64
    }

    /// The places in the index of all fields.
    pub fn fields(&self) -> impl Iterator<Item = usize> {
        self.fields.iter().map(|(_, field)| *field)
    }
}

/// The row-major number of a cell.
fn cell_number(counts: &[u64; 4], cell: [u64; 4]) -> u64 {
    counts
        .iter()
        .zip(cell)
        .fold(0, |number, (&count, place)| number.saturating_mul(count).saturating_add(place))
}
