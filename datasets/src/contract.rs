//! To come with its first code.
