//! CQL2 text (OGC 21-065r2 annex B), which is rewritten as CQL2 JSON and then read as that.

mod tokens;
mod wkt;

use serde_json::{Value, json};
use weir_plugin_api::Error;

use super::{Expression, MOST_DEPTH, refused};
use tokens::{Token, tokens};

/// Reads a condition.
pub fn parse(text: &str) -> Result<Expression, Error> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, at: 0, depth: 0 };
    let value = reader.any()?;
    match reader.peek() {
        None => super::json::expression(&value, 0),
        Some(_) => Err(reader.refused()),
    }
}

/// A place in a list of tokens.
struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at = self.at.saturating_add(1);
        token
    }

    /// Whether the next word is this one, in any case; it is taken then.
    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        self.at = self.at.saturating_add(usize::from(is));
        is
    }

    /// Whether the next sign is this one; it is taken then.
    fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.at = self.at.saturating_add(usize::from(is));
        is
    }

    fn demand(&mut self, sign: &str) -> Result<(), Error> {
        if self.sign(sign) { Ok(()) } else { Err(self.refused()) }
    }

    fn refused(&self) -> Error {
        let rest = self.tokens.get(self.at..).unwrap_or_default().iter().take(6);
        let rest: Vec<String> = rest.map(ToString::to_string).collect();
        refused(&if rest.is_empty() { "its end".to_owned() } else { format!("{:?}", rest.join(" ")) })
    }

    fn any(&mut self) -> Result<Value, Error> {
        self.joined("or", Self::all)
    }

    fn all(&mut self) -> Result<Value, Error> {
        self.joined("and", Self::one)
    }

    fn joined(&mut self, by: &str, part: fn(&mut Self) -> Result<Value, Error>) -> Result<Value, Error> {
        let first = part(self)?;
        let mut parts = vec![first];
        while self.word(by) {
            parts.push(part(self)?);
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ => json!({"op": by, "args": parts}),
        })
    }

    fn one(&mut self) -> Result<Value, Error> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MOST_DEPTH {
            return Err(Error::bad_request(format!(
                "the filter is deeper than {MOST_DEPTH} conditions in one another"
            )));
        }
        let one = self.negated_or_nested();
        self.depth = self.depth.saturating_sub(1);
        one
    }

    fn negated_or_nested(&mut self) -> Result<Value, Error> {
        if self.word("not") {
            return Ok(not(&self.one()?));
        }
        if self.sign("(") {
            let inner = self.any()?;
            self.demand(")")?;
            return Ok(inner);
        }
        let left = self.operand()?;
        self.predicate(left)
    }

    /// What is said of an operand; a function alone is a condition by itself.
    fn predicate(&mut self, left: Value) -> Result<Value, Error> {
        if let Some(Token::Sign(sign)) = self.peek()
            && super::json::comparison(sign).is_some()
        {
            let op = *sign;
            self.at = self.at.saturating_add(1);
            return Ok(json!({"op": op, "args": [left, self.operand()?]}));
        }
        if self.word("is") {
            let negated = self.word("not");
            return match self.word("null") {
                true => Ok(negate(json!({"op": "isNull", "args": [left]}), negated)),
                false => Err(self.refused()),
            };
        }
        let negated = self.word("not");
        if self.word("like") {
            return Ok(negate(json!({"op": "like", "args": [left, self.operand()?]}), negated));
        }
        if self.word("between") {
            let low = self.operand()?;
            if !self.word("and") {
                return Err(self.refused());
            }
            return Ok(negate(json!({"op": "between", "args": [left, low, self.operand()?]}), negated));
        }
        if self.word("in") {
            self.demand("(")?;
            let list = self.list()?;
            return Ok(negate(json!({"op": "in", "args": [left, list]}), negated));
        }
        match !negated && (left.is_boolean() || left.get("op").is_some()) {
            true => Ok(left),
            false => Err(self.refused()),
        }
    }

    /// Operands between commas, to the closing parenthesis.
    fn list(&mut self) -> Result<Vec<Value>, Error> {
        let mut list = Vec::new();
        if self.sign(")") {
            return Ok(list);
        }
        loop {
            list.push(self.operand()?);
            if self.sign(")") {
                return Ok(list);
            }
            self.demand(",")?;
        }
    }

    fn operand(&mut self) -> Result<Value, Error> {
        let before = self.at;
        match self.next() {
            Some(Token::Text(text)) => Ok(Value::from(text)),
            Some(Token::Number(number)) => Ok(Value::from(number)),
            Some(Token::Name(name)) => Ok(json!({"property": name})),
            Some(Token::Sign("(")) => self.deeper(Self::list).map(Value::from),
            Some(Token::Word(word)) => self.named(&word),
            _ => {
                self.at = before;
                Err(self.refused())
            }
        }
    }

    fn deeper<T>(&mut self, read: fn(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth = self.depth.saturating_add(1);
        let read = if self.depth > MOST_DEPTH { Err(self.refused()) } else { read(self) };
        self.depth = self.depth.saturating_sub(1);
        read
    }

    /// A property, a literal that is written with a word, or a function.
    fn named(&mut self, word: &str) -> Result<Value, Error> {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            name if wkt::is_geometry(name) && self.opens_geometry() => return wkt::geometry(self, name),
            _ => {}
        }
        if !self.sign("(") {
            return Ok(json!({"property": word}));
        }
        let args = self.deeper(Self::list)?;
        Ok(match (lower.as_str(), args.as_slice()) {
            ("timestamp", [text]) => json!({"timestamp": text}),
            ("date", [text]) => json!({"date": text}),
            ("interval", [_, _]) => json!({"interval": args}),
            ("bbox", _) => json!({"bbox": args}),
            _ => json!({"op": lower, "args": args}),
        })
    }
}

fn not(inner: &Value) -> Value {
    json!({"op": "not", "args": [inner]})
}

fn negate(inner: Value, negated: bool) -> Value {
    if negated { not(&inner) } else { inner }
}
