//! The text response: values for people and spreadsheets.

use weir_dap::dap2::ascii::{Ascii, Maps};
use weir_dap::dap2::text::Transcript;
use weir_dap::dap2::values::Broken;
use weir_plugin_api::{Dataset, Error, Request, Response};

use super::data::{Order, Plan, Source};
use super::dataset_name;
use super::transcript::{self, Kind};
use crate::{DapPlugin, TEXT};

/// Maps of more bytes label no rows.
const MOST_LABELS: u64 = 1 << 20;

/// The data that the constraint names, as lines of text.
pub fn ascii(plugin: &DapPlugin, request: &Request<'_>, dataset: Dataset) -> Result<Response, Error> {
    let kind = Kind {
        format: |dataset: &Dataset| maps(plugin, request, dataset).map(Ascii::new),
        order: Order::Declared,
        besides: 0,
        media_type: TEXT,
        description: "dods-ascii",
    };
    transcript::respond(plugin, request, dataset, kind)
}

/// The maps of the Grids that the constraint names: they label rows of arrays that travel before them.
fn maps(plugin: &DapPlugin, request: &Request<'_>, dataset: &Dataset) -> Result<Maps, Error> {
    let named = (dataset_name(request), dataset);
    let plan = Plan::of(plugin, request.query(), named, Order::MapsAlone)?;
    if plan.is_empty() || plan.size.planned() > MOST_LABELS {
        return Ok(Maps::default());
    }
    let again = plugin.host.open(request, request.dataset_id())?;
    let mut source = Source::of(plugin, request, again, plan)?;
    let mut transcript = Transcript::new(Maps::default());
    let (mut nothing, broken) = (String::new(), |broken: Broken| Error::internal(broken.to_string()));
    while let Some(bytes) = source.next()? {
        transcript.push(&bytes, &mut nothing).map_err(broken)?;
    }
    transcript.finish(&mut nothing).map_err(broken)?;
    Ok(transcript.into_format())
}
