//! The declarations of a DDS as a table, so that what is read can be named by a number.

use super::super::AtomicType;
use super::super::grammar::{self, Dds, Declaration};

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Elements of an atomic type.
    Atomic(AtomicType),
    /// Members, once or as an array.
    Structure,
    /// Rows of members.
    Sequence,
    /// An array, then one map for each of its axes.
    Grid,
}

impl Kind {
    /// The keyword in a DDS.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Atomic(data_type) => data_type.keyword(),
            Self::Structure => "Structure",
            Self::Sequence => "Sequence",
            Self::Grid => "Grid",
        }
    }
}

/// One declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The name as it is spelled.
    pub name: String,
    /// The names of what it lies in and its own, with dots between them.
    pub path: String,
    /// What it declares.
    pub kind: Kind,
    /// The lengths of its axes, slowest first.
    pub shape: Vec<u32>,
    /// The name, if any, of each axis.
    pub dimensions: Vec<Option<String>>,
    /// How many elements that makes; the most that 64 bits count, if there are more. No response holds so many.
    pub count: u64,
    /// Its members in order, as numbers of declarations.
    pub members: Vec<usize>,
    /// What it lies in.
    pub parent: Option<usize>,
    /// Whether one line of text can hold an element: every member is one value, or a structure of such.
    pub is_flat: bool,
}

/// The declarations of a DDS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The name of the dataset as it is spelled.
    pub dataset: String,
    nodes: Vec<Node>,
    roots: Vec<usize>,
}

impl Tree {
    /// The declarations of `dds`.
    ///
    /// # Errors
    /// What cannot be read: an array of sequences or grids, a structure of nothing.
    pub fn of(dds: &Dds) -> Result<Self, String> {
        let mut tree = Self { dataset: dds.name.clone(), nodes: vec![], roots: vec![] };
        for declaration in &dds.variables {
            let root = tree.add(declaration, None)?;
            tree.roots.push(root);
        }
        Ok(tree)
    }

    /// The declaration of a number.
    #[must_use]
    pub fn node(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)
    }

    /// The numbers of the variables, in order.
    #[must_use]
    pub fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// The members of `node`, in order.
    pub fn members<'t>(&'t self, node: &'t Node) -> impl Iterator<Item = &'t Node> {
        node.members.iter().filter_map(|&member| self.node(member))
    }

    /// What `node` lies in.
    #[must_use]
    pub fn parent(&self, node: &Node) -> Option<&Node> {
        node.parent.and_then(|parent| self.node(parent))
    }

    fn add(&mut self, declaration: &Declaration, parent: Option<usize>) -> Result<usize, String> {
        let number = self.nodes.len();
        let node = self.alone(declaration, parent);
        let (kind, members) = (node.kind, declaration.members());
        if matches!(kind, Kind::Sequence | Kind::Grid) && !node.shape.is_empty() {
            return Err(format!("an array of {}s, {}", kind.keyword(), node.path));
        }
        if !matches!(kind, Kind::Atomic(_)) && members.is_empty() {
            return Err(format!("nothing in the {} {}", kind.keyword(), node.path));
        }
        self.nodes.push(node);
        let mut added = Vec::with_capacity(members.len());
        for member in members {
            added.push(self.add(member, Some(number))?);
        }
        let is_flat = self.is_flat(kind, &added);
        if let Some(node) = self.nodes.get_mut(number) {
            (node.members, node.is_flat) = (added, is_flat);
        }
        Ok(number)
    }

    /// A declaration without its members.
    fn alone(&self, declaration: &Declaration, parent: Option<usize>) -> Node {
        let name = declaration.name.clone();
        let path = match parent.and_then(|parent| self.node(parent)) {
            Some(parent) => format!("{}.{name}", parent.path),
            None => name.clone(),
        };
        let shape: Vec<u32> = declaration.axes.iter().map(|(_, length)| *length).collect();
        let dimensions = declaration.axes.iter().map(|(name, _)| name.clone()).collect();
        let count = shape.iter().fold(1_u64, |product, &length| product.saturating_mul(length.into()));
        let (kind, members, is_flat) = (kind(declaration), vec![], false);
        Node { name, path, kind, shape, dimensions, count, members, parent, is_flat }
    }

    fn is_flat(&self, kind: Kind, members: &[usize]) -> bool {
        let flat = |node: &Node| match node.kind {
            Kind::Atomic(_) => node.shape.is_empty(),
            Kind::Structure => node.shape.is_empty() && node.is_flat,
            Kind::Sequence | Kind::Grid => false,
        };
        matches!(kind, Kind::Structure | Kind::Sequence)
            && members.iter().all(|&member| self.node(member).is_some_and(flat))
    }
}

/// What a declaration declares.
fn kind(declaration: &Declaration) -> Kind {
    match &declaration.kind {
        grammar::Kind::Atomic(data_type) => Kind::Atomic(*data_type),
        grammar::Kind::Structure(_) => Kind::Structure,
        grammar::Kind::Sequence(_) => Kind::Sequence,
        grammar::Kind::Grid { .. } => Kind::Grid,
    }
}
