//! Words and signs of an expression between `{{` and `}}`.

use crate::Error;

/// A word or sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A whole number.
    Int(i64),
    /// A string in quotes.
    Text(String),
    /// A name.
    Name(String),
    /// An operator or bracket.
    Sign(&'static str),
}

/// The longer ones first, so that `//` is not read as two.
const SIGNS: [&str; 12] = ["//", "**", "(", ")", ",", "=", "+", "-", "*", "/", "%", "~"];

/// Reads `text` up to its `}}`: the tokens before it, and what is behind it.
///
/// # Errors
/// `Malformed` where there is no `}}`, `Unsupported` for what the language has and this reader has not.
pub fn tokens(text: &str) -> Result<(Vec<Token>, &str), Error> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(behind) = rest.strip_prefix("}}") {
            return Ok((tokens, behind));
        }
        let first = rest.chars().next();
        let first = first.ok_or_else(|| Error::malformed("an expression of a template is not closed"))?;
        let (token, behind) = match first {
            '\'' | '"' => string(rest)?,
            '0'..='9' => int(rest)?,
            'a'..='z' | 'A'..='Z' | '_' => {
                let (name, behind) = word(rest);
                (Token::Name(name.to_owned()), behind)
            }
            _ => sign(rest, first)?,
        };
        tokens.push(token);
        rest = behind;
    }
}

/// A run of letters, digits and underscores.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn int(text: &str) -> Result<(Token, &str), Error> {
    let (digits, behind) = word(text);
    if behind.starts_with('.') {
        return Err(Error::unsupported(format!("the number {digits}. of a template is not whole")));
    }
    let n = digits.parse().map_err(|e| Error::malformed(format!("{digits:?} is no number: {e}")))?;
    Ok((Token::Int(n), behind))
}

fn string(text: &str) -> Result<(Token, &str), Error> {
    let open = || Error::malformed("a string of a template is not closed");
    let mut characters = text.char_indices();
    let (_, quote) = characters.next().ok_or_else(open)?;
    let mut value = String::new();
    while let Some((at, character)) = characters.next() {
        if character == quote {
            let behind = text.get(at.saturating_add(1)..).unwrap_or_default();
            return Ok((Token::Text(value), behind));
        }
        value.push(match character {
            '\\' => match characters.next().ok_or_else(open)?.1 {
                'n' => '\n',
                't' => '\t',
                escaped @ ('\\' | '\'' | '"') => escaped,
                other => {
                    return Err(Error::unsupported(format!("\\{other} in a string of a template")));
                }
            },
            plain => plain,
        });
    }
    Err(open())
}

fn sign(text: &str, first: char) -> Result<(Token, &str), Error> {
    let sign =
        SIGNS.iter().find_map(|sign| text.strip_prefix(sign).map(|behind| (Token::Sign(sign), behind)));
    sign.ok_or_else(|| Error::unsupported(format!("{first:?} in an expression of a template")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn check(text: &str, expected: Result<(&[Token], &str), ErrorKind>) {
        let got = tokens(text).map_err(|e| e.kind);
        let got = got.as_ref().map(|(tokens, rest)| (tokens.as_slice(), *rest)).map_err(|kind| *kind);
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn expressions_are_words_and_signs() {
        let name = |name: &str| Token::Name(name.to_owned());
        let text = |text: &str| Token::Text(text.to_owned());
        check(" u }}/a", Ok((&[name("u")], "/a")));
        check("}}", Ok((&[], "")));
        check("i1//2}}}}", Ok((&[name("i1"), Token::Sign("//"), Token::Int(2)], "}}")));
        let call = [name("f"), Token::Sign("("), name("c"), Token::Sign("="), text("}}'"), Token::Sign(")")];
        check("f(c='}}\\'')}}", Ok((&call, "")));
        check("\"a\\\\é\"}}", Ok((&[text("a\\é")], "")));
        check("u", Err(ErrorKind::Malformed));
        check("'u}}", Err(ErrorKind::Malformed));
        check("'\\", Err(ErrorKind::Malformed));
        check("'\\x41'}}", Err(ErrorKind::Unsupported));
        check("99999999999999999999}}", Err(ErrorKind::Malformed));
        check("1a}}", Err(ErrorKind::Malformed));
        check("1.5}}", Err(ErrorKind::Unsupported));
        check("a|upper}}", Err(ErrorKind::Unsupported));
        check("a.b}}", Err(ErrorKind::Unsupported));
        check("a[0]}}", Err(ErrorKind::Unsupported));
    }
}
