//! The triangles of an STL file, one after the other.

use super::{HEADER, TRIANGLE, is_ascii, is_binary};
use crate::error::{Error, Position, Result};
use crate::io::beyond::bytes_beyond;
use crate::io::format::HEAD;
use crate::io::input::Input;
use crate::io::lines::{FileLines, quote};

/// Triangles of a binary file that are read at once.
const BLOCK: usize = 1 << 14;

/// What is done with the corners of a triangle.
pub(super) type Take<'a> = dyn FnMut([[f32; 3]; 3]) -> Result<()> + 'a;

/// Calls `take` with the corners of every triangle; what is left out of the file, one sentence each.
pub(super) fn each_triangle(mut input: Input<'_>, take: &mut Take<'_>) -> Result<Vec<String>> {
    let start = input.take(HEAD)?;
    let solid = start.trim_ascii_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"solid"));
    // A short text without facets is ascii, too, unless its length is that of a binary file.
    let text = solid && !start.contains(&0) && !is_binary(&start, input.length() as u64);
    if is_ascii(&start) || text {
        input.seek(0)?;
        read_ascii(input, take)?;
        return Ok(Vec::new());
    }
    let Some(raw) = start.get(HEADER..HEADER + 4) else {
        let found = format!("{} bytes", start.len());
        let expected = "'solid' or a header of 84 bytes";
        return Err(Error::malformed(input.path(), Position::Byte(0), found, expected));
    };
    let count = u32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]) as usize;
    let complete = (input.length() - HEADER - 4) / TRIANGLE;
    if complete < count {
        let end = Position::Byte(input.length());
        return Err(Error::truncated(input.path(), end, "triangles", complete, count));
    }
    input.seek(HEADER as u64 + 4)?;
    let (mut left, mut colored) = (count, 0_usize);
    while left > 0 {
        let block = left.min(BLOCK);
        for record in input.take(TRIANGLE * block)?.chunks_exact(TRIANGLE) {
            colored += usize::from(record[48..] != [0, 0]);
            // The normal comes first; the corners say the same.
            let number = |i: usize| f32::from_le_bytes([0, 1, 2, 3].map(|b| record[12 + 4 * i + b]));
            take([0, 1, 2].map(|corner| [0, 1, 2].map(|axis| number(3 * corner + axis))))?;
        }
        left -= block;
    }
    let attributes = format!("attribute bytes of {colored} triangles");
    let beyond = bytes_beyond(&input, input.at(), TRIANGLE, "triangles", count)?;
    Ok((colored > 0).then_some(attributes).into_iter().chain(beyond).collect())
}

fn read_ascii(input: Input<'_>, take: &mut Take<'_>) -> Result<()> {
    let path = input.path().to_owned();
    let mut lines = FileLines::new(input);
    let mut corners: Vec<[f32; 3]> = Vec::new();
    let mut open = false;
    while let Some((line, text)) = lines.next_row()? {
        let refuse =
            |found: String, expected: &str| Error::malformed(&path, Position::Line(line), found, expected);
        let text = String::from_utf8_lossy(text).to_ascii_lowercase();
        let mut words = text.split_ascii_whitespace();
        match words.next().unwrap_or_default() {
            "vertex" if open => {
                let mut corner = [0.0; 3];
                for value in &mut corner {
                    let word = words.next().unwrap_or_default();
                    *value = word.parse().map_err(|_| refuse(quote(word.as_bytes()), "a coordinate"))?;
                }
                corners.push(corner);
            }
            "facet" if !open => open = true,
            "endfacet" if open => {
                let Ok(triangle) = <[[f32; 3]; 3]>::try_from(corners.as_slice()) else {
                    return Err(refuse(format!("a facet of {} vertices", corners.len()), "3"));
                };
                take(triangle)?;
                corners.clear();
                open = false;
            }
            "outer" | "endloop" if open => {}
            "solid" | "endsolid" if !open => {}
            word => {
                let expected = if open { "vertex, endloop or endfacet" } else { "facet or endsolid" };
                return Err(refuse(quote(word.as_bytes()), expected));
            }
        }
    }
    if open {
        return Err(Error::malformed(&path, Position::Line(lines.line), "the end of the file", "endfacet"));
    }
    Ok(())
}
