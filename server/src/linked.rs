//! The plugins that are linked in: the one place that names them.

use weir_plugin_abi::WeirPlugin;

/// Tables of the plugins that were linked in when the binary was made.
pub fn tables() -> Vec<&'static WeirPlugin> {
    #[cfg(feature = "linked-plugins")]
    {
        use weir_plugin_api::export::table;
        static DAP: WeirPlugin = table::<weir_plugin_dap::DapPlugin>();
        static DIAGNOSTICS: WeirPlugin = table::<weir_plugin_diagnostics::DiagnosticsPlugin>();
        static ESM: WeirPlugin = table::<weir_plugin_esm::EsmPlugin>();
        static FILE: WeirPlugin = table::<weir_plugin_file::FilePlugin>();
        static GRIDLOOK: WeirPlugin = table::<weir_plugin_gridlook::GridlookPlugin>();
        static INTAKE: WeirPlugin = table::<weir_plugin_intake::IntakePlugin>();
        static KERCHUNK: WeirPlugin = table::<weir_plugin_kerchunk::KerchunkPlugin>();
        static MAPS: WeirPlugin = table::<weir_plugin_maps::MapsPlugin>();
        static OPENAPI: WeirPlugin = table::<weir_plugin_openapi::OpenApiPlugin>();
        static PAGES: WeirPlugin = table::<weir_plugin_pages::PagesPlugin>();
        static PLOT: WeirPlugin = table::<weir_plugin_plot::PlotPlugin>();
        static S3: WeirPlugin = table::<weir_plugin_s3::S3Plugin>();
        static STAC: WeirPlugin = table::<weir_plugin_stac::StacPlugin>();
        static SUBSET: WeirPlugin = table::<weir_plugin_subset::SubsetPlugin>();
        static THREDDS: WeirPlugin = table::<weir_plugin_thredds::ThreddsPlugin>();
        static XPUBLISH: WeirPlugin = table::<weir_plugin_xpublish::XpublishPlugin>();
        static ZARR: WeirPlugin = table::<weir_plugin_zarr::ZarrPlugin>();
        vec![
            &DAP,
            &DIAGNOSTICS,
            &ESM,
            &FILE,
            &GRIDLOOK,
            &INTAKE,
            &KERCHUNK,
            &MAPS,
            &OPENAPI,
            &PAGES,
            &PLOT,
            &S3,
            &STAC,
            &SUBSET,
            &THREDDS,
            &XPUBLISH,
            &ZARR,
        ]
    }
    #[cfg(not(feature = "linked-plugins"))]
    vec![]
}

/// Commands to try on a dataset, by plugin name; `{url}` stands for the dataset's URL.
pub const HINTS: &[(&str, &[&str])] = &[
    ("dap", &["ncdump -h {url}/opendap"]),
    ("zarr", &["python3 -c 'import xarray as xr; print(xr.open_zarr(\"{url}/zarr\"))'"]),
];
