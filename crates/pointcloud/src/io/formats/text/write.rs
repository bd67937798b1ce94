//! Clouds into tables of text.

use std::path::Path;

use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::columns::distinct_columns_of;
use crate::io::replace::replace_file;
use crate::scalar::ScalarType;

/// Writes all columns of `cloud` as text, one point per line, with `separator` between the values.
///
/// The names of the columns come first, after `#` unless the separator is a comma. Every number has
/// as many digits as bring back its exact value.
///
/// # Errors
/// As [`write`](crate::io::write()).
pub(super) fn write(path: &Path, cloud: &PointCloud, separator: char) -> Result<()> {
    let columns = distinct_columns_of(cloud)?;
    // Words that hold the separator would be two columns.
    let words = cloud.label_name().zip(cloud.label_words());
    let words = words.filter(|(_, words)| words.iter().all(|word| !word.contains([separator, ' ', '#'])));
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
                if let Some((label, words)) = words
                    && label == column.name
                {
                    write!(out, "{}", words[value as usize])?;
                    continue;
                }
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
