//! Variables that expressions make of others, part by part.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_cf::packing::{NumberType, Packing};
use weir_model::{Attribute, ByteOrder, ChunkGrid, DataType, Hyperslab, Pieces, Schema, Value, Variable};
use weir_plugin_api::{Dataset, Error, Wanted as Asked};
use weir_selection::{Axes, Indices, Selection, Wanted};

use super::array::{Array, Kind, evaluate, kind};
use super::expression::{Expression, Name};
use super::{Definition, Formula, Said, grammar};
use crate::action::Action;
use crate::derived::contents::{self, Computed};
use crate::derived::{Derived, Sources, held};
use crate::diagnostic::Diagnostic;
use crate::engine::axis::counted;
use crate::engine::item::{Item, Unpacking};
use crate::engine::values::Values;
use crate::result::ResultCoordinate;
use crate::{grammar as selections, groupby, labels};

/// So many elements are made at once, at most.
const MOST_ELEMENTS: u64 = 1 << 19;

/// A virtual dataset, opened.
pub struct Formulas<'a> {
    id: &'a str,
    variables: Vec<Made<'a>>,
}

/// A variable that an expression makes.
struct Made<'a> {
    computed: Computed,
    expression: Expression,
    operands: BTreeMap<Name, Operand<'a>>,
}

/// A variable that an expression names, and what is selected of it.
struct Operand<'a> {
    dataset: &'a Dataset,
    schema: &'a Schema,
    path: String,
    variable: &'a Variable,
    indices: Vec<Indices>,
    unpacking: Unpacking,
}

impl<'a> Formulas<'a> {
    /// What a definition makes of its sources.
    ///
    /// # Errors
    /// `BadRequest` with what cannot be, and what can.
    pub fn new(definition: &'a Definition, sources: &'a Sources) -> Result<Self, Error> {
        let mut selected = BTreeSet::new();
        let make = |(name, formula): (&'a String, &'a Formula)| {
            Made::new((definition, sources), (name, formula), &mut selected)
                .map_err(|error| Error { message: format!("{name}: {}", error.message), ..error })
        };
        let variables = definition.variables.iter().map(make).collect::<Result<Vec<_>, _>>()?;
        for (name, _) in selections::selections(definition.selection.as_deref().unwrap_or_default())? {
            if !selected.contains(&name) {
                return Err(Error::bad_request(format!("where selects along {name}, which no variable has")));
            }
        }
        let made = Self { id: &definition.id, variables };
        contents::check_chunks(&definition.chunks, &made.dimensions())?;
        Ok(made)
    }

    fn dimensions(&self) -> Vec<(String, u64)> {
        self.variables.iter().flat_map(|made| made.computed.dimensions.iter().cloned()).collect()
    }

    fn made(&self, path: &str) -> Option<&Made<'a>> {
        let name = path.trim_start_matches('/');
        self.variables.iter().find(|made| made.computed.name == name)
    }

    /// The coordinates of all variables, each once.
    fn coordinates(&self) -> Result<Vec<ResultCoordinate>, Error> {
        let mut all: Vec<ResultCoordinate> = Vec::new();
        for operand in self.variables.iter().filter_map(|made| made.operands.values().next()) {
            for coordinate in operand.frame().result_coordinates()? {
                if !all.iter().any(|other| other.name == coordinate.name) {
                    all.push(coordinate);
                }
            }
        }
        Ok(all)
    }
}

impl<'a> Made<'a> {
    fn new(
        (definition, sources): (&'a Definition, &'a Sources),
        (name, formula): (&'a String, &'a Formula),
        selected: &mut BTreeSet<String>,
    ) -> Result<Self, Error> {
        let expression = grammar::expression(&formula.expression)?;
        let mut operands = BTreeMap::new();
        for variable in expression.variables() {
            let operand = Operand::new((definition, sources), variable, selected)?;
            operands.insert(variable.clone(), operand);
        }
        let first = operands.values().next();
        let first = first.ok_or_else(|| Error::bad_request("the expression names no variable"))?;
        for (other, operand) in &operands {
            let (own, others) = (first.dimensions(), operand.dimensions());
            if own != others {
                return Err(Error::bad_request(format!(
                    "{other} has the dimensions {}, but {} has {}; variables of one expression have the same",
                    shown(&others),
                    first.variable.name,
                    shown(&own)
                )));
            }
        }
        let of = |name: &Name| operands.get(name).map_or(Kind::Double, Operand::kind);
        let data_type = match kind(&expression, &of)? {
            Kind::Single => DataType::Float32,
            Kind::Double => DataType::Float64,
            Kind::Constant | Kind::Truth => {
                return Err(Error::bad_request(
                    "the expression is true or false, and no number; write where(…, 1, 0)",
                ));
            }
        };
        let size = data_type.size().unwrap_or(8) as u64;
        let chunks = contents::bounded(first.chunks(), size);
        let dimensions = first.dimensions();
        let lengths = dimensions.iter().zip(chunks);
        let chunk = |((name, length), own): (&(String, u64), u64)| {
            definition.chunks.get(name).copied().unwrap_or(own).clamp(1, (*length).max(1))
        };
        let chunks = lengths.map(chunk).collect();
        let attributes = attributes(formula, &expression, first);
        let computed = Computed { name: name.clone(), dimensions, data_type, attributes, chunks };
        Ok(Self { computed, expression, operands })
    }

