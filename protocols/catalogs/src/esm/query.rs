//! Pages of a table: filtered, sorted, and with what else could be filtered by.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value as Json, json};

use super::{Column, Kind, Table};

/// How many rows a page has where nothing is said.
const USUAL_LIMIT: usize = 100;

/// How many rows a page has at most.
const MOST_LIMIT: usize = 10_000;

/// How many values of a column are offered to filter by, at most.
const MOST_OPTIONS: usize = 1000;

/// What a filter's parameter ends in, behind the name of its column.
const FILTER: &str = "_filter";

/// A question to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    offset: usize,
    limit: usize,
    sort: Option<(String, Order)>,
    filters: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Up,
    Down,
}

/// What a question says that no table can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError(String);

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for QueryError {}

impl Query {
    /// Reads parameters, already decoded: `offset`, `limit`, `sortField`, `sortOrder` (`1` or `asc`, `-1` or `desc`), and
    /// `{column}_filter` with values at commas, of which a row must have one. Others say nothing.
    ///
    /// # Errors
    /// Where a number or an order is none, or a limit is more than 10,000.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, QueryError> {
        let mut query = Self { offset: 0, limit: USUAL_LIMIT, sort: None, filters: vec![] };
        let (mut field, mut order) = (None, Order::Up);
        for (name, value) in pairs {
            match name {
                "offset" => query.offset = number(name, value, usize::MAX)?,
                "limit" => query.limit = number(name, value, MOST_LIMIT)?,
                "sortField" => field = Some(value.to_owned()).filter(|field| !field.is_empty()),
                "sortOrder" => order = Order::parse(value)?,
                _ => {
                    if let Some(column) = name.strip_suffix(FILTER).filter(|_| !value.is_empty()) {
                        let values = value.split(',').map(str::to_owned).collect();
                        query.filters.push((column.to_owned(), values));
                    }
                }
            }
        }
        query.sort = field.map(|field| (field, order));
        Ok(query)
    }

    /// The page: `records`, how many rows fit the filters in `total`, and in `dynamic_filter_options` which values each column
    /// has in rows that fit the filters of the other columns. `base` is the URL of the server.
    ///
    /// # Errors
    /// Where a column is named that the table has not.
    pub fn answer(&self, table: &Table, base: &str) -> Result<Json, QueryError> {
        let filters = self.filters.iter().map(|(name, values)| Filter::of(table, name, values));
        let filters = filters.collect::<Result<Vec<_>, _>>()?;
        let mut rows: Vec<usize> =
            (0..table.len()).filter(|&row| filters.iter().all(|filter| filter.fits(row))).collect();
        if let Some((name, order)) = &self.sort {
            let ranks = column(table, name)?.ranks();
            rows.sort_by_key(|&row| ranks.get(row).copied());
            if *order == Order::Down {
                // Rows that are equal stay in their order.
                rows.sort_by_key(|&row| std::cmp::Reverse(ranks.get(row).copied()));
            }
        }
        let record = |&row: &usize| -> Json {
            let cells =
                table.columns().iter().map(|column| (column.name().to_owned(), column.json(row, base)));
            Json::Object(cells.collect())
        };
        let records: Vec<Json> = rows.iter().skip(self.offset).take(self.limit).map(record).collect();
        let options = options(table, &filters);
        Ok(json!({ "records": records, "total": rows.len(), "dynamic_filter_options": options }))
    }
}

impl Order {
    fn parse(value: &str) -> Result<Self, QueryError> {
        match value {
            "" | "1" | "asc" => Ok(Self::Up),
            "-1" | "desc" => Ok(Self::Down),
            _ => Err(QueryError(format!("sortOrder is {value:?}, but must be 1, asc, -1 or desc"))),
        }
    }
}

fn number(name: &str, value: &str, most: usize) -> Result<usize, QueryError> {
    let number = value.parse().ok().filter(|&number| number <= most);
    number.ok_or_else(|| QueryError(format!("{name} is {value:?}, but must be a number from 0 to {most}")))
}

fn column<'t>(table: &'t Table, name: &str) -> Result<&'t Column, QueryError> {
    table.column(name).ok_or_else(|| {
        let names: Vec<&str> = table.columns().iter().map(Column::name).collect();
        QueryError(format!("there is no column {name:?}; there are {}", names.join(", ")))
    })
}

/// A filter of one column, as the values that fit.
struct Filter<'t> {
    column: &'t Column,
    fitting: Vec<bool>,
}

