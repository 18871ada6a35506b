//! Products: what a recipe makes of a dataset. A schema that can be shown as any other, and for each variable how it is made.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use weir_model::{Attribute, ByteOrder, Codec, DataType, Group, Schema, Stride, Value, Variable};

use crate::recipe::{Recipe, Selection, Step};
use crate::{BitRound, Compressor, ElementType};

/// Numbers along a dimension, by which a part of it is selected; asked for by the dimension's path.
pub type Coordinates<'a> = &'a dyn Fn(&str) -> Result<Vec<f64>, String>;

/// What unpacked numbers are; asked for the variables whose numbers are unpacked.
pub type Unpacked<'a> = &'a dyn Fn(&Variable) -> Result<DataType, String>;

/// What a recipe makes of a dataset.
#[derive(Clone, Debug)]
pub struct Product {
    /// What there is then. Chunks are those to be made, in little-endian order.
    pub schema: Schema,
    /// How each variable is made, by path.
    pub makings: HashMap<String, Making>,
}

/// How a variable is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Making {
    /// The part that is taken, along each axis of the variable.
    pub part: Vec<Stride>,
    /// Whether numbers are unpacked first.
    pub unpack: bool,
    /// Bits that floats keep.
    pub round: Option<BitRound>,
    /// How chunks are compressed.
    pub compressor: Compressor,
    /// Lengths of shards in version 3, slowest first.
    pub shard: Option<Vec<u64>>,
}

impl Making {
    /// The part of the variable that a part of the product is, both slowest axis first. `None` where the product has no such.
    #[must_use]
    pub fn source(&self, part: &[Stride]) -> Option<Vec<Stride>> {
        let axes = self.part.iter().zip(part);
        let source = axes.map(|(taken, wanted)| {
            let start = taken.start.checked_add(taken.step.checked_mul(wanted.start)?)?;
            let step = taken.step.checked_mul(wanted.step)?;
            let last = wanted.start.checked_add(wanted.step.checked_mul(wanted.count.saturating_sub(1))?)?;
            (wanted.count == 0 || last < taken.count).then_some(Stride { start, step, count: wanted.count })
        });
        if self.part.len() == part.len() { source.collect() } else { None }
    }
}

impl Product {
    /// What `recipe` makes of `schema`.
    ///
    /// # Errors
    /// What the recipe asks for and cannot be done, with the variable or dimension.
    pub fn of(
        schema: &Schema,
        recipe: &Recipe,
        coordinates: Coordinates<'_>,
        unpacked: Unpacked<'_>,
    ) -> Result<Self, String> {
        let mut product = Self { schema: schema.clone(), makings: HashMap::new() };
        let names = check_names(schema, recipe)?;
        if !recipe.variables.is_empty() {
            let kept = kept(schema, &recipe.variables);
            retain(&mut product.schema.root, "", &kept);
        }
        let parts = parts(schema, recipe, coordinates)?;
        let mut work = Work { recipe, parts: &parts, coordinates: &names, unpacked, makings: HashMap::new() };
        work.group(&mut product.schema.root, "")?;
        product.makings = work.makings;
        Ok(product)
    }
}

/// Everything that the recipe names must be there; gives the paths of coordinates.
fn check_names(schema: &Schema, recipe: &Recipe) -> Result<BTreeSet<String>, String> {
    let variables = schema.variables();
    for name in recipe.variables.iter().chain(recipe.variable.keys()) {
        if !variables.iter().any(|(path, _)| is_called(path, name)) {
            return Err(format!("the recipe names the variable {name:?}, which is not there"));
        }
    }
    let tables = [Some(&recipe.chunks), Some(&recipe.shards)].into_iter().flatten().flatten();
    let of_steps = recipe.variable.values().flat_map(|step| [&step.chunks, &step.shards]).flatten();
    let named = tables.chain(of_steps).flat_map(BTreeMap::keys).chain(recipe.select.keys());
    for name in named {
        let there = |group: &Group| group.dimensions.iter().any(|d| d.name == name.trim_start_matches('/'));
        if !schema.groups().iter().any(|(_, group)| there(group)) && schema.dimension(name).is_none() {
            return Err(format!("the recipe names the dimension {name:?}, which is not there"));
        }
    }
    Ok(coordinates_of(schema))
}

