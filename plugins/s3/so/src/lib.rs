//! The S3 plugin as a shared library.
weir_plugin_api::export_plugin!(weir_plugin_s3::S3Plugin);
