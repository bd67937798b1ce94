//! OBJ meshes (Wavefront).
//!
//! Written here rather than with `tobj`, whose errors name no line and which wants the materials too.

use std::borrow::Cow;
use std::path::Path;

use crate::error::{Error, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, GROWTH, Start};
use crate::io::faces::{Faces, bytes_of_polygon};
use crate::io::format::{Format, inspect_contents, never_written, nothing_lost};
use crate::io::lines::{Lines, before_comment, quote};
use crate::scalar::{ScalarProperty, ScalarType, is_single, parse_float};

pub(super) const FORMAT: Format = Format {
    name: "obj",
    extensions: &["obj"],
    sniff: |_| false,
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

/// Reads vertices and faces; indices may count from the end, a backslash continues a line.
///
/// Colours after the coordinates (from 0 to 1, or to 255) become colours, normals are read where
/// every vertex has one of its own. Materials, texture, lines and groups are left out.
fn read(source: &Source<'_>) -> Result<Contents> {
    let mut mesh = Mesh { path: source.path, ..Mesh::default() };
    let mut lines = Lines::new(source.bytes, 0, 1);
    while let Some((line, text)) = next_line(&mut lines) {
        let text = String::from_utf8_lossy(before_comment(&text));
        let mut words = text.split_ascii_whitespace();
        let Some(key) = words.next() else { continue };
        match key {
            "v" | "vn" => mesh.push_vertex(line, key, words)?,
            "f" => mesh.push_face(line, words)?,
            "vt" => mesh.texture += 1,
            "l" | "p" => mesh.lines += 1,
            "usemtl" => mesh.materials += 1,
            _ if key.starts_with(|c: char| c.is_ascii_alphabetic()) => {}
            _ => return Err(mesh.refuse(line, quote(key.as_bytes()), "a keyword such as v or f")),
        }
    }
    mesh.finish()
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
    Some(extent.and((GROWTH * (8.0 * (numbers + normals) + faces)) as u64))
}

/// The next line with text, with those that continue it.
fn next_line<'a>(lines: &mut Lines<'a>) -> Option<(usize, Cow<'a, [u8]>)> {
    let (line, text) = lines.next_row()?;
    let mut text = Cow::Borrowed(text);
    while let Some(head) = text.strip_suffix(b"\\") {
        let mut joined = head.to_vec();
        joined.push(b' ');
        joined.extend(lines.next_line(false).map(|(_, next)| next.trim_ascii()).unwrap_or_default());
        text = Cow::Owned(joined);
    }
    Some((line, text))
}

/// What was read so far.
struct Mesh<'a> {
    path: &'a Path,
    coordinates: Vec<[f64; 3]>,
    colors: Vec<[f64; 3]>,
    normals: Vec<[f64; 3]>,
    /// Whether the normal of every corner has the index of its vertex.
    own_normals: bool,
    /// Whether singles hold all numbers.
    single: bool,
    faces: Faces,
    polygon: Vec<u32>,
    /// Faces may come before their vertices, so the largest index is checked at the end; its line.
    largest: Option<(usize, i64)>,
    texture: usize,
    lines: usize,
    materials: usize,
}

impl Default for Mesh<'_> {
    fn default() -> Self {
        Self {
            path: Path::new(""),
            coordinates: Vec::new(),
            colors: Vec::new(),
            normals: Vec::new(),
            own_normals: true,
            single: true,
            faces: Faces::default(),
            polygon: Vec::new(),
            largest: None,
            texture: 0,
            lines: 0,
            materials: 0,
        }
    }
}

