//! The points of a table.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::super::naming::name_columns;
use super::column::{MOST_WORDS, Refused, TextColumn};
use super::counts::{Counts, count_of};
use super::line::{cut, cut_row, is_header, semicolons_divide, split_comment};
use super::quotes::{LONE_QUOTE, has_lone_quote};
use crate::error::{Error, Position, Result};
use crate::io::blocks::{Block, Decode, Keep, Table, sort_all};
use crate::io::columns::Entry;
use crate::io::compression::inner_path;
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, Start};
use crate::io::lines::{Lines, quote};
use crate::io::raw::Raw;
use crate::names::{self, Role};
use crate::scalar::{ScalarType, is_single, parse_float};

/// More columns than this are taken for something that is no point cloud.
const MOST_COLUMNS: usize = 1024;

/// The columns of PTS files by their number; they have no names.
const PTS: [&[&str]; 3] = [
    &["x", "y", "z", "intensity"],
    &["x", "y", "z", "red", "green", "blue"],
    &["x", "y", "z", "intensity", "red", "green", "blue"],
];

/// Reads a table of points: blanks, tabs, commas or semicolons between the values, comments after `#` or `//`, and in lines that
/// begin with `;` or `%`.
///
/// The names of the columns are those that the caller gives, else those of the first line or of a comment before it;
/// without names see [`PTS`] and [`name_columns`]. A line with nothing but the number of points is a count of
/// the points after it, see [`Counts`]. The label may be a column of words, which are numbered in their order.
pub(super) fn read(source: &Source<'_>) -> Result<Contents> {
    let mut lines = Lines::new(source.bytes, 0, 1);
    let layout = match Layout::parse(source.path, &mut lines, source.columns)? {
        Some(layout) => layout,
        None => return Err(no_points(source.path, lines.line)),
    };
    let mut lines = Lines::new(source.bytes, layout.body, layout.line);
    let columns = layout.rows(&mut lines)?;
    let notes = layout.finish(lines.line)?;
    let mut contents = sort_all(source.path, &layout, columns)?;
    contents.notes.extend(notes);
    Ok(contents)
}

/// The lines of the table and their words, from pieces of it.
pub(super) fn extent(start: &Start<'_>) -> Option<Extent> {
    let [lines, words, wide] = start.sum_of_lines(|line| {
        let text = split_comment(line, false).0;
        let Ok(text) = std::str::from_utf8(text) else { return [0.0; 3] };
        let words = cut(text);
        let single = |word: &&str| parse_float(word).is_some_and(|value| is_single(word, value));
        let wide = words.iter().take(3).any(|word| !single(&&**word));
        if words.is_empty() { [0.0; 3] } else { [1.0, words.len() as f64, f64::from(u8::from(wide))] }
    });
    let columns = (words / lines.max(1.0)).round();
    let extent = Extent::of_columns(lines as u64, columns as usize, wide > 0.5 * lines, u64::MAX);
    Some(extent.keeping(Keep::Columns, 8 * columns as u64))
}

/// A table without points, of so many lines.
pub(super) fn no_points(path: &Path, lines: usize) -> Error {
    Error::malformed(path, Position::Line(lines), "no points", "lines 'x y z'")
}

/// What the first lines of a table say.
pub(super) struct Layout {
    path: Box<Path>,
    /// Names that the caller gives, or those in the file.
    names: Option<Vec<String>>,
    /// Whether the caller gives them.
    given: bool,
    /// Whether they are those of [`PTS`].
    is_pts: bool,
    /// Whether a column holds words.
    words: Vec<bool>,
    /// Byte and line where the points begin.
    pub(super) body: usize,
    pub(super) line: usize,
    /// Whether semicolons divide the values, so that they begin no comment.
    semicolons: bool,
    /// Counts before the first point.
    first_counts: Counts,
    /// Counts of the blocks that were read, by their first line.
    counts: Mutex<BTreeMap<usize, Counts>>,
    /// Columns of the blocks that were read in which a number was missing.
    empty: Mutex<BTreeSet<usize>>,
}

