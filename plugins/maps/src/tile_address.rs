//! Addresses below `/datasets/{id}/tiles/`: those of tiles, and of what describes them.

use weir_plugin_api::Error;

use crate::keys::Keys;
use crate::map::Format;
use crate::tile::{Content, Tile};

/// The only tile matrix set.
pub(crate) const MATRIX_SET: &str = "WebMercatorQuad";

/// What an address names; variables by their path without the first slash.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Address<'a> {
    /// All tile sets of the dataset.
    TileSets,
    /// The tile set of a variable, as OGC API Tiles describes it.
    TileSet(&'a str),
    /// The same as TileJSON.
    TileJson(&'a str),
    /// One tile.
    Tile(&'a str, Tile, Content),
}

impl<'a> Address<'a> {
    /// Reads what stands behind `tiles/`.
    ///
    /// # Errors
    /// `NotFound`, with the addresses that there are.
    pub(crate) fn parse(rest: &'a str, keys: &Keys) -> Result<Self, Error> {
        let rest = rest.trim_end_matches('/');
        if rest.is_empty() {
            return Ok(Self::TileSets);
        }
        if let Some(variable) = rest.strip_suffix("/tilejson.json") {
            return Ok(Self::TileJson(variable));
        }
        let matrix_set = rest.strip_suffix(MATRIX_SET).and_then(|before| before.strip_suffix('/'));
        if let Some(variable) = matrix_set {
            return Ok(Self::TileSet(variable));
        }
        Self::tile(rest, keys).ok_or_else(|| {
            let shown: String = rest.chars().take(80).collect();
            Error::not_found(format!(
                "{shown:?} is no tile; there are variable/z/x/y.png, .webp or .npy, variable/tilejson.json, variable/{MATRIX_SET} \
                 and variable/{MATRIX_SET}/z/row/column"
            ))
        })?
    }

    fn tile(rest: &'a str, keys: &Keys) -> Option<Result<Self, Error>> {
        let mut parts = rest.rsplitn(4, '/');
        let (last, second, zoom, before) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let zoom = zoom.parse().ok()?;
        let (number, ending) = last.split_once('.').unzip();
        let number = number.unwrap_or(last).parse().ok()?;
        let second = second.parse().ok()?;
        match before.strip_suffix(MATRIX_SET).and_then(|before| before.strip_suffix('/')) {
            // Rows come first in OGC API Tiles.
            Some(variable) => {
                let content = match ending {
                    Some(ending) => Content::named(ending)?,
                    None => match asked(keys) {
                        Ok(content) => content,
                        Err(error) => return Some(Err(error)),
                    },
                };
                Some(Tile::new(zoom, number, second).map(|tile| Self::Tile(variable, tile, content)))
            }
            None => {
                let content = Content::named(ending?)?;
                Some(Tile::new(zoom, second, number).map(|tile| Self::Tile(before, tile, content)))
            }
        }
    }
}

/// The content that `f` asks for: a picture where it asks for nothing.
fn asked(keys: &Keys) -> Result<Content, Error> {
    let Some(name) = keys.get("f") else { return Ok(Content::Picture(Format::Png)) };
    Content::named(name).ok_or_else(|| {
        let shown: String = name.chars().take(40).collect();
        Error::bad_request(format!("f is {shown:?}, but must be png, webp or npy"))
    })
}

#[cfg(test)]
mod tests {
    use weir_plugin_api::ErrorKind;

    use super::*;

    fn check(rest: &str, query: &str, expected: &Result<Address<'_>, ErrorKind>) {
        let found = Address::parse(rest, &Keys::parse(query).unwrap());
        assert_eq!(&found.map_err(|error| error.kind), expected, "{rest}");
    }

    #[test]
    fn addresses_name_tiles() {
        let tile = |zoom, column, row| Tile { zoom, column, row };
        let png = Content::Picture(Format::Png);
        check("", "", &Ok(Address::TileSets));
        check("t/tilejson.json", "", &Ok(Address::TileJson("t")));
        check("g/t/WebMercatorQuad", "", &Ok(Address::TileSet("g/t")));
        check("t/3/5/2.png", "", &Ok(Address::Tile("t", tile(3, 5, 2), png)));
        check("g/t/3/5/2.npy", "", &Ok(Address::Tile("g/t", tile(3, 5, 2), Content::Values)));
        check("t/WebMercatorQuad/3/2/5", "", &Ok(Address::Tile("t", tile(3, 5, 2), png)));
        check("t/WebMercatorQuad/3/2/5", "f=npy", &Ok(Address::Tile("t", tile(3, 5, 2), Content::Values)));
        check(
            "t/WebMercatorQuad/3/2/5.webp",
            "",
            &Ok(Address::Tile("t", tile(3, 5, 2), Content::Picture(Format::Webp))),
        );
    }

    #[test]
    fn what_is_no_address_is_not_found() {
        for rest in [
            "t",
            "t/1/2",
            "t/1/2/3",
            "t/1/2/3.gif",
            "t/-1/0/0.png",
            "t/0/0/1.png",
            "t/99/0/0.png",
            "1/2/3.png",
        ] {
            check(rest, "", &Err(ErrorKind::NotFound));
        }
        check("t/WebMercatorQuad/0/0/0", "f=gif", &Err(ErrorKind::BadRequest));
    }
}
