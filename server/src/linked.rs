//! The plugins that are linked in: the one place that names them.

use weir_plugin_abi::WeirPlugin;

/// Tables of the plugins that were linked in when the binary was made.
pub fn tables() -> Vec<&'static WeirPlugin> {
    #[cfg(feature = "linked-plugins")]
    {
        use weir_plugin_api::export::table;
        static DAP: WeirPlugin = table::<weir_plugin_dap::DapPlugin>();
        static FILE: WeirPlugin = table::<weir_plugin_file::FilePlugin>();
        static KERCHUNK: WeirPlugin = table::<weir_plugin_kerchunk::KerchunkPlugin>();
        static S3: WeirPlugin = table::<weir_plugin_s3::S3Plugin>();
        static ZARR: WeirPlugin = table::<weir_plugin_zarr::ZarrPlugin>();
        vec![&DAP, &FILE, &KERCHUNK, &S3, &ZARR]
    }
    #[cfg(not(feature = "linked-plugins"))]
    vec![]
}

/// Commands to try on a dataset, by plugin name; `{url}` stands for the dataset's URL.
pub const HINTS: &[(&str, &[&str])] = &[
    ("dap", &["ncdump -h {url}/opendap"]),
    ("zarr", &["python3 -c 'import xarray as xr; print(xr.open_zarr(\"{url}/zarr\"))'"]),
];
