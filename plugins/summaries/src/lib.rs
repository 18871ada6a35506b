//! What catalogs say of a dataset: where and when its data lies, and what its variables are.
#![forbid(unsafe_code)]
