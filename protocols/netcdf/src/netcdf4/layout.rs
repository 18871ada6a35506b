//! The objects of a file, and their bytes once it is known where they lie.

use std::collections::BTreeSet;

use weir_model::{ByteOrder, Value, default_fill};

use super::attribute::Stored;
use super::datatype::Datatype;
use super::heap::Heap;
use super::object::{NOWHERE, Object, Space};
use super::{Elements, File, Variable, parted, scales};
use crate::attributes::numbers_of;
use crate::{External, NetcdfError};

/// Before the name of a variable that is called as a dimension but is not its coordinate.
const NO_COORDINATE: &str = "_nc4_non_coord_";

/// Where things lie, as far as it is known: nothing that has an address changes its length with it.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    /// Of objects, in the order of [`Layout`].
    pub objects: Vec<u64>,
    /// Of collections of the heap.
    pub heaps: Vec<u64>,
    /// Of the elements of each variable.
    pub data: Vec<u64>,
}

/// The bytes of metadata.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The objects.
    pub objects: Vec<Vec<u8>>,
    /// The collections of the heap.
    pub heaps: Vec<Vec<u8>>,
    /// The elements of each variable whose texts are in the heap; of others, nothing.
    pub texts: Vec<Vec<u8>>,
}

/// The objects of a file, in order: groups, the root first; dimensions that have no variable; variables.
pub(super) struct Layout<'a> {
    pub file: &'a File,
    /// The paths of the groups.
    groups: Vec<&'a str>,
    /// The places of dimensions without a variable.
    lonely: Vec<usize>,
    /// For each dimension, the place of its variable.
    pub coordinates: Vec<Option<usize>>,
    addresses: Addresses,
}

impl<'a> Layout<'a> {
    pub fn of(file: &'a File) -> Self {
        let named = file.groups.iter().map(|group| group.path.as_str());
        let homes = file.dimensions.iter().map(|dimension| parted(&dimension.path).0);
        let homes = homes.chain(file.variables.iter().map(|variable| parted(&variable.path).0));
        let mut groups = vec!["/"];
        let mut known = BTreeSet::from(["/"]);
        for path in named.chain(homes) {
            // Those around it come first, so that every group is linked from one that is there.
            for (end, _) in path.match_indices('/').skip(1).chain([(path.len(), "")]) {
                let around = path.get(..end).unwrap_or(path);
                if known.insert(around) {
                    groups.push(around);
                }
            }
        }
        let coordinates: Vec<Option<usize>> =
            (0..file.dimensions.len()).map(|place| file.coordinate(place)).collect();
        let is_lonely = |(place, of): (usize, &Option<usize>)| of.is_none().then_some(place);
        let lonely = coordinates.iter().enumerate().filter_map(is_lonely).collect();
        Self { file, groups, lonely, coordinates, addresses: Addresses::default() }
    }

    /// The same, with addresses.
    pub fn at(self, addresses: Addresses) -> Self {
        Self { addresses, ..self }
    }

    /// The bytes of all metadata.
    ///
    /// # Errors
    /// `Name` for names that meet in one group, `Attribute` for attributes that are too long, `TooLarge`.
    pub fn write(&self) -> Result<Written, NetcdfError> {
        let mut heap = Heap::new(&self.addresses.heaps);
        let mut written = Written::default();
        for path in &self.groups {
            written.objects.push(self.group(path, &mut heap)?);
        }
        for dimension in &self.lonely {
            written.objects.push(self.lonely(*dimension)?);
        }
        for (place, variable) in self.file.variables.iter().enumerate() {
            written.objects.push(self.variable(place, variable, &mut heap)?);
            written.texts.push(match &variable.elements {
                Elements::Texts(texts) => texts.iter().flat_map(|text| heap.keep(text.len(), text)).collect(),
                _ => Vec::new(),
            });
        }
        written.heaps = heap.finish();
        Ok(written)
    }

    /// Whether a variable is the coordinate of a dimension.
    pub fn is_coordinate(&self, variable: &Variable) -> bool {
        variable.dimensions.first().is_some_and(|place| {
            self.file.dimensions.get(*place).is_some_and(|dimension| dimension.path == variable.path)
        })
    }

    pub fn variable_addresses(&self) -> impl Iterator<Item = u64> {
        (0..self.file.variables.len()).map(|place| self.variable_address(place))
    }

    /// The address of what stands for a dimension.
    pub fn scale_address(&self, dimension: usize) -> u64 {
        match self.coordinates.get(dimension).copied().flatten() {
            Some(variable) => self.variable_address(variable),
            None => {
                let place = self.lonely.iter().position(|lonely| *lonely == dimension).unwrap_or(0);
                self.address(self.groups.len().saturating_add(place))
            }
        }
    }

    fn variable_address(&self, place: usize) -> u64 {
        let before = self.groups.len().saturating_add(self.lonely.len());
        self.address(before.saturating_add(place))
    }

