//! Random constraints, and what the specification says of the answer.

use weir_plugin_api::model::DataType;

use super::model::{Array, Dice, Element, Model, Part, Type};

/// What is asked for along one axis: first, step, last.
type Index = (u64, u64, u64);

/// What is asked for of a variable or a field.
#[derive(Debug)]
struct Asked {
    /// The place of the field.
    place: usize,
    indices: Vec<Index>,
    /// Of records, the fields that are asked for; all where nothing is said.
    fields: Option<Vec<Asked>>,
}

/// A selection: a column, an operator and constants.
#[derive(Debug)]
struct Clause {
    column: usize,
    operator: &'static str,
    constants: Vec<Element>,
}

/// What is asked for of a dataset.
#[derive(Debug)]
pub struct Question {
    asked: Vec<Asked>,
    /// Rows of the table.
    range: Option<Index>,
    clauses: Vec<Clause>,
    items: Vec<String>,
    /// The names of the columns of the table.
    columns: Vec<String>,
}

impl Question {
    /// Some variables and parts of them.
    pub fn random(model: &Model, dice: &mut Dice) -> Self {
        let mut question =
            Self { asked: vec![], range: None, clauses: vec![], items: vec![], columns: vec![] };
        for (place, array) in model.arrays.iter().enumerate() {
            if dice.one_in(3) && !(question.asked.is_empty() && place + 1 == model.arrays.len()) {
                continue;
            }
            let asked = if array.is_sequence {
                question.rows(array, place, dice)
            } else {
                let asked = random_part(&array.part, place, dice);
                items(&array.part, &asked, "", &mut question.items);
                asked
            };
            question.asked.push(asked);
        }
        // The order of projections does not matter.
        for at in (1..question.items.len()).rev() {
            question.items.swap(at, dice.below(at as u64 + 1) as usize);
        }
        question
    }

    fn rows(&mut self, array: &Array, place: usize, dice: &mut Dice) -> Asked {
        let Type::Record { fields, .. } = &array.part.of else { panic!("a table has columns") };
        self.columns = fields.iter().map(|field| format!("log.{}", field.spelled)).collect();
        let chosen: Vec<usize> = (0..fields.len()).filter(|_| dice.one_in(2)).collect();
        self.range = dice.one_in(2).then(|| index(array.part.shape[0] + 2, dice));
        let range = self.range.map_or(String::new(), |(a, s, b)| format!("[{a}:{s}:{b}]"));
        let columns = chosen.iter().map(|&column| format!("log{range}.{}", fields[column].spelled));
        self.items.extend(columns);
        if chosen.is_empty() {
            self.items.push(format!("log{range}"));
        }
        for _ in 0..dice.below(3) {
            let column = dice.below(fields.len() as u64) as usize;
            let row = |dice: &mut Dice| {
                let row = dice.below(array.elements.len() as u64) as usize;
                let Element::Record(columns) = &array.elements[row] else { panic!("a row has columns") };
                columns[column][0].clone()
            };
            let constants = (0..=dice.below(3)).map(|_| row(dice)).collect();
            let operator = ["=", "!=", "<", "<=", ">", ">="][dice.below(6) as usize];
            self.clauses.push(Clause { column, operator, constants });
        }
        let whole = |place| Asked { place, indices: vec![], fields: None };
        let fields = (!chosen.is_empty()).then(|| chosen.into_iter().map(whole).collect());
        Asked { place, indices: vec![], fields }
    }

    /// The query, in some escaping.
    pub fn query(&self, dice: &mut Dice) -> String {
        let clause = |clause: &Clause| {
            let constant = |constant: &Element| match constant {
                Element::Number(number) => number.to_string(),
                Element::Text(text) => format!("\"{}\"", std::str::from_utf8(text).unwrap()),
                Element::Record(_) => panic!("no record is a constant"),
            };
            let constants: Vec<String> = clause.constants.iter().map(constant).collect();
            let right = if constants.len() == 1 {
                constants[0].clone()
            } else {
                format!("{{{}}}", constants.join(","))
            };
            format!("&{}{}{right}", self.columns[clause.column], clause.operator)
        };
        let clauses: String = self.clauses.iter().map(clause).collect();
        let mut query = format!("{}{clauses}", self.items.join(","));
        for _ in 0..dice.below(3) {
            let escape = |c: char| match c {
                '%' | '[' | ']' | ':' | ',' | '{' | '}' | '"' | '<' | '>' | '=' | '&' => {
                    format!("%{:02x}", c as u32)
                }
                other => other.to_string(),
            };
            query = query.chars().map(escape).collect();
        }
        query
    }

    /// The data of the answer.
    pub fn expected(&self, model: &Model) -> Vec<u8> {
        let mut out = vec![];
        for asked in &self.asked {
            let array = &model.arrays[asked.place];
            if array.is_sequence {
                self.write_rows(array, asked, &mut out);
            } else {
                write(&array.part, asked, &array.elements, &mut out);
            }
        }
        out
    }

