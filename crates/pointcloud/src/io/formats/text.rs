//! Tables of text: XYZ, TXT, CSV.

use std::path::Path;

use super::naming::name_columns;
use crate::cloud::{PointCloud, ScalarProperty};
use crate::error::{Error, Position, Result};
use crate::io::columns::{cloud_of_table, distinct_columns_of};
use crate::io::contents::{Contents, Source};
use crate::io::format::{Format, extension_of};
use crate::io::lines::{Lines, quote};
use crate::io::replace::replace_file;
use crate::io::summary::inspect_contents;
use crate::scalar::ScalarType;

/// More columns than this are taken for something that is no point cloud.
const MOST_COLUMNS: usize = 1024;

/// Cuts a line at commas, semicolons, tabs or blanks, the first of these that it has.
fn cut(text: &str) -> Vec<&str> {
    let separator = [',', ';', '\t'].into_iter().find(|&separator| text.contains(separator));
    match separator {
        Some(separator) => {
            let mut words: Vec<&str> =
                text.split(separator).map(|word| word.trim().trim_matches('"')).collect();
            // A separator at the end of the line opens no column.
            if words.last() == Some(&"") {
                words.pop();
            }
            words
        }
        None => text.split_ascii_whitespace().collect(),
    }
}

/// Text before a comment, which starts with `#` or `//`; and what the comment says.
fn split_comment(text: &str) -> (&str, Option<&str>) {
    let hash = text.find('#').map(|at| (at, 1));
    let slashes = text.find("//").map(|at| (at, 2));
    match hash.into_iter().chain(slashes).min() {
        Some((at, length)) => (text[..at].trim(), Some(text[at + length..].trim())),
        None => (text.trim(), None),
    }
}

fn is_header(words: &[&str]) -> bool {
    let named = |axis: &str| words.iter().any(|word| word.eq_ignore_ascii_case(axis));
    named("x") && named("y") && named("z")
}

/// Whether the first lines look like a table of points rather than prose.
fn looks_like_points(head: &[u8]) -> bool {
    let mut lines = Lines::new(head, 0, 1);
    while let Some((_, text)) = lines.next_row() {
        let Ok(text) = std::str::from_utf8(text) else { return false };
        let (text, _) = split_comment(text);
        if text.is_empty() {
            continue;
        }
        let words = cut(text);
        let numbers = words.iter().all(|word| word.parse::<f64>().is_ok());
        return is_header(&words) || (numbers && (words.len() == 1 || words.len() >= 3));
    }
    false
}

pub(super) const FORMAT: Format = Format {
    name: "text",
    extensions: &["xyz", "txt", "csv"],
    sniff: |_| false,
    plausible: Some(|head| head.extension == "xyz" || looks_like_points(head.bytes)),
    read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    write: Some(|path, cloud| write_text(path, cloud, if extension_of(path) == "csv" { ',' } else { ' ' })),
};

