//! Datasets that plugins make: how they are published, and what their plugin is asked for them.

use std::sync::Arc;
use std::time::Duration;

use weir_model::{ByteOrder, Hyperslab, Schema};
use weir_plugin_abi::WeirPublished;

use crate::request::text;
use crate::{Dataset, Error, Host};

/// A dataset that a plugin makes known, with [`Host::publish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publication<'a> {
    /// Its id; no other dataset has it.
    pub id: &'a str,
    /// What the plugin makes it of, in words of its own. The same recipe stands for the same dataset.
    pub recipe: &'a [u8],
    /// How long it lives after it was last asked for, in whole seconds; `None` for one that never ends.
    pub lifetime: Option<Duration>,
}

/// What crosses for a dataset that never ends.
const ENDLESS: u64 = u64::MAX;

impl Publication<'_> {
    /// Its lifetime as it crosses the boundary.
    pub(crate) fn seconds(&self) -> u64 {
        self.lifetime.map_or(ENDLESS, |lifetime| lifetime.as_secs())
    }
}

/// A lifetime that crossed the boundary.
pub(crate) fn lifetime(seconds: u64) -> Option<Duration> {
    (seconds != ENDLESS).then(|| Duration::from_secs(seconds))
}

/// Borrows bytes of the other side.
///
/// # Safety
/// `first` points to `length` readable bytes that live for `'a`, or is null.
pub(crate) unsafe fn bytes<'a>(first: *const u8, length: usize) -> &'a [u8] {
    if length == 0 || first.is_null() {
        return &[];
    }
    // SAFETY: by this function's contract.
    unsafe { std::slice::from_raw_parts(first, length) }
}

/// What a published dataset is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Text that changes with whatever it is made of. It ends with `~` where that does not change with every byte, as the
    /// generations of datasets do of which it is made.
    pub generation: String,
    /// What it holds. Variables have no codecs, and chunks in which they are best asked for. `None` where the generation is the one
    /// that the host knows ([`Published::generation`]).
    pub schema: Option<Arc<Schema>>,
}

/// A published dataset, of which the host wants something.
#[derive(Clone, Copy)]
pub struct Published<'a> {
    raw: &'a WeirPublished,
}

impl<'a> Published<'a> {
    /// Views one that crossed the boundary.
    ///
    /// # Safety
    /// Everything that `raw` points to is valid for `'a`.
    pub(crate) unsafe fn from_raw(raw: &'a WeirPublished) -> Self {
        Self { raw }
    }

    pub(crate) fn raw(&self) -> &'a WeirPublished {
        self.raw
    }

    /// The id under which it is published.
    #[must_use]
    pub fn id(&self) -> &'a str {
        // SAFETY: by the contract of `from_raw`.
        unsafe { text(self.raw.id) }
    }

    /// What it was published with.
    #[must_use]
    pub fn recipe(&self) -> &'a [u8] {
        // SAFETY: by the contract of `from_raw`.
        unsafe { bytes(self.raw.recipe, self.raw.recipe_length) }
    }

    /// The generation that is wanted; when it is described, the one that the host knows, or empty.
    #[must_use]
    pub fn generation(&self) -> &'a str {
        // SAFETY: by the contract of `from_raw`.
        unsafe { text(self.raw.generation) }
    }

    /// Borrows a dataset that this one is made of, for as long as this is asked for.
    ///
    /// # Errors
    /// `NotFound` for an unknown id, `BadRequest` where it would be a part of itself; otherwise why it cannot be opened.
    pub fn open(&self, host: &Host, id: &str) -> Result<Dataset, Error> {
        host.open_part(self, id)
    }

    /// Whether the work is not wanted any more.
    #[must_use]
    pub fn is_cancelled(&self, host: &Host) -> bool {
        host.is_part_cancelled(self)
    }
}

impl std::fmt::Debug for Published<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of generation {:?}", self.id(), self.generation())
    }
}

/// A part of a variable that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The variable's path, such as `/tas`.
    pub variable: &'a str,
    /// Which elements. It is known that it lies inside the variable that was described.
    pub slab: &'a Hyperslab,
    /// In which order their bytes are wanted.
    pub order: ByteOrder,
}

/// Makes the datasets that a plugin publishes. It is called from many blocking threads at once.
pub trait Provider {
    /// What a dataset holds now. It is asked often, so it should take little time; where the generation is
    /// [`Published::generation`], no schema is needed.
    ///
    /// # Errors
    /// Why it cannot be had: it is then listed among what is not well.
    fn describe(&self, published: &Published<'_>) -> Result<Made, Error>;

    /// Elements of a fixed size, row-major, into all of `out`, of the generation that is wanted.
    ///
    /// # Errors
    /// `Unavailable` where there is another generation by now; whatever keeps the bytes from being right.
    fn read(&self, published: &Published<'_>, wanted: Wanted<'_>, out: &mut [u8]) -> Result<(), Error>;

    /// Elements of varying size, row-major: strings as their bytes, others in their packed form
    /// ([`Packed`](weir_model::Packed)).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_strings(&self, _published: &Published<'_>, wanted: Wanted<'_>) -> Result<Vec<Vec<u8>>, Error> {
        let path = wanted.variable;
        Err(Error::bad_request(format!("{path} has elements of one size")))
    }

    /// How many bytes of memory [`read`](Self::read) takes, beside its output, and beside what the host takes to read of other
    /// datasets for it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn memory(&self, _published: &Published<'_>, _wanted: Wanted<'_>) -> Result<u64, Error> {
        Ok(0)
    }
}

#[cfg(test)]
mod tests;
