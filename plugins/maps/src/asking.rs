//! Who asks, and what that allows.

use weir_plugin_api::{Error, ErrorKind, Host, Request};

use crate::ranges::Ranges;

/// A request that is being answered.
pub(crate) struct Asking<'a> {
    pub host: Host,
    pub request: &'a Request<'a>,
    pub ranges: &'a Ranges,
}

impl Asking<'_> {
    /// Asks for memory.
    pub(crate) fn admit(&self, bytes: u64) -> Result<(), Error> {
        self.host.admit(self.request, bytes)
    }

    /// # Errors
    /// Where nobody waits any more.
    pub(crate) fn go_on(&self) -> Result<(), Error> {
        if self.host.is_cancelled(self.request) {
            return Err(Error::new(ErrorKind::Cancelled, "the map is not wanted any more"));
        }
        Ok(())
    }
}
