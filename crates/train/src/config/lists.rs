//! The key `data.lists`: one name with `{split}`, or two names.

use pointcloud::dataset::ListNames;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::{ConfigError, ensure};

/// List files of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a name with {split} or the names of two lists")]
pub enum Lists {
    /// A name with `{split}`.
    Pattern(String),
    /// The lists of `train` and `test`.
    Pair([String; 2]),
}

impl Lists {
    /// The names as the data set takes them.
    #[must_use]
    pub fn names(&self) -> ListNames {
        match self.clone() {
            Self::Pattern(pattern) => ListNames::Pattern(pattern),
            Self::Pair(pair) => ListNames::Pair(pair),
        }
    }

    pub(super) fn validate(&self, key: &str) -> Result<(), ConfigError> {
        match self {
            Self::Pattern(pattern) => ensure(
                pattern.contains("{split}"),
                key,
                format_args!("{pattern:?}"),
                "a name with {split}, or the names of two lists",
            ),
            Self::Pair([train, test]) => ensure(
                train != test && !train.is_empty() && !test.is_empty(),
                key,
                format_args!("[{train:?}, {test:?}]"),
                "two names that differ",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn one_name_or_two() {
        let parse = |lists: &str| {
            let text = "name = \"x\"\n[data]\nroot = \"x\"\n[model]\nkind = \"paper-classifier\"\n\
                        [optimizer]\nkind = \"adam\"\nlr = 0.1\n[train]\nepochs = 1\n";
            Config::parse(text, "x.toml", &[format!("data.lists={lists}")])
        };
        for lists in ["\"m40_{split}.txt\"", "[\"a.txt\", \"b.txt\"]"] {
            let config = parse(lists).unwrap();
            let written = config.to_toml().unwrap();
            assert!(written.contains(&format!("lists = {lists}\n")), "{written}");
            assert_eq!(Config::parse(&written, "x.toml", &[]).unwrap(), config);
        }
        for lists in ["\"train.txt\"", "[\"a.txt\", \"a.txt\"]", "[\"a.txt\"]", "3"] {
            let error = parse(lists).unwrap_err();
            assert_eq!(error.key(), Some("data.lists"), "{error}");
            assert!(error.to_string().contains("two"), "{error}");
        }
    }
}
