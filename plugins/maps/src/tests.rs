//! Maps of datasets in memory, asked for through the boundary as a server asks.
