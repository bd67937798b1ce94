//! Text lines that end in LF, CRLF or CR, counted from 1.

use crate::printable::printable_line;

/// Walks over the lines of a byte buffer and knows the line number and byte of each.
#[derive(Clone, Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    /// Byte at which the next line starts.
    pub(crate) offset: usize,
    /// Number of the next line.
    pub(crate) line: usize,
}

impl<'a> Lines<'a> {
    /// Lines of `bytes` from `offset`, the first of which has number `line`.
    pub(crate) fn new(bytes: &'a [u8], offset: usize, line: usize) -> Self {
        Self { bytes, offset, line }
    }

    /// The next line without its end, and its number. `lone_cr`: a CR ends a line by itself even
    /// where an LF follows, as in a CR-only header before a binary body that starts with byte 10.
    pub(crate) fn next_line(&mut self, lone_cr: bool) -> Option<(usize, &'a [u8])> {
        let rest = &self.bytes[self.offset.min(self.bytes.len())..];
        if rest.is_empty() {
            return None;
        }
        let length = rest.iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(rest.len());
        let end = match &rest[length..] {
            [b'\r', b'\n', ..] if !lone_cr => 2,
            [] => 0,
            _ => 1,
        };
        let line = self.line;
        self.offset += length + end;
        self.line += 1;
        Some((line, &rest[..length]))
    }

    /// The next line that is not blank, as text, trimmed; its number and its first byte.
    pub(crate) fn next_row(&mut self) -> Option<(usize, &'a [u8])> {
        loop {
            let (line, text) = self.next_line(false)?;
            let text = text.trim_ascii();
            if !text.is_empty() {
                return Some((line, text));
            }
        }
    }

    /// Whether the current line ends in a CR that no LF follows.
    pub(crate) fn ends_in_lone_cr(&self) -> bool {
        let rest = &self.bytes[self.offset.min(self.bytes.len())..];
        let end = rest.iter().position(|&b| b == b'\n' || b == b'\r');
        end.is_some_and(|i| rest[i] == b'\r' && rest.get(i + 1) != Some(&b'\n'))
    }
}

/// The text of a line before a comment, which starts with `#`. The sign also occurs in numbers of Windows, such as `1.#QNAN`.
pub(crate) fn before_comment(line: &[u8]) -> &[u8] {
    let in_number = |at: usize| at >= 2 && line[at - 1] == b'.' && line[at - 2].is_ascii_digit();
    let comment = line.iter().enumerate().position(|(at, &b)| b == b'#' && !in_number(at));
    &line[..comment.unwrap_or(line.len())]
}

/// Text for an error message: printable, on one line, at most 60 characters.
pub(crate) fn quote(text: &[u8]) -> String {
    const LONGEST: usize = 60;
    let head = &text[..text.len().min(4 * LONGEST)];
    let text = String::from_utf8_lossy(head);
    let clean = printable_line(&text);
    match clean.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("'{}...'", &clean[..cut]),
        None => format!("'{clean}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_line_ends_count() {
        let mut lines = Lines::new(b"a\nb\r\nc\r\r  \nlast", 0, 1);
        let all: Vec<_> = std::iter::from_fn(|| lines.next_line(false)).collect();
        let expected: [(usize, &[u8]); 6] =
            [(1, b"a"), (2, b"b"), (3, b"c"), (4, b""), (5, b"  "), (6, b"last")];
        assert_eq!(all, expected);
        let mut lines = Lines::new(b"\n\r\n  7 8 \r9", 0, 3);
        assert_eq!(lines.next_row(), Some((5, b"7 8".as_slice())));
        assert_eq!(lines.next_row(), Some((6, b"9".as_slice())));
        assert_eq!(lines.next_row(), None);
    }

    #[test]
    fn lone_cr_leaves_the_first_body_byte() {
        let mut lines = Lines::new(b"end_header\r\nbody", 0, 1);
        lines.next_line(true);
        assert_eq!(lines.offset, 11);
        assert!(Lines::new(b"ply\rformat", 0, 1).ends_in_lone_cr());
        assert!(!Lines::new(b"ply\r\nformat", 0, 1).ends_in_lone_cr());
        assert!(!Lines::new(b"ply", 0, 1).ends_in_lone_cr());
    }

    #[test]
    fn quotes_are_short_and_printable() {
        assert_eq!(quote(b"ab\x00c"), r"'ab\u0000c'");
        assert_eq!(quote(&[b'x'; 500]), format!("'{}...'", "x".repeat(60)));
        assert_eq!(quote(&[0xff, b'y']), "'\u{fffd}y'");
    }
}
