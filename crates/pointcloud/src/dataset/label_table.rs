//! The table of labels of a data set: `labels.csv` with the columns `file`, `class` and optionally `split`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::file_index::FileIndex;
use super::files::Files;
use super::layout::TABLE;
use crate::error::{Error, Malformed, Position, Result};
use crate::io::is_file;

const COLUMNS: &str = "the columns file,class or file,class,split";

/// The table in `root`, if there is one.
pub(super) fn find(root: &Path) -> Result<Option<PathBuf>> {
    let path = root.join(TABLE);
    Ok(is_file(&path)?.then_some(path))
}

/// Whether the table has the columns that it needs.
pub(super) fn is_one(path: &Path) -> bool {
    Table::read(path).is_ok()
}

/// Whether the table names the split of every file.
pub(super) fn has_splits(path: &Path) -> Result<bool> {
    Ok(Table::read(path)?.split.is_some())
}

/// A table with the columns found.
struct Table {
    path: PathBuf,
    text: String,
    delimiter: char,
    file: usize,
    class: usize,
    split: Option<usize>,
    columns: usize,
}

impl Table {
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|source| Error::io(path, "read", source))?;
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let header = text.lines().next().unwrap_or_default();
        let delimiter = [',', ';', '\t'].into_iter().max_by_key(|c| (header.matches(*c).count(), *c == ','));
        let delimiter = delimiter.unwrap_or(',');
        let names: Vec<String> =
            cells(header, delimiter).iter().map(|name| name.trim().to_lowercase()).collect();
        let column = |name: &str| names.iter().position(|known| known == name);
        let (Some(file), Some(class)) = (column("file"), column("class")) else {
            return Err(Error::malformed(path, Position::Line(1), format!("'{header}'"), COLUMNS));
        };
        let (split, columns) = (column("split"), names.len());
        Ok(Self { path: path.to_owned(), text, delimiter, file, class, split, columns })
    }
}

/// Reads the files that the table names.
///
/// Without a column `split`, the splits are the folders of the files, if all files are in folders that are named like splits.
pub(super) fn read(root: &Path, table: &Path) -> Result<Files> {
    let table = Table::read(table)?;
    let index = FileIndex::of(root, std::slice::from_ref(&table.path))?;
    let mut files = Files::default();
    let mut rows: Vec<(usize, String, Option<String>)> = Vec::new();
    let mut seen: HashMap<usize, usize> = HashMap::new();
    for (number, line) in (1..).zip(table.text.lines()).skip(1) {
        if line.trim().is_empty() {
            continue;
        }
        let refuse = |found: String, expected: String| {
            Error::from(Malformed::new(&table.path, found, expected).at(Position::Line(number)))
        };
        let cells = cells(line, table.delimiter);
        if cells.len() != table.columns {
            return Err(refuse(format!("{} cells", cells.len()), format!("{}, as in line 1", table.columns)));
        }
        let cell = |column: usize, name: &str| match cells[column].trim() {
            "" => Err(refuse(format!("no {name}"), format!("a {name} in every line"))),
            text => Ok(text.to_owned()),
        };
        let name = cell(table.file, "file")?;
        let file = index.find(&name).map_err(|(found, expected)| refuse(found, expected))?;
        if let Some(first) = seen.insert(file, number) {
            return Err(refuse(format!("'{name}' again, after line {first}"), "every file once".into()));
        }
        let split = table.split.map(|column| cell(column, "split")).transpose()?;
        rows.push((file, cell(table.class, "class")?, split));
    }
    if rows.is_empty() {
        return Err(Error::malformed(&table.path, Position::Line(1), "no row below", "a row for every file"));
    }
    let in_folders = table.split.is_none() && rows.iter().all(|(file, ..)| index.split(*file).is_some());
    for (file, class, split) in rows {
        let split = if in_folders { index.split(file) } else { split };
        files.splits.extend(split.clone());
        files.add(index.file(file).to_owned(), class, split);
    }
    let left = index.len() - files.len();
    if left > 0 {
        files.warnings.push(format!("{left} files are not in {TABLE} and are left out"));
    }
    Ok(files)
}

/// The cells of a line. A cell may be quoted; a quote inside is doubled.
fn cells(line: &str, delimiter: char) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    let mut chars = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        let last = cells.len() - 1;
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cells[last].push('"');
            }
            '"' if quoted || cells[last].trim().is_empty() => quoted = !quoted,
            c if c == delimiter && !quoted => cells.push(String::new()),
            c => cells[last].push(c),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_may_be_quoted() {
        for (line, expected) in [
            ("a,b,c", &["a", "b", "c"][..]),
            ("\"a,1\",\"say \"\"hi\"\"\",\r", &["a,1", "say \"hi\"", ""]),
            ("", &[""]),
            ("5\" pipe,tube", &["5\" pipe", "tube"]),
        ] {
            assert_eq!(cells(line, ','), expected);
        }
        assert_eq!(cells("a;b,c", ';'), ["a", "b,c"]);
    }
}
