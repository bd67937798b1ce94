//! The lines of an OFF file without comments and blanks.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Error, Malformed, Position, Result};
use crate::io::input::Input;
use crate::io::lines::{FileLines, before_comment};

/// Lines without comments and blanks.
pub(super) struct Rows<'a> {
    pub(super) path: PathBuf,
    lines: FileLines<'a>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(input: Input<'a>) -> Self {
        Self { path: input.path().to_owned(), lines: FileLines::new(input) }
    }

    /// The next line with text, without its comment. Bytes that are not UTF-8 end the text.
    pub(super) fn next_text(&mut self) -> Result<Option<(usize, &str)>> {
        Ok(self.next_range()?.map(|(line, range)| (line, text_of(self.lines.text(range)))))
    }

    fn next_range(&mut self) -> Result<Option<(usize, Range<usize>)>> {
        loop {
            match self.lines.next_range()? {
                Some((_, range)) if text_of(self.lines.text(range.clone())).is_empty() => {}
                found => return Ok(found),
            }
        }
    }

    pub(super) fn next(&mut self, section: &'static str, row: usize, rows: usize) -> Result<RowText<'_>> {
        match self.next_range()? {
            Some((line, range)) => {
                let text = text_of(self.lines.text(range));
                Ok(RowText { path: &self.path, line, text, section, row, rows })
            }
            None => {
                let empty = self.lines.input().length() == 0;
                let position = if empty { Position::Byte(0) } else { Position::Line(self.lines.line) };
                let section = format!("rows of element '{section}'");
                Err(Error::truncated(&self.path, position, &section, row, rows))
            }
        }
    }
}

fn text_of(line: &[u8]) -> &str {
    let bytes = before_comment(line);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    text.trim()
}

pub(super) struct RowText<'a> {
    pub(super) path: &'a Path,
    line: usize,
    pub(super) text: &'a str,
    section: &'static str,
    row: usize,
    rows: usize,
}

impl RowText<'_> {
    pub(super) fn refuse(&self, found: impl Into<Box<str>>, expected: impl Into<Box<str>>) -> Error {
        let part = format!("element '{}' row {} of {}", self.section, self.row, self.rows);
        Malformed::new(self.path, found, expected).at(Position::Line(self.line)).part(part).into()
    }
}
