//! Any request of maps and tiles is answered or refused for what is wrong with it.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::testing::{MockHost, Running};
use weir_plugin_maps::MapsPlugin;

/// The plugin behind its C table, with a dataset of each kind of grid.
fn running() -> &'static Running {
    static RUNNING: OnceLock<Running> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let all = weir_fields::testing::datasets();
        let host = all.into_iter().fold(MockHost::new(), |host, (id, dataset)| host.dataset(id, dataset));
        // Large pictures would only be slow.
        host.limit(1 << 20).start::<MapsPlugin>()
    })
}

fuzz_target!(|asked: (u8, &str)| {
    let below = match asked.0 % 4 {
        0 => "datasets/regular/wms?",
        1 => "datasets/moving/wms?crs=CRS:84&bbox=-180,-90,180,90&width=9&height=9&layers=t&query_layers=t&i=1&j=1&",
        2 => "datasets/healpix/tiles/",
        _ => "datasets/regular/tiles/east/1/0/0.npy?",
    };
    let target = format!("/{below}{}", asked.1);
    if let Err(error) = running().get(&target) {
        use ErrorKind::{BadRequest, NotFound, TooLarge, Unsupported};
        assert!(matches!(error.kind, BadRequest | NotFound | TooLarge | Unsupported), "{target}: {error}");
        let report = running().render_error(&target, 400, &error.message);
        assert!(report.is_none_or(|report| !report.bytes.is_empty()));
    }
});
