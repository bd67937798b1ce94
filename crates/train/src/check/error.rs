//! What can be wrong with a config: the key, the line or option that gave it, what was found and what is expected.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Whatever can be wrong with an experiment config or with an override of one of its keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read config {path}", path = path.display())]
    Read {
        /// The config file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The file is not TOML.
    #[error("{path}, line {line}, column {column}: {message}", path = path.display())]
    Syntax {
        /// The config file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What the TOML parser expected.
        message: String,
    },

    /// An override is not of the form `key=value`, or its key runs through something that is no
    /// section.
    #[error("--set {text}: {reason}")]
    Override {
        /// The override as given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },

    /// A key that the config does not have.
    #[error("unknown key `{key}`{given}; {hint}")]
    UnknownKey {
        /// The key with its sections, dotted.
        key: String,
        /// Where it was given.
        given: KeySource,
        /// What was probably meant.
        hint: Hint,
    },

    /// A key that the network does not use.
    #[error(
        "key `{key}`{given}: the network {network} does not use it; it is for {task} only, that is for {networks}"
    )]
    UnusedKey {
        /// The key with its sections, dotted.
        key: String,
        /// Where it was given.
        given: KeySource,
        /// The network that the config chooses, as `model.kind`.
        network: String,
        /// The task that uses the key.
        task: &'static str,
        /// The networks for this task, as `model.kind`, separated by commas.
        networks: String,
    },

    /// A key is absent and has no default.
    #[error("missing key `{key}`{given}; expected {expected}")]
    MissingKey {
        /// The key with its sections, dotted.
        key: String,
        /// The file that lacks it.
        given: KeySource,
        /// What would be accepted, by example.
        expected: String,
    },

    /// A value has the wrong type or lies outside its range.
    #[error("key `{key}`{given}: found {found}, expected {expected}")]
    Value {
        /// The key with its sections, dotted.
        key: String,
        /// Where it was given.
        given: KeySource,
        /// The value that is there.
        found: String,
        /// What would be accepted.
        expected: String,
    },

    /// The config cannot be written as TOML, for instance because a path is not Unicode.
    #[error("cannot write the config as TOML")]
    Write {
        /// The error of the TOML writer.
        source: toml::ser::Error,
    },
}

impl ConfigError {
    /// The dotted key that is to blame, where the error is about one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { key, .. }
            | Self::UnusedKey { key, .. }
            | Self::MissingKey { key, .. }
            | Self::Value { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Adds where the key was given, for an error that was found when the text was no longer at hand.
    pub(crate) fn at(mut self, find: impl FnOnce(&str) -> KeySource) -> Self {
        if let Self::Value { key, given, .. } = &mut self
            && *given == KeySource::Unknown
        {
            *given = find(key);
        }
        self
    }
}

/// Where a key was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySource {
    /// In a config that was made by a program.
    Unknown,
    /// In a file, as a whole.
    File(PathBuf),
    /// At a line of a file, from 1.
    Line(PathBuf, usize),
    /// In an override, as given.
    Override(String),
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => Ok(()),
            Self::File(path) => write!(f, " in {}", path.display()),
            Self::Line(path, line) => write!(f, " in {}, line {line}", path.display()),
            Self::Override(text) => write!(f, " in --set {text}"),
        }
    }
}

/// What was probably meant by an unknown key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// A known key that reads much like it.
    Nearest(String),
    /// A key of this section, but of other kinds of it.
    OtherKind {
        /// The kind that the config chooses.
        chosen: String,
        /// The kinds that have the key.
        kinds: Vec<String>,
    },
    /// Nothing is near: the keys that the section has.
    Valid {
        /// The section, dotted; empty for the top of the file.
        section: String,
        /// Its keys.
        keys: Vec<String>,
    },
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nearest(key) => write!(f, "did you mean `{key}`?"),
            Self::OtherKind { chosen, kinds } => {
                write!(f, "kind = \"{chosen}\" does not have it, it belongs to \"{}\"", kinds.join("\", \""))
            }
            Self::Valid { section, keys } if section.is_empty() => {
                write!(f, "the keys at the top of the file are {}", keys.join(", "))
            }
            Self::Valid { section, keys } => {
                write!(f, "the keys of [{section}] are {}", keys.join(", "))
            }
        }
    }
}
