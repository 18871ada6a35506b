//! What every query is asked of, and what must be true of its answer.

use std::sync::OnceLock;

use serde_json::Value;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::{Attribute, DataType, Value as Said};
use weir_plugin_api::testing::{MockHost, Running, counting, dataset_of};
use weir_plugin_diagnostics::DiagnosticsPlugin;

/// The plugin behind its C table, with a variable over time, latitude and longitude.
fn running() -> &'static Running {
    static RUNNING: OnceLock<Running> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let told = |name: &str, kind, length, units: &str| {
            let (mut variable, values) = counting(name, kind, &[(name, length)]);
            variable.attributes = vec![Attribute { name: "units".to_owned(), value: Said::text(units) }];
            (variable, values)
        };
        let variables = vec![
            told("time", DataType::Int32, 40, "days since 2000-01-01"),
            told("lat", DataType::Float64, 5, "degrees_north"),
            told("lon", DataType::Float64, 7, "degrees_east"),
            counting("v", DataType::Float32, &[("time", 40), ("lat", 5), ("lon", 7)]),
        ];
        MockHost::new().dataset("d", dataset_of(variables)).start::<DiagnosticsPlugin>()
    })
}

/// A result, or an error that says what the client did wrong.
pub fn check(query: &str) {
    match running().get(&format!("/datasets/d/diagnostics?variable=v&{query}&format=json")) {
        Ok(result) => {
            let result: Value = serde_json::from_slice(&result.bytes).expect("a result is JSON");
            assert!(result["dims"].is_array());
        }
        Err(error) => assert!(
            matches!(
                error.kind,
                ErrorKind::BadRequest | ErrorKind::NotFound | ErrorKind::TooLarge | ErrorKind::Unsupported
            ),
            "{error}"
        ),
    }
}
