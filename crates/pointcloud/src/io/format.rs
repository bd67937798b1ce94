//! [`Format`]: one row of the table of formats, and how the format of a file is found.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::contents::{Contents, Source};
use super::summary::Summary;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};

/// Bytes at the start of a file that tell its format.
pub(super) const HEAD: usize = 1024;

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
    pub(crate) read: fn(&Source<'_>) -> Result<Contents>,
    pub(crate) inspect: fn(&Source<'_>) -> Result<Summary>,
    /// `None` for a format that is only read.
    pub(crate) write: Option<fn(&Path, &PointCloud) -> Result<()>>,
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
        self.write.is_some()
    }

    /// All formats.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &super::formats::FORMATS
    }

    /// The format that has `extension`, in any case.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<&'static Self> {
        let extension = extension.to_ascii_lowercase();
        Self::all().iter().find(|format| format.extensions.contains(&extension.as_str()))
    }

    /// The format of the file at `path`: by its first bytes where they tell, else by its extension.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Extension`] when neither tells.
    pub fn detect(path: impl AsRef<Path>) -> Result<&'static Self> {
        let path = path.as_ref();
        let fail = |source| Error::io(path, "read", source);
        let file = File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        let mut head = Vec::new();
        file.take(HEAD as u64).read_to_end(&mut head).map_err(fail)?;
        Self::of_head(path, &head, length)
    }

    /// [`detect`](Self::detect) for a file in memory, of which `head` is the start.
    pub(super) fn of_head(path: &Path, head: &[u8], length: u64) -> Result<&'static Self> {
        let extension = extension_of(path);
        let named = Self::of_extension(&extension);
        let bytes = &head[..head.len().min(HEAD)];
        let head = Head { bytes, length, extension: &extension, known_extension: named.is_some() };
        let told = Self::all().iter().find(|format| (format.sniff)(&head));
        told.or(named).ok_or_else(|| Error::Extension {
            path: path.to_owned(),
            found: extension.clone(),
            supported: readable_extensions().join(", "),
        })
    }
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

/// Extensions that can be read, in the order of the formats.
#[must_use]
pub fn readable_extensions() -> Vec<&'static str> {
    Format::all().iter().flat_map(|format| format.extensions).copied().collect()
}

/// Extensions that can be written, in the order of the formats.
#[must_use]
pub fn writable_extensions() -> Vec<&'static str> {
    let written = Format::all().iter().filter(|format| format.writes());
    written.flat_map(|format| format.extensions).copied().collect()
}

/// The extension of `path` in lower case, empty where there is none.
pub(crate) fn extension_of(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// Whether a file of a folder is data: its extension is known, and its start looks like data.
pub(crate) fn is_data_file(path: &Path) -> bool {
    let extension = extension_of(path);
    let Some(format) = Format::of_extension(&extension) else { return false };
    let Some(plausible) = format.plausible else { return true };
    let start = || {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut bytes = Vec::new();
        file.take(HEAD as u64).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>((bytes, length))
    };
    // A file that cannot be opened stays in the list: reading it tells why.
    let Ok((bytes, length)) = start() else { return true };
    plausible(&Head { bytes: &bytes, length, extension: &extension, known_extension: true })
}
