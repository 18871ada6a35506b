//! Tables in memory: each column has every value once, and for each row which one it is.

use std::collections::HashMap;
use std::fmt;

use serde_json::Value as Json;

/// What a column has in one row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cell {
    /// Nothing.
    #[default]
    Nothing,
    /// A text.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
}

impl Cell {
    /// A text, where there is one.
    #[must_use]
    pub fn of(text: Option<String>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }

    /// The texts in it: none, one, or those of the list.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        match self {
            Self::Nothing => &[],
            Self::Text(text) => std::slice::from_ref(text),
            Self::Texts(texts) => texts,
        }
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Texts.
    Text,
    /// Lists of texts.
    Texts,
    /// Addresses below the URL of the server, which is put before them where they leave it.
    Address,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
    kind: Kind,
    distinct: Vec<Cell>,
    places: HashMap<Cell, u32>,
    codes: Vec<u32>,
}

/// Why a row does not fit a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableError {
    /// It has another number of cells than the table has columns.
    Cells {
        /// How many it has.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// The table would have more rows than can be counted.
    TooManyRows,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cells { found, expected } => {
                write!(f, "the row has {found} cells, but the table has {expected} columns")
            }
            Self::TooManyRows => write!(f, "the table has more rows than {}", u32::MAX),
        }
    }
}

impl std::error::Error for TableError {}

impl Column {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its values, each once, in the order in which they came.
    #[must_use]
    pub fn distinct(&self) -> &[Cell] {
        &self.distinct
    }

    /// Which of [`distinct`](Self::distinct) each row has.
    #[must_use]
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// What a row has; nothing behind the last row.
    #[must_use]
    pub fn cell(&self, row: usize) -> &Cell {
        let code = self.codes.get(row).and_then(|&code| usize::try_from(code).ok());
        code.and_then(|code| self.distinct.get(code)).unwrap_or(&Cell::Nothing)
    }

    /// A value as JSON; `base` is the URL of the server.
    #[must_use]
    pub fn json(&self, row: usize, base: &str) -> Json {
        match self.cell(row) {
            Cell::Nothing => Json::Null,
            Cell::Text(text) if self.kind == Kind::Address => Json::from(format!("{base}{text}")),
            Cell::Text(text) => Json::from(text.as_str()),
            Cell::Texts(texts) => Json::from(texts.as_slice()),
        }
    }

    fn push(&mut self, cell: Cell) -> Result<(), TableError> {
        let next = u32::try_from(self.distinct.len()).ok().ok_or(TableError::TooManyRows)?;
        let code = *self.places.entry(cell.clone()).or_insert(next);
        if code == next {
            self.distinct.push(cell);
        }
        self.codes.push(code);
        Ok(())
    }

    /// Whether no row has anything here.
    fn is_empty(&self) -> bool {
        self.distinct.iter().all(|cell| cell.texts().iter().all(String::is_empty))
    }
}

/// Columns of the same number of rows.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Kind)>) -> Self {
        let column = |(name, kind): (&str, Kind)| Column {
            name: name.to_owned(),
            kind,
            distinct: vec![],
            places: HashMap::new(),
            codes: vec![],
        };
        Self { columns: columns.into_iter().map(column).collect(), rows: 0 }
    }

    /// Adds a row, one cell for each column.
    ///
    /// # Errors
    /// Where there are more or fewer cells than columns.
    pub fn push(&mut self, row: Vec<Cell>) -> Result<(), TableError> {
        if row.len() != self.columns.len() {
            return Err(TableError::Cells { found: row.len(), expected: self.columns.len() });
        }
        self.columns.iter_mut().zip(row).try_for_each(|(column, cell)| column.push(cell))?;
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    /// Its columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column called `name`.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Without the columns in which no row has anything, but for those in `kept`.
    #[must_use]
    pub fn without_empty_columns(mut self, kept: &[&str]) -> Self {
        self.columns.retain(|column| kept.contains(&column.name.as_str()) || !column.is_empty());
        self
    }

    /// With its rows in the order of the `by` columns of texts that have the fewest values but more than one, so that equal values
    /// stand together.
    #[must_use]
    pub fn sorted_by_least_cardinal(mut self, by: usize) -> Self {
        let mut keys: Vec<&Column> = self
            .columns
            .iter()
            .filter(|column| column.kind == Kind::Text && column.distinct.len() > 1)
            .collect();
        keys.sort_by_key(|column| column.distinct.len());
        let ranks: Vec<Vec<u32>> = keys.iter().take(by).map(|column| column.ranks()).collect();
        let mut order: Vec<usize> = (0..self.rows).collect();
        order.sort_by(|&a, &b| {
            let of = |row: usize| ranks.iter().map(move |ranks| ranks.get(row));
            of(a).cmp(of(b)).then(a.cmp(&b))
        });
        for column in &mut self.columns {
            column.codes = order.iter().filter_map(|&row| column.codes.get(row).copied()).collect();
        }
        self
    }
}

