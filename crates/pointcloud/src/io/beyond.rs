//! What a file has beyond the rows that its header announces.

use super::input::{BLOCK_BYTES, Input};
use super::lines::Lines;
use crate::error::Result;

/// `3 rows after the 20 of the header`; `None` where there are none.
pub(crate) fn rows_beyond(surplus: usize, rows: &str, announced: usize) -> Option<String> {
    (surplus > 0).then(|| format!("{surplus} {rows} after the {announced} of the header"))
}

/// The same of `left` bytes after the last of the rows of `size` bytes.
pub(crate) fn records_beyond(left: usize, size: usize, rows: &str, announced: usize) -> Option<String> {
    match left / size.max(1) {
        0 if left == 0 => None,
        0 => Some(format!("{left} bytes after the {announced} {rows} of the header")),
        surplus => rows_beyond(surplus, rows, announced),
    }
}

/// The same of everything from byte `at` on, unless that is white space.
pub(crate) fn bytes_beyond(
    input: &Input<'_>,
    at: usize,
    size: usize,
    rows: &str,
    announced: usize,
) -> Result<Option<String>> {
    let mut input = input.again();
    let left = input.length().saturating_sub(at);
    input.seek(at as u64)?;
    let mut blank = true;
    while blank && left > 0 {
        let bytes = input.take(BLOCK_BYTES)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        blank = bytes.trim_ascii().is_empty();
    }
    Ok(records_beyond(left, size, rows, announced))
}

/// Lines with text that are left of a file, of which `line` is the number of the next one.
pub(crate) fn lines_beyond(input: &mut Input<'_>, line: usize) -> Result<usize> {
    let mut surplus = 0;
    loop {
        let bytes = input.take_lines()?;
        if bytes.is_empty() {
            return Ok(surplus);
        }
        let mut lines = Lines::new(&bytes, 0, line);
        surplus += std::iter::from_fn(|| lines.next_row()).count();
    }
}
