//! Reference systems: what the grid mapping of the data says, and the ranges of projected coordinates.

use weir_catalogs::{GridKind, Projected};
use weir_cf::extent::Range;
use weir_cf::grid_mapping::grid_mappings;
use weir_plugin_api::Error;
use weir_plugin_api::model::Value;

use crate::variables::attribute;
use crate::{Asked, grids, numbers};

/// The reference system of the grid with the most variables, where that is projected or says what it is.
///
/// # Errors
/// Those that pass.
pub(crate) fn of(asked: &Asked<'_>, grids: &[grids::Found]) -> Result<Option<Projected>, Error> {
    let Some(grid) = grids.first() else { return Ok(None) };
    let mapping = grid_mappings(&asked.schema, &grid.example).ok().and_then(|found| found.into_iter().next());
    let projected = matches!(grid.facts.kind, GridKind::Projected | GridKind::Rotated);
    let well_known_text = mapping.as_ref().and_then(|mapping| mapping.well_known_text.clone());
    if !projected && well_known_text.is_none() {
        return Ok(None);
    }
    let variable = mapping.as_ref().and_then(|mapping| asked.schema.variable(&mapping.path));
    let named = variable.and_then(|variable| attribute(variable, "grid_mapping_name"));
    let code = variable.and_then(epsg_code).or_else(|| authority(well_known_text.as_deref()?));
    let along = grid.along.as_ref().filter(|_| projected);
    let range = |path: Option<&String>| match path.and_then(|path| Some((path, asked.schema.variable(path)?)))
    {
        Some((path, variable)) => {
            let numbers = asked.told(path, numbers::read(asked, path, variable))?;
            Ok(numbers.and_then(|numbers| Range::of(numbers.values)))
        }
        None => Ok(None),
    };
    let length = |path: &String| asked.schema.dimension(path).map(|dimension| dimension.length);
    let shape = match &grid.facts.dimensions[..] {
        [y, x] => length(y).zip(length(x)).map(|(y, x)| [y, x]),
        _ => None,
    };
    let (x, y) = (range(along.map(|(x, _)| x))?, range(along.map(|(_, y)| y))?);
    Ok(Some(Projected { mapping: named, well_known_text, code, x, y, shape }))
}

/// `epsg_code`, as some writers add it: a number, or `EPSG:32633`.
fn epsg_code(variable: &weir_plugin_api::model::Variable) -> Option<String> {
    let value = &variable.attribute("epsg_code")?.value;
    let text = match value {
        Value::Int32(numbers) => numbers.first().map(ToString::to_string),
        Value::Int64(numbers) => numbers.first().map(ToString::to_string),
        other => other.as_text().map(|text| text.trim().to_ascii_uppercase().replace("EPSG:", "")),
    };
    text.filter(|code| is_code(code)).map(|code| format!("EPSG:{code}"))
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= 7 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The authority's code for the whole reference system, which well-known text has at its end: `AUTHORITY["EPSG","32633"]]`,
/// or `ID["EPSG",32633]]`.
fn authority(text: &str) -> Option<String> {
    let text = text.trim_end();
    let inner = text.strip_suffix("]]")?;
    let (_, last) = inner.rsplit_once('[')?;
    let (name, code) = last.split_once(',')?;
    let plain = |text: &str| text.trim().trim_matches('"').to_owned();
    (plain(name).eq_ignore_ascii_case("EPSG") && is_code(&plain(code)))
        .then(|| format!("EPSG:{}", plain(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_at_the_end_of_well_known_text() {
        let check =
            |text: &str, expected: Option<&str>| assert_eq!(authority(text).as_deref(), expected, "{text}");
        check(
            r#"PROJCS["UTM 33N",GEOGCS["x",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32633"]]"#,
            Some("EPSG:32633"),
        );
        check(r#"PROJCRS["a",BASEGEOGCRS["b",ID["EPSG",4258]],ID["EPSG",3035]] "#, Some("EPSG:3035"));
        check(r#"PROJCS["a",GEOGCS["b",AUTHORITY["EPSG","4326"]],UNIT["metre",1]]"#, None);
        check(r#"PROJCS["a",AUTHORITY["ESRI","102001"]]"#, None);
        check("", None);
    }
}