impl Column {
    /// For each row, which place its value has among all values in order.
    #[must_use]
    pub fn ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<usize> = (0..self.distinct.len()).collect();
        sorted.sort_by(|&a, &b| self.distinct.get(a).cmp(&self.distinct.get(b)));
        let mut ranks = vec![0_u32; sorted.len()];
        for (rank, &place) in (0_u32..).zip(&sorted) {
            if let Some(slot) = ranks.get_mut(place) {
                *slot = rank;
            }
        }
        let rank = |&code: &u32| usize::try_from(code).ok().and_then(|code| ranks.get(code)).copied();
        self.codes.iter().map(|code| rank(code).unwrap_or_default()).collect()
    }

    /// The texts of all values, each once, in order.
    #[must_use]
    pub fn unique_texts(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = self
            .distinct
            .iter()
            .flat_map(Cell::texts)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    /// A table of five datasets, out of order.
    pub(crate) fn ocean() -> Table {
        let columns = [
            ("path", Kind::Address),
            ("realm", Kind::Text),
            ("id", Kind::Text),
            ("variable", Kind::Texts),
            ("none", Kind::Text),
        ];
        let mut table = Table::new(columns);
        let rows = [
            ("e", "ice", &["a"][..]),
            ("a", "ocean", &["b", "a"]),
            ("c", "ice", &[]),
            ("d", "ocean", &["c"]),
            ("b", "", &["a"]),
        ];
        for (id, realm, variables) in rows {
            let realm = if realm.is_empty() { Cell::Nothing } else { text(realm) };
            let variables = Cell::Texts(variables.iter().map(|&name| name.to_owned()).collect());
            table.push(vec![text(&format!("/{id}")), realm, text(id), variables, Cell::Nothing]).unwrap();
        }
        table
    }

    #[test]
    fn equal_values_stand_together() {
        let table = ocean().sorted_by_least_cardinal(2).without_empty_columns(&["path"]);
        let names: Vec<&str> = table.columns().iter().map(Column::name).collect();
        assert_eq!(names, ["path", "realm", "id", "variable"]);
        let shown: Vec<String> = (0..table.len())
            .map(|row| {
                table.columns().iter().map(|column| column.json(row, "http://w").to_string() + " ").collect()
            })
            .collect();
        assert_eq!(shown[0], "\"http://w/b\" null \"b\" [\"a\"] ");
        assert_eq!(shown[1], "\"http://w/c\" \"ice\" \"c\" [] ");
        assert_eq!(shown[2], "\"http://w/e\" \"ice\" \"e\" [\"a\"] ");
        assert_eq!(shown[4], "\"http://w/d\" \"ocean\" \"d\" [\"c\"] ");
        assert_eq!(table.column("variable").unwrap().unique_texts(), ["a", "b", "c"]);
        assert_eq!(table.columns()[0].json(5, ""), json!(null));
    }

    #[test]
    fn rows_fit() {
        let error = ocean().push(vec![Cell::Nothing]).unwrap_err();
        assert_eq!(error.to_string(), "the row has 1 cells, but the table has 5 columns");
    }
}