    fn pieces(&self, slab: &Hyperslab) -> Result<Pieces, Error> {
        let shape = self.computed.dimensions.iter().map(|(_, length)| *length).collect();
        let grid = ChunkGrid::new(shape, self.computed.chunks.clone());
        let grid = grid.map_err(|e| Error::internal(e.to_string()))?;
        Ok(Pieces::new(slab.clone(), &grid, MOST_ELEMENTS, MOST_ELEMENTS))
    }

    fn values(&self, slab: &Hyperslab) -> Result<Values, Error> {
        let read = |(name, operand): (&Name, &Operand<'_>)| Ok((name.clone(), operand.read(slab)?));
        let variables = self.operands.iter().map(read).collect::<Result<BTreeMap<_, _>, Error>>()?;
        match evaluate(&self.expression, &variables)? {
            Array::Single(values) => Ok(Values::Float32(Arc::unwrap_or_clone(values))),
            Array::Double(values) => Ok(Values::Float64(Arc::unwrap_or_clone(values))),
            Array::Constant(_) | Array::Truth(_) => Err(Error::internal("the expression is no number")),
        }
    }

    /// Datasets that are computed with each other must lie at the same places.
    fn check_places(&self) -> Result<(), Error> {
        let mut operands = self.operands.values();
        let Some(first) = operands.next() else { return Ok(()) };
        let own = first.frame().result_coordinates()?;
        for other in operands.filter(|other| other.dataset.id() != first.dataset.id()) {
            for coordinate in other.frame().result_coordinates()? {
                let is_along_itself = coordinate.dimensions == [coordinate.name.clone()];
                let same = own.iter().find(|known| known.name == coordinate.name);
                if is_along_itself && same.is_some_and(|known| known.labels != coordinate.labels) {
                    return Err(Error::bad_request(format!(
                        "{} has other values in {} than in {}; select what both have",
                        coordinate.name,
                        other.dataset.id(),
                        first.dataset.id()
                    )));
                }
            }
        }
        Ok(())
    }
}

/// What is said of a variable: of a plain copy, what the source says, and else what the site says.
fn attributes(formula: &Formula, expression: &Expression, first: &Operand<'_>) -> Vec<Attribute> {
    let mut attributes = match expression {
        Expression::Variable(_) => crate::result::described(&first.variable.attributes),
        _ => vec![],
    };
    let units = formula.units.iter().map(|units| ("units", Value::text(units)));
    let others = formula.attributes.iter().map(|(name, said)| {
        let value = match said {
            Said::Number(number) => Value::Float64(vec![*number]),
            Said::Text(text) => Value::text(text),
        };
        (name.as_str(), value)
    });
    for (name, value) in units.chain(others) {
        attributes.retain(|attribute| attribute.name != name);
        attributes.push(Attribute { name: name.to_owned(), value });
    }
    attributes
}

fn shown(dimensions: &[(String, u64)]) -> String {
    let one = |(name, length): &(String, u64)| format!("{name}: {length}");
    format!("({})", dimensions.iter().map(one).collect::<Vec<_>>().join(", "))
}

impl<'a> Operand<'a> {
    fn new(
        (definition, sources): (&'a Definition, &'a Sources),
        name: &Name,
        selected: &mut BTreeSet<String>,
    ) -> Result<Self, Error> {
        let at = match &name.source {
            None => 0,
            Some(source) => {
                let at = definition.sources.keys().position(|known| known == source);
                let known: Vec<&str> = definition.sources.keys().map(String::as_str).collect();
                at.map(|at| at.saturating_add(1)).ok_or_else(|| {
                    Error::bad_request(format!(
                        "{source:?} is none of the sources; there are {}{}",
                        groupby::listed(&definition.sources.keys().cloned().collect::<Vec<_>>()),
                        crate::proposals::proposal(source, &known)
                    ))
                })?
            }
        };
        let found = sources.datasets.get(at).zip(sources.schemas.get(at));
        let (dataset, schema) = found.ok_or_else(|| Error::internal("a source is not open"))?;
        let (path, variable) = groupby::variable(schema, &name.name).map_err(|error| {
            let names = groupby::numeric(schema);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let proposed = crate::proposals::proposal(&name.name, &names);
            Error { message: format!("{}{proposed}", error.message), ..error }
        })?;
        let packing = Packing::of(variable).map_err(|error| labels::unsuitable(&path, &error))?;
        if variable.shape.is_empty() || weir_cf::time::TimeUnits::of(variable).is_some() {
            return Err(Error::bad_request(format!("{path} is a single value or holds times, and no field")));
        }
        let mut indices: Vec<Indices> = variable.shape.iter().map(|length| Indices::all(*length)).collect();
        let axes = Axes::of(dataset, &path)?;
        for (name, wanted) in selections::selections(definition.selection.as_deref().unwrap_or_default())? {
            let Ok(axis) = axes.find(&name) else { continue };
            let chosen = axes.choose(axis, &Wanted::parse(&wanted)?)?;
            if let Some(indices) = indices.get_mut(axis) {
                *indices = chosen;
            }
            selected.insert(name);
        }
        let unpacking = Unpacking::new(packing.without_valid_range());
        Ok(Self { dataset, schema, path, variable, indices, unpacking })
    }

