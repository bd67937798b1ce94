//! Which format a file has: by its content, else by its extension.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::format::{Format, HEAD, Head, extension_of};
use super::formats::FORMATS;
use super::{compression, foreign};
use crate::error::{Error, Malformed, Result};

impl Format {
    /// All formats.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &FORMATS
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
    /// [`Error::Io`]; [`Error::Malformed`] for a known format that is not read; [`Error::Extension`] when nothing tells.
    pub fn detect(path: impl AsRef<Path>) -> Result<&'static Self> {
        let path = path.as_ref();
        let fail = |source| Error::io(path, "read", source);
        let file = File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        let mut head = Vec::new();
        file.take(HEAD as u64).read_to_end(&mut head).map_err(fail)?;
        match compression::unpack(path, &head, Some(HEAD as u64))? {
            // The length of what is inside is not known.
            Some((path, head)) => Self::of_head(&path, &head, 0),
            None => Self::of_head(path, &head, length),
        }
    }

    /// [`detect`](Self::detect) for a file in memory, of which `head` is the start.
    pub(super) fn of_head(path: &Path, head: &[u8], length: u64) -> Result<&'static Self> {
        let extension = extension_of(path);
        let named = Self::of_extension(&extension);
        let bytes = &head[..head.len().min(HEAD)];
        let head = Head { bytes, length, extension: &extension, known_extension: named.is_some() };
        let told = Self::all().iter().find(|format| (format.sniff)(&head));
        let supported = || readable_extensions().join(", ");
        if told.is_none()
            && let Some(format) = foreign::name_of(bytes, &extension, named.is_some())
        {
            if format == foreign::POINTER {
                return Err(Malformed::new(path, format, "the data, which `git lfs pull` fetches").into());
            }
            let found = format!("{format}, which is not read");
            return Err(Malformed::new(path, found, format!("one of: {}", supported())).into());
        }
        told.or(named).ok_or_else(|| Error::Extension {
            path: path.to_owned(),
            found: extension.clone(),
            supported: supported(),
        })
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
    Format::all().iter().flat_map(|format| format.writer.extensions).copied().collect()
}

/// Whether a file of a folder is data: its extension is known, and its start looks like data.
pub(crate) fn is_data_file(path: &Path) -> bool {
    let inner = compression::inner_path(path);
    let compressed = inner.as_os_str() != path.as_os_str();
    let extension = extension_of(&inner);
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
    let Ok((mut bytes, length)) = start() else { return true };
    if compressed && let Ok(Some((_, inside))) = compression::unpack(path, &bytes, Some(HEAD as u64)) {
        bytes = inside;
    }
    plausible(&Head { bytes: &bytes, length, extension: &extension, known_extension: true })
}
