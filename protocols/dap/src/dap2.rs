//! DAP2: constraint expressions, DDS, DAS and XDR data.
//!
//! The way of a request: the query is [parsed](Constraint::parse) to a [`Constraint`]; the dataset's schema is turned into an
//! [`Inventory`], which is what DAP2 can say of it; both together [resolve](View::resolve) to a [`View`], which names
//! variables and checked hyperslabs only. A view has a [DDS](dds::dds) and a [data layout](dods::Layout); the inventory has
//! a [DAS](das::das).
//!
//! Sources: "DAP 2.0 Protocol Specification" (ESE-RFC-004), and what netCDF-C 4.9.0 and 4.10, pydap and libdap really read.

pub mod ascii;
mod atomic_type;
pub mod constraint;
pub mod das;
pub mod dds;
pub mod dods;
pub mod error;
mod fault;
pub mod functions;
pub mod grammar;
pub mod html;
mod inventory;
pub mod json;
pub mod names;
pub mod record;
pub mod selection;
pub mod text;
pub mod values;
mod view;
pub mod xdr;

pub use atomic_type::AtomicType;
pub use constraint::Constraint;
pub use fault::{Fault, Reason};
pub use inventory::{Arrays, Axis, Entry, Hidden, HiddenBecause, Inventory, Kind, Member, MemberKind};
pub use view::{
    Behind, Coordinates, Grid, GridForm, Leaf, Projected, Range, Record, RowSource, Rows, Scale, Shown,
    Values, View,
};
