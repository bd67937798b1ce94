//! The header of an NPY file cut into tokens.

use crate::io::lines::quote;

/// What was found and what was expected.
pub(super) type Refusal = (String, &'static str);

/// Cuts the literal into strings (with their opening quote), words and single signs.
pub(super) fn tokens(text: &[u8]) -> std::result::Result<Vec<String>, Refusal> {
    let text = String::from_utf8_lossy(text);
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => {
                let end = rest[1..].find(first).ok_or(("a string without end".to_owned(), "a quote"))?;
                tokens.push(format!("'{}", &rest[1..=end]));
                rest = rest[end + 2..].trim_start();
                continue;
            }
            c if c.is_alphanumeric() => rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// The tokens that are left.
pub(super) struct Tokens<'a> {
    pub(super) tokens: &'a [String],
}

impl<'a> Tokens<'a> {
    pub(super) fn at(&self, sign: &str) -> bool {
        self.tokens.first().is_some_and(|token| token == sign)
    }

    /// Passes over `sign` where it is next.
    pub(super) fn next_is(&mut self, sign: &str) -> bool {
        let found = self.at(sign);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    pub(super) fn take(&mut self, sign: &'static str) -> std::result::Result<(), Refusal> {
        if self.next_is(sign) { Ok(()) } else { Err((self.found(), sign)) }
    }

    fn found(&self) -> String {
        self.tokens.first().map_or("the end of the header".into(), |token| quote(token.as_bytes()))
    }

    pub(super) fn word(&mut self) -> std::result::Result<&'a str, Refusal> {
        let (first, rest) =
            self.tokens.split_first().ok_or(("the end of the header".to_owned(), "a value"))?;
        self.tokens = rest;
        Ok(first)
    }

    pub(super) fn string(&mut self) -> std::result::Result<&'a str, Refusal> {
        let found = self.found();
        self.word()?.strip_prefix('\'').ok_or((found, "a string"))
    }

    /// `(1, 2)`, `(3,)`, `()`, or one number.
    pub(super) fn numbers(&mut self) -> std::result::Result<Vec<usize>, Refusal> {
        let mut numbers = Vec::new();
        let many = self.next_is("(");
        while !(many && self.next_is(")")) {
            let found = self.found();
            numbers.push(self.word()?.parse().map_err(|_| (found, "a whole number"))?);
            if !many {
                break;
            }
            self.next_is(",");
        }
        Ok(numbers)
    }
}
