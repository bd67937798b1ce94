//! OBJ meshes (Wavefront).
//!
//! Written here rather than with `tobj`, whose errors name no line and which wants the materials too.

mod others;
mod parse;

use self::parse::Mesh;
use crate::error::Result;
use crate::io::blocks::{Ask, Blocks};
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, GROWTH, Start};
use crate::io::faces::bytes_of_polygon;
use crate::io::format::{Format, Writer};
use crate::io::input::Input;
use crate::io::lines::{Lines, before_comment};
use crate::scalar::{is_single, parse_float};

pub(super) const FORMAT: Format = Format {
    name: "obj",
    extensions: &["obj"],
    sniff: |head| begins_with_vertices(head.bytes),
    plausible: None,
    names_columns: true,
    library: "pointcloud",
    read,
    inspect: |source| {
        let mesh = Mesh::parse(Input::of_bytes(source.path, source.bytes), false)?;
        mesh.finish()?.summary_of_mesh(FORMAT.name)
    },
    open,
    some_whole: false,
    extent,
    writer: Writer::NONE,
};

/// Whether the first line that is neither a comment nor a setting is a vertex, `v x y z`.
fn begins_with_vertices(start: &[u8]) -> bool {
    const BEFORE: [&[u8]; 7] = [b"mtllib", b"usemtl", b"o", b"g", b"s", b"vn", b"vt"];
    let mut lines = Lines::new(start, 0, 1);
    while let Some((_, line)) = lines.next_row() {
        let mut words = before_comment(line).split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let is_number = |word: &[u8]| std::str::from_utf8(word).is_ok_and(|word| parse_float(word).is_some());
        match words.next() {
            Some(b"v") => return words.by_ref().take(3).filter(|word| is_number(word)).count() == 3,
            Some(keyword) if !BEFORE.contains(&keyword) => return false,
            _ => {}
        }
    }
    false
}

/// Reads vertices and faces; indices may count from the end, a backslash continues a line.
///
/// Colours after the coordinates (from 0 to 1, or to 255) become colours, normals are read where
/// every vertex has one of its own. Everything else is left out and counted, see [`Others`](others::Others).
fn read(source: &Source<'_>) -> Result<Contents> {
    Mesh::parse(Input::of_bytes(source.path, source.bytes), source.faces)?.finish()?.read()
}

/// Reads the file once, and keeps its vertices in a temporary file where they are many: faces and normals may come before them.
fn open(input: Input<'static>, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    Ok(Some(Box::new(Mesh::parse(input, ask.faces)?.finish()?)))
}

/// Vertices, normals and faces, from pieces of the file.
fn extent(start: &Start<'_>) -> Option<Extent> {
    let [vertices, numbers, normals, faces, wide] = start.sum_of_lines(|line| {
        let text = String::from_utf8_lossy(before_comment(line));
        let mut words = text.split_ascii_whitespace();
        let key = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        let single = |word: &&str| parse_float(word).is_some_and(|value| is_single(word, value));
        match key {
            "v" => {
                let wide = words.iter().take(3).any(|word| !single(word));
                [1.0, if words.len() >= 6 { 6.0 } else { 3.0 }, 0.0, 0.0, f64::from(u8::from(wide))]
            }
            "vn" => [0.0, 0.0, 3.0, 0.0, 0.0],
            "f" => [0.0, 0.0, 0.0, bytes_of_polygon(words.len()) as f64, 0.0],
            _ => [0.0; 5],
        }
    });
    let columns = ((numbers + normals) / vertices.max(1.0)).round() as usize;
    let extent = Extent::of_columns(vertices as u64, columns, wide > 0.5 * vertices, u64::MAX);
    // The numbers are rows before they are columns.
    Some(extent.and((GROWTH * 8.0 * (numbers + normals)) as u64).and_faces((GROWTH * faces) as u64))
}
