//! What is said of routes to the objects of a hierarchy.

use weir_plugin_api::{Parameter, Route};

use crate::JSON;

/// What an object is, beside what a plugin adds: a document, a chunk, or a page that lists a group.
const OBJECTS: [&str; 3] = [JSON, "application/octet-stream", "text/html"];

/// The routes below the mount of a dataset, such as `/datasets/{id}/zarr`: the bare one, and that of all below. `others` are media types
/// that objects have there beside those of all hierarchies.
#[must_use]
pub fn mount(address: &str, summary: &str, others: &[&str]) -> [Route; 2] {
    let media_types: Vec<&str> = OBJECTS.iter().chain(others).copied().collect();
    [address.to_owned(), format!("{address}/{{rest}}")].map(|pattern| {
        Route::get(&pattern)
            .summary(summary)
            .parameter(Parameter::header("Range", "which bytes are wanted"))
            .answers(200, &media_types, "a document, a chunk, or a page that lists a group")
            .answers(206, &media_types, "the part that was asked for")
            .answers(
                404,
                &[JSON],
                "there is no such dataset, or no such key; of a chunk: nothing is stored there",
            )
            .answers(413, &[JSON], "the chunk is larger than this server makes at once")
            .answers(416, &media_types, "there are no such bytes")
            .answers(501, &[JSON], "the data is of a kind that this server cannot read")
            .answers(503, &[JSON], "the data cannot be had now, or grows not yet; come again later")
    })
}
