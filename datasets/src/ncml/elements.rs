//! The elements of NcML: from a tree to a definition.

use std::path::Path;
use std::time::Duration;

use super::tree::Element;
use crate::aggregate::definition::{
    AttributeEdit, Base, Definition, Depth, DimensionEdit, Edits, Kind, Literal, Location, MemberRule, Order,
    Overlap, Removal, Rules, Scan, Select, Values, VariableEdit,
};
use crate::{Error, ErrorKind};

/// Reads elements; what has no effect is noted.
pub struct Reader<'a> {
    /// The folder that relative locations start from.
    pub folder: &'a Path,
    /// What has no effect.
    pub problems: &'a mut Vec<String>,
}

fn unsupported(element: &Element, why: impl std::fmt::Display) -> Error {
    element.refuse(ErrorKind::Unsupported, why)
}

fn bad(element: &Element, why: impl std::fmt::Display) -> Error {
    element.refuse(ErrorKind::BadRequest, why)
}

/// Refuses attributes that are not known: what they ask for would not be done.
fn check_attributes(element: &Element, known: &[&str]) -> Result<(), Error> {
    let unknown = element.attributes.iter().find(|(name, _)| !known.contains(&name.as_str()));
    match unknown {
        Some((name, _)) => {
            let known = known.join(", ");
            Err(unsupported(element, format!("attribute {name} is not supported; supported are {known}")))
        }
        None => Ok(()),
    }
}

fn required(element: &Element, name: &str) -> Result<String, Error> {
    let value = element.attribute(name).filter(|value| !value.is_empty());
    value.map(str::to_owned).ok_or_else(|| bad(element, format!("it has no {name}")))
}

fn yes(element: &Element, name: &str, default: bool) -> Result<bool, Error> {
    match element.attribute(name).map(str::to_ascii_lowercase).as_deref() {
        None => Ok(default),
        Some("true" | "1" | "yes") => Ok(true),
        Some("false" | "0" | "no") => Ok(false),
        Some(other) => Err(bad(element, format!("{name} is {other:?}, not true or false"))),
    }
}

/// A time such as `15 min` or `1 day`.
fn duration(element: &Element, name: &str) -> Result<Option<Duration>, Error> {
    let Some(text) = element.attribute(name).map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let misread = || bad(element, format!("{name} is {text:?}, not a time such as \"15 min\""));
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).ok_or_else(misread)?;
    let number: u64 = number.parse().map_err(|_unshown| misread())?;
    let seconds = match unit.trim().trim_end_matches('s') {
        // What is left of `s` and `secs`.
        "" if unit.trim() == "s" => 1,
        "sec" | "second" => 1,
        "min" | "minute" => 60,
        "h" | "hr" | "hour" => 3600,
        "d" | "day" => 86_400,
        "week" => 604_800,
        _ => return Err(misread()),
    };
    Ok(Some(Duration::from_secs(number.checked_mul(seconds).ok_or_else(misread)?)))
}

/// Values in a text: apart by blanks, or by what the element says.
fn split(element: &Element, text: &str) -> Vec<String> {
    match element.attribute("separator").filter(|separator| !separator.is_empty()) {
        Some(separator) => text.split(separator).map(|part| part.trim().to_owned()).collect(),
        None => text.split_whitespace().map(str::to_owned).collect(),
    }
}

