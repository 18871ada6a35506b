//! Black-box tests of the plugin.
