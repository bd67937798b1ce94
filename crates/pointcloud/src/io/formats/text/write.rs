//! Clouds into tables of text.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::columns::{Joined, Outline, column_types, columns_of, distinct_columns_of};
use crate::io::encode::{Encode, Plain};
use crate::io::facts::{Facts, LARGEST_WHOLE};
use crate::scalar::{ScalarType, parse_float};

/// The writer of all columns as text, one point per line, with `separator` between the values.
///
/// The names of the columns come first, after `#` unless the separator is a comma. Every number has
/// as many digits as bring back its exact value. An integer of 64 bits, which is two columns of the cloud, is one number.
///
/// # Errors
/// As [`write`](crate::io::write()).
pub(super) fn encoder(outline: &Outline<'_>, separator: char) -> Result<Box<dyn Encode>> {
    let columns = distinct_columns_of(outline.cloud)?;
    let joined = Joined::of(outline, &columns);
    let mark = if separator == ',' { "" } else { "# " };
    let named = |index: usize| clean(joined.name(&columns, index).unwrap_or(columns[index].name));
    let names: Vec<String> = (0..columns.len()).filter(|&index| !joined.is_low(index)).map(named).collect();
    let long: Vec<bool> = (0..columns.len()).map(|index| joined.name(&columns, index).is_some()).collect();
    let header = format!("{mark}{}\n", names.join(&separator.to_string())).into_bytes();
    let rows = move |cloud: &PointCloud, rows: Range<usize>, out: &mut Vec<u8>| {
        let (columns, mut text) = (columns_of(cloud), String::new());
        let words = words_of(cloud);
        for i in rows {
            for (number, column) in columns.iter().enumerate() {
                if joined.is_low(number) {
                    continue;
                }
                if number > 0 {
                    text.push(separator);
                }
                if long[number] {
                    let _ = write!(text, "{}", Joined::value(&columns, number, i));
                    continue;
                }
                let value = (column.value)(i);
                // Writing into memory does not fail.
                let _ = match (words, column.scalar_type) {
                    (Some((label, words)), _) if label == column.name => {
                        write!(text, "{}", quoted(&words[value as usize]))
                    }
                    // All its digits would make it an integer.
                    (_, ScalarType::F32) if value.abs() >= LARGEST_WHOLE as f64 => {
                        write!(text, "{:e}", value as f32)
                    }
                    (_, ScalarType::F64) if value.abs() >= LARGEST_WHOLE as f64 => write!(text, "{value:e}"),
                    // Whole numbers are read as such, not as the single next to them.
                    (_, ScalarType::F32) if value.fract() != 0.0 => write!(text, "{}", value as f32),
                    _ => write!(text, "{value}"),
                };
            }
            text.push('\n');
        }
        out.extend(text.into_bytes());
    };
    Ok(Box::new(Plain { header, rows }))
}

/// Name and words of the labels; `None` where a word would not be read as one word.
fn words_of(cloud: &PointCloud) -> Option<(&str, &[String])> {
    let odd = |c: char| c == '"' || (c.is_control() && c != '\t');
    let clean = |word: &String| !word.is_empty() && !word.contains(odd) && parse_float(word).is_none();
    let words = cloud.label_name().zip(cloud.label_words());
    words.filter(|(_, words)| words.iter().all(clean))
}

/// A word, between quotes where it holds what divides words or begins a comment.
fn quoted(word: &str) -> Cow<'_, str> {
    let divides = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '#');
    let plain = !word.contains(divides) && !word.contains("//");
    if plain { Cow::Borrowed(word) } else { Cow::Owned(format!("\"{word}\"")) }
}

/// A name that is read as one word.
fn clean(name: &str) -> String {
    name.replace([',', ';', '#', '"'], "_").replace("//", "__")
}

/// What a table does not hold.
pub(super) fn lost(outline: &Outline<'_>) -> Vec<String> {
    let cloud = outline.cloud;
    let mut lost = Vec::new();
    if cloud.label_words().is_some() && words_of(cloud).is_none() {
        lost.push("label: words become numbers, since some would not be read as one word".to_owned());
    }
    let float = cloud.stored_colors().is_some_and(|(kind, _)| kind.is_float());
    if float && outline.colors().iter().all(|facts| facts.whole_within(0.0, 1.0)) {
        lost.push("colours: shares that are all 0 or 1 are read as bytes".to_owned());
    }
    let reads_as_integers = |facts: &Facts| facts.is_i32() && !facts.within(-1.0, 1.0);
    if outline.normals().iter().any(reads_as_integers) {
        lost.push(
            "normals: whole numbers are read as further columns, text does not tell them from integers"
                .to_owned(),
        );
    }
    for (name, _) in column_types(cloud) {
        if clean(name) != name {
            lost.push(format!("{name}: its name becomes '{}', other signs divide columns", clean(name)));
        }
    }
    lost
}