impl Reader<'_> {
    /// The definition of a whole file.
    ///
    /// # Errors
    /// What is not understood, with its line.
    pub fn document(&mut self, root: &Element) -> Result<Definition, Error> {
        if root.name != "netcdf" {
            return Err(unsupported(root, "an NcML file begins with <netcdf>"));
        }
        if root.attribute("coordValue").is_some() {
            return Err(bad(root, "coordValue is for members of an aggregation"));
        }
        self.netcdf(root)
    }

    fn netcdf(&mut self, element: &Element) -> Result<Definition, Error> {
        check_attributes(element, &["location", "id", "title", "coordValue", "ncoords", "enhance"])?;
        self.check_plain(element)?;
        let location = element.attribute("location").filter(|location| !location.is_empty());
        let mut definition = Definition::default();
        if let Some(text) = location {
            definition.base = Base::File(self.location(text));
        }
        for child in &element.children {
            match child.name.as_str() {
                "aggregation" if definition.base != Base::Nothing => {
                    return Err(unsupported(child, "beside a location or another aggregation"));
                }
                "aggregation" => definition.base = Base::Aggregation(Box::new(self.aggregation(child)?)),
                "readMetadata" => {}
                _ => self.edit(child, &mut definition.edits)?,
            }
        }
        Ok(definition)
    }

    /// Values are served as they are stored.
    fn check_plain(&self, element: &Element) -> Result<(), Error> {
        match element.attribute("enhance").map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "false" | "none") => Ok(()),
            Some(other) => {
                Err(unsupported(element, format!("enhance={other:?}: values are served as they are stored")))
            }
        }
    }

    fn location(&self, text: &str) -> Location {
        Location { folder: self.folder.to_owned(), text: text.to_owned() }
    }

    fn edit(&mut self, element: &Element, edits: &mut Edits) -> Result<(), Error> {
        match element.name.as_str() {
            "attribute" => edits.attributes.push(attribute(element)?),
            "dimension" => edits.dimensions.push(self.dimension(element)?),
            "remove" => edits.removals.push(removal(element)?),
            "variable" => edits.variables.push(variable(element)?),
            _ => return Err(unsupported(element, "this element is not supported here")),
        }
        Ok(())
    }

    fn dimension(&mut self, element: &Element) -> Result<DimensionEdit, Error> {
        check_attributes(
            element,
            &["name", "orgName", "length", "isUnlimited", "isShared", "isVariableLength"],
        )?;
        if yes(element, "isVariableLength", false)? {
            return Err(unsupported(element, "dimensions of varying length"));
        }
        let length = element.attribute("length").map(|text| {
            text.trim()
                .parse()
                .map_err(|_unshown| bad(element, format!("length is {text:?}, not a whole number")))
        });
        Ok(DimensionEdit {
            name: required(element, "name")?,
            original: element.attribute("orgName").map(str::to_owned),
            length: length.transpose()?,
        })
    }

    fn aggregation(&mut self, element: &Element) -> Result<Rules, Error> {
        check_attributes(element, &["type", "dimName", "recheckEvery", "timeUnitsChange"])?;
        let kind = match required(element, "type")?.as_str() {
            "joinExisting" => Kind::JoinExisting,
            "joinNew" => Kind::JoinNew,
            "union" | "Union" => Kind::Union,
            other => {
                let why =
                    format!("type {other:?} is not supported; supported are joinExisting, joinNew, union");
                return Err(unsupported(element, why));
            }
        };
        let dimension = match kind {
            Kind::Union => String::new(),
            _ => required(element, "dimName")?,
        };
        let mut rules = Rules::new(kind, &dimension);
        // As THREDDS has it: whatever is listed is served. Times are always converted, whatever `timeUnitsChange` says.
        rules.overlap = Overlap::Note;
        yes(element, "timeUnitsChange", false)?;
        if let Some(every) = duration(element, "recheckEvery")? {
            rules.recheck_every = every;
        }
        for child in &element.children {
            match child.name.as_str() {
                "netcdf" => rules.members.push(self.member(child, kind)?),
                "scan" => rules.scans.push(self.scan(child, kind)?),
                "variableAgg" => rules.variables.push(required(child, "name")?),
                // Only says what to keep in memory.
                "cacheVariable" => {}
                _ => return Err(unsupported(child, "this element is not supported in an aggregation")),
            }
        }
        if rules.scans.is_empty() {
            rules.order = Order::Given;
        }
        Ok(rules)
    }

    fn member(&mut self, element: &Element, kind: Kind) -> Result<MemberRule, Error> {
        let coordinate = element.attribute("coordValue").map(str::to_owned);
        if coordinate.is_some() && kind != Kind::JoinNew {
            return Err(unsupported(
                element,
                "coordValue is for joinNew; other members have coordinates of their own",
            ));
        }
        let definition = self.netcdf(element)?;
        if definition == Definition::default() {
            return Err(bad(element, "a member has neither a location nor anything inside"));
        }
        Ok(MemberRule { definition, coordinate })
    }

    fn scan(&mut self, element: &Element, kind: Kind) -> Result<Scan, Error> {
        let known = ["location", "suffix", "regExp", "subdirs", "olderThan", "dateFormatMark", "enhance"];
        check_attributes(element, &known)?;
        self.check_plain(element)?;
        let select = match (element.attribute("regExp"), element.attribute("suffix")) {
            (Some(pattern), _) => Select::Pattern(pattern.to_owned()),
            // netCDF-Java takes a suffix for a wildcard pattern, so sites write `*.nc`, too.
            (None, Some(suffix)) => Select::Suffix(suffix.trim_start_matches('*').to_owned()),
            (None, None) => Select::All,
        };
        let mut date_mark = element.attribute("dateFormatMark").map(str::to_owned);
        if kind != Kind::JoinNew && date_mark.take().is_some() {
            self.problems.push(format!(
                "line {}: dateFormatMark has no effect: members of {} have coordinates of their own",
                element.line,
                kind.name()
            ));
        }
        Ok(Scan {
            location: self.location(&required(element, "location")?),
            select,
            depth: if yes(element, "subdirs", true)? { Depth::All } else { Depth::Folder },
            older_than: duration(element, "olderThan")?.unwrap_or_default(),
            date_mark,
        })
    }
}

