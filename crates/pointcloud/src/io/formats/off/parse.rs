//! The header and the rows of an OFF file.

use super::super::parts::Parts;
use super::kind::Kind;
use super::rows::Rows;
use super::vertices::Vertices;
use crate::error::{Error, Position, Result};
use crate::io::beyond::rows_beyond;
use crate::io::faces::Faces;
use crate::io::input::Input;
use crate::io::lines::quote;

const EXPECTED: &str = "'OFF' and the numbers of vertices, faces and edges";

/// Reads all rows; faces are counted where they are not wanted.
pub(super) fn parse(input: Input<'_>, faces: bool) -> Result<Parts<'static>> {
    let mut rows = Rows::new(input);
    let (kind, [vertex_count, face_count]) = read_header(&mut rows)?;
    let mut vertices = Vertices::new(&rows.path, kind);
    for row in 0..vertex_count {
        let at = rows.next("vertex", row, vertex_count)?;
        vertices.push(&at)?;
    }
    let mut faces = Faces::new(faces);
    let (mut polygon, mut colored) = (Vec::new(), 0_usize);
    for row in 0..face_count {
        let at = rows.next("face", row, face_count)?;
        let mut tokens = at.text.split_ascii_whitespace();
        let corners = tokens.next().unwrap_or_default();
        let corners: usize =
            corners.parse().map_err(|_| at.refuse(quote(corners.as_bytes()), "the number of corners"))?;
        polygon.clear();
        for corner in 0..corners {
            let Some(token) = tokens.next() else {
                return Err(at.refuse(format!("{corner} indices"), format!("{corners}")));
            };
            let index: i64 =
                token.parse().map_err(|_| at.refuse(quote(token.as_bytes()), "a vertex index"))?;
            match u32::try_from(index) {
                Ok(index) if (index as usize) < vertex_count => polygon.push(index),
                _ => return Err(Error::face_index(at.path, row, index as f64, vertex_count)),
            }
        }
        colored += usize::from(tokens.next().is_some());
        faces.push(&polygon);
    }
    let mut surplus = 0_usize;
    while rows.next_text()?.is_some() {
        surplus += 1;
    }
    let beyond = rows_beyond(surplus, "rows", vertex_count + face_count);
    Ok(vertices.finish(&rows.path, &faces, colored, beyond)?.with_faces(faces))
}

fn owned((line, text): (usize, &str)) -> (usize, String) {
    (line, text.to_owned())
}

/// What a vertex is, and the vertices and faces that the header announces.
pub(super) fn read_header(rows: &mut Rows<'_>) -> Result<(Kind, [usize; 2])> {
    let refuse = |rows: &Rows<'_>, line, found: String, expected: &str| {
        Error::malformed(&rows.path, Position::Line(line), found, expected)
    };
    let Some((line, first)) = rows.next_text()?.map(owned) else {
        return Err(refuse(rows, 1, "an empty file".into(), EXPECTED));
    };
    let next = |rows: &mut Rows<'_>| {
        let next = rows.next_text()?.map(owned);
        next.ok_or_else(|| refuse(rows, line, "the end of the file".into(), EXPECTED))
    };
    let (mut kind, rest) = match Kind::of_magic(&first) {
        Some((kind, rest)) => (kind, rest.trim()),
        None if first.starts_with(|c: char| c.is_ascii_digit()) => (Kind::default(), first.as_str()),
        None => return Err(refuse(rows, line, quote(first.as_bytes()), EXPECTED)),
    };
    if rest.to_ascii_uppercase().starts_with("BINARY") {
        return Err(refuse(rows, line, quote(first.as_bytes()), "ascii OFF; binary OFF is not read"));
    }
    let (mut line, mut counts) = match rest {
        "" => next(rows)?,
        rest => (line, rest.to_owned()),
    };
    // `noff` in small letters may mean either: only dimensions are one number.
    let lone = counts.split_ascii_whitespace().count() == 1;
    if lone && kind.normal && first.starts_with('n') {
        (kind.normal, kind.dimensions) = (false, true);
    }
    if kind.dimensions {
        let mut words = counts.split_ascii_whitespace();
        let dimensions = words.next().unwrap_or_default();
        if dimensions != "3" {
            let found = format!("{dimensions} dimensions");
            return Err(refuse(rows, line, found, "3"));
        }
        (line, counts) = match counts[1..].trim() {
            "" => next(rows)?,
            rest => (line, rest.to_owned()),
        };
    }
    let numbers: Vec<usize> = counts.split_ascii_whitespace().map_while(|token| token.parse().ok()).collect();
    match numbers[..] {
        [vertices, faces] | [vertices, faces, _] => Ok((kind, [vertices, faces])),
        _ => Err(refuse(rows, line, quote(counts.as_bytes()), EXPECTED)),
    }
}