impl Mesh<'_> {
    fn refuse(&self, line: usize, found: String, expected: &str) -> Error {
        Error::malformed(self.path, Position::Line(line), found, expected)
    }

    fn push_vertex<'w>(
        &mut self,
        line: usize,
        key: &str,
        words: impl Iterator<Item = &'w str>,
    ) -> Result<()> {
        let mut values = Vec::new();
        for word in words {
            let value =
                parse_float(word).ok_or_else(|| self.refuse(line, quote(word.as_bytes()), "a number"))?;
            self.single = self.single && is_single(word, value);
            values.push(value);
        }
        match (key, values[..].as_ref()) {
            ("vn", &[x, y, z]) => self.normals.push([x, y, z]),
            // A fourth number is the weight of rational curves.
            ("v", &[x, y, z] | &[x, y, z, _]) => self.coordinates.push([x, y, z]),
            ("v", &[x, y, z, r, g, b, ..]) => {
                self.coordinates.push([x, y, z]);
                self.colors.push([r, g, b]);
            }
            (_, values) => {
                return Err(self.refuse(line, format!("{} values", values.len()), "3 coordinates"));
            }
        }
        Ok(())
    }

    fn push_face<'w>(&mut self, line: usize, words: impl Iterator<Item = &'w str>) -> Result<()> {
        self.polygon.clear();
        for word in words {
            let mut parts = word.split('/');
            let corner = parts.next().unwrap_or_default();
            let index: i64 = corner.parse().map_err(|_| {
                self.refuse(line, quote(word.as_bytes()), "a vertex index from 1, or from -1 down")
            })?;
            let absolute = if index < 0 { self.coordinates.len() as i64 + index } else { index - 1 };
            if let Some(normal) = parts.nth(1).filter(|part| !part.is_empty()) {
                self.own_normals &= normal == corner;
            }
            let Ok(small) = u32::try_from(absolute) else { return Err(self.bad_index(line, index)) };
            if self.largest.is_none_or(|(_, other)| absolute > other) {
                self.largest = Some((line, absolute));
            }
            self.polygon.push(small);
        }
        self.faces.push(&self.polygon);
        Ok(())
    }

    fn bad_index(&self, line: usize, found: i64) -> Error {
        let vertices = self.coordinates.len();
        let expected = format!("1 to {vertices}, or -1 down to -{vertices}");
        self.refuse(line, format!("vertex index {found}"), &expected)
    }

    fn finish(self) -> Result<Contents> {
        if let Some((line, index)) = self.largest.filter(|&(_, index)| index >= self.coordinates.len() as i64)
        {
            return Err(self.bad_index(line, index + 1));
        }
        if self.coordinates.is_empty() {
            return Err(self.refuse(1, "no vertex".into(), "lines 'v x y z'"));
        }
        let column = |values: &[[f64; 3]], names: [&str; 3], scalar_type| {
            let one = |axis: usize| values.iter().map(|value| value[axis]).collect();
            [0, 1, 2].map(|axis| ScalarProperty { name: names[axis].into(), scalar_type, values: one(axis) })
        };
        let count = self.coordinates.len();
        let kind = if self.single { ScalarType::F32 } else { ScalarType::F64 };
        let mut columns: Vec<_> = column(&self.coordinates, ["x", "y", "z"], kind).into();
        let mut left_out = Vec::new();
        let mut tell = |count: usize, what: &str| {
            if count > 0 {
                left_out.push(format!("{count} {what}"));
            }
        };
        if self.colors.len() == count {
            let whole = self.colors.iter().flatten().all(|v| v.fract() == 0.0);
            let shares = self.colors.iter().flatten().all(|v| (0.0..=1.0).contains(v));
            let scalar_type = if whole && !shares { ScalarType::U8 } else { ScalarType::F32 };
            columns.extend(column(&self.colors, ["red", "green", "blue"], scalar_type));
        } else {
            tell(self.colors.len(), "colours, since some vertices have none");
        }
        if self.own_normals && self.normals.len() == count {
            columns.extend(column(&self.normals, ["nx", "ny", "nz"], ScalarType::F32));
        } else {
            tell(self.normals.len(), "normals, since they are not one per vertex");
        }
        tell(self.texture, "texture coordinates");
        tell(self.lines, "lines and points");
        tell(self.materials, "uses of materials");
        let mut contents = cloud_of_table(columns)
            .map_err(|found| Error::malformed(self.path, Position::Line(1), found, "x, y and z"))?;
        contents.left_out = left_out;
        Ok(Contents::of_faces(contents, self.faces))
    }
}
