//! Views: a dataset after projection, which is what a response will contain.

use std::collections::HashMap;

use weir_model::{DataType, Hyperslab, Misfit, Stride};

use super::constraint::{Constraint, Projection};
use super::names;
use super::{Entry, Fault, Inventory, Reason};

/// For fewer projections than this, names are looked for one by one.
const MANY: usize = 16;

/// At most so many names are listed for a client that asked for another.
const MOST_NAMES: usize = 12;

/// One variable of a view, with the part of it that is asked for.
#[derive(Clone, Debug)]
pub struct Projected<'i> {
    /// The variable.
    pub entry: &'i Entry<'i>,
    /// The part, along the axes that clients see.
    pub slab: Hyperslab,
    /// The part as the dataset is read: for [`DataType::Char`] with the axis that a text lies along.
    pub stored: Hyperslab,
}

/// What a response will contain: variables in the order of the DDS, each once, each with a checked hyperslab.
#[derive(Clone, Debug)]
pub struct View<'i> {
    /// The variables.
    pub variables: Vec<Projected<'i>>,
}

impl<'i> View<'i> {
    /// Finds what `constraint` names.
    ///
    /// As in libdap, a response lists variables in the order of the DDS whatever the order of the projections, and of several
    /// projections of one variable the last one with indices counts.
    ///
    /// # Errors
    /// [`Fault`] where a name is unknown or hidden, or where indices do not fit.
    pub fn resolve(constraint: &Constraint, inventory: &'i Inventory<'i>) -> Result<Self, Fault> {
        if constraint.projections.is_empty() {
            return Self::whole(inventory);
        }
        let few = constraint.projections.len() < MANY;
        let mut names = None;
        let mut asked: HashMap<usize, &Projection> = HashMap::new();
        for projection in &constraint.projections {
            let plain = |entry: &Entry<'_>| entry.name == projection.name;
            // A name as it is spelled in the DDS is the rule; a table of all spellings is for the rest.
            let found = if few { inventory.entries().iter().position(plain) } else { None };
            let place = match found {
                Some(place) => place,
                None => names.get_or_insert_with(|| Names::of(inventory)).find(projection, inventory)?,
            };
            let earlier = asked.insert(place, projection);
            if let (Some(earlier), Some(entry)) = (earlier, inventory.entries().get(place)) {
                // What does not count must fit, too.
                project(entry, earlier)?;
                if projection.indices.is_empty() {
                    asked.insert(place, earlier);
                }
            }
        }
        let mut variables = Vec::with_capacity(asked.len());
        for (place, entry) in inventory.entries().iter().enumerate() {
            if let Some(projection) = asked.get(&place) {
                variables.push(project(entry, projection)?);
            }
        }
        Ok(Self { variables })
    }

    /// All of a dataset.
    ///
    /// # Errors
    /// [`Fault`] where a variable has more elements than 64 bits can count.
    pub fn whole(inventory: &'i Inventory<'i>) -> Result<Self, Fault> {
        let all = |entry: &'i Entry<'i>| {
            project(entry, &Projection { name: entry.name.clone(), byte: 0, indices: vec![] })
        };
        Ok(Self { variables: inventory.entries().iter().map(all).collect::<Result<_, _>>()? })
    }
}

fn project<'i>(entry: &'i Entry<'i>, projection: &Projection) -> Result<Projected<'i>, Fault> {
    let fault = |misfit| Fault {
        byte: projection.byte,
        token: projection.name.clone(),
        reason: Reason::Misfit(misfit),
    };
    let strides = strides(entry, projection).map_err(fault)?;
    let mut stored = strides.clone();
    if entry.variable.data_type == DataType::Char {
        stored.extend(entry.variable.shape.last().map(|&length| Stride::all(length)));
    }
    let slab = Hyperslab::within(&entry.shape(), strides).map_err(fault)?;
    let stored = Hyperslab::within(&entry.variable.shape, stored).map_err(fault)?;
    Ok(Projected { entry, slab, stored })
}

fn strides(entry: &Entry<'_>, projection: &Projection) -> Result<Vec<Stride>, Misfit> {
    let lengths = entry.axes.iter().map(|axis| axis.length);
    if projection.indices.is_empty() {
        return Ok(lengths.map(Stride::all).collect());
    }
    if projection.indices.len() != entry.axes.len() {
        return Err(Misfit::Rank { given: projection.indices.len(), expected: entry.axes.len() });
    }
    let axes = projection.indices.iter().zip(lengths).enumerate();
    axes.map(|(axis, (index, length))| index.stride(axis, length)).collect()
}

/// Entries by every name that a client may use.
struct Names {
    by_name: HashMap<Vec<u8>, usize>,
}

impl Names {
    fn of(inventory: &Inventory<'_>) -> Self {
        let mut by_name = HashMap::with_capacity(inventory.entries().len());
        for (place, entry) in inventory.entries().iter().enumerate() {
            by_name.insert(names::decode(&entry.name), place);
        }
        // What the file calls a variable is understood too, unless DAP2 calls another one so.
        for (place, entry) in inventory.entries().iter().enumerate() {
            by_name.entry(entry.path.as_bytes().to_vec()).or_insert(place);
            by_name.entry(entry.path.trim_start_matches('/').as_bytes().to_vec()).or_insert(place);
        }
        Self { by_name }
    }

