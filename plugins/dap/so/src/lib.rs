//! The OPeNDAP plugin as a shared library.
weir_plugin_api::export_plugin!(weir_plugin_dap::DapPlugin);
