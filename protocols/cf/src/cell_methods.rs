//! `cell_methods` (CF section 7.3): how the value of a cell was made of the values in it.

use crate::tokens::SyntaxError;

/// One method: `time: mean where sea over all_area_types within years (interval: 1 day comment: sampled)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CellMethod {
    /// The dimensions, scalar coordinates, standard names, or `area`, over which it was applied.
    pub names: Vec<String>,
    /// The method: `mean`, `point`, `maximum`, ...; kept as written.
    pub method: String,
    /// The area type behind `where`.
    pub portion: Option<String>,
    /// The area type behind `over`.
    pub total: Option<String>,
    /// The period behind `within`: `days` or `years` (section 7.4, climatologies).
    pub within: Option<String>,
    /// The period behind `over`: `days` or `years`.
    pub over: Option<String>,
    /// What `interval:` says in the parentheses: the spacing of the original values, such as `1 hour`.
    pub intervals: Vec<String>,
    /// What else is in the parentheses.
    pub comment: Option<String>,
}

/// Reads a `cell_methods` attribute.
///
/// # Errors
/// [`SyntaxError`] where a method has no name before it, a name no method behind it, or a parenthesis is not closed.
pub fn cell_methods(text: &str) -> Result<Vec<CellMethod>, SyntaxError> {
    let mut rest = text.trim();
    let mut methods = Vec::new();
    while !rest.is_empty() {
        methods.push(method(&mut rest).map_err(|reason| SyntaxError::new(text, reason))?);
    }
    Ok(methods)
}

fn method(rest: &mut &str) -> Result<CellMethod, &'static str> {
    let mut method = CellMethod::default();
    while let Some(name) = name(rest) {
        method.names.push(name.to_owned());
    }
    if method.names.is_empty() {
        return Err("a method has no name and colon before it");
    }
    method.method = word(rest).ok_or("a name has no method behind it")?.to_owned();
    while let Some(keyword) = next_keyword(rest) {
        let what = word(rest).ok_or("where, over and within take a word")?.to_owned();
        let period = matches!(what.as_str(), "days" | "years");
        let place = match (keyword, period) {
            ("where", _) => &mut method.portion,
            ("within", _) => &mut method.within,
            (_, true) => &mut method.over,
            _ => &mut method.total,
        };
        *place = Some(what);
    }
    if let Some(inside) = rest.strip_prefix('(') {
        let (inside, after) = inside.split_once(')').ok_or("a parenthesis is not closed")?;
        *rest = after.trim_start();
        read_parenthesis(inside, &mut method);
    }
    Ok(method)
}

/// Takes a word, unless a parenthesis or a name begins here.
fn word<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(end)?;
    if word.is_empty() || word.ends_with(':') {
        return None;
    }
    *rest = after.trim_start();
    Some(word)
}

/// Takes a name with its colon; the blank behind it may be missing.
fn name<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let end = rest.find(|c: char| c.is_whitespace() || c == '(' || c == ':')?;
    let (name, after) = rest.split_at_checked(end)?;
    let after = after.strip_prefix(':')?;
    if name.is_empty() {
        return None;
    }
    *rest = after.trim_start();
    Some(name)
}

fn next_keyword(rest: &mut &str) -> Option<&'static str> {
    ["where", "over", "within"].into_iter().find(|keyword| {
        let after = rest.strip_prefix(keyword).filter(|after| after.starts_with(char::is_whitespace));
        after.map(|after| *rest = after.trim_start()).is_some()
    })
}

/// `interval: 1 hour interval: 10 km comment: what people say`, or only what people say.
fn read_parenthesis(inside: &str, method: &mut CellMethod) {
    let mut rest = inside.trim();
    while let Some(after) = rest.strip_prefix("interval:") {
        let end = after.find("interval:").into_iter().chain(after.find("comment:")).min();
        let (interval, behind) = after.split_at_checked(end.unwrap_or(after.len())).unwrap_or((after, ""));
        method.intervals.push(interval.trim().to_owned());
        rest = behind;
    }
    let comment = rest.strip_prefix("comment:").unwrap_or(rest).trim();
    method.comment = (!comment.is_empty()).then(|| comment.to_owned());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `names|method|portion|total|within|over|intervals|comment` of each method.
    fn check(text: &str, expected: &[&str]) {
        let show = |method: CellMethod| {
            let CellMethod { names, method, portion, total, within, over, intervals, comment } = method;
            let optional = [portion, total, within, over].map(Option::unwrap_or_default).join("|");
            let intervals = intervals.join("+");
            format!("{}|{method}|{optional}|{intervals}|{}", names.join("+"), comment.unwrap_or_default())
        };
        let got: Vec<String> = cell_methods(text).unwrap().into_iter().map(show).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn methods_are_read() {
        check("", &[]);
        check("time: mean", &["time|mean||||||"]);
        check("time:mean area:sum", &["time|mean||||||", "area|sum||||||"]);
        check("lat: lon: standard_deviation (interval: 10 km)", &["lat+lon|standard_deviation|||||10 km|"]);
        check(
            "area: mean where sea_ice over sea time: maximum(interval: 1 hour comment: sampled)",
            &["area|mean|sea_ice|sea||||", "time|maximum|||||1 hour|sampled"],
        );
        check(
            "time: minimum within days time: mean over days time: mean over years",
            &["time|minimum|||days|||", "time|mean||||days||", "time|mean||||years||"],
        );
        check(
            "lat: lon: mean (interval: 1 degree_N interval: 2 degree_E)",
            &["lat+lon|mean|||||1 degree_N+2 degree_E|"],
        );
        check("time: point (as the model has it)", &["time|point||||||as the model has it"]);
    }

    #[test]
    fn what_is_no_method_is_refused() {
        for text in [
            "mean",
            "time:",
            "time: mean mean",
            "time: mean (open",
            "time: (x)",
            ": mean",
            "time: mean where",
        ] {
            assert!(cell_methods(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer_or_an_error(text in "[a-z:() ]{0,60}|\\PC{0,40}|((time|where|over|within|interval|:|\\(|\\)) ?){0,12}") {
            let _ = cell_methods(&text);
        }
    }
}