    fn find(&self, projection: &Projection, inventory: &Inventory<'_>) -> Result<usize, Fault> {
        let name = projection.name.as_str();
        if let Some(&place) = self.by_name.get(name.as_bytes()) {
            return Ok(place);
        }
        let path = name.trim_start_matches('/');
        let is_it = |hidden: &&super::Hidden| {
            let spelled = names::spell_path(&hidden.path, names::Role::Variable);
            hidden.path.trim_start_matches('/') == path || names::decode(&spelled) == name.as_bytes()
        };
        let reason = match inventory.hidden().iter().find(is_it) {
            Some(hidden) => Reason::Hidden(hidden.because.clone()),
            None => Reason::Unknown { known: known(inventory) },
        };
        Err(Fault { byte: projection.byte, token: projection.name.clone(), reason })
    }
}

fn known(inventory: &Inventory<'_>) -> Vec<String> {
    if inventory.entries().len() > MOST_NAMES {
        return vec![];
    }
    inventory.entries().iter().map(|entry| entry.name.clone()).collect()
}

/// Schemas for the tests of this crate.
#[cfg(test)]
pub(crate) mod samples {
    use weir_model::{ByteOrder, DataType, Dimension, Group, Schema, Storage, Variable};

    pub fn dimension(name: &str, length: u64) -> Dimension {
        Dimension { name: name.into(), length, unlimited: false }
    }

    pub fn group(name: &str, dimensions: &[(&str, u64)]) -> Group {
        let dimensions = dimensions.iter().map(|&(name, length)| dimension(name, length)).collect();
        Group { name: name.into(), dimensions, ..Group::default() }
    }

    pub fn variable(name: &str, data_type: DataType, axes: &[(&str, u64)]) -> Variable {
        let shape: Vec<u64> = axes.iter().map(|axis| axis.1).collect();
        let chunk_shape = shape.iter().map(|&length| length.max(1)).collect();
        let fill = vec![0; data_type.size().unwrap_or(0)];
        let storage = Storage { chunk_shape, codecs: vec![], byte_order: ByteOrder::Big, fill };
        let dimensions = axes.iter().map(|axis| axis.0.to_owned()).collect();
        Variable { name: name.into(), data_type, dimensions, shape, attributes: vec![], storage }
    }

    /// A small ocean: a coordinate, a field, texts, a group with a name that needs escaping, and one that is hidden.
    pub fn ocean() -> Schema {
        let mut root = group("", &[("time", 10), ("lat", 4), ("width", 3)]);
        root.variables = vec![
            variable("time", DataType::Int32, &[("/time", 10)]),
            variable("sst", DataType::Int16, &[("/time", 10), ("/lat", 4)]),
            variable("label", DataType::Char, &[("/lat", 4), ("/width", 3)]),
            variable("count", DataType::Int64, &[]),
        ];
        let mut deep = group("deep", &[]);
        deep.variables = vec![variable("air temp", DataType::Float32, &[("/lat", 4)])];
        root.groups = vec![deep];
        Schema { root }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::ocean;
    use super::*;

    fn check(query: &str, expected: &str) {
        let schema = ocean();
        let inventory = Inventory::of(&schema);
        let view = Constraint::parse(query).and_then(|constraint| View::resolve(&constraint, &inventory));
        let got = match view {
            Ok(view) => {
                let line = |part: &Projected<'_>| {
                    let axis = |s: &Stride| format!("[{}:{}x{}]", s.start, s.step, s.count);
                    let axes: String = part.slab.strides().iter().map(axis).collect();
                    format!("{}{axes}", part.entry.name)
                };
                view.variables.iter().map(line).collect::<Vec<_>>().join(" ")
            }
            Err(fault) => fault.to_string(),
        };
        assert_eq!(got, expected, "{query}");
    }

    #[test]
    fn each_variable_has_its_own_hyperslab() {
        check("", "time[0:1x10] sst[0:1x10][0:1x4] label[0:1x4] deep_air%20temp[0:1x4]");
        check("time[0:2:9]", "time[0:2x5]");
        check("sst[1:2][0:0],time[3]", "time[3:1x1] sst[1:1x2][0:1x1]");
        check("label[1:2:3]", "label[1:2x2]");
    }

    #[test]
    fn names_are_understood_in_every_spelling() {
        for query in [
            "deep_air%20temp[1]",
            "deep_air temp[1]",
            "deep_air%2520temp%5b1%5d",
            "/deep/air%20temp[1]",
            "deep/air temp[1]",
        ] {
            check(query, "deep_air%20temp[1:1x1]");
        }
    }

    #[test]
    fn of_several_projections_the_last_indices_count() {
        check("time[1],time[2:3]", "time[2:1x2]");
        check("time[1],time", "time[1:1x1]");
        check("time,time[1]", "time[1:1x1]");
    }

    #[test]
    fn faults_say_what_does_not_fit() {
        let names = "; there are time, sst, label, deep_air%20temp";
        check("time,sat", &format!("there is no variable \"sat\" (byte 5 of the constraint){names}"));
        check("sst.sst[0]", &format!("there is no variable \"sst.sst\" (byte 0 of the constraint){names}"));
        check(
            "count",
            "variable \"count\" (byte 0 of the constraint) is not served through DAP2: its type is int64, which DAP2 does not have",
        );
        check(
            "time,sst[0][4]",
            "variable \"sst\" (byte 5 of the constraint): axis 1 is asked for index 4, but its length is 4",
        );
        check("sst[0]", "variable \"sst\" (byte 0 of the constraint): 1 axes given for a variable with 2");
        check(
            "label[0][1]",
            "variable \"label\" (byte 0 of the constraint): 2 axes given for a variable with 1",
        );
    }

    #[test]
    fn text_is_read_with_the_axis_it_lies_along() {
        let schema = ocean();
        let inventory = Inventory::of(&schema);
        let view = View::resolve(&Constraint::parse("label[2:3]").unwrap(), &inventory).unwrap();
        assert_eq!(view.variables[0].slab.shape(), [2]);
        assert_eq!(view.variables[0].stored.shape(), [2, 3]);
    }
}
