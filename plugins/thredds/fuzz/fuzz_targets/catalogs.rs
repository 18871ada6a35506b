//! Any path and query of THREDDS catalogs are answered or refused for what is wrong with them.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::DataType;
use weir_plugin_api::testing::{MockHost, Running, counting, dataset_of};
use weir_plugin_thredds::ThreddsPlugin;

/// The plugin behind its C table, with two datasets.
fn running() -> &'static Running {
    static RUNNING: OnceLock<Running> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let dataset = || dataset_of(vec![counting("sst", DataType::Int16, &[("y", 3)])]);
        MockHost::new().dataset("a/b.nc", dataset()).dataset("c.nc", dataset()).start::<ThreddsPlugin>()
    })
}

fuzz_target!(|target: &str| {
    if let Err(error) = running().get(&format!("/thredds/catalog/{target}")) {
        assert!(matches!(error.kind, ErrorKind::BadRequest | ErrorKind::NotFound), "{error}");
    }
});
