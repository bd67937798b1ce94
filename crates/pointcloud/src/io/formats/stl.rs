//! STL meshes, ascii and binary.
//!
//! Written here rather than with `stl_io`: the size of the file decides between the two kinds, since
//! binary files also begin with `solid`, and errors name the line or the byte.

use std::collections::HashMap;
use std::path::Path;

use crate::cloud::PointCloud;
use crate::error::{Error, Position, Result};
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, GROWTH, Start, TRIANGLE as INDICES};
use crate::io::format::{Format, HEAD, inspect_contents, never_written, nothing_lost};
use crate::io::lines::{Lines, quote};

/// Bytes before the number of triangles, and of one triangle.
const HEADER: usize = 80;
const TRIANGLE: usize = 50;

pub(super) const FORMAT: Format = Format {
    name: "stl",
    extensions: &["stl"],
    sniff: |head| is_ascii(head.bytes) || (!head.known_extension && is_binary(head.bytes, head.length)),
    plausible: None,
    names_columns: true,
    library: "pointcloud",
    read,
    inspect: |source| inspect_contents(source, &FORMAT, true),
    open: None,
    extent,
    words: false,
    long_integers: false,
    written: &[],
    encoder: never_written,
    lost: nothing_lost,
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
    let Source { path, bytes, .. } = *source;
    let mut soup = Soup::default();
    let mut left_out = Vec::new();
    let start = &bytes[..bytes.len().min(HEAD)];
    let solid = start.trim_ascii_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"solid"));
    // A short text without facets is ascii, too, unless its length is that of a binary file.
    let text = solid && !start.contains(&0) && !is_binary(bytes, bytes.len() as u64);
    if is_ascii(start) || text {
        read_ascii(path, bytes, &mut soup)?;
    } else {
        let Some(raw) = bytes.get(HEADER..HEADER + 4) else {
            let found = format!("{} bytes", bytes.len());
            return Err(Error::malformed(path, Position::Byte(0), found, "'solid' or a header of 84 bytes"));
        };
        let count = u32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]) as usize;
        let records = bytes[HEADER + 4..].chunks_exact(TRIANGLE).take(count);
        if records.len() < count {
            return Err(Error::truncated(
                path,
                Position::Byte(bytes.len()),
                "triangles",
                records.len(),
                count,
            ));
        }
        let colored = records.clone().filter(|record| record[48..] != [0, 0]).count();
        if colored > 0 {
            left_out.push(format!("attribute bytes of {colored} triangles"));
        }
        for record in records {
            // The normal comes first; the corners say the same.
            let number = |i: usize| f32::from_le_bytes([0, 1, 2, 3].map(|b| record[12 + 4 * i + b]));
            soup.push([0, 1, 2].map(|corner| [0, 1, 2].map(|axis| number(3 * corner + axis))));
        }
    }
    let mut contents = Contents::mesh(PointCloud::new(soup.vertices), soup.triangles);
    contents.uses(["x", "y", "z"].map(str::to_owned), "position");
    contents.left_out = left_out;
    Ok(contents)
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
    Some(Extent { points, bytes: 2 * table + grown as u64 })
}

fn read_ascii(path: &Path, bytes: &[u8], soup: &mut Soup) -> Result<()> {
    let mut lines = Lines::new(bytes, 0, 1);
    let mut corners: Vec<[f32; 3]> = Vec::new();
    let mut open = false;
    while let Some((line, text)) = lines.next_row() {
        let refuse =
            |found: String, expected: &str| Error::malformed(path, Position::Line(line), found, expected);
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
                soup.push(triangle);
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
        return Err(Error::malformed(path, Position::Line(lines.line), "the end of the file", "endfacet"));
    }
    Ok(())
}

#[derive(Default)]
struct Soup {
    vertices: Vec<[f32; 3]>,
    triangles: Vec<[u32; 3]>,
    known: HashMap<[u32; 3], u32>,
}

impl Soup {
    fn push(&mut self, corners: [[f32; 3]; 3]) {
        let triangle = corners.map(|corner| {
            // -0 and 0 are the same coordinate.
            let corner = corner.map(|v| v + 0.0);
            *self.known.entry(corner.map(f32::to_bits)).or_insert_with(|| {
                self.vertices.push(corner);
                // A file of so many vertices would have over 50 GB.
                (self.vertices.len() - 1) as u32
            })
        });
        self.triangles.push(triangle);
    }
}