impl Layout {
    /// Reads the lines up to the first point, or all of a table that names its columns and has no point; `None` where there are
    /// neither points nor names.
    pub(super) fn parse(
        path: &Path,
        lines: &mut Lines<'_>,
        given: Option<&[String]>,
    ) -> Result<Option<Self>> {
        let mut names: Option<Vec<String>> = None;
        let (mut before, mut counts, mut wrong) = (lines.clone(), Counts::default(), None);
        let semicolons = semicolons_divide(lines.clone());
        while let Some((line, text)) = lines.next_row() {
            let (text, comment) = split_comment(text, semicolons);
            let (body, first) = (before.offset, before.line);
            before = lines.clone();
            if text.is_empty() {
                let words = cut(comment.as_deref().unwrap_or_default());
                if is_header(&words) {
                    names = Some(words.iter().map(|word| word.to_string()).collect());
                }
                continue;
            }
            let refuse =
                |found: String, expected: &str| Error::malformed(path, Position::Line(line), found, expected);
            let Ok(text) = std::str::from_utf8(text) else {
                return Err(refuse(format!("stray bytes {}", quote(text)), "numbers"));
            };
            if has_lone_quote(text) {
                return Err(refuse(LONE_QUOTE.into(), "quotes in pairs"));
            }
            let columns = given.or(names.as_deref()).map_or(0, <[String]>::len);
            let words = cut_row(text, columns);
            if let Some(declared) = count_of(&words) {
                // A list of numbers without a point has no points rather than wrong counts.
                wrong = wrong.or(counts.push_count(path, line, declared).err());
                continue;
            }
            let no_numbers = || words.iter().all(|word| parse_float(word).is_none());
            if names.is_none() && (is_header(&words) || (given.is_some() && no_numbers())) {
                names = Some(words.iter().map(|word| word.to_string()).collect());
                continue;
            }
            if let Some(wrong) = wrong {
                return Err(wrong);
            }
            let refused = check_width(words.len(), given, names.as_deref());
            refused.map_err(|expected| refuse(format!("{} values", words.len()), &expected))?;
            let names = given.map(<[String]>::to_vec).or(names);
            let layout = Self::of(path, names, given.is_some(), semicolons, (body, first), counts);
            return Ok(Some(layout.with_first(&words)));
        }
        let names = names.filter(|names| is_header(names) && check_width(names.len(), given, None).is_ok());
        Ok(names.map(|names| {
            let (columns, names) = (names.len(), given.map_or(names, <[String]>::to_vec));
            let end = (lines.offset, lines.line);
            let layout = Self::of(path, Some(names), given.is_some(), semicolons, end, counts);
            Self { words: vec![false; columns], ..layout }
        }))
    }

    fn of(
        path: &Path,
        names: Option<Vec<String>>,
        given: bool,
        semicolons: bool,
        (body, line): (usize, usize),
        first_counts: Counts,
    ) -> Self {
        let (path, is_pts, words) = (path.into(), false, Vec::new());
        let (counts, empty) = (Mutex::default(), Mutex::default());
        Self { path, names, given, is_pts, words, body, line, semicolons, first_counts, counts, empty }
    }