impl<'t> Filter<'t> {
    fn of(table: &'t Table, name: &str, values: &[String]) -> Result<Self, QueryError> {
        let column = column(table, name)?;
        let fits = |cell: &super::Cell| cell.texts().iter().any(|text| values.contains(text));
        Ok(Self { column, fitting: column.distinct().iter().map(fits).collect() })
    }

    fn fits(&self, row: usize) -> bool {
        let code = self.column.codes().get(row).and_then(|&code| usize::try_from(code).ok());
        code.and_then(|code| self.fitting.get(code)).copied().unwrap_or_default()
    }
}

/// Of each column but addresses, the values in rows that fit the filters of all other columns; nothing of columns with more values
/// than anybody would choose from.
fn options(table: &Table, filters: &[Filter<'_>]) -> Map<String, Json> {
    let mut all = Map::new();
    for column in table.columns().iter().filter(|column| column.kind() != Kind::Address) {
        let others: Vec<&Filter<'_>> =
            filters.iter().filter(|filter| filter.column.name() != column.name()).collect();
        let mut seen = vec![false; column.distinct().len()];
        for (row, &code) in column.codes().iter().enumerate() {
            let slot = usize::try_from(code).ok().and_then(|code| seen.get_mut(code));
            if let Some(slot) = slot.filter(|slot| !**slot) {
                *slot = others.iter().all(|filter| filter.fits(row));
            }
        }
        let cells = column.distinct().iter().zip(&seen).filter(|(_, seen)| **seen);
        let texts: BTreeSet<&str> = cells
            .flat_map(|(cell, _)| cell.texts())
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        if texts.len() <= MOST_OPTIONS {
            all.insert(column.name().to_owned(), texts.into_iter().collect());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::ocean;
    use super::*;

    fn check(pairs: &[(&str, &str)], expected: Result<(&[&str], usize), &str>) {
        let answer = Query::parse(pairs.iter().copied()).and_then(|query| query.answer(&ocean(), "http://w"));
        let found = answer.as_ref().map_err(ToString::to_string).map(|answer| {
            let records = answer["records"].as_array().unwrap();
            let ids: Vec<&str> = records.iter().map(|record| record["id"].as_str().unwrap()).collect();
            (ids, answer["total"].as_u64().unwrap() as usize)
        });
        let expected = expected.map(|(ids, total)| (ids.to_vec(), total)).map_err(str::to_owned);
        assert_eq!(found, expected, "{pairs:?}");
    }

    #[test]
    fn rows_are_filtered_sorted_and_cut() {
        check(&[], Ok((&["e", "a", "c", "d", "b"], 5)));
        check(&[("offset", "1"), ("limit", "2")], Ok((&["a", "c"], 5)));
        check(&[("offset", "9")], Ok((&[], 5)));
        check(&[("limit", "0"), ("other", "x")], Ok((&[], 5)));
        check(&[("sortField", "id")], Ok((&["a", "b", "c", "d", "e"], 5)));
        check(&[("sortField", "id"), ("sortOrder", "-1"), ("limit", "2")], Ok((&["e", "d"], 5)));
        check(&[("sortField", "realm"), ("sortOrder", "desc")], Ok((&["a", "d", "e", "c", "b"], 5)));
        check(&[("realm_filter", "ice")], Ok((&["e", "c"], 2)));
        check(&[("realm_filter", "ice,ocean"), ("variable_filter", "a,c")], Ok((&["e", "a", "d"], 3)));
        check(&[("realm_filter", "air")], Ok((&[], 0)));
        check(&[("realm_filter", "")], Ok((&["e", "a", "c", "d", "b"], 5)));
    }

    #[test]
    fn what_cannot_be_answered_is_said() {
        check(&[("limit", "10001")], Err("limit is \"10001\", but must be a number from 0 to 10000"));
        check(
            &[("offset", "-1")],
            Err("offset is \"-1\", but must be a number from 0 to 18446744073709551615"),
        );
        check(&[("sortOrder", "up")], Err("sortOrder is \"up\", but must be 1, asc, -1 or desc"));
        let names = "there are path, realm, id, variable, none";
        check(&[("sortField", "x")], Err(&format!("there is no column \"x\"; {names}")));
        check(&[("x_filter", "y")], Err(&format!("there is no column \"x\"; {names}")));
    }

    #[test]
    fn options_are_those_of_the_other_filters() {
        let query = Query::parse([("realm_filter", "ice"), ("limit", "1")]).unwrap();
        let answer = query.answer(&ocean(), "http://w").unwrap();
        let expected = json!({"realm": ["ice", "ocean"], "id": ["c", "e"], "variable": ["a"], "none": []});
        assert_eq!(answer["dynamic_filter_options"], expected);
        assert_eq!(answer["records"][0]["path"], "http://w/e");
    }
}
