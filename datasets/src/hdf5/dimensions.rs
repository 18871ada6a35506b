//! Dimensions: which named axes the datasets of a file have, as netCDF-4 keeps them in dimension scales.
//!
//! Source: "NetCDF-4 format specification" in the netCDF User's Guide ("Dimensions", "Dimensions with HDF5 Dimension
//! Scales", "Phony dimensions"), and what netCDF-C 4.9 shows for files that other programs wrote.

use std::collections::{HashMap, HashSet};

use weir_model::{DataType, Dimension, Value};

use super::attribute_value;
use super::dataset::StoredDataset;
use super::dataspace::Axis;
use super::heap::Heap;
use super::metadata::Metadata;
use super::tree::Tree;
use crate::Error;

/// A scale with a name that starts so is a dimension, and no variable.
const NO_VARIABLE: &[u8] = b"This is a netCDF dimension but not a netCDF variable.";

/// One dimension.
#[derive(Clone, Debug)]
struct Found {
    id: i64,
    group: usize,
    name: String,
    length: u64,
    unlimited: bool,
    /// The address of its scale; none for a phony one.
    scale: Option<u64>,
}

/// A dataset by its place in the tree: group, then place in the group.
type Place = (usize, usize);

/// All dimensions of a file, and which of them each dataset has.
#[derive(Default)]
pub struct Dimensions {
    found: Vec<Found>,
    /// Dimensions of each group.
    of_group: Vec<Vec<usize>>,
    /// Places of datasets that are scales, and their dimension.
    scales: HashMap<Place, usize>,
    /// The dimensions of each dataset's axes.
    axes: HashMap<Place, Vec<usize>>,
    next_id: i64,
    names: HashSet<(usize, String)>,
    by_id: HashMap<i64, Vec<usize>>,
    by_scale: HashMap<u64, Vec<usize>>,
    by_length: HashMap<(usize, u64, bool), Vec<usize>>,
}

/// Damaged files repeat ids and scales; no more repetitions than these are looked at.
const MOST_REPEATED: usize = 64;

/// What finding dimensions works with.
struct Search<'a> {
    tree: &'a Tree,
    heap: Heap<'a>,
    offset_size: usize,
    dimensions: Dimensions,
}

impl Dimensions {
    /// Finds all dimensions.
    pub fn find(metadata: &Metadata, tree: &Tree) -> Self {
        let dimensions = Self { of_group: vec![Vec::new(); tree.groups.len()], ..Self::default() };
        let offset_size = usize::from(metadata.offset_size);
        let mut search = Search { tree, heap: Heap::new(metadata), offset_size, dimensions };
        search.find_scales();
        // netCDF-C numbers phony dimensions of child groups before those of their parent.
        for group in child_groups_first(tree) {
            search.match_group(group);
        }
        search.measure_unlimited();
        search.dimensions
    }

    /// The dimensions of a group, in netCDF's order.
    pub fn of_group(&self, group: usize) -> Vec<Dimension> {
        let places = self.of_group.get(group).into_iter().flatten();
        let mut found: Vec<&Found> = places.filter_map(|&place| self.found.get(place)).collect();
        found.sort_by_key(|dimension| dimension.id);
        let shown = |found: &Found| Dimension {
            name: found.name.clone(),
            length: found.length,
            unlimited: found.unlimited,
        };
        found.into_iter().map(shown).collect()
    }

    /// Whether a dataset is a dimension only.
    pub fn is_hidden(&self, place: Place, dataset: &StoredDataset) -> bool {
        let name = dataset.attribute("NAME").map_or(&[][..], |name| name.data.as_slice());
        self.scales.contains_key(&place) && name.starts_with(NO_VARIABLE)
    }

    /// The paths and lengths of a dataset's dimensions.
    pub fn of_dataset(&self, place: Place, tree: &Tree) -> Vec<(String, u64)> {
        let axes = self.axes.get(&place).into_iter().flatten();
        let found = axes.filter_map(|&axis| self.found.get(axis));
        let path = |group: usize| tree.groups.get(group).map_or("", |group| group.path.as_str());
        found.map(|found| (format!("{}/{}", path(found.group), found.name), found.length)).collect()
    }

