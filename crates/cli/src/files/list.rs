//! A list of input files: a text file with a name on every line, read line by line.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};

use super::outputs::Ending;
use super::stamp::hash;

/// Names whose outputs are compared at the same time. With more, the list is read several times, so that the memory is bounded.
const COMPARED_TOGETHER: usize = 1 << 19;

/// A list, and where the outputs of its files go.
#[derive(Debug)]
pub(crate) struct FileList {
    /// The list.
    pub(crate) path: PathBuf,
    /// The folder that the names are below.
    pub(crate) base: PathBuf,
    /// The folder whose tree mirrors the one below `base`.
    pub(crate) output: PathBuf,
    /// The end of the outputs; `None` if a file has no output of its own.
    pub(crate) ending: Option<Ending>,
}

/// A name of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its position among the names, from 0.
    pub(crate) position: usize,
    /// Its line, from 1.
    pub(crate) line: usize,
    /// The path below the base folder, with `/`.
    pub(crate) name: String,
    /// The file.
    pub(crate) from: PathBuf,
    /// Its output.
    pub(crate) to: Option<PathBuf>,
}

impl Listed {
    /// What no two names may share: the output or, without one, the name.
    fn target(&self) -> &Path {
        self.to.as_deref().unwrap_or(Path::new(&self.name))
    }
}

/// What a look at the whole list finds.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Number of names.
    pub(crate) names: usize,
    /// Names that have the output of an earlier one.
    pub(crate) doubled: Vec<String>,
}

impl FileList {
    /// The names, in order; empty lines are skipped.
    ///
    /// # Errors
    /// A list that cannot be read. A line that names no file below the base folder is an error in its place.
    pub(crate) fn names(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Listed>> + Send + '_> {
        let file = File::open(&self.path).with_context(|| format!("{}: cannot read", self.path.display()))?;
        let mut position = 0;
        let lines = BufReader::with_capacity(1 << 16, file).split(b'\n').enumerate();
        Ok(lines.filter_map(move |(at, line)| {
            let listed = self.listed(at + 1, position, line).transpose()?;
            position += 1;
            Some(listed)
        }))
    }

    /// The name on a line; `None` for an empty one.
    fn listed(
        &self,
        line: usize,
        position: usize,
        bytes: std::io::Result<Vec<u8>>,
    ) -> anyhow::Result<Option<Listed>> {
        let bad = |problem: String| anyhow::anyhow!("{}, line {line}: {problem}", self.path.display());
        let bytes = bytes.map_err(|error| bad(format!("cannot read: {error}")))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| bad("found bytes that are not UTF-8, expected a name".into()))?;
        let text = text.trim_end_matches('\r');
        if text.trim().is_empty() {
            return Ok(None);
        }
        let path = Path::new(text);
        let below = if path.is_absolute() { path.strip_prefix(&self.base).ok() } else { Some(path) };
        let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let Some(below) = below.filter(|below| below.components().all(plain)) else {
            let base = self.base.display();
            let base = if self.base.as_os_str().is_empty() {
                "the current folder".into()
            } else {
                format!("{base}")
            };
            return Err(bad(format!(
                "found '{text}', expected a file below {base}, whose tree the outputs mirror; set another folder with --base"
            )));
        };
        let parts: Vec<_> =
            below.iter().filter(|part| *part != ".").map(|part| part.to_string_lossy()).collect();
        let name = parts.join("/");
        let to = self.ending.as_ref().map(|ending| ending.output_below(&self.output, Path::new(&name)));
        let from = self.base.join(&name);
        if to.as_ref() == Some(&from) {
            return Err(bad(format!("{text} is an input and would be overwritten; choose another output")));
        }
        Ok(Some(Listed { position, line, name, from, to }))
    }

    /// Looks at every name: all must be below the base folder. The memory does not grow with the number of names.
    ///
    /// # Errors
    /// As the items of [`names`](Self::names).
    pub(crate) fn survey(&self) -> anyhow::Result<Survey> {
        let mut survey = Survey::default();
        for listed in self.names()? {
            listed?;
            survey.names += 1;
        }
        let passes = survey.names.div_ceil(COMPARED_TOGETHER) as u128;
        for pass in 0..passes {
            let mut lines: HashMap<u128, usize> = HashMap::new();
            for listed in self.names()? {
                let listed = listed?;
                let hash = hash(&listed.target());
                if hash % passes != pass {
                    continue;
                }
                match lines.entry(hash) {
                    Entry::Vacant(entry) => {
                        entry.insert(listed.line);
                    }
                    Entry::Occupied(entry) => survey.doubled.push(format!(
                        "{} (line {}) has the output of line {}",
                        listed.name,
                        listed.line,
                        entry.get()
                    )),
                }
            }
        }
        Ok(survey)
    }

    /// The number of names, none of which may have the output of another.
    ///
    /// # Errors
    /// As [`survey`](Self::survey); two names with one output; an empty list.
    pub(crate) fn verify(&self) -> anyhow::Result<usize> {
        let survey = self.survey()?;
        if let [first, ..] = &survey.doubled[..] {
            let (list, count) = (self.path.display(), survey.doubled.len());
            bail!(
                "{list}: {count} files would overwrite the output of another, the first is {first}; rename or remove them"
            );
        }
        if survey.names == 0 {
            bail!("{}: found no name, expected a file on every line", self.path.display());
        }
        Ok(survey.names)
    }
}
