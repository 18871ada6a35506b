//! The subset plugin as a shared library.
weir_plugin_api::export_plugin!(weir_plugin_subset::SubsetPlugin);
