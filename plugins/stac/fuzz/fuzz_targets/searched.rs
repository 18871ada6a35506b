//! What every search is asked of, and what must be true of its answer.

use std::sync::OnceLock;

use serde_json::Value;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::DataType;
use weir_plugin_api::testing::{MockHost, Pulled, Running, counting, dataset_of};
use weir_plugin_stac::StacPlugin;

/// The plugin behind its C table, with two datasets.
pub fn running() -> &'static Running {
    static RUNNING: OnceLock<Running> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let dataset = || dataset_of(vec![counting("level", DataType::Float32, &[("x", 3)])]);
        MockHost::new().dataset("a/b.nc", dataset()).dataset("c.nc", dataset()).start::<StacPlugin>()
    })
}

/// A page of items, or an error that says what the client did wrong.
pub fn check(found: Result<Pulled, weir_plugin_api::Error>) {
    match found {
        Ok(page) => {
            let page: Value = serde_json::from_slice(&page.bytes).expect("a page is JSON");
            assert!(page["features"].as_array().is_some_and(|features| features.len() <= 2));
        }
        Err(error) => assert!(matches!(error.kind, ErrorKind::BadRequest | ErrorKind::TooLarge), "{error}"),
    }
}
