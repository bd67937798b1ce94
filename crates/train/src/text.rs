//! Columns of text that line up on a terminal, whatever the alphabet.

use unicode_width::UnicodeWidthStr;

/// `1 file`, `2 files`.
#[must_use]
pub fn files(count: usize) -> String {
    format!("{count} file{}", if count == 1 { "" } else { "s" })
}

/// The side to which the cells of a column are aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// On the left.
    Left,
    /// On the right.
    Right,
}

/// Columns on a terminal that `text` takes: 2 for wide characters, 0 for combining ones.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` filled up with spaces to `columns`.
pub fn pad(text: &str, columns: usize, align: Align) -> String {
    let fill = " ".repeat(columns.saturating_sub(width(text)));
    match align {
        Align::Left => format!("{text}{fill}"),
        Align::Right => format!("{fill}{text}"),
    }
}

/// Rows of cells, each column as wide as its widest cell, two spaces between columns; no spaces at
/// the line ends.
///
/// Every row has as many cells as `aligns`.
pub fn columns(rows: &[Vec<String>], aligns: &[Align]) -> Vec<String> {
    let widths: Vec<usize> = (0..aligns.len())
        .map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0))
        .collect();
    rows.iter()
        .map(|row| {
            let cells = row
                .iter()
                .zip(&widths)
                .zip(aligns)
                .map(|((cell, &columns), &align)| pad(cell, columns, align));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

/// `95 MB`, rounded up, or `1.2 GB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes.div_ceil(1_000_000)),
        1_000_000_000..1_000_000_000_000 => format!("{:.1} GB", bytes as f64 / 1e9),
        _ => format!("{:.1} TB", bytes as f64 / 1e12),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_combining_characters_line_up() {
        let rows = [["椅子", "1"], ["e\u{301}tage\u{300}re", "20"], ["Stuhl", "300"]];
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect()).collect();
        let lines = columns(&rows, &[Align::Left, Align::Right]);
        assert_eq!(lines, ["椅子       1", "e\u{301}tage\u{300}re   20", "Stuhl    300"]);
        assert!(lines.iter().all(|line| width(line) == 12), "{lines:?}");
    }
}
