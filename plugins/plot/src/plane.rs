//! Pictures of what has no place on the Earth: two dimensions as they are stored, or one as a line.

use weir_fields::packing;
use weir_plugin_api::{Error, ErrorKind, Response};
use weir_rendering::MapProjection;

use crate::kind::Kind;
use crate::options::{Dress, Format};
use crate::picked::{Picked, Unselected};
use crate::{Drawing, charts, section};

/// Answers with an image over the last two dimensions where no map can be drawn, and with a line where there is one dimension and no kind
/// is named.
///
/// # Errors
/// The `error` that kept the map from being drawn, where something of a map is asked for; those of reading.
pub(crate) fn respond(drawing: &Drawing<'_>, error: Error) -> Result<Response, Error> {
    let picked = Picked::with(drawing.dataset, drawing.asked, Unselected::All)?;
    let options = drawing.options;
    let wants_map = options.projection != MapProjection::default()
        || options.dress == Dress::Bare
        || options.format == Format::Apng
        || picked.has_free_window();
    if error.kind != ErrorKind::Unsupported
        || wants_map
        || !matches!(drawing.asked.kind(), Kind::Image | Kind::Quadmesh)
    {
        return Err(error);
    }
    let schema = drawing.dataset.schema()?;
    if let Some(variable) = schema.variable(&drawing.asked.path) {
        packing(variable)?;
    }
    match (picked.indices.len(), drawing.asked.kind) {
        (0, _) => Err(Error::bad_request(format!(
            "{} is a single value, of which there is no picture",
            drawing.asked.path
        ))),
        (1, None) => charts::line(drawing, &picked),
        (1, Some(kind)) => Err(Error::bad_request(format!(
            "{} has one dimension and no places on the earth, so that there is no {} of it; ask for kind line or hist",
            drawing.asked.path,
            kind.name()
        ))),
        (rank, _) => {
            let named = section::named(drawing, &picked)?;
            let last = (rank.saturating_sub(1), rank.saturating_sub(2));
            section::over(drawing, &picked, named.unwrap_or(last))
        }
    }
}
