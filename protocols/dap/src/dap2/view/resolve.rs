//! Resolution: names become variables, indices become hyperslabs, calls become results, selections become filters.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::constraint::{Before, Call, Clause, Constraint, Item, Operand, Projection, Step};
use super::super::functions::{self, Looked, Value};
use super::super::selection::{Column, Filter};
use super::super::{Fault, Inventory, Kind, Member, Reason, names};
use super::asked::{self, Wanted};
use super::lookup::{Lookup, Target};
use super::{RowSource, Shown, View};

/// Values of coordinate variables, by their place in [`Inventory::entries`].
pub type Coordinates = BTreeMap<usize, Vec<f64>>;

impl<'i> View<'i> {
    /// The coordinate variables that functions in `constraint` look at, as places in [`Inventory::entries`].
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), as far as that is known without them.
    pub fn coordinates(
        constraint: &Constraint,
        inventory: &'i Inventory<'i>,
    ) -> Result<BTreeSet<usize>, Fault> {
        let mut found = BTreeSet::new();
        let mut lookup = Lookup::new(inventory, constraint.items.len());
        for item in &constraint.items {
            if let Item::Call(call) = item {
                coordinates_of(call, &mut lookup, &mut found)?;
            }
        }
        Ok(found)
    }

    /// Finds what `constraint` names; `coordinates` are those that [`coordinates`](Self::coordinates) asks for.
    ///
    /// As in libdap, a response lists variables in the order of the DDS whatever the order of the projections, and of several
    /// projections of one variable the last one with indices counts. Results of functions come before them.
    /// A selection on a Sequence that is not asked for has no effect: netCDF-C repeats selections with every variable.
    ///
    /// # Errors
    /// [`Fault`] where a name is unknown or hidden, where indices do not fit, where a function cannot work on what it is
    /// given, or where a selection compares what cannot be compared.
    pub fn resolve(
        constraint: &Constraint,
        inventory: &'i Inventory<'i>,
        coordinates: &Coordinates,
    ) -> Result<Self, Fault> {
        let mut lookup = Lookup::new(inventory, constraint.items.len());
        let looked = Looked { inventory, coordinates };
        let mut names = HashSet::new();
        let mut variables = Vec::new();
        let mut wanted: BTreeMap<usize, (usize, Wanted<'_>)> = BTreeMap::new();
        for item in &constraint.items {
            match item {
                Item::Call(call) => {
                    let result = result(call, &mut lookup, &looked)?;
                    if !names.insert(result.name().to_owned()) {
                        return Err(twice(result.name(), call.byte));
                    }
                    variables.push(result);
                }
                Item::Projection(projection) => want(projection, &mut lookup, &mut wanted)?,
            }
        }
        let parted = parted(constraint, &mut lookup);
        if let Some((projection, _)) = &parted {
            want(projection, &mut lookup, &mut wanted)?;
        }
        for (place, (byte, wanted)) in &wanted {
            let Some(shown) = asked::shown(*place, wanted, inventory)? else { continue };
            if names.contains(shown.name()) {
                return Err(twice(shown.name(), *byte));
            }
            variables.push(shown);
        }
        let all = constraint.items.is_empty() && parted.is_none();
        let mut view = if all { Self::whole(inventory)? } else { Self { variables } };
        for (number, clause) in constraint.clauses.iter().enumerate() {
            let clause = match &parted {
                Some((_, clause)) if number == 0 => clause,
                _ => clause,
            };
            view.select(clause, &mut lookup)?;
        }
        Ok(view)
    }

    /// All of a dataset.
    ///
    /// # Errors
    /// [`Fault`] where a variable has more elements than 64 bits can count.
    pub fn whole(inventory: &'i Inventory<'i>) -> Result<Self, Fault> {
        let mut all = Wanted::default();
        all.ask(&[]);
        let places = 0..inventory.entries().len();
        let shown = places.filter_map(|place| asked::shown(place, &all, inventory).transpose());
        Ok(Self { variables: shown.collect::<Result<_, _>>()? })
    }

    /// Adds a selection to the Sequence that it is about.
    fn select(&mut self, clause: &Clause, lookup: &mut Lookup<'i>) -> Result<(), Fault> {
        let has_table = self.variables.iter().any(is_table);
        let mut owner = None;
        let columns = |projection: &Projection| {
            let (of, column) = self.column(projection, has_table, lookup)?;
            if owner.replace(of).is_some_and(|earlier| earlier != of) {
                return Err(projection.fault(Reason::NotColumn));
            }
            Ok(column)
        };
        let mut added = Filter::default();
        added.add(clause, columns)?;
        let is_it = |shown: &&mut Shown<'_>| match (owner, &**shown) {
            (Some(Owner::Table), shown) => is_table(shown),
            (Some(Owner::Entry(place)), Shown::Sequence(rows)) => {
                let entry = lookup.inventory().entries().get(place);
                matches!(&rows.source, RowSource::Records(record) if Some(&record.entry.path) == entry.map(|e| &e.path))
            }
            _ => false,
        };
        if let Some(Shown::Sequence(rows)) = self.variables.iter_mut().find(is_it) {
            rows.filter.append(added);
        }
        Ok(())
    }

    /// The column that a selection names, and what it is a column of.
    fn column(
        &self,
        projection: &Projection,
        has_table: bool,
        lookup: &mut Lookup<'i>,
    ) -> Result<(Owner, Column), Fault> {
        let not_column = || projection.fault(Reason::NotColumn);
        if projection.steps.iter().any(|step| !step.indices.is_empty()) {
            return Err(not_column());
        }
        let name = projection.name();
        if has_table && let Some(column) = self.variables.iter().find_map(|shown| table_column(shown, &name))
        {
            return Ok((Owner::Table, column));
        }
        let target = lookup.find(&name).ok_or_else(|| projection.fault(lookup.unknown(&name)))?;
        let entry = lookup.inventory().entries().get(target.entry);
        let ([place], Some(Kind::Sequence(members))) = (target.way.as_slice(), entry.map(|e| &e.kind)) else {
            return Err(not_column());
        };
        let data_type = members.get(*place).and_then(Member::atomic).ok_or_else(not_column)?;
        Ok((Owner::Entry(target.entry), Column { place: *place, data_type }))
    }
}

