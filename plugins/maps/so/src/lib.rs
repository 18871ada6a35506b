//! The maps plugin as a shared library.
weir_plugin_api::export_plugin!(weir_plugin_maps::MapsPlugin);