    /// With the columns of the first point.
    fn with_first(mut self, words: &[Cow<'_, str>]) -> Self {
        let extension = inner_path(&self.path).extension().map(|e| e.to_string_lossy().to_lowercase());
        let pts = PTS.into_iter().find(|columns| columns.len() == words.len());
        let pts = pts.filter(|_| self.names.is_none() && extension.as_deref() == Some("pts"));
        if let Some(names) = pts {
            self.is_pts = true;
            self.names = Some(names.iter().map(|name| (*name).to_owned()).collect());
        }
        let is_word = |(i, word): (usize, &Cow<'_, str>)| self.is_label(i) && parse_float(word).is_none();
        self.words = words.iter().enumerate().map(is_word).collect();
        self
    }

    /// Whether a number may be missing: not a coordinate and not a label.
    fn is_optional(&self, column: usize) -> bool {
        match &self.names {
            Some(names) => !matches!(names::role_of(&names[column]).0, Role::Position(_) | Role::Label),
            None => column >= 3,
        }
    }

    fn is_label(&self, column: usize) -> bool {
        self.names.as_ref().is_some_and(|names| names::role_of(&names[column]).0 == Role::Label)
    }

    /// The points of all lines that are left.
    pub(super) fn rows(&self, lines: &mut Lines<'_>) -> Result<Vec<Raw>> {
        // Lists that grow would take twice the memory.
        let rows = lines.left();
        let column = |&words: &bool| TextColumn::new(words, rows);
        let mut columns: Vec<TextColumn> = self.words.iter().map(column).collect();
        let (start, mut counts) = (lines.line, Counts::default());
        while let Some((line, text)) = lines.next_row() {
            self.push_line(line, text, &mut columns, &mut counts)?;
        }
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).insert(start, counts);
        if columns.iter().any(TextColumn::has_empty) {
            let numbers = columns.iter().enumerate().filter(|(_, column)| column.has_empty());
            let mut empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner);
            empty.extend(numbers.map(|(number, _)| number));
        }
        let name = |number: usize| match &self.names {
            Some(names) => names[number].as_str(),
            None => ["x", "y", "z"].get(number).copied().unwrap_or_default(),
        };
        Ok(columns.into_iter().enumerate().map(|(number, column)| column.into_raw(name(number))).collect())
    }

    /// What is to be said of all blocks, once they were read up to the last line.
    ///
    /// # Errors
    /// [`Error::Malformed`] where a scan has fewer points than its count.
    pub(super) fn finish(&self, line: usize) -> Result<Vec<String>> {
        let empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner);
        let name = |&column: &usize| match &self.names {
            Some(names) => format!("'{}'", names[column]),
            None => format!("column {}", column + 1),
        };
        let names: Vec<String> = empty.iter().map(name).collect();
        let missing = format!("empty cells of {} are read as NaN", names.join(", "));
        let missing = (!names.is_empty()).then_some(missing);
        Ok(self.finish_counts(line)?.into_iter().chain(missing).collect())
    }

    fn finish_counts(&self, line: usize) -> Result<Option<String>> {
        let mut all = self.first_counts.clone();
        for counts in self.counts.lock().unwrap_or_else(PoisonError::into_inner).values() {
            all.join(&self.path, counts)?;
        }
        all.finish(&self.path, line)
    }

    /// Whether a line is a point, or should be one.
    fn is_point(&self, line: &[u8]) -> bool {
        let (text, _) = split_comment(line, self.semicolons);
        !text.is_empty() && !std::str::from_utf8(text).is_ok_and(|text| count_of(&cut(text)).is_some())
    }

    fn push_line(
        &self,
        line: usize,
        text: &[u8],
        columns: &mut [TextColumn],
        counts: &mut Counts,
    ) -> Result<()> {
        let refuse = |found: String, expected: &str| {
            Error::malformed(&self.path, Position::Line(line), found, expected)
        };
        let (text, _) = split_comment(text, self.semicolons);
        if text.is_empty() {
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(text) else {
            return Err(refuse(format!("stray bytes {}", quote(text)), "numbers"));
        };
        if has_lone_quote(text) {
            return Err(refuse(LONE_QUOTE.into(), "quotes in pairs"));
        }
        let words = cut_row(text, columns.len());
        if let Some(declared) = count_of(&words) {
            return counts.push_count(&self.path, line, declared);
        }
        counts.push_point();
        if words.len() != columns.len() {
            return Err(refuse(format!("{} values", words.len()), &columns.len().to_string()));
        }
        for (number, (word, column)) in words.iter().zip(columns).enumerate() {
            let optional = word.is_empty() && self.is_optional(number);
            column.push(word, optional).map_err(|refused| {
                let (found, expected) = self.refused(&refused, word, number, column.has_words());
                let first = line == self.line && self.names.is_none();
                let hint = if first { ", or names of columns such as x, y, z" } else { "" };
                refuse(found, &format!("{expected}{hint}"))
            })?;
        }
        Ok(())
    }

    /// What was found in a column that does not take a word, and what was expected.
    fn refused(&self, refused: &Refused, word: &str, column: usize, words: bool) -> (String, String) {
        let name = self.names.as_ref().map(|names| format!(" '{}'", names[column]));
        let place = format!("in column {}{}", column + 1, name.unwrap_or_default());
        let kind = if words { "a word" } else { "a number" };
        match refused {
            Refused::Empty => ("an empty cell".into(), format!("{kind} {place}")),
            Refused::TooMany => {
                (format!("more than {MOST_WORDS} different words"), format!("{MOST_WORDS} at most {place}"))
            }
            Refused::NoNumber if self.is_label(column) => (
                quote(word.as_bytes()),
                format!("a number {place}, since its first cell is one; words begin in the first point"),
            ),
            Refused::NoNumber => (quote(word.as_bytes()), format!("a number {place}")),
        }
    }
}