/// What has the columns that a selection names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The result of `tabular()`.
    Table,
    /// The Sequence at this place of the inventory.
    Entry(usize),
}

fn is_table(shown: &Shown<'_>) -> bool {
    matches!(shown, Shown::Sequence(rows) if matches!(rows.source, RowSource::Columns(_)))
}

/// The column of a table that is called `name`, with or without the table's own name in front.
fn table_column(shown: &Shown<'_>, name: &str) -> Option<Column> {
    let Shown::Sequence(rows) = shown else { return None };
    let RowSource::Columns(columns) = &rows.source else { return None };
    let behind = name.strip_prefix(&rows.name).and_then(|name| name.strip_prefix('.'));
    let is_it = |name: &str| columns.iter().position(|c| names::decode(&c.entry.name) == name.as_bytes());
    let place = behind.and_then(is_it).or_else(|| is_it(name))?;
    Some(Column { place, data_type: columns.get(place)?.data_type() })
}

/// What is asked for and the selection behind it, where the name of the one runs into that of the other.
fn parted(constraint: &Constraint, lookup: &mut Lookup<'_>) -> Option<(Projection, Clause)> {
    let clause = constraint.clauses.first().filter(|clause| clause.before == Before::Nothing)?;
    let Operand::Projection(both) = &clause.left else { return None };
    let [Step { name, indices }] = both.steps.as_slice() else { return None };
    if !indices.is_empty() || lookup.find(name).is_some() {
        return None;
    }
    let is_column = |target: &Target, inventory: &Inventory<'_>| {
        let entry = inventory.entries().get(target.entry);
        target.way.len() == 1 && entry.is_some_and(|entry| matches!(entry.kind, Kind::Sequence(_)))
    };
    let mut parts = name.char_indices().skip(1).filter_map(|(at, _)| {
        let (front, back) = name.split_at_checked(at)?;
        lookup.find(front)?;
        let inventory = lookup.inventory();
        lookup.find(back).filter(|target| is_column(target, inventory)).map(|_| (at, front, back))
    });
    let (at, front, back) = parts.next()?;
    // Names that can be parted in two ways are not parted at all.
    if parts.next().is_some() {
        return None;
    }
    let one = |name: &str, byte| {
        let steps = vec![Step { name: name.to_owned(), indices: vec![] }];
        Projection { steps, byte }
    };
    let byte = both.byte.saturating_add(at);
    let left = Operand::Projection(one(back, byte));
    Some((one(front, both.byte), Clause { byte, left, ..clause.clone() }))
}

