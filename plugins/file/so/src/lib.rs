//! The plugin of original files as a shared library.
weir_plugin_api::export_plugin!(weir_plugin_file::FilePlugin);
