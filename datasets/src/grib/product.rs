//! What a field is of: its parameter, its level, its step, its ensemble member, whichever edition said so.

use std::borrow::Cow;

/// Which parameter, as the edition's code tables number it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parameter {
    /// GRIB 1: a number of a table of a centre.
    One {
        /// The originating centre (common code table C-1).
        centre: u8,
        /// The version of table 2; from 128 on, a table of the centre's own.
        table: u8,
        /// The number in it.
        number: u8,
    },
    /// GRIB 2: discipline, category, and number (code tables 0.0, 4.1, 4.2).
    Two {
        /// The originating centre; numbers from 192 on are its own.
        centre: u16,
        /// The discipline.
        discipline: u8,
        /// The category.
        category: u8,
        /// The number.
        number: u8,
    },
}

impl Parameter {
    /// A name for one that is in no table of ours: `param_0_19_203` or `param_128_77`.
    pub fn fallback_name(&self) -> String {
        match self {
            Self::One { table, number, .. } => format!("param_{table}_{number}"),
            Self::Two { discipline, category, number, .. } => {
                format!("param_{discipline}_{category}_{number}")
            }
        }
    }
}

/// The level that a field lies on.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// The type, as ecCodes names it, such as `isobaricInhPa`; it names the coordinate.
    pub name: Cow<'static, str>,
    /// The type of the first surface, as the edition numbers it.
    pub code: u8,
    /// The level, or a layer's top.
    pub top: f64,
    /// A layer's bottom.
    pub bottom: Option<f64>,
}

/// How values were processed over time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// The name: `instant`, `accum`, `avg`, `max`, ...
    pub name: Cow<'static, str>,
    /// The number in GRIB 2's code table 4.10; `None` for values of one instant.
    pub code: Option<u8>,
}

impl Process {
    /// Values of one instant.
    pub const INSTANT: Self = Self { name: Cow::Borrowed("instant"), code: None };

    /// A statistical process of code table 4.10.
    pub fn statistical(code: u8) -> Self {
        const NAMES: [&str; 12] =
            ["avg", "accum", "max", "min", "diff", "rms", "sd", "cov", "sdiff", "ratio", "stdanom", "sum"];
        let known = NAMES.get(usize::from(code)).map(|&name| Cow::Borrowed(name));
        Self { name: known.unwrap_or_else(|| Cow::Owned(format!("stat{code}"))), code: Some(code) }
    }
}

/// What one field is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// The parameter.
    pub parameter: Parameter,
    /// The level.
    pub level: Level,
    /// How values were processed over time.
    pub process: Process,
    /// Seconds from the reference time to what the values are of, or to the end of the interval that they are of.
    pub step: i64,
    /// The ensemble member.
    pub number: Option<i64>,
    /// What else tells it from others of its parameter, such as `percentile_90`; empty where nothing does.
    pub variant: String,
    /// `an`, `fc`, `pf`, ...: analysis, forecast, perturbed forecast; empty where it is not said.
    pub data_type: &'static str,
}