fn twice(name: &str, byte: usize) -> Fault {
    Fault { byte, token: name.to_owned(), reason: Reason::Twice }
}

/// Adds a projection to what is wanted, by the place of its variable; also kept is where the first projection begins.
fn want<'c>(
    projection: &'c Projection,
    lookup: &mut Lookup<'_>,
    wanted: &mut BTreeMap<usize, (usize, Wanted<'c>)>,
) -> Result<(), Fault> {
    let steps = lookup.steps(projection)?;
    let Some((last, _)) = steps.last() else { return Ok(()) };
    let (_, of_entry) = wanted.entry(last.entry).or_insert_with(|| (projection.byte, Wanted::default()));
    of_entry.ask(&last.way);
    for (target, indices) in steps.iter().filter(|(target, _)| target.entry == last.entry) {
        of_entry.index(&target.way, projection, indices);
    }
    Ok(())
}

/// What one projection alone names.
fn alone<'i>(projection: &Projection, lookup: &mut Lookup<'i>) -> Result<Shown<'i>, Fault> {
    let mut wanted = BTreeMap::new();
    want(projection, lookup, &mut wanted)?;
    let first =
        wanted.iter().next().map(|(place, (_, wanted))| asked::shown(*place, wanted, lookup.inventory()));
    let unknown = || projection.fault(lookup.unknown(&projection.name()));
    first.transpose()?.flatten().ok_or_else(unknown)
}

/// The result of a call.
fn result<'i>(call: &Call, lookup: &mut Lookup<'i>, looked: &Looked<'_, 'i>) -> Result<Shown<'i>, Fault> {
    let mut values = Vec::with_capacity(call.arguments.len());
    for argument in &call.arguments {
        values.push(match argument {
            Operand::Number(number) => Value::Number(*number),
            Operand::Text(text) => Value::Text(text.clone()),
            Operand::Projection(projection) => Value::Variable(alone(projection, lookup)?),
            Operand::Call(inner) => Value::Variable(result(inner, lookup, looked)?),
        });
    }
    functions::answer(call, &values, looked)
}

/// Adds the coordinates that a call, and calls inside it, look at.
fn coordinates_of(call: &Call, lookup: &mut Lookup<'_>, found: &mut BTreeSet<usize>) -> Result<(), Fault> {
    let mut values = Vec::with_capacity(call.arguments.len());
    let mut nested = false;
    for argument in &call.arguments {
        match argument {
            Operand::Number(number) => values.push(Value::Number(*number)),
            Operand::Text(text) => values.push(Value::Text(text.clone())),
            Operand::Projection(projection) => values.push(Value::Variable(alone(projection, lookup)?)),
            Operand::Call(inner) => {
                nested = true;
                coordinates_of(inner, lookup, found)?;
            }
        }
    }
    // Functions that look at coordinates take variables, not results; they say so when they are called.
    if !nested {
        found.extend(functions::coordinates(call, &values, lookup.inventory())?);
    }
    Ok(())
}
