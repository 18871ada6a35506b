//! Geometries in CQL2 text, which are written as Well-Known Text (OGC 06-103r4 section 7), as GeoJSON.

use serde_json::{Value, json};
use weir_plugin_api::Error;

use super::Reader;
use super::tokens::Token;

const KINDS: [(&str, &str); 7] = [
    ("point", "Point"),
    ("linestring", "LineString"),
    ("polygon", "Polygon"),
    ("multipoint", "MultiPoint"),
    ("multilinestring", "MultiLineString"),
    ("multipolygon", "MultiPolygon"),
    ("geometrycollection", "GeometryCollection"),
];

/// Whether a word in small letters is the name of a geometry.
pub fn is_geometry(name: &str) -> bool {
    KINDS.iter().any(|(known, _)| *known == name)
}

/// Reads a geometry behind its name.
pub fn geometry(reader: &mut Reader<'_>, name: &str) -> Result<Value, Error> {
    let kind = KINDS.iter().find(|(known, _)| *known == name).map_or("", |(_, kind)| kind);
    let _heights_say_nothing = reader.word("z");
    reader.demand("(")?;
    if name == "geometrycollection" {
        return Ok(json!({"type": kind, "geometries": reader.list()?}));
    }
    let mut coordinates = reader.deeper(Reader::coordinates)?;
    if name == "point" {
        coordinates = coordinates.get_mut(0).map(Value::take).unwrap_or_default();
    }
    if name == "multipoint" {
        // Both `(1 2, 3 4)` and `((1 2), (3 4))` are written.
        let bare = |point: &Value| point.get(0).filter(|inner| inner.is_array()).unwrap_or(point).clone();
        coordinates = coordinates.as_array().into_iter().flatten().map(bare).collect();
    }
    Ok(json!({"type": kind, "coordinates": coordinates}))
}

impl Reader<'_> {
    /// Whether what follows the name of a geometry is one: a property may have such a name, too.
    pub fn opens_geometry(&self) -> bool {
        let follows = |token: Option<&Token>| matches!(token, Some(Token::Sign("(")));
        let next = self.peek();
        follows(next)
            || (matches!(next, Some(Token::Word(word)) if word.eq_ignore_ascii_case("z"))
                && follows(self.tokens.get(self.at.saturating_add(1))))
    }

    /// Positions, or lists of them, between commas, to the closing parenthesis.
    fn coordinates(&mut self) -> Result<Value, Error> {
        let mut list = Vec::new();
        loop {
            list.push(if self.sign("(") { self.deeper(Self::coordinates)? } else { self.position()? });
            if self.sign(")") {
                return Ok(Value::from(list));
            }
            self.demand(",")?;
        }
    }

    fn position(&mut self) -> Result<Value, Error> {
        let mut numbers = Vec::new();
        while let Some(Token::Number(number)) = self.peek() {
            numbers.push(*number);
            self.at = self.at.saturating_add(1);
        }
        if numbers.is_empty() { Err(self.refused()) } else { Ok(Value::from(numbers)) }
    }
}