    fn add(&mut self, mut new: Found) -> usize {
        let group = new.group;
        while !self.names.insert((group, new.name.clone())) {
            new.name.push('_');
        }
        self.next_id = self.next_id.max(new.id.saturating_add(1));
        let place = self.found.len();
        self.by_id.entry(new.id).or_default().push(place);
        self.by_length.entry((group, new.length, new.unlimited)).or_default().push(place);
        if let Some(scale) = new.scale {
            self.by_scale.entry(scale).or_default().push(place);
        }
        self.found.push(new);
        if let Some(of_group) = self.of_group.get_mut(group) {
            of_group.push(place);
        }
        place
    }
}

/// Groups, children before parents, siblings in order.
fn child_groups_first(tree: &Tree) -> Vec<usize> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); tree.groups.len()];
    for (place, group) in tree.groups.iter().enumerate() {
        if let Some(siblings) = group.parent.and_then(|parent| children.get_mut(parent)) {
            siblings.push(place);
        }
    }
    let mut order = Vec::with_capacity(tree.groups.len());
    let mut waiting = vec![(0, false)];
    while let Some((group, done)) = waiting.pop() {
        if done {
            order.push(group);
            continue;
        }
        waiting.push((group, true));
        waiting.extend(children.get(group).into_iter().flatten().rev().map(|&child| (child, false)));
    }
    order
}