/// Whether a path is meant by a name: the whole path, or its last part.
fn is_called(path: &str, name: &str) -> bool {
    path.trim_start_matches('/') == name.trim_start_matches('/') || path.rsplit('/').next() == Some(name)
}

/// What an attribute of names says: `lat lon`.
fn words(variable: &Variable, attribute: &str) -> Vec<String> {
    let text =
        variable.attribute(attribute).and_then(|a| a.value.as_text().map(std::borrow::Cow::into_owned));
    text.map(|text| text.split_whitespace().map(|word| word.trim_end_matches(':').to_owned()).collect())
        .unwrap_or_default()
}

/// Attributes that name variables without which another cannot be understood (CF).
const NEEDED: [&str; 5] = ["coordinates", "bounds", "climatology", "grid_mapping", "cell_measures"];

/// Variables that others are placed by: those named as a dimension, and those that an attribute names.
fn coordinates_of(schema: &Schema) -> BTreeSet<String> {
    let variables = schema.variables();
    let mut found = BTreeSet::new();
    for (path, variable) in &variables {
        if schema.dimension(path).is_some() {
            found.insert(path.clone());
        }
        let group = path.rsplit_once('/').map_or("", |(group, _)| group);
        let named = NEEDED.iter().flat_map(|attribute| words(variable, attribute));
        found.extend(named.filter_map(|name| resolve(schema, group, &name)));
    }
    found
}

/// The variable that a name means in a group: there, or in the nearest group around it.
fn resolve(schema: &Schema, group: &str, name: &str) -> Option<String> {
    let mut group = group;
    loop {
        let path = if name.starts_with('/') { name.to_owned() } else { format!("{group}/{name}") };
        if schema.variable(&path).is_some() {
            return Some(path);
        }
        group = group.rsplit_once('/')?.0;
    }
}

/// The variables that are wanted, and all that they need.
fn kept(schema: &Schema, wanted: &[String]) -> BTreeSet<String> {
    let variables = schema.variables();
    let mut waiting: Vec<String> = variables
        .iter()
        .map(|(path, _)| path.clone())
        .filter(|path| wanted.iter().any(|name| is_called(path, name)))
        .collect();
    let mut kept = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let Some(variable) = schema.variable(&path) else { continue };
        if !kept.insert(path.clone()) {
            continue;
        }
        waiting.extend(variable.dimensions.iter().filter(|of| schema.variable(of).is_some()).cloned());
        let group = path.rsplit_once('/').map_or("", |(group, _)| group);
        let named = NEEDED.iter().flat_map(|attribute| words(variable, attribute));
        waiting.extend(named.filter_map(|name| resolve(schema, group, &name)));
    }
    kept
}

fn retain(group: &mut Group, path: &str, kept: &BTreeSet<String>) {
    group.variables.retain(|variable| kept.contains(&format!("{path}/{}", variable.name)));
    for child in &mut group.groups {
        retain(child, &format!("{path}/{}", child.name.clone()), kept);
    }
}

/// The part of each dimension that is selected, by path.
fn parts(
    schema: &Schema,
    recipe: &Recipe,
    coordinates: Coordinates<'_>,
) -> Result<HashMap<String, Stride>, String> {
    let mut parts = HashMap::new();
    for (group, content) in schema.groups() {
        for dimension in &content.dimensions {
            let path = format!("{group}/{}", dimension.name);
            let Some((_, selection)) = recipe.select.iter().find(|(name, _)| is_called(&path, name)) else {
                continue;
            };
            let part = match *selection {
                Selection::Indices { start, stop, step } => indices(start, stop.min(dimension.length), step),
                Selection::Within { min, max } => within(&coordinates(&path)?, min, max),
            };
            parts.insert(path.clone(), part.map_err(|reason| format!("selection of {path}: {reason}"))?);
        }
    }
    Ok(parts)
}

fn indices(start: u64, stop: u64, step: u64) -> Result<Stride, String> {
    if step == 0 {
        return Err("step is 0; it must be at least 1".to_owned());
    }
    let count = stop.saturating_sub(start).div_ceil(step);
    if count == 0 {
        Err(format!("there is no index from {start} to {stop}"))
    } else {
        Ok(Stride { start, step, count })
    }
}

