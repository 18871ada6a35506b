//! Dataset ids and the files behind them.

/// placeholder
pub struct Catalog;
