//! A length that a config gives, or that the training files decide.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length in the units of the clouds, or `"auto"`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Scale {
    /// Taken from the training files before the training starts.
    #[default]
    Auto,
    /// As the config says.
    Value(f32),
}

/// What stands for a length that is not known yet: estimates without data, tests of a config.
const NOMINAL: f32 = 0.1;

impl Scale {
    /// The length; a nominal 0.1 where it is not decided yet.
    #[must_use]
    pub fn value(self) -> f32 {
        match self {
            Self::Auto => NOMINAL,
            Self::Value(value) => value,
        }
    }
}

impl Serialize for Scale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Value(value) => serializer.serialize_f32(*value),
        }
    }
}

impl<'de> Deserialize<'de> for Scale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrAuto)
    }
}

struct NumberOrAuto;

impl Visitor<'_> for NumberOrAuto {
    type Value = Scale;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or \"auto\"")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Scale, E> {
        Ok(Scale::Value(value as f32))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Scale, E> {
        Ok(Scale::Value(value as f32))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Scale, E> {
        Ok(Scale::Value(value as f32))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scale, E> {
        if text == "auto" { Ok(Scale::Auto) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }
}

impl JsonSchema for Scale {
    fn schema_name() -> Cow<'static, str> {
        "Scale".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "number", "format": "float" }, { "const": "auto" }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Result<Scale, String> {
        let table: toml::Table = format!("cell = {value}").parse().unwrap();
        table["cell"].clone().try_into().map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn takes_numbers_and_one_word() {
        assert_eq!(parse("0.25"), Ok(Scale::Value(0.25)));
        assert_eq!(parse("2"), Ok(Scale::Value(2.0)));
        assert_eq!(parse("\"auto\""), Ok(Scale::Auto));
    }

    #[test]
    fn names_what_was_found_and_what_was_expected() {
        for (value, found) in
            [("\"big\"", "string \"big\""), ("true", "boolean `true`"), ("[1, 2]", "sequence")]
        {
            let message = parse(value).unwrap_err();
            assert!(message.contains(found), "{message}");
            assert!(message.ends_with("expected a number or \"auto\""), "{message}");
        }
    }
}
