//! Text lines that end in LF, CRLF or CR, counted from 1.

use std::ops::Range;

use super::input::Input;
use crate::error::Result;
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

    /// About how many lines are left: as many, where all end alike.
    pub(crate) fn left(&self) -> usize {
        let rest = &self.bytes[self.offset.min(self.bytes.len())..];
        let count = |end: u8| rest.iter().filter(|&&byte| byte == end).count();
        let ends = match count(b'\n') {
            0 => count(b'\r'),
            ends => ends,
        };
        ends + usize::from(!rest.is_empty() && !rest.ends_with(b"\n") && !rest.ends_with(b"\r"))
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

/// The lines of a file of which only a block is in memory.
pub(crate) struct FileLines<'a> {
    input: Input<'a>,
    block: Vec<u8>,
    /// Byte of the block at which the next line starts.
    offset: usize,
    /// Number of the next line.
    pub(crate) line: usize,
}

impl<'a> FileLines<'a> {
    pub(crate) fn new(input: Input<'a>) -> Self {
        Self { input, block: Vec::new(), offset: 0, line: 1 }
    }

    /// The file that the lines are read from.
    pub(crate) fn input(&self) -> &Input<'a> {
        &self.input
    }

    /// Reads the next block where this one has no line left; false at the end of the file.
    fn fill(&mut self) -> Result<bool> {
        if self.offset == self.block.len() {
            (self.block, self.offset) = (self.input.take_lines()?, 0);
        }
        Ok(!self.block.is_empty())
    }

    fn take(
        &mut self,
        next: impl for<'l> Fn(&mut Lines<'l>) -> Option<(usize, &'l [u8])>,
    ) -> Option<(usize, Range<usize>)> {
        let mut lines = Lines::new(&self.block, self.offset, self.line);
        let found = next(&mut lines).map(|(line, text)| {
            let start = text.as_ptr().addr() - self.block.as_ptr().addr();
            (line, start..start + text.len())
        });
        (self.offset, self.line) = (lines.offset, lines.line);
        found
    }

    /// The text of a line, until the next one is read.
    pub(crate) fn text(&self, range: Range<usize>) -> &[u8] {
        &self.block[range]
    }

    /// The next line without its end, and its number.
    pub(crate) fn next_line(&mut self) -> Result<Option<(usize, &[u8])>> {
        self.fill()?;
        let found = self.take(|lines| lines.next_line(false));
        Ok(found.map(|(line, range)| (line, self.text(range))))
    }

    /// The next line that is not blank, trimmed, and its number.
    pub(crate) fn next_row(&mut self) -> Result<Option<(usize, &[u8])>> {
        Ok(self.next_range()?.map(|(line, range)| (line, self.text(range))))
    }

    /// [`next_row`](Self::next_row), with where its [`text`](Self::text) is.
    pub(crate) fn next_range(&mut self) -> Result<Option<(usize, Range<usize>)>> {
        while self.fill()? {
            let found = self.take(|lines| lines.next_row());
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// Whether a file that begins so is text in UTF-16.
pub(crate) fn is_utf16(head: &[u8]) -> bool {
    matches!(head, [0xff, 0xfe, 1..=127, 0, ..] | [0xfe, 0xff, 0, 1..=127, ..])
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
    fn lines_of_a_file_are_those_of_its_bytes() {
        let blank = " \n".repeat(1 << 20);
        let text = format!("a\n\n{blank}{}b \r\n c\n{blank}", "d 1\n".repeat(1 << 19));
        let path = std::path::Path::new("a.off");
        let mut lines = Lines::new(text.as_bytes(), 0, 1);
        let mut file = FileLines::new(Input::of_bytes(path, text.as_bytes()));
        loop {
            let row = lines.next_row();
            assert_eq!(file.next_row().unwrap(), row);
            if row.is_none() {
                break;
            }
        }
        assert_eq!(file.line, lines.line);
        let mut file = FileLines::new(Input::of_bytes(path, b"1\n\n2"));
        for expected in [Some((1, &b"1"[..])), Some((2, b"")), Some((3, b"2")), None] {
            assert_eq!(file.next_line().unwrap(), expected);
        }
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
