//! The trait that a plugin implements.

use crate::{Error, Host, Provider, Request, Response, Route};

/// What a plugin is. It is called from many blocking threads at once.
pub trait Plugin: Send + Sync + Sized + 'static {
    /// The name: lower case, unique in a server.
    const NAME: &'static str;
    /// The version, for people.
    const VERSION: &'static str;

    /// The least minor version of a host that it can live with; older ones refuse it by name instead of failing each request.
    const MIN_HOST_MINOR: u32 = 0;

    /// Makes an instance from JSON configuration text (`{}` where the site configured nothing).
    ///
    /// # Errors
    /// The plugin is then refused, with this reason.
    fn create(host: Host, config: &str) -> Result<Self, Error>;

    /// What this plugin serves. The host matches; a request says by number which route it took.
    fn routes(&self) -> Vec<Route>;

    /// Answers a request. May block.
    ///
    /// # Errors
    /// The host chooses the status from the error's kind.
    fn handle(&self, request: &Request<'_>) -> Result<Response, Error>;

    /// The protocol's own body for an error status, so that its clients can show the message. `None`: a JSON body.
    fn render_error(&self, _request: &Request<'_>, _status: u16, _message: &str) -> Option<Response> {
        None
    }

    /// What makes the datasets that this plugin [publishes](Host::publish); needed of those that do.
    fn provider(&self) -> Option<&dyn Provider> {
        None
    }

    /// Run once after `create`, and by `weir plugin check`.
    ///
    /// # Errors
    /// The plugin is then refused, with this reason.
    fn self_test(&self) -> Result<(), Error> {
        Ok(())
    }
}
