//! The words, names, literals and signs of CQL2 text.

use std::fmt;

use weir_plugin_api::Error;

use crate::search::filter::refused;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A keyword, the name of a function or of a property.
    Word(String),
    /// The name of a property, in double quotes.
    Name(String),
    /// A text, in single quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// A sign.
    Sign(&'static str),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) => f.write_str(text),
            Self::Name(name) => write!(f, "\"{name}\""),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Sign(sign) => f.write_str(sign),
        }
    }
}

/// Signs; those that begin as others do come first.
const SIGNS: [&str; 9] = ["<>", "<=", ">=", "=", "<", ">", "(", ")", ","];

/// Takes a text apart.
///
/// # Errors
/// `BadRequest` where something is no token.
pub fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, behind) = token(first, rest).ok_or_else(|| refused(&format!("{rest:?}")))?;
        tokens.push(token);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

fn token(first: char, text: &str) -> Option<(Token, &str)> {
    match first {
        '\'' => quoted(text, '\'').map(|(text, rest)| (Token::Text(text), rest)),
        '"' => quoted(text, '"').map(|(text, rest)| (Token::Name(text), rest)),
        _ if first.is_alphabetic() || matches!(first, '_' | ':') => {
            let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
            let end = text.find(|c| !is_inside(c)).unwrap_or(text.len());
            let (word, rest) = text.split_at_checked(end)?;
            Some((Token::Word(word.to_owned()), rest))
        }
        _ if first.is_ascii_digit() || matches!(first, '-' | '+' | '.') => number(text),
        _ => SIGNS.iter().find_map(|sign| Some((Token::Sign(sign), text.strip_prefix(sign)?))),
    }
}

/// A text between quotes; a quote in it is written twice, or with a backslash before it.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        if (character == quote || character == '\\') && next == Some(quote) {
            inside.push(quote);
            characters.next();
        } else if character == quote {
            return Some((inside, text.get(at.checked_add(quote.len_utf8())?..)?));
        } else {
            inside.push(character);
        }
    }
    None
}

fn number(text: &str) -> Option<(Token, &str)> {
    let mut last = ' ';
    let end = text.find(|c: char| {
        let goes_on = c.is_ascii_digit()
            || matches!(c, '.' | 'e' | 'E')
            || (matches!(c, '-' | '+') && matches!(last, ' ' | 'e' | 'E'));
        last = c;
        !goes_on
    });
    let (number, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let number = number.parse().ok().filter(|number: &f64| number.is_finite())?;
    Some((Token::Number(number), rest))
}