    fn kind(&self) -> Kind {
        match self.unpacking.number_type() {
            NumberType::Float32 => Kind::Single,
            _ => Kind::Double,
        }
    }

    fn dimensions(&self) -> Vec<(String, u64)> {
        let lengths = self.indices.iter().map(Indices::count);
        self.variable.dimension_names().map(str::to_owned).zip(lengths).collect()
    }

    /// The lengths of its own chunks, and of the whole.
    fn chunks(&self) -> Vec<(u64, u64)> {
        let chunks = self.variable.storage.chunk_shape.iter().zip(&self.indices);
        chunks.map(|(chunk, indices)| (contents::chosen_chunk(*chunk, indices), indices.count())).collect()
    }

    /// The diagnostic that gives what is selected as it is.
    fn frame(&self) -> Diagnostic<'_> {
        let found = (self.path.clone(), self.variable);
        let mut frame = Diagnostic::new((self.dataset, self.schema), found, Action::First);
        frame.indices.clone_from(&self.indices);
        frame
    }

    fn read(&self, slab: &Hyperslab) -> Result<Array, Error> {
        let parts = self.indices.iter().zip(slab.strides());
        let parts = parts.map(|(indices, stride)| contents::strided(indices, *stride));
        let selection = Selection::of(parts.collect::<Result<_, _>>()?);
        let length = counted(slab.elements()).checked_mul(self.unpacking.stored_size());
        let length = length.ok_or_else(|| Error::too_large("a part does not fit memory"))?;
        let mut bytes = vec![0; length];
        selection.read(self.dataset, (&self.path, self.variable), ByteOrder::NATIVE, &mut bytes)?;
        match self.kind() {
            Kind::Single => {
                let mut values = Vec::with_capacity(counted(slab.elements()));
                f32::unpack(&self.unpacking, &bytes, &mut values)?;
                Ok(Array::Single(Arc::new(values)))
            }
            _ => {
                let mut values = Vec::with_capacity(counted(slab.elements()));
                f64::unpack(&self.unpacking, &bytes, &mut values)?;
                Ok(Array::Double(Arc::new(values)))
            }
        }
    }
}

impl Derived for Formulas<'_> {
    fn schema(&self) -> Result<Schema, Error> {
        self.variables.iter().try_for_each(Made::check_places)?;
        let computed: Vec<Computed> = self.variables.iter().map(|made| made.computed.clone()).collect();
        contents::schema(&computed, &self.coordinates()?, self.id)
    }

    fn read(&self, wanted: Asked<'_>, out: &mut [u8]) -> Result<(), Error> {
        let Some(made) = self.made(wanted.variable) else {
            return held::read(&self.coordinates()?, &self.dimensions(), wanted, out);
        };
        contents::fill((&made.computed, wanted.order), made.pieces(wanted.slab)?, out, |piece| {
            made.values(piece)
        })
    }

    fn read_strings(&self, wanted: Asked<'_>) -> Result<Vec<Vec<u8>>, Error> {
        held::texts(&self.coordinates()?, &self.dimensions(), wanted)
    }

    fn memory(&self, wanted: Asked<'_>) -> Result<u64, Error> {
        let Some(made) = self.made(wanted.variable) else { return Ok(held::memory(wanted)) };
        let elements = wanted.slab.elements().min(MOST_ELEMENTS);
        // Each variable as it is stored and as it is read in pieces, as it is meant, and what is made on the way.
        let arrays = made.expression.depth().saturating_add((made.operands.len() as u64).saturating_mul(4));
        Ok(elements.saturating_mul(8).saturating_mul(arrays.saturating_add(2)))
    }
}