/// The run of indices whose numbers are within.
fn within(numbers: &[f64], min: f64, max: f64) -> Result<Stride, String> {
    let pairs = || numbers.iter().zip(numbers.iter().skip(1));
    if !pairs().all(|(a, b)| a < b) && !pairs().all(|(a, b)| a > b) {
        return Err("its coordinate neither rises nor falls throughout; select by indices".to_owned());
    }
    let inside = |number: &f64| (min..=max).contains(number);
    let start = numbers.iter().position(inside);
    let start = start.ok_or_else(|| format!("no coordinate is from {min} to {max}"))?;
    let count = numbers.iter().skip(start).take_while(|number| inside(number)).count();
    Ok(Stride { start: start as u64, step: 1, count: count as u64 })
}

/// Turns the variables of groups into what they become.
struct Work<'a> {
    recipe: &'a Recipe,
    parts: &'a HashMap<String, Stride>,
    coordinates: &'a BTreeSet<String>,
    unpacked: Unpacked<'a>,
    makings: HashMap<String, Making>,
}

impl Work<'_> {
    fn group(&mut self, group: &mut Group, path: &str) -> Result<(), String> {
        for dimension in &mut group.dimensions {
            if let Some(part) = self.parts.get(&format!("{path}/{}", dimension.name)) {
                dimension.length = part.count;
            }
        }
        for variable in &mut group.variables {
            let path = format!("{path}/{}", variable.name);
            let making = self.variable(variable, &path).map_err(|reason| format!("{path}: {reason}"))?;
            self.makings.insert(path, making);
        }
        for child in &mut group.groups {
            self.group(child, &format!("{path}/{}", child.name.clone()))?;
        }
        Ok(())
    }

    fn variable(&self, variable: &mut Variable, path: &str) -> Result<Making, String> {
        let name = &variable.name;
        let own = [path, path.trim_start_matches('/'), name.as_str()];
        let key = own.into_iter().find(|key| self.recipe.variable.contains_key(*key)).unwrap_or(name);
        let step = self.recipe.step(key, self.coordinates.contains(path));
        let part = self.cut(variable);
        let unpack = step.unpack.unwrap_or(false) && is_packed(variable);
        if unpack {
            let unpacked = (self.unpacked)(variable)?;
            unpack_attributes(variable, &unpacked);
            retype(variable, unpacked);
        }
        if step.float32.unwrap_or(false) && variable.data_type == DataType::Float64 {
            narrow_attributes(variable);
            retype(variable, DataType::Float32);
        }
        let element = ElementType::of(&variable.data_type);
        let round = match (step.keepbits, element) {
            (Some(keep), Ok(element @ ElementType::Float(_))) => Some(BitRound::new(element, keep)?),
            _ => None,
        };
        let shard = chunks(variable, &step)?;
        let size = variable.data_type.size();
        let compressor = step.codec.unwrap_or(Compressor::Zlib { level: 1 });
        compressor.check()?;
        variable.storage.codecs = codecs(&compressor, size);
        variable.storage.byte_order = ByteOrder::Little;
        Ok(Making { part, unpack, round, compressor, shard })
    }

    /// Takes the selected part of each axis.
    fn cut(&self, variable: &mut Variable) -> Vec<Stride> {
        let mut part = Vec::with_capacity(variable.shape.len());
        for (length, dimension) in variable.shape.iter_mut().zip(&variable.dimensions) {
            let taken = self.parts.get(dimension).copied().unwrap_or_else(|| Stride::all(*length));
            *length = taken.count;
            part.push(taken);
        }
        part
    }
}

fn is_packed(variable: &Variable) -> bool {
    ["scale_factor", "add_offset"].iter().any(|name| variable.attribute(name).is_some())
}

