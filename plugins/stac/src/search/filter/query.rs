//! Conditions of the STAC API extension Query: `{"level": {"gt": 3, "lt": 9}}`, all of which hold.

use serde_json::Value;
use weir_plugin_api::Error;

use super::json::{comparison, property};
use super::{Expression, ListRelation, Operand, Pattern, refused};

/// Reads the conditions.
pub fn expression(value: &Value) -> Result<Expression, Error> {
    let members = value.as_object().ok_or_else(|| refused(&value.to_string()))?;
    let mut all = Vec::new();
    for (name, conditions) in members {
        let conditions = conditions.as_object().ok_or_else(|| refused(&value.to_string()))?;
        for (sign, wanted) in conditions {
            let read = condition(&property(name), sign, wanted);
            all.push(read.ok_or_else(|| refused(&format!("{{{name:?}: {{{sign:?}: {wanted}}}}}")))?);
        }
    }
    Ok(Expression::All(all))
}

fn condition(name: &str, sign: &str, wanted: &Value) -> Option<Expression> {
    let operand = Operand::Property(name.to_owned());
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let like = |pattern: String| Expression::Like(operand.clone(), Pattern::new(&pattern));
    let sign = match sign {
        "eq" => "=",
        "neq" => "<>",
        "lt" => "<",
        "lte" => "<=",
        "gt" => ">",
        "gte" => ">=",
        "startsWith" => return Some(like(format!("{}%", escaped(wanted.as_str()?)))),
        "endsWith" => return Some(like(format!("%{}", escaped(wanted.as_str()?)))),
        // Of a list it asks for one of its texts, of a text for a part of it.
        "contains" => {
            let text = wanted.as_str()?;
            let listed = Expression::Lists(ListRelation::Contains, name.to_owned(), vec![text.to_owned()]);
            return Some(Expression::Any(vec![listed, like(format!("%{}%", escaped(text)))]));
        }
        // Of a list it asks for one that has any of them.
        "in" => {
            let wanted = wanted.as_array()?;
            let mut list = wanted.iter().map(literal).collect::<Option<Vec<_>>>()?;
            let numbers: Vec<_> = list.iter().filter_map(number).collect();
            list.extend(numbers);
            let one = Expression::In(operand, list);
            let texts = wanted.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            return Some(Expression::Any(vec![
                one,
                Expression::Lists(ListRelation::Overlaps, name.to_owned(), texts),
            ]));
        }
        _ => return None,
    };
    let sign = comparison(sign)?;
    let compare = |wanted: Operand| Expression::Compare(sign, operand.clone(), wanted);
    let wanted = literal(wanted)?;
    // Clients that read conditions from a command line send all values as texts. A number that is written as one is compared with
    // numbers, too: a property is one of both kinds only, so at most one of the comparisons knows an answer.
    match number(&wanted) {
        Some(number) => Some(Expression::Any(vec![compare(wanted), compare(number)])),
        None => Some(compare(wanted)),
    }
}

/// The number that a text is.
fn number(wanted: &Operand) -> Option<Operand> {
    let Operand::Text(text) = wanted else { return None };
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Operand::Number)
}

fn literal(value: &Value) -> Option<Operand> {
    match value {
        Value::String(text) => Some(Operand::Text(text.clone())),
        Value::Number(number) => number.as_f64().map(Operand::Number),
        Value::Bool(truth) => Some(Operand::Truth(*truth)),
        _ => None,
    }
}