impl<'a> Search<'a> {
    /// The datasets of a group with their places.
    fn datasets(&self, group: usize) -> impl Iterator<Item = (Place, &'a str, &'a StoredDataset)> + use<'a> {
        let datasets =
            self.tree.groups.get(group).into_iter().flat_map(|found| found.datasets.iter().enumerate());
        datasets.map(move |(place, (name, dataset))| ((group, place), name.as_str(), dataset))
    }

    /// Every dataset with its place.
    fn all_datasets(&self) -> impl Iterator<Item = (Place, &'a str, &'a StoredDataset)> + use<'a> {
        let datasets = |group| self.datasets(group).collect::<Vec<_>>();
        let all: Vec<_> = (0..self.tree.groups.len()).flat_map(datasets).collect();
        all.into_iter()
    }

    fn find_scales(&mut self) {
        for (place, name, dataset) in self.all_datasets() {
            let class = dataset.attribute("CLASS").map(|class| class.data.as_slice());
            let is_scale = class.is_some_and(|class| {
                class.split(|&byte| byte == 0).next() == Some(b"DIMENSION_SCALE".as_slice())
            });
            let Some(axis) = dataset.space.axes().first().filter(|_| is_scale) else { continue };
            let id = self.integers(dataset, "_Netcdf4Dimid").first().copied();
            let id = id.filter(|&id| id >= 0).unwrap_or(self.dimensions.next_id);
            let found = self.dimensions.add(Found {
                id,
                group: place.0,
                name: name.to_owned(),
                length: axis.length,
                unlimited: axis.most.is_none(),
                scale: Some(dataset.address),
            });
            self.dimensions.scales.insert(place, found);
        }
    }

    /// An attribute's integers; none where it has no such attribute.
    fn integers(&mut self, dataset: &StoredDataset, name: &str) -> Vec<i64> {
        let value =
            dataset.attribute(name).and_then(|found| attribute_value::value(found, &mut self.heap).ok());
        match value {
            Some(Value::Int32(ids)) => ids.into_iter().map(i64::from).collect(),
            Some(Value::Int64(ids)) => ids,
            _ => Vec::new(),
        }
    }

    fn match_group(&mut self, group: usize) {
        for (place, _, dataset) in self.datasets(group) {
            if self.dimensions.is_hidden(place, dataset) {
                continue;
            }
            let mut axes = self.known_axes(place, dataset);
            for (n, axis) in dataset.space.axes().iter().enumerate() {
                if axes.get(n).is_some_and(Option::is_none) {
                    let phony = self.phony(group, *axis, &axes);
                    axes.splice(n..=n, [Some(phony)]);
                }
            }
            self.dimensions.axes.insert(place, axes.into_iter().flatten().collect());
        }
    }

    /// The dimensions that a dataset itself says its axes have.
    fn known_axes(&mut self, place: Place, dataset: &StoredDataset) -> Vec<Option<usize>> {
        let axes = dataset.space.axes();
        let own = self.dimensions.scales.get(&place).copied();
        if let (Some(own), [_]) = (own, axes) {
            return vec![Some(own)];
        }
        let ids = self.integers(dataset, "_Netcdf4Coordinates");
        let mut known: Vec<Option<usize>> = vec![None; axes.len()];
        if ids.len() == axes.len() {
            let by_id = ids.iter().map(|&id| self.visible(place.0, self.dimensions.by_id.get(&id)));
            known = by_id.collect();
        }
        let scales = if own.is_none() { self.attached_scales(dataset) } else { Vec::new() };
        for (n, (axis, known)) in axes.iter().zip(&mut known).enumerate() {
            let attached = || {
                let address = scales.get(n).copied().flatten()?;
                self.visible(place.0, self.dimensions.by_scale.get(&address))
            };
            let first = own.filter(|_| n == 0);
            *known = known.or_else(attached).or(first).filter(|&found| self.fits(found, *axis));
        }
        known
    }

    /// Whether a dimension can be that of an axis: one that cannot grow has one length.
    fn fits(&self, dimension: usize, axis: Axis) -> bool {
        let found = self.dimensions.found.get(dimension);
        found.is_some_and(|found| found.unlimited || found.length == axis.length)
    }

    /// The one of some dimensions that a group can see: its own, or that of a group above it.
    fn visible(&self, group: usize, candidates: Option<&Vec<usize>>) -> Option<usize> {
        let candidates = candidates?.iter().take(MOST_REPEATED);
        let mut groups = std::iter::successors(Some(group), |&group| self.tree.groups.get(group)?.parent);
        groups.find_map(|group| {
            let of_this =
                |&&place: &&usize| self.dimensions.found.get(place).is_some_and(|d| d.group == group);
            candidates.clone().find(of_this).copied()
        })
    }

    /// The address of the first scale attached to each axis.
    fn attached_scales(&mut self, dataset: &StoredDataset) -> Vec<Option<u64>> {
        let Some(list) = dataset.attribute("DIMENSION_LIST") else { return Vec::new() };
        let is_list = matches!(list.file_type.data_type, DataType::Vlen { .. });
        if !is_list || list.file_type.size != self.heap.reference_bytes() {
            return Vec::new();
        }
        let references = list.data.chunks_exact(self.heap.reference_bytes());
        references.map(|reference| self.first_reference(reference).ok().flatten()).collect()
    }

    fn first_reference(&mut self, reference: &[u8]) -> Result<Option<u64>, Error> {
        let addresses = self.heap.find(reference, self.offset_size)?;
        let first = addresses.bytes().get(..self.offset_size);
        Ok(first.map(|bytes| bytes.iter().rev().fold(0, |address, &byte| address << 8 | u64::from(byte))))
    }

    /// A dimension for an axis without one: an equal one that this dataset does not have yet, or a new one.
    fn phony(&mut self, group: usize, axis: Axis, taken: &[Option<usize>]) -> usize {
        let unlimited = axis.most.is_none();
        let equal = self.dimensions.by_length.get(&(group, axis.length, unlimited));
        if let Some(&found) = equal.into_iter().flatten().find(|&&place| !taken.contains(&Some(place))) {
            return found;
        }
        let id = self.dimensions.next_id;
        let name = format!("phony_dim_{id}");
        self.dimensions.add(Found { id, group, name, length: axis.length, unlimited, scale: None })
    }

    /// A dimension that can grow is as long as the longest variable that has it.
    fn measure_unlimited(&mut self) {
        let mut longest: HashMap<usize, u64> = HashMap::new();
        for (place, _, dataset) in self.all_datasets() {
            if self.dimensions.is_hidden(place, dataset) {
                continue;
            }
            let axes = self.dimensions.axes.get(&place).into_iter().flatten();
            for (&dimension, axis) in axes.zip(dataset.space.axes()) {
                let length = longest.entry(dimension).or_default();
                *length = axis.length.max(*length);
            }
        }
        for (place, found) in
            self.dimensions.found.iter_mut().enumerate().filter(|(_, found)| found.unlimited)
        {
            found.length = longest.get(&place).copied().unwrap_or(0);
        }
    }
}