fn removal(element: &Element) -> Result<Removal, Error> {
    check_attributes(element, &["name", "type"])?;
    let name = required(element, "name")?;
    match required(element, "type")?.as_str() {
        "attribute" => Ok(Removal::Attribute(name)),
        "dimension" => Ok(Removal::Dimension(name)),
        "variable" => Ok(Removal::Variable(name)),
        other => Err(unsupported(element, format!("type {other:?} cannot be removed"))),
    }
}

fn attribute(element: &Element) -> Result<AttributeEdit, Error> {
    check_attributes(element, &["name", "orgName", "type", "value", "separator", "isUnsigned"])?;
    if let Some(child) = element.children.first() {
        return Err(unsupported(child, "inside an attribute"));
    }
    let mut data_type = element.attribute("type").unwrap_or_default().to_owned();
    if yes(element, "isUnsigned", false)? && matches!(data_type.as_str(), "byte" | "short" | "int" | "long") {
        data_type.insert(0, 'u');
    }
    let text = element.attribute("value").or(Some(element.text.trim()).filter(|text| !text.is_empty()));
    let is_text = matches!(data_type.as_str(), "" | "String" | "string" | "char");
    let parts = |text: &str| match is_text && element.attribute("separator").is_none() {
        true => vec![text.to_owned()],
        false => split(element, text),
    };
    let value = text.map(|text| Literal { data_type: data_type.clone(), parts: parts(text) });
    let name = required(element, "name")?;
    Ok(AttributeEdit { name, original: element.attribute("orgName").map(str::to_owned), value })
}

fn variable(element: &Element) -> Result<VariableEdit, Error> {
    check_attributes(element, &["name", "orgName", "type", "shape"])?;
    let mut edit = VariableEdit {
        name: required(element, "name")?,
        original: element.attribute("orgName").map(str::to_owned),
        data_type: element.attribute("type").map(str::to_owned),
        shape: element.attribute("shape").map(|shape| shape.split_whitespace().map(str::to_owned).collect()),
        ..VariableEdit::default()
    };
    for child in &element.children {
        match child.name.as_str() {
            "attribute" => edit.attributes.push(attribute(child)?),
            "values" => edit.values = Some(values(child, edit.data_type.as_deref())?),
            "remove" => match removal(child)? {
                Removal::Attribute(name) => edit.removals.push(name),
                _ => return Err(unsupported(child, "only attributes can be removed from a variable")),
            },
            _ => return Err(unsupported(child, "this element is not supported in a variable")),
        }
    }
    Ok(edit)
}

fn values(element: &Element, data_type: Option<&str>) -> Result<Values, Error> {
    check_attributes(element, &["start", "increment", "npts", "separator"])?;
    let (start, increment) = (element.attribute("start"), element.attribute("increment"));
    match (start, increment) {
        (Some(start), Some(increment)) => {
            let count = element.attribute("npts").map(|text| {
                text.trim()
                    .parse()
                    .map_err(|_unshown| bad(element, format!("npts is {text:?}, not a whole number")))
            });
            let (start, increment) = (start.to_owned(), increment.to_owned());
            Ok(Values::Regular { start, increment, count: count.transpose()? })
        }
        (None, None) if data_type == Some("char") => Ok(Values::List(vec![element.text.trim().to_owned()])),
        (None, None) => Ok(Values::List(split(element, element.text.trim()))),
        _ => Err(bad(element, "start and increment belong together")),
    }
}
