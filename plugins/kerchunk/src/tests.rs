//! The plugin behind its C table.
