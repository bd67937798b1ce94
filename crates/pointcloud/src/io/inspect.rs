//! Describing a file.

use std::path::Path;

use super::blocks::Ask;
use super::contents::Source;
use super::format::Format;
use super::reader::{Reader, labels_left_out, read_bytes};
use super::streamed::Streamed;
use super::summary::Summary;
use crate::error::Result;

impl Reader {
    /// Reads a file and describes it. Only a few blocks are in memory at once, except of PLY with lists in its vertices and of text in UTF-16.
    ///
    /// # Errors
    /// As [`open`](Self::open); missing vertices or coordinates of a PLY file are no error here.
    pub fn inspect(&self, path: impl AsRef<Path>) -> Result<Summary> {
        let path = path.as_ref();
        let ask = Ask { columns: self.names(), convert: false, faces: false };
        if let Some(streamed) = Streamed::open(path, ask.columns.is_some())?
            && let Some(survey) = streamed.survey(&ask)?
        {
            let mut summary = survey.summary(streamed.format)?;
            summary.make_printable();
            return Ok(summary);
        }
        let mut summary = self.inspect_bytes(&read_bytes(path)?, path)?;
        summary.left_out.extend(labels_left_out(path)?);
        summary.make_printable();
        Ok(summary)
    }

    /// [`inspect`](Self::inspect) for a file in memory; `name` is the name of the file in messages.
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect).
    pub fn inspect_bytes(&self, bytes: &[u8], name: impl AsRef<Path>) -> Result<Summary> {
        let inspect = |format: &Format, source: &Source<'_>| (format.inspect)(source);
        let mut summary = self.with_source(bytes, name.as_ref(), true, inspect)?;
        summary.make_printable();
        Ok(summary)
    }
}

/// Reads a file and describes it.
///
/// # Errors
/// As [`Reader::inspect`].
pub fn inspect(path: impl AsRef<Path>) -> Result<Summary> {
    Reader::new().inspect(path)
}
