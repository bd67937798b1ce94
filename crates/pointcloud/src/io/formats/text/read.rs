//! The points of a table.

use std::path::Path;

use super::super::naming::name_columns;
use super::column::TextColumn;
use super::line::{cut, is_header, split_comment};
use crate::error::{Error, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};
use crate::io::lines::{Lines, quote};
use crate::names::{self, Role};
use crate::scalar::{ScalarProperty, ScalarType, parse_float};

/// More columns than this are taken for something that is no point cloud.
const MOST_COLUMNS: usize = 1024;

/// Reads a table of points: blanks, tabs, commas or semicolons between the values, comments after `#` or `//`.
///
/// The names of the columns are those that the caller gives, else those of the first line or of a comment before it;
/// without names see [`name_columns`]. A line with nothing but the number of points is passed over. The label may be a
/// column of words, which are numbered in their order.
pub(super) fn read(source: &Source<'_>) -> Result<Contents> {
    let mut table =
        Table { path: source.path, names: None, given: source.columns, columns: Vec::new(), rows: 0 };
    let mut lines = Lines::new(source.bytes, 0, 1);
    while let Some((line, text)) = lines.next_row() {
        table.push_line(line, text)?;
    }
    if table.rows == 0 {
        return Err(Error::malformed(source.path, Position::Line(lines.line), "no points", "lines 'x y z'"));
    }
    table.finish()
}

struct Table<'a> {
    path: &'a Path,
    /// Names in the file.
    names: Option<Vec<String>>,
    /// Names that the caller gives.
    given: Option<&'a [String]>,
    columns: Vec<TextColumn>,
    rows: usize,
}

impl Table<'_> {
    fn push_line(&mut self, line: usize, text: &[u8]) -> Result<()> {
        let refuse = |found: String, expected: &str| {
            Error::malformed(self.path, Position::Line(line), found, expected)
        };
        let (text, comment) = split_comment(text);
        if text.is_empty() {
            let words = cut(comment.as_deref().unwrap_or_default());
            if self.columns.is_empty() && is_header(&words) {
                self.names = Some(words.iter().map(|word| word.to_string()).collect());
            }
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(text) else {
            return Err(refuse(format!("stray bytes {}", quote(text)), "numbers"));
        };
        let words = cut(text);
        // The number of points stands alone before them, in PTS files before every scan.
        if words.len() == 1 && self.columns.len() != 1 && words[0].parse::<u64>().is_ok() {
            return Ok(());
        }
        if self.columns.is_empty() {
            let is_names = is_header(&words)
                || (self.given.is_some() && words.iter().all(|word| parse_float(word).is_none()));
            if self.rows == 0 && self.names.is_none() && is_names {
                self.names = Some(words.iter().map(|word| word.to_string()).collect());
                return Ok(());
            }
            if !(3..=MOST_COLUMNS).contains(&words.len()) {
                return Err(refuse(format!("{} values", words.len()), "3 coordinates or more"));
            }
            if let Some(given) = self.given.filter(|given| given.len() != words.len()) {
                let expected = format!("{}, the columns {}", given.len(), given.join(","));
                return Err(refuse(format!("{} values", words.len()), &expected));
            }
            if let Some(names) = self.names.as_ref().filter(|names| names.len() != words.len()) {
                return Err(refuse(format!("{} values", words.len()), &format!("{}", names.len())));
            }
            self.columns.resize_with(words.len(), TextColumn::default);
        }
        if words.len() != self.columns.len() {
            return Err(refuse(format!("{} values", words.len()), &self.columns.len().to_string()));
        }
        let names = self.given.or(self.names.as_deref());
        for (number, (word, column)) in words.iter().zip(&mut self.columns).enumerate() {
            let is_label = names.is_some_and(|names| names::role_of(&names[number]).0 == Role::Label);
            let pushed = if column.has_words() { column.push_word(word) } else { column.push(word) };
            if pushed.or_else(|| if is_label { column.push_word(word) } else { None }).is_none() {
                let expected = if is_label && column.has_words() { "a word" } else { "a number" };
                let hint = if self.rows == 0 && names.is_none() {
                    ", or names of columns such as x, y, z"
                } else {
                    ""
                };
                let expected = format!("{expected} in column {}{hint}", number + 1);
                return Err(refuse(quote(word.as_bytes()), &expected));
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn finish(self) -> Result<Contents> {
        let (mut columns, mut words) = (Vec::new(), Vec::new());
        let names = self.given.or(self.names.as_deref());
        for (number, column) in self.columns.into_iter().enumerate() {
            let name = names
                .map_or(["x", "y", "z"].get(number).copied().unwrap_or_default(), |names| &names[number]);
            let (of_text, of_column) = column.finish(name);
            words.extend(of_column.map(|words| (name.to_owned(), words)));
            columns.extend(of_text);
        }
        let notes = if names.is_none() { name_columns(&mut columns) } else { Vec::new() };
        if self.given.is_some() {
            // A column called `_` is not wanted.
            columns.retain(|column| column.name != "_");
        }
        narrow_colors(&mut columns);
        let mut contents = cloud_of_table(columns)
            .map_err(|found| Error::malformed(self.path, Position::Line(1), found, "columns x, y and z"))?;
        for (name, words) in words {
            if contents.cloud.label_name() == Some(name.as_str()) {
                contents.cloud.set_label_words(words);
            }
        }
        contents.notes.extend(notes);
        Ok(contents)
    }
}

/// Text does not tell bytes from other whole numbers.
fn narrow_colors(columns: &mut [ScalarProperty]) {
    let is_color = |column: &ScalarProperty| matches!(names::role_of(&column.name).0, Role::Color(_));
    let byte = |column: &ScalarProperty| column.values.iter().all(|&v| f64::from(v as u8) == v);
    // Floats from 0 to 1 are shares, of which 0 and 1 are whole.
    let float = |column: &ScalarProperty| column.scalar_type.is_float() && !byte(column);
    if columns.iter().filter(|column| is_color(column)).any(float) {
        return;
    }
    for column in columns.iter_mut().filter(|column| is_color(column) && byte(column)) {
        column.scalar_type = ScalarType::U8;
    }
}
