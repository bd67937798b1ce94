//! [`Warning`]: something that may go wrong in training, and how to fix it.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Files that a warning names; the others are counted.
const NAMED_FILES: usize = 5;

/// Something that may go wrong with a dataset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Warning {
    /// What was found.
    pub(crate) what: String,
    /// How to fix it.
    pub(crate) fix: String,
    /// Files concerned, where it is about files.
    pub(crate) files: Vec<PathBuf>,
}

impl Warning {
    pub(super) fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into(), files: Vec::new() }
    }

    pub(super) fn about<'a>(self, files: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        Self { files: files.into_iter().cloned().collect(), ..self }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "warning: {}", self.what)?;
        for file in self.files.iter().take(NAMED_FILES) {
            writeln!(f, "    {}", file.display())?;
        }
        if self.files.len() > NAMED_FILES {
            writeln!(f, "    and {} more", self.files.len() - NAMED_FILES)?;
        }
        writeln!(f, "  fix: {}", self.fix)
    }
}
