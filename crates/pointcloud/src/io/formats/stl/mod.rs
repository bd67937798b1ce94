//! STL meshes, ascii and binary.
//!
//! Written here rather than with `stl_io`: the size of the file decides between the two kinds, since
//! binary files also begin with `solid`, and errors name the line or the byte.

mod triangles;
mod weld;

use std::path::Path;

use self::weld::{weld, weld_in_parts};
use super::parts::{Parts, parts_of_spools};
use crate::error::{Position, Result};
use crate::io::blocks::{Ask, Blocks, Rest};
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, GROWTH, Start, TRIANGLE as INDICES};
use crate::io::faces::Faces;
use crate::io::format::{Format, Writer, inspect_contents};
use crate::io::input::Input;
use crate::io::spool::Spool;
use crate::scalar::ScalarType;

/// Bytes before the number of triangles, and of one triangle.
const HEADER: usize = 80;
const TRIANGLE: usize = 50;

/// Equal corners of a longer file are found in parts, unless the triangles themselves are wanted.
const LARGE: usize = 1 << 26;

pub(super) const FORMAT: Format = Format {
    name: "stl",
    extensions: &["stl"],
    sniff: |head| is_ascii(head.bytes) || (!head.known_extension && is_binary(head.bytes, head.length)),
    plausible: None,
    names_columns: true,
    library: "pointcloud",
    read,
    inspect: |source| inspect_contents(source, &FORMAT, true),
    open,
    some_whole: false,
    extent,
    writer: Writer::NONE,
};

/// Whether the start of a file is that of an ascii STL file. Headers of binary files also begin with `solid`.
fn is_ascii(start: &[u8]) -> bool {
    let text = start.trim_ascii_start();
    let has = |word: &[u8]| text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    let solid = text.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"solid"));
    solid && !text.contains(&0) && (has(b"facet") || has(b"endsolid"))
}

/// Whether the length of the file is the one that a binary header announces.
fn is_binary(head: &[u8], length: u64) -> bool {
    let count = head.get(HEADER..HEADER + 4).and_then(|raw| raw.try_into().ok()).map(u32::from_le_bytes);
    count.is_some_and(|count| count > 0 && length == 84 + 50 * u64::from(count))
}

/// Reads triangles; corners with the same coordinates become one vertex.
fn read(source: &Source<'_>) -> Result<Contents> {
    let mut faces = Faces::new(source.faces);
    let (vertices, left_out) = weld(&Input::of_bytes(source.path, source.bytes), &mut faces)?;
    parts_of(source.path, vertices, faces, left_out)?.read()
}

/// Reads the file once or twice, and keeps its vertices in a temporary file where they are many.
fn open(input: Input<'static>, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    let mut faces = Faces::new(ask.faces);
    let join = if input.length() > LARGE && !ask.faces { weld_in_parts } else { weld };
    let (vertices, left_out) = join(&input, &mut faces)?;
    Ok(Some(Box::new(parts_of(input.path(), vertices, faces, left_out)?)))
}

fn parts_of(path: &Path, vertices: Spool, faces: Faces, left_out: Vec<String>) -> Result<Parts<'static>> {
    let columns = ["x", "y", "z"].map(|name| (name, ScalarType::F32)).into();
    let rest = Rest::of_mesh(&faces, left_out, Vec::new());
    Ok(parts_of_spools(path, vec![(vertices, columns)], Position::Byte(0), rest)?.with_faces(faces))
}

/// Triangles by the length of a binary file or by pieces of an ascii one; in a closed surface every second one has a vertex of its
/// own.
fn extent(start: &Start<'_>) -> Option<Extent> {
    let triangles = if is_binary(start.bytes, start.length) || !is_ascii(start.bytes) {
        start.length.saturating_sub(HEADER as u64 + 4) / TRIANGLE as u64
    } else {
        let is_facet = |line: &[u8]| {
            line.trim_ascii_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"facet"))
        };
        let [facets] = start.sum_of_lines(|line| [f64::from(u8::from(is_facet(line)))]);
        facets as u64
    };
    let points = triangles / 2;
    // The table that finds equal corners is filled to seven eighths at most, and is copied when it grows.
    let slots = (points * 8 / 7).next_power_of_two();
    let table = slots.saturating_mul(size_of::<([u32; 3], u32)>() as u64 + 1);
    let grown = GROWTH * (INDICES * triangles + 12 * points) as f64;
    let bytes = 2 * table + grown as u64;
    let gathered = 12 * points;
    Some(Extent { points, bytes, gathered, faces: bytes - gathered, ..Extent::default() })
}