/// Reads a table of points: blanks, commas, semicolons or tabs between the values, comments after
/// `#` or `//`.
///
/// The names of the columns may be in the first line or in a comment before it; without them the
/// values decide, see [`name_columns`]. A first line with the number of points is passed over.
fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let mut lines = Lines::new(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), 0, 1);
    let mut names: Option<Vec<String>> = None;
    let mut columns: Vec<TextColumn> = Vec::new();
    let mut first = true;
    let mut rows = 0_usize;
    while let Some((line, text)) = lines.next_row() {
        let refuse =
            |found: String, expected: &str| Error::malformed(path, Position::Line(line), found, expected);
        let Ok(text) = std::str::from_utf8(text) else {
            return Err(refuse(format!("stray bytes {}", quote(text)), "numbers"));
        };
        let (text, comment) = split_comment(text);
        let owned = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect());
        if text.is_empty() {
            let words = cut(comment.unwrap_or_default());
            if columns.is_empty() && is_header(&words) {
                names = owned(&words);
            }
            continue;
        }
        let words = cut(text);
        if columns.is_empty() {
            if first && is_header(&words) {
                (names, first) = (owned(&words), false);
                continue;
            }
            if std::mem::take(&mut first) && words.len() == 1 && words[0].parse::<u64>().is_ok() {
                continue;
            }
            if !(3..=MOST_COLUMNS).contains(&words.len()) {
                return Err(refuse(format!("{} values", words.len()), "3 coordinates or more"));
            }
            if let Some(names) = names.as_ref().filter(|names| names.len() != words.len()) {
                return Err(refuse(format!("{} values", words.len()), &format!("{}", names.len())));
            }
            columns.resize_with(words.len(), TextColumn::default);
        }
        if words.len() != columns.len() {
            return Err(refuse(format!("{} values", words.len()), &columns.len().to_string()));
        }
        for (number, (word, column)) in words.iter().zip(&mut columns).enumerate() {
            column.push(word).ok_or_else(|| {
                refuse(quote(word.as_bytes()), &format!("a number in column {}", number + 1))
            })?;
        }
        rows += 1;
    }
    if rows == 0 {
        return Err(Error::malformed(path, Position::Line(lines.line), "no points", "lines 'x y z'"));
    }
    let mut columns: Vec<ScalarProperty> = columns.into_iter().map(TextColumn::finish).collect();
    // Coordinates go through `f64`, so that large ones do not lose digits.
    match names {
        Some(names) => columns.iter_mut().zip(names).for_each(|(column, name)| column.name = name),
        None => name_columns(&mut columns),
    }
    let color = |name: &str| matches!(name, "red" | "green" | "blue" | "r" | "g" | "b");
    for column in columns.iter_mut().filter(|column| color(&column.name)) {
        if column.values.iter().all(|&v| f64::from(v as u8) == v) {
            column.scalar_type = ScalarType::U8;
        }
    }
    let cloud = cloud_of_table(columns)
        .map_err(|found| Error::malformed(path, Position::Line(1), found, "columns x, y and z"))?;
    Ok(cloud.into())
}

/// Values of one column and the narrowest type that text tells.
struct TextColumn {
    values: Vec<f64>,
    whole: bool,
    single: bool,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self { values: Vec::new(), whole: true, single: true }
    }
}

impl TextColumn {
    fn push(&mut self, word: &str) -> Option<()> {
        let value: f64 = word.parse().ok()?;
        self.whole &= word.parse::<i32>().is_ok();
        // A single is written with as many digits as tell it from its neighbours.
        self.single &= value.is_nan() || (value as f32).to_string().parse() == Ok(value);
        self.values.push(value);
        Some(())
    }

    fn finish(self) -> ScalarProperty {
        let Self { mut values, whole, single } = self;
        let scalar_type = match (whole, single) {
            (true, _) => ScalarType::I32,
            (_, true) => ScalarType::F32,
            _ => ScalarType::F64,
        };
        values.iter_mut().for_each(|v| *v = scalar_type.round(*v));
        ScalarProperty { name: String::new(), scalar_type, values }
    }
}

/// Writes all columns of `cloud` as text, one point per line, with `separator` between the values.
///
/// The names of the columns come first, after `#` unless the separator is a comma. Every number has
/// as many digits as bring back its exact value.
///
/// # Errors
/// As [`write`](crate::io::write()).
fn write_text(path: &Path, cloud: &PointCloud, separator: char) -> Result<()> {
    let columns = distinct_columns_of(cloud)?;
    replace_file(path, |out| {
        let mark = if separator == ',' { "" } else { "# " };
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        writeln!(out, "{mark}{}", names.join(&separator.to_string()))?;
        for i in 0..cloud.len() {
            for (number, column) in columns.iter().enumerate() {
                if number > 0 {
                    write!(out, "{separator}")?;
                }
                let value = (column.value)(i);
                match column.scalar_type {
                    ScalarType::F32 => write!(out, "{}", value as f32)?,
                    _ => write!(out, "{value}")?,
                }
            }
            writeln!(out)?;
        }
        Ok(())
    })
}
