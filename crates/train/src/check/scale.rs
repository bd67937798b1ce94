//! A length that a config gives, or that the training files decide.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
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
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(f32),
            Text(String),
        }
        match Either::deserialize(deserializer) {
            Ok(Either::Number(value)) => Ok(Self::Value(value)),
            Ok(Either::Text(text)) if text == "auto" => Ok(Self::Auto),
            Ok(Either::Text(text)) => {
                Err(D::Error::custom(format!("found {text:?}, expected a number or \"auto\"")))
            }
            Err(_) => Err(D::Error::custom("expected a number or \"auto\"")),
        }
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