    fn address(&self, object: usize) -> u64 {
        self.addresses.objects.get(object).copied().unwrap_or(0)
    }

    fn group(&self, path: &str, heap: &mut Heap<'_>) -> Result<Vec<u8>, NetcdfError> {
        let links = self.links(path);
        let mut names = BTreeSet::new();
        if let Some((name, _)) = links.iter().find(|(name, _)| !names.insert(name)) {
            let reason = "a variable, a dimension or a group of its group is called so already";
            return Err(NetcdfError::name(name, reason));
        }
        let mut object = Object::group(&links)?;
        if path == "/" {
            let made = format!("version=2,weir={}", env!("CARGO_PKG_VERSION"));
            object.attribute(Stored::ended("_NCProperties", &made).encoded()?);
        }
        let described = self.file.groups.iter().filter(|group| group.path == path);
        for attribute in described.flat_map(|group| &group.attributes) {
            if let Some(stored) = Stored::of(attribute, heap) {
                object.attribute(stored.encoded()?);
            }
        }
        object.finish()
    }

    /// What is in a group, by name: in the order in which netCDF-C will list it.
    fn links(&self, path: &str) -> Vec<(String, u64)> {
        let mut links = Vec::new();
        for place in &self.lonely {
            if let Some(dimension) = self.file.dimensions.get(*place) {
                let (group, name) = parted(&dimension.path);
                links.extend((group == path).then(|| (name.to_owned(), self.scale_address(*place))));
            }
        }
        for (variable, address) in self.file.variables.iter().zip(self.variable_addresses()) {
            let (group, _) = parted(&variable.path);
            links.extend((group == path).then(|| (self.stored_name(variable), address)));
        }
        for (place, group) in self.groups.iter().enumerate().skip(1) {
            let (around, name) = parted(group);
            links.extend((around == path).then(|| (name.to_owned(), self.address(place))));
        }
        links
    }

    fn stored_name(&self, variable: &Variable) -> String {
        let (_, name) = parted(&variable.path);
        let meets = self.file.dimensions.iter().any(|dimension| dimension.path == variable.path);
        match meets && !self.is_coordinate(variable) {
            true => format!("{NO_COORDINATE}{name}"),
            false => name.to_owned(),
        }
    }

    fn lonely(&self, dimension: usize) -> Result<Vec<u8>, NetcdfError> {
        let length = self.file.dimensions.get(dimension).map_or(0, |dimension| dimension.length);
        let bytes = length.checked_mul(Datatype::Nothing.size().into()).ok_or(NetcdfError::TooLarge)?;
        let space = Space::Axes(vec![length]);
        let mut object = Object::array(&space, Datatype::Nothing, None, (NOWHERE, bytes))?;
        scales::mark(self, dimension, &mut object)?;
        scales::users(self, dimension, &mut object)?;
        object.finish()
    }

    fn variable(&self, place: usize, of: &Variable, heap: &mut Heap<'_>) -> Result<Vec<u8>, NetcdfError> {
        let datatype = Datatype::of(&of.elements);
        let space = if of.dimensions.is_empty() { Space::Scalar } else { Space::Axes(self.file.shape(of)) };
        let bytes = self.file.bytes(of)?;
        let address = match bytes {
            0 => NOWHERE,
            _ => self.addresses.data.get(place).copied().unwrap_or(0),
        };
        let mut object = Object::array(&space, datatype, fill(of).as_deref(), (address, bytes))?;
        let dimension = of.dimensions.first().copied().filter(|_| self.is_coordinate(of));
        if let Some(dimension) = dimension {
            scales::mark(self, dimension, &mut object)?;
        }
        for attribute in &of.attributes {
            if let Some(stored) = Stored::of(attribute, heap) {
                object.attribute(stored.encoded()?);
            }
        }
        scales::axes(self, of, &mut object, heap)?;
        if let Some(dimension) = dimension {
            scales::users(self, dimension, &mut object)?;
        }
        object.finish()
    }
}

impl File {
    /// Bytes of all elements of a variable.
    pub(super) fn bytes(&self, variable: &Variable) -> Result<u64, NetcdfError> {
        let size = u64::from(Datatype::of(&variable.elements).size());
        self.elements(variable)?.checked_mul(size).ok_or(NetcdfError::TooLarge)
    }
}

/// What stands where nothing was written: what the variable says, if that is of its type, else what netCDF-C fills with.
fn fill(variable: &Variable) -> Option<Vec<u8>> {
    let Elements::Numbers(external) = variable.elements else { return None };
    let said = variable.attributes.iter().find(|attribute| attribute.name == "_FillValue");
    let said = said.and_then(|attribute| match (&attribute.value, external) {
        (Value::Char(text), External::Char) => Some(text.clone()),
        (value, _) => {
            numbers_of(value, ByteOrder::Little).filter(|(of, _)| *of == external).map(|(_, bytes)| bytes)
        }
    });
    let default = default_fill(&external.data_type());
    Some(said.filter(|said| said.len() == default.len()).unwrap_or(default))
}