    fn write_rows(&self, array: &Array, asked: &Asked, out: &mut Vec<u8>) {
        let Type::Record { fields, .. } = &array.part.of else { panic!("a table has columns") };
        let passes = |columns: &&Vec<Vec<Element>>| {
            self.clauses.iter().all(|clause| {
                clause
                    .constants
                    .iter()
                    .any(|constant| holds(&columns[clause.column][0], clause.operator, constant))
            })
        };
        let rows = array.elements.iter().map(|row| match row {
            Element::Record(columns) => columns,
            other => panic!("{other:?}"),
        });
        for (number, columns) in rows.filter(passes).enumerate() {
            let number = number as u64;
            let chosen =
                self.range.is_none_or(|(a, s, b)| (a..=b).step_by(s as usize).any(|row| row == number));
            if chosen {
                out.extend([0x5a, 0, 0, 0]);
                for (place, (field, cell)) in fields.iter().zip(columns).enumerate() {
                    if asked.fields.as_ref().is_none_or(|all| all.iter().any(|one| one.place == place)) {
                        write_scalar(field, &cell[0], out);
                    }
                }
            }
        }
        out.extend([0xa5, 0, 0, 0]);
    }
}

fn holds(left: &Element, operator: &str, right: &Element) -> bool {
    let ordering = match (left, right) {
        (Element::Number(a), Element::Number(b)) => a.cmp(b),
        (Element::Text(a), Element::Text(b)) => a.cmp(b),
        other => panic!("{other:?}"),
    };
    match operator {
        "=" => ordering.is_eq(),
        "!=" => ordering.is_ne(),
        "<" => ordering.is_lt(),
        "<=" => ordering.is_le(),
        ">" => ordering.is_gt(),
        _ => ordering.is_ge(),
    }
}

fn index(length: u64, dice: &mut Dice) -> Index {
    let first = dice.below(length);
    (first, dice.below(3) + 1, first + dice.below(length - first))
}

fn random_part(part: &Part, place: usize, dice: &mut Dice) -> Asked {
    let indices =
        if dice.one_in(2) { vec![] } else { part.shape.iter().map(|&length| index(length, dice)).collect() };
    let fields = match &part.of {
        Type::Record { fields, .. } if dice.one_in(2) => {
            let chosen = dice.below(fields.len() as u64) as usize;
            let wanted = |place: &usize, dice: &mut Dice| *place == chosen || dice.one_in(3);
            let places: Vec<usize> = (0..fields.len()).filter(|place| wanted(place, dice)).collect();
            Some(places.into_iter().map(|place| random_part(&fields[place], place, dice)).collect())
        }
        _ => None,
    };
    Asked { place, indices, fields }
}

/// The projections of a part: one for each of its ends.
fn items(part: &Part, asked: &Asked, before: &str, found: &mut Vec<String>) {
    let indices: String = asked.indices.iter().map(|(a, s, b)| format!("[{a}:{s}:{b}]")).collect();
    let way = format!("{before}{}{indices}", part.spelled);
    match (&part.of, &asked.fields) {
        (Type::Record { fields, .. }, Some(chosen)) => {
            chosen.iter().for_each(|one| items(&fields[one.place], one, &format!("{way}."), found));
        }
        _ => found.push(way),
    }
}

/// The elements that are asked for.
fn picked<'e>(shape: &[u64], indices: &[Index], elements: &'e [Element]) -> Vec<&'e Element> {
    let all: Vec<Index> = shape.iter().map(|&length| (0, 1, length - 1)).collect();
    let indices = if indices.is_empty() { &all } else { indices };
    let places = indices.iter().zip(shape).fold(vec![0], |places: Vec<u64>, (&(a, s, b), &length)| {
        places.iter().flat_map(|place| (a..=b).step_by(s as usize).map(move |i| place * length + i)).collect()
    });
    places.into_iter().map(|place| &elements[place as usize]).collect()
}

fn write(part: &Part, asked: &Asked, elements: &[Element], out: &mut Vec<u8>) {
    let picked = picked(&part.shape, &asked.indices, elements);
    let count = (picked.len() as u32).to_be_bytes();
    if !part.shape.is_empty() {
        out.extend(count);
    }
    match &part.of {
        Type::Record { fields, .. } => {
            for element in picked {
                let Element::Record(values) = element else { panic!("{element:?}") };
                for (place, (field, values)) in fields.iter().zip(values).enumerate() {
                    let whole = Asked { place, indices: vec![], fields: None };
                    let one = match &asked.fields {
                        None => Some(&whole),
                        Some(chosen) => chosen.iter().find(|one| one.place == place),
                    };
                    one.into_iter().for_each(|one| write(field, one, values, out));
                }
            }
        }
        Type::Number(data_type) if !part.shape.is_empty() => {
            out.extend(count);
            let bytes = *data_type == DataType::UInt8;
            for element in &picked {
                match element {
                    Element::Number(number) if bytes => out.push(*number as u8),
                    other => write_scalar(part, other, out),
                }
            }
            if bytes {
                out.extend(vec![0; (4 - picked.len() % 4) % 4]);
            }
        }
        _ => picked.into_iter().for_each(|element| write_scalar(part, element, out)),
    }
}

/// One number or text; all integers take 32 bits.
fn write_scalar(part: &Part, element: &Element, out: &mut Vec<u8>) {
    match (&part.of, element) {
        (Type::Number(DataType::Float32), Element::Number(number)) => {
            out.extend((*number as f32).to_be_bytes());
        }
        (Type::Number(DataType::Float64), Element::Number(number)) => {
            out.extend((*number as f64).to_be_bytes());
        }
        (Type::Number(_), Element::Number(number)) => out.extend((*number as i32).to_be_bytes()),
        (_, Element::Text(text)) => {
            out.extend((text.len() as u32).to_be_bytes());
            out.extend(text);
            out.extend(vec![0; (4 - text.len() % 4) % 4]);
        }
        other => panic!("{other:?}"),
    }
}