/// The codecs that chunks will have, in the model's words.
fn codecs(compressor: &Compressor, size: Option<usize>) -> Vec<Codec> {
    let shuffle = size.and_then(|size| compressor.shuffle(size)).and_then(|size| u32::try_from(size).ok());
    let mut codecs: Vec<Codec> =
        shuffle.map(|element_size| Codec::Shuffle { element_size }).into_iter().collect();
    match compressor {
        Compressor::None {} => {}
        Compressor::Zlib { level } => codecs.push(Codec::Deflate { level: *level }),
        other => {
            let configuration = other.v2();
            let name =
                configuration.get("id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            codecs.push(Codec::Other {
                id: 0,
                name,
                parameters: vec![],
                configuration: configuration.to_string(),
            });
        }
    }
    codecs
}

/// Sets the chunks that are wanted, and gives the shards.
fn chunks(variable: &mut Variable, step: &Step) -> Result<Option<Vec<u64>>, String> {
    let lengths = |wanted: &Option<BTreeMap<String, u64>>, others: &[u64]| -> Vec<u64> {
        let axes = variable.dimensions.iter().zip(variable.shape.iter().zip(others));
        axes.map(|(dimension, (&length, &other))| {
            let named = wanted.iter().flatten().find(|(name, _)| is_called(dimension, name));
            named.map_or(other, |(_, &wanted)| wanted).clamp(1, length.max(1))
        })
        .collect()
    };
    let chunk_shape = lengths(&step.chunks, &variable.storage.chunk_shape);
    let shard = step.shards.as_ref().map(|_| lengths(&step.shards, &chunk_shape));
    for (axis, (&chunk, &shard)) in chunk_shape.iter().zip(shard.iter().flatten()).enumerate() {
        let whole = shard.checked_rem(chunk) == Some(0);
        let all = variable.shape.get(axis).is_some_and(|&length| shard == length);
        if !whole && !all {
            return Err(format!("shards of {shard} along axis {axis} are no multiple of chunks of {chunk}"));
        }
    }
    // A shard that ends with the variable is a whole number of chunks all the same.
    let shard = shard.map(|shard| {
        shard
            .iter()
            .zip(&chunk_shape)
            .map(|(&shard, &chunk)| shard.div_ceil(chunk).saturating_mul(chunk))
            .collect()
    });
    variable.storage.chunk_shape = chunk_shape;
    Ok(shard)
}

/// Numbers of another type; where nothing was written, the same number.
fn retype(variable: &mut Variable, data_type: DataType) {
    let fill = match (&variable.data_type, &data_type, variable.storage.fill.as_slice()) {
        (DataType::Float64, DataType::Float32, &[a, b, c, d, e, f, g, h]) => {
            #[expect(clippy::cast_possible_truncation, reason = "this is what is asked for")]
            let single = f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32;
            single.to_le_bytes().to_vec()
        }
        (_, DataType::Float32, _) => f32::NAN.to_le_bytes().to_vec(),
        _ => f64::NAN.to_le_bytes().to_vec(),
    };
    variable.storage.fill = fill;
    variable.data_type = data_type;
}

/// Attributes that speak of packed numbers go; what is missing is NaN.
fn unpack_attributes(variable: &mut Variable, unpacked: &DataType) {
    const PACKED: [&str; 8] = [
        "scale_factor",
        "add_offset",
        "_FillValue",
        "missing_value",
        "valid_min",
        "valid_max",
        "valid_range",
        "_Unsigned",
    ];
    variable.attributes.retain(|attribute| !PACKED.contains(&attribute.name.as_str()));
    let value = match unpacked {
        DataType::Float32 => Value::Float32(vec![f32::NAN]),
        _ => Value::Float64(vec![f64::NAN]),
    };
    variable.attributes.push(Attribute { name: "_FillValue".to_owned(), value });
}

/// Attributes that must have the type of the variable.
fn narrow_attributes(variable: &mut Variable) {
    for attribute in &mut variable.attributes {
        let typed = ["_FillValue", "missing_value", "valid_min", "valid_max", "valid_range"];
        if let (true, Value::Float64(doubles)) = (typed.contains(&attribute.name.as_str()), &attribute.value)
        {
            #[expect(clippy::cast_possible_truncation, reason = "this is what is asked for")]
            let singles = doubles.iter().map(|&double| double as f32).collect();
            attribute.value = Value::Float32(singles);
        }
    }
}

#[cfg(test)]
mod tests;
