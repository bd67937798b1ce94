//! [`Format`]: one row of the table of formats.

use std::fmt;
use std::path::Path;

use super::blocks::Open;
use super::columns::Outline;
use super::contents::{Contents, Source};
use super::encode::{Encode, MakeEncoder};
use super::extent::{Extent, Start};
use super::summary::Summary;
use crate::error::Result;

/// Bytes at the start of a file that tell its format.
pub(crate) const HEAD: usize = 1024;

/// A file format: what it is called, and how its files are recognised, read, described and written.
///
/// ```
/// use pointcloud::io::Format;
///
/// let format = Format::of_extension("LAZ").unwrap();
/// assert_eq!((format.name(), format.extensions()), ("las", ["las", "laz"].as_slice()));
/// assert!(format.writes());
/// ```
pub struct Format {
    /// Short name, in most cases the usual extension.
    pub(crate) name: &'static str,
    /// Extensions that are read, in lower case.
    pub(crate) extensions: &'static [&'static str],
    /// Whether the start of a file tells that it has this format, whatever its extension says.
    pub(crate) sniff: fn(&Head<'_>) -> bool,
    /// Whether the start of a file with an extension of this format looks like data. Notes also end in `.txt`.
    /// `None` where nothing else has the extensions.
    pub(crate) plausible: Option<fn(&Head<'_>) -> bool>,
    /// Whether files of the format name their columns; else the caller may.
    pub(crate) names_columns: bool,
    /// The library that reads the format, for the message when it panics.
    pub(crate) library: &'static str,
    pub(crate) read: fn(&Source<'_>) -> Result<Contents>,
    pub(crate) inspect: fn(&Source<'_>) -> Result<Summary>,
    /// Opens a file to read its points in blocks; `None` for a file of another kind, which is read as a whole.
    pub(crate) open: Open,
    /// Whether some files are of a kind that is read as a whole, which their start tells.
    pub(crate) some_whole: bool,
    /// How many points a file holds, and what they take while it is read as a whole; `None` where its start does not tell.
    pub(crate) extent: fn(&Start<'_>) -> Option<Extent>,
    pub(crate) writer: Writer,
}

/// How files of a format are written.
pub(crate) struct Writer {
    /// Extensions that are written; none for a format that is only read.
    pub(crate) extensions: &'static [&'static str],
    pub(crate) encoder: MakeEncoder,
    /// What of the columns of a cloud such a file cannot hold, one sentence each.
    pub(crate) lost: fn(&Outline<'_>) -> Vec<String>,
    /// Whether labels are written as the words that they number.
    pub(crate) words: bool,
    /// Whether integers of 64 bits are written as such.
    pub(crate) long_integers: bool,
    /// Whether the facts of all columns must be known; else only those of the halves of integers of 64 bits.
    pub(crate) needs_facts: bool,
}

impl Writer {
    /// Of a format that is only read.
    pub(crate) const NONE: Self = Self {
        extensions: &[],
        encoder: never_written,
        lost: nothing_lost,
        words: false,
        long_integers: false,
        needs_facts: false,
    };
}

/// The start of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    /// The first bytes, at most [`HEAD`].
    pub(crate) bytes: &'a [u8],
    /// Bytes of the whole file.
    pub(crate) length: u64,
    /// The extension in lower case.
    pub(crate) extension: &'a str,
    /// Whether a format has this extension.
    pub(crate) known_extension: bool,
}

impl Head<'_> {
    /// Whether the file begins with `word` and white space.
    pub(crate) fn begins_with_word(&self, word: &[u8]) -> bool {
        let next = self.bytes.get(word.len());
        self.bytes.starts_with(word) && next.is_some_and(u8::is_ascii_whitespace)
    }
}

impl Format {
    /// Short name, in most cases the usual extension.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Extensions of the format, in lower case.
    #[must_use]
    pub fn extensions(&self) -> &'static [&'static str] {
        self.extensions
    }

    /// Whether files of the format can be written.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.writer.extensions.is_empty()
    }
}

/// [`Format::inspect`] of formats whose summary is that of their contents; `faces`: the format is one of meshes.
pub(crate) fn inspect_contents(source: &Source<'_>, format: &Format, faces: bool) -> Result<Summary> {
    Ok(Summary::of_contents(format.name, &(format.read)(source)?, faces))
}

/// [`Writer::encoder`] of a format that is only read.
fn never_written(path: &Path, _: &Outline<'_>) -> Result<Box<dyn Encode>> {
    unreachable!("{}: the table lists no extension to write", path.display())
}

/// [`Writer::lost`] of a format that holds every column.
pub(crate) fn nothing_lost(_: &Outline<'_>) -> Vec<String> {
    Vec::new()
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Format({})", self.name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The extension of `path` in lower case, empty where there is none.
pub(crate) fn extension_of(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}
