//! Aggregations: datasets that are made of others, as NcML and a site's configuration define them.
//!
//! A [`Definition`] says what a dataset begins with (nothing, a file, or an aggregation of members) and what is changed then.
//! An aggregation joins its members along a dimension that they have (joinExisting) or along a new one (joinNew), or puts
//! their variables side by side (union).
//!
//! Members are looked at once, and validated: variables, types, shapes, and what stored values mean must agree, or the
//! aggregation is refused with the member's name and what differs. What was learnt is kept, so that opening it again asks the
//! file system alone. A member that is another than the one that was validated is never read.

mod arrange;
mod assemble;
mod build;
mod coordinate;
mod date_mark;
pub mod definition;
mod edited;
mod edits;
mod facts;
mod held;
mod hold;
mod joined;
mod listing;
mod literal;
mod live;
mod member;
mod record;
mod slab;
mod times;
mod union;
mod validate;

#[cfg(feature = "testing")]
pub use assemble::source;
pub use definition::Definition;
pub(crate) use listing::file;
pub use live::Keeper;
pub use record::Kept;
