//! `grid()`: the part of an array whose coordinates fulfil expressions, with these coordinates.

use weir_model::Stride;

use super::super::view::projected;
use super::super::{Behind, Entry, Grid, GridForm, Inventory, Projected, Shown, Values, names};
use super::expression::Expression;
use super::{Looked, Refusal, Value};

/// An array with coordinates along all its axes.
pub struct Gridded<'i> {
    /// The array.
    pub entry: &'i Entry<'i>,
    /// The places of its coordinates in the inventory, one per axis.
    pub maps: Vec<usize>,
}

/// What of one axis is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The indices.
    pub indices: Stride,
    /// The indices that follow, where it goes on at the other end of the axis.
    pub behind: Option<Stride>,
    /// The values of the coordinate there, where they are not those that are stored.
    pub values: Option<Vec<f64>>,
}

impl<'i> Gridded<'i> {
    /// The array that is the first of `values`, as a whole.
    pub fn of(values: &[Value<'i>], inventory: &Inventory<'_>) -> Result<Self, Refusal> {
        let array = match values.first() {
            Some(Value::Variable(Shown::Array(array))) => Some(array),
            Some(Value::Variable(Shown::Grid(grid))) => grid.array.as_ref(),
            _ => None,
        };
        let array = array.ok_or("its first argument must be an array with coordinates")?;
        let name = &array.entry.name;
        let whole = array.slab.shape() == array.entry.shape() && array.behind.is_none();
        if !whole || array.values != Values::Stored {
            return Err(format!("it takes {name} as a whole, without indices and not changed before"));
        }
        let maps = inventory.maps_of(array.entry);
        let maps =
            maps.ok_or_else(|| format!("{name} has not one coordinate variable for each of its axes"))?;
        Ok(Self { entry: array.entry, maps })
    }

    /// The axis whose coordinate is called `name`.
    fn axis(&self, name: &str, inventory: &Inventory<'_>) -> Result<usize, Refusal> {
        let is_it = |&map: &usize| {
            let entry = inventory.entries().get(map);
            entry.is_some_and(|e| {
                names::decode(&e.name) == name.as_bytes() || e.path.trim_start_matches('/') == name
            })
        };
        let found = self.maps.iter().position(is_it);
        found.ok_or_else(|| format!("{} has no coordinate \"{name}\"", self.entry.name))
    }

    /// All indices of each axis.
    pub fn whole(&self) -> Vec<Run> {
        let all = |length: u64| Run { indices: Stride::all(length), behind: None, values: None };
        self.entry.shape().into_iter().map(all).collect()
    }

    /// Cuts `runs` to where `expressions` hold.
    pub fn cut(
        &self,
        expressions: &[Value<'_>],
        looked: &Looked<'_, '_>,
        runs: &mut [Run],
    ) -> Result<(), Refusal> {
        let mut by_axis: Vec<Vec<Expression>> = vec![vec![]; runs.len()];
        for value in expressions {
            let Value::Text(text) = value else { continue };
            let expression = Expression::parse(text)?;
            let axis = self.axis(&expression.name, looked.inventory)?;
            by_axis.get_mut(axis).ok_or("an axis is missing")?.push(expression);
        }
        for ((run, expressions), &map) in runs.iter_mut().zip(&by_axis).zip(&self.maps) {
            if !expressions.is_empty() {
                run.indices = indices(expressions, looked.values(map)?)?;
            }
        }
        Ok(())
    }

    /// The Grid of these runs.
    pub fn grid(&self, runs: Vec<Run>, looked: &Looked<'_, 'i>) -> Result<Shown<'i>, Refusal> {
        let misfit = |misfit| format!("{}: {misfit}", self.entry.name);
        let strides: Vec<Stride> = runs.iter().map(|run| run.indices).collect();
        let mut array = projected(self.entry, strides.clone()).map_err(misfit)?;
        if let Some((axis, behind)) =
            runs.iter().enumerate().find_map(|(axis, run)| Some((axis, run.behind?)))
        {
            let mut strides = strides;
            *strides.get_mut(axis).ok_or("an axis is missing")? = behind;
            let slab = projected(self.entry, strides).map_err(misfit)?.slab;
            array.behind = Some(Behind { axis, slab });
        }
        let entries = looked.inventory.entries();
        let pairs = self.maps.iter().filter_map(|&map| entries.get(map)).zip(runs);
        let maps = pairs.map(|(entry, run)| map(entry, run).map_err(misfit));
        let maps = maps.collect::<Result<_, _>>()?;
        Ok(Shown::Grid(Grid { name: &self.entry.name, array: Some(array), maps, form: GridForm::Grid }))
    }
}

fn map<'i>(entry: &'i Entry<'i>, run: Run) -> Result<Projected<'i>, weir_model::Misfit> {
    let mut map = projected(entry, vec![run.indices])?;
    if let Some(behind) = run.behind {
        let slab = projected(entry, vec![behind])?.slab;
        map.behind = Some(Behind { axis: 0, slab });
    }
    map.values = run.values.map_or(Values::Stored, Values::Given);
    Ok(map)
}

/// The indices at which all expressions hold; they must follow each other.
fn indices(expressions: &[Expression], values: &[f64]) -> Result<Stride, Refusal> {
    let holds = |value: &f64| expressions.iter().all(|expression| expression.holds(*value));
    let name = expressions.first().map_or("", |expression| expression.name.as_str());
    let first = values.iter().position(holds);
    let first = first.ok_or_else(|| format!("no value of {name} fulfils the expressions"))?;
    let count = values.iter().skip(first).take_while(|value| holds(value)).count();
    if values.iter().skip(first.saturating_add(count)).any(holds) {
        return Err(format!("the values of {name} that fulfil the expressions do not lie side by side"));
    }
    let number = |index: usize| u64::try_from(index).map_err(|error| error.to_string());
    Ok(Stride { start: number(first)?, step: 1, count: number(count)? })
}

/// All coordinates of the array: its axes may be cut by any.
pub fn coordinates(values: &[Value<'_>], inventory: &Inventory<'_>) -> Result<Vec<usize>, Refusal> {
    let gridded = Gridded::of(values, inventory)?;
    let mut found = Vec::new();
    for value in values {
        let Value::Text(text) = value else { continue };
        let axis = gridded.axis(&Expression::parse(text)?.name, inventory)?;
        found.extend(gridded.maps.get(axis));
    }
    Ok(found)
}

pub fn answer<'i>(values: &[Value<'i>], looked: &Looked<'_, 'i>) -> Result<Shown<'i>, Refusal> {
    let gridded = Gridded::of(values, looked.inventory)?;
    let mut runs = gridded.whole();
    gridded.cut(values, looked, &mut runs)?;
    gridded.grid(runs, looked)
}