/// What number of values was expected in the first line of points, where it has another.
fn check_width(
    found: usize,
    given: Option<&[String]>,
    names: Option<&[String]>,
) -> std::result::Result<(), String> {
    if !(3..=MOST_COLUMNS).contains(&found) {
        return Err("3 coordinates or more".into());
    }
    match (given, names) {
        (Some(given), _) if given.len() != found => {
            Err(format!("{}, the columns {}", given.len(), given.join(",")))
        }
        (_, Some(names)) if names.len() != found => Err(names.len().to_string()),
        _ => Ok(()),
    }
}

impl Decode for Layout {
    fn place(&self) -> Position {
        Position::Line(1)
    }

    fn keep(&self) -> Keep {
        Keep::Columns
    }

    /// A number of a few characters becomes one of eight bytes.
    fn bytes_of(&self, block: &Block) -> usize {
        4 * block.bytes.len()
    }

    fn points_of(&self, block: &Block) -> usize {
        let (mut lines, mut points) = (Lines::new(&block.bytes, 0, block.at), 0);
        while let Some((_, text)) = lines.next_row() {
            points += usize::from(self.is_point(text));
        }
        points
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        self.rows(&mut Lines::new(&block.bytes, 0, block.at))
    }

    fn arrange(&self, table: &mut Table) -> std::result::Result<(), (String, String)> {
        if let Some((name, words)) = table.words.iter().find(|(_, words)| words.len() > MOST_WORDS) {
            let found = format!("{} different words in column '{name}'", words.len());
            return Err((found, format!("numbers, or {MOST_WORDS} words at most")));
        }
        if self.names.is_none() {
            table.notes = table.with_columns(name_columns);
        }
        if let (true, Some(names)) = (self.is_pts, &self.names) {
            table.notes.push(format!("columns are taken for {} of PTS files", names.join(" ")));
        }
        if self.given {
            // A column called `_` is not wanted.
            table.entries.retain(|entry| entry.column.name != "_");
        }
        narrow_colors(&mut table.entries);
        Ok(())
    }
}

/// Text does not tell bytes from other whole numbers.
fn narrow_colors(entries: &mut [Entry]) {
    let is_color = |entry: &Entry| matches!(names::role_of(&entry.column.name).0, Role::Color(_));
    // Floats from 0 to 1 are shares, of which 0 and 1 are whole.
    let float = |entry: &Entry| entry.column.scalar_type.is_float() && !entry.facts.is_u8();
    if entries.iter().filter(|entry| is_color(entry)).any(float) {
        return;
    }
    for entry in entries.iter_mut().filter(|entry| is_color(entry) && entry.facts.is_u8()) {
        entry.column.scalar_type = ScalarType::U8;
    }
}
