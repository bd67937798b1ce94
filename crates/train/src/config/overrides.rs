//! `key.sub=value`, as given with `--set`, written into the table of a config file.

use toml::{Table, Value};

use super::schema;
use crate::check::ConfigError;

/// One `key=value`, taken apart.
pub(super) struct Override<'a> {
    /// The text as given.
    pub(super) text: &'a str,
    /// The dotted key.
    pub(super) key: &'a str,
    value: &'a str,
}

impl<'a> Override<'a> {
    /// Takes `text` apart at the first `=`.
    pub(super) fn parse(text: &'a str) -> Result<Self, ConfigError> {
        let refuse =
            |reason: &str| ConfigError::Override { text: text.to_owned(), reason: reason.to_owned() };
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| refuse("expected key=value, for instance optimizer.lr=0.01"))?;
        let (key, value) = (key.trim(), value.trim());
        if key.split('.').any(str::is_empty) {
            return Err(refuse("expected a key before the `=`, for instance optimizer.lr"));
        }
        Ok(Self { text, key, value })
    }

    /// Writes the value into `table`, making sections on the way.
    pub(super) fn apply(&self, table: &mut Table) -> Result<(), ConfigError> {
        let mut value = parse_value(self.value);
        // A list is never meant as the text of one.
        if !value.is_str() && !value.is_array() && schema::takes_string(table, self.key) {
            value = Value::String(self.value.to_owned());
        }
        let mut section = table;
        let mut names = self.key.split('.').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                section.insert(name.to_owned(), value);
                break;
            }
            section = section
                .entry(name.to_owned())
                .or_insert_with(|| Value::Table(Table::new()))
                .as_table_mut()
                .ok_or_else(|| ConfigError::Override {
                    text: self.text.to_owned(),
                    reason: format!("`{name}` is a value, not a section"),
                })?;
        }
        Ok(())
    }
}

/// `text` as a TOML value, or as a bare string where it is none.
fn parse_value(text: &str) -> Value {
    match toml::from_str::<Table>(&format!("value = {text}")) {
        Ok(mut table) if table.len() == 1 => {
            table.remove("value").unwrap_or_else(|| Value::String(text.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(text: &str) -> Table {
        let mut table = toml::from_str("[data]\nroot = 'old'").unwrap();
        Override::parse(text).unwrap().apply(&mut table).unwrap();
        table
    }

    #[test]
    fn reads_toml_values_and_bare_strings() {
        assert_eq!(parse_value("3"), Value::Integer(3));
        assert_eq!(parse_value("1e-3"), Value::Float(1e-3));
        assert_eq!(parse_value("[1, 2]").as_array().unwrap().len(), 2);
        assert_eq!(parse_value("\"a b\"").as_str(), Some("a b"));
        assert_eq!(parse_value("/x/y").as_str(), Some("/x/y"));
        assert_eq!(parse_value("1\nother = 2").as_str(), Some("1\nother = 2"));
        assert_eq!(parse_value("").as_str(), Some(""));
    }

    #[test]
    fn a_key_that_takes_a_string_gets_one() {
        assert_eq!(applied("name=42")["name"].as_str(), Some("42"));
        assert_eq!(applied("data.root=2024")["data"]["root"].as_str(), Some("2024"));
        assert_eq!(applied("data.points=64")["data"]["points"].as_integer(), Some(64));
    }

    #[test]
    fn makes_sections_and_keeps_the_rest() {
        let table = applied("data.synth.points=9");
        assert_eq!(table["data"]["synth"]["points"].as_integer(), Some(9));
        assert_eq!(table["data"]["root"].as_str(), Some("old"));
    }

    #[test]
    fn refuses_what_is_no_override() {
        for text in ["epochs", "=3", "train.=3", "a..b=1"] {
            assert!(matches!(Override::parse(text), Err(ConfigError::Override { .. })), "{text}");
        }
        let through_a_value = Override::parse("data.root.x=1").unwrap().apply(&mut applied("seed=1"));
        assert!(matches!(through_a_value, Err(ConfigError::Override { .. })));
    }
}
