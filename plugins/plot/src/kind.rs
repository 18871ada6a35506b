//! Kinds of pictures.

use weir_plugin_api::Error;

/// What kind of picture is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Image,
    Quadmesh,
    Contour,
    Contourf,
    Scatter,
    Line,
    Profile,
    Section,
    Hist,
}

const NAMES: [(&str, Kind); 9] = [
    ("image", Kind::Image),
    ("quadmesh", Kind::Quadmesh),
    ("contour", Kind::Contour),
    ("contourf", Kind::Contourf),
    ("scatter", Kind::Scatter),
    ("line", Kind::Line),
    ("profile", Kind::Profile),
    ("section", Kind::Section),
    ("hist", Kind::Hist),
];

impl Kind {
    /// The kind of a name.
    ///
    /// # Errors
    /// `NotFound`, with the names that there are.
    pub(crate) fn named(name: &str) -> Result<Self, Error> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind).ok_or_else(|| {
            let shown: String = name.chars().take(40).collect();
            let names = NAMES.map(|(name, _)| name).join(", ");
            Error::not_found(format!("kind {shown:?} not found; there are {names}"))
        })
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}
