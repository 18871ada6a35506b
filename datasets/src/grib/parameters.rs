//! Names and units of parameters: the table `parameters.tsv`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::product::{Level, Parameter, Process, Product};

/// How a parameter is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// The variable's name, such as `t2m`: letters first, as programs like it.
    pub variable: &'static str,
    /// The short name, such as `2t`.
    pub short: &'static str,
    /// The number in ECMWF's parameter database.
    pub number: i32,
    /// The CF standard name; empty where there is none.
    pub standard: &'static str,
    /// The units.
    pub units: &'static str,
    /// The long name.
    pub long: &'static str,
}

/// One line of the table.
struct Row {
    /// The centre whose table it is; `None` for WMO's.
    centre: Option<u16>,
    /// The type of level, and one level of it.
    level: Option<(u8, Option<f64>)>,
    /// The statistical process: `Some(None)` for none.
    process: Option<Option<u8>>,
    names: Names,
}

/// Edition 1 with table and number, or edition 2 with discipline, category and number.
type Key = (u8, u8, u8, u8);

static TABLE: LazyLock<HashMap<Key, Vec<Row>>> = LazyLock::new(|| {
    let mut table: HashMap<Key, Vec<Row>> = HashMap::new();
    for line in include_str!("parameters.tsv").lines().filter(|line| !line.starts_with('#')) {
        if let Some((key, row)) = row(line) {
            table.entry(key).or_default().push(row);
        }
    }
    table
});

fn row(line: &'static str) -> Option<(Key, Row)> {
    let mut fields = line.split('\t');
    let edition = fields.next()?.parse().ok()?;
    let centre = fields.next()?.parse().ok();
    let numbers: Vec<u8> = fields.next()?.split('.').filter_map(|number| number.parse().ok()).collect();
    let key = match (edition, numbers.as_slice()) {
        (1, &[table, number]) => (1, 0, table, number),
        (2, &[discipline, category, number]) => (2, discipline, category, number),
        _ => return None,
    };
    let level = fields.next()?;
    let (code, value) = level.split_once('=').unwrap_or((level, ""));
    let level = code.parse().ok().map(|code| (code, value.parse().ok()));
    let process = match fields.next()? {
        "*" => None,
        code => Some(code.parse().ok()),
    };
    let (variable, short) = (fields.next()?, fields.next()?);
    let number = fields.next()?.parse().ok()?;
    let standard = fields.next().filter(|&name| name != "-").unwrap_or("");
    let (units, long) = (fields.next()?, fields.next()?);
    Some((
        key,
        Row { centre, level, process, names: Names { variable, short, number, standard, units, long } },
    ))
}

impl Row {
    fn fits(&self, centre: u16, level: &Level, process: &Process) -> bool {
        let of_level = self.level.is_none_or(|(code, value)| {
            code == level.code && level.bottom.is_none() && value.is_none_or(|value| value == level.top)
        });
        self.centre.is_none_or(|own| own == centre)
            && of_level
            && self.process.is_none_or(|code| code == process.code)
    }
}

/// What the parameter of a product is called; `None` where it is in no table of ours.
pub fn names(product: &Product) -> Option<Names> {
    let (key, centre) = match product.parameter {
        // The first 127 numbers of tables 1 to 3 are WMO's, and the same in all three.
        Parameter::One { table: 1..=3, number: number @ ..=127, .. } => ((1, 0, 3, number), u16::MAX),
        Parameter::One { centre, table, number } => ((1, 0, table, number), u16::from(centre)),
        Parameter::Two { centre, discipline, category, number } => {
            ((2, discipline, category, number), centre)
        }
    };
    let rows = TABLE.get(&key)?;
    let row = rows.iter().rev().find(|row| row.fits(centre, &product.level, &product.process))?;
    Some(row.names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(parameter: Parameter, code: u8, top: f64, process: Process) -> Product {
        let level = Level { name: "any".into(), code, top, bottom: None };
        let (step, number, variant, data_type) = (0, None, String::new(), "");
        Product { parameter, level, process, step, number, variant, data_type }
    }

    #[test]
    fn every_line_is_read() {
        let lines = include_str!("parameters.tsv").lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let (_, row) = row(line).unwrap_or_else(|| panic!("{line}"));
            let name = row.names.variable;
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{name}");
        }
        assert!(TABLE.len() > 800);
    }

    #[test]
    fn levels_and_processes_tell_names_apart() {
        let two = |discipline, category, number| Parameter::Two { centre: 98, discipline, category, number };
        let check = |parameter, code, top, process, expected: Option<&str>| {
            let names = names(&product(parameter, code, top, process));
            assert_eq!(names.map(|names| names.variable), expected, "{parameter:?} {code} {top}");
        };
        let instant = Process::INSTANT;
        check(two(0, 0, 0), 100, 500.0, instant.clone(), Some("t"));
        check(two(0, 0, 0), 103, 2.0, instant.clone(), Some("t2m"));
        check(two(0, 0, 0), 103, 80.0, instant.clone(), Some("t"));
        check(two(0, 0, 0), 103, 2.0, Process::statistical(2), Some("mx2t"));
        check(two(0, 1, 52), 1, 0.0, Process::statistical(1), Some("tp"));
        check(two(0, 1, 52), 1, 0.0, instant.clone(), Some("tprate"));
        check(two(0, 3, 0), 1, 0.0, instant.clone(), Some("sp"));
        check(two(0, 3, 5), 1, 0.0, instant.clone(), Some("orog"));
        check(two(0, 1, 193), 1, 0.0, instant.clone(), Some("tp"));
        let other = Parameter::Two { centre: 34, discipline: 0, category: 1, number: 193 };
        check(other, 1, 0.0, instant.clone(), None);
        let ncep = Parameter::Two { centre: 7, discipline: 0, category: 1, number: 193 };
        check(ncep, 1, 0.0, Process::statistical(0), Some("cfrzr"));
        let one = |centre, table, number| Parameter::One { centre, table, number };
        check(one(98, 128, 167), 1, 0.0, instant.clone(), Some("t2m"));
        check(one(96, 1, 112), 105, 0.0, instant.clone(), Some("nlwrs"));
        check(one(7, 2, 11), 105, 2.0, instant.clone(), Some("t2m"));
        check(one(7, 128, 167), 1, 0.0, instant.clone(), None);
        check(one(98, 128, 3), 1, 0.0, instant, Some("pt"));
    }
}
