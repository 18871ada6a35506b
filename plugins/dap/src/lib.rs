//! Serves datasets through OPeNDAP: each resource is the address of a dataset and a suffix, such as `opendap.dds`.
#![forbid(unsafe_code)]

mod configuration;
mod dap2;
mod dap4;
mod routes;

use configuration::Configuration;
use weir_plugin_api::{Dataset, Error, Host, Plugin, Request, Response, Route};

/// Text, in the only encoding that its clients can be told of.
const TEXT: &str = "text/plain; charset=utf-8";

/// Where a dataset is, for this protocol: here, and where the users of other servers (THREDDS, Hyrax) know theirs to be.
const ADDRESSES: [&str; 3] = ["/datasets/{id}/opendap", "/thredds/dodsC/{id}", "/opendap/{id}"];

/// One resource of a dataset.
struct Resource {
    /// What stands behind the dataset's address.
    suffix: &'static str,
    /// How it is answered.
    answer: fn(&DapPlugin, &Request<'_>, Dataset) -> Result<Response, Error>,
}

/// What the bare address answers.
const BARE: Resource = Resource { suffix: "", answer: |_, request, _| Ok(dap4::bare(request)) };

/// The resources, in the order in which [`Plugin::routes`] names them at each address.
fn resources() -> impl Iterator<Item = &'static Resource> {
    std::iter::once(&BARE).chain(dap2::RESOURCES).chain(dap4::RESOURCES)
}

/// The resource that a request asks for, at whichever address.
fn asked(request: &Request<'_>) -> Option<&'static Resource> {
    let number = request.route().checked_rem(resources().count())?;
    resources().nth(number)
}

/// The plugin.
pub struct DapPlugin {
    host: Host,
    configuration: Configuration,
}

impl Plugin for DapPlugin {
    const NAME: &'static str = "dap";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        Ok(Self { host, configuration: Configuration::parse(config)? })
    }

    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let Some(resource) = asked(request) else {
            return Err(Error::internal(format!("there is no route {}", request.route())));
        };
        let dataset = self.host.open(request, request.dataset_id())?;
        (resource.answer)(self, request, dataset)
    }

    fn render_error(&self, request: &Request<'_>, status: u16, message: &str) -> Option<Response> {
        let is_dap4 = asked(request).is_some_and(|asked| {
            dap4::RESOURCES.iter().any(|one| one.suffix == asked.suffix) && !asked.suffix.ends_with(".html")
        });
        Some(if is_dap4 { dap4::error(status, message) } else { dap2::error(request, status, message) })
    }
}
