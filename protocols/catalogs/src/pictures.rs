//! Pictures of variables, where a server draws some.

use crate::listing::encoded_path;

/// The route by which a server is known to draw pictures.
pub const PATTERN: &str = "/datasets/{id}/plot/{rest}";

/// The address of a map of a variable of the root group, so many pixels wide and high; `dataset` is the dataset's URL.
#[must_use]
pub fn map(dataset: &str, variable: &str, (width, height): (u32, u32)) -> String {
    format!("{dataset}/plot/{}/image/viridis/?width={width}&height={height}", encoded_path(variable))
}
