//! OBJ meshes (Wavefront).
//!
//! Written here rather than with `tobj`, whose errors name no line and which wants the materials too.

use std::path::Path;

use crate::cloud::PointCloud;
use crate::error::{Error, Position, Result};
use crate::io::contents::{Contents, Source};
use crate::io::format::Format;
use crate::io::lines::{Lines, quote};
use crate::io::summary::inspect_contents;
use crate::mesh::push_fan;

pub(super) const FORMAT: Format = Format {
    name: "obj",
    extensions: &["obj"],
    sniff: |_| false,
    plausible: None,
    read,
    inspect: |source| inspect_contents(source, &FORMAT, true),
    write: None,
};

/// Reads vertices and faces; polygons are split into fans, indices may count from the end.
///
/// Colours after the coordinates (from 0 to 1, or to 255) become colours, normals are read where
/// every vertex has one of its own. Materials, texture, lines and groups are left out.
fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let mut lines = Lines::new(bytes, 0, 1);
    let mut coordinates: Vec<[f64; 3]> = Vec::new();
    let mut colors: Vec<[f64; 3]> = Vec::new();
    let mut normals: Vec<[f32; 3]> = Vec::new();
    let mut own_normals = true;
    let (mut triangles, mut polygon) = (Vec::new(), Vec::new());
    // Faces may come before their vertices, so the largest index is checked at the end.
    let mut largest: Option<(usize, i64)> = None;
    while let Some((line, text)) = lines.next_row() {
        let refuse =
            |found: String, expected: &str| Error::malformed(path, Position::Line(line), found, expected);
        let text = String::from_utf8_lossy(text);
        let mut words = text.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let Some(key) = words.next() else { continue };
        match key {
            "v" | "vn" => {
                let mut values = Vec::new();
                for word in words {
                    let value = word.parse::<f64>();
                    values.push(value.map_err(|_| refuse(quote(word.as_bytes()), "a number"))?);
                }
                match (key, values[..].as_ref()) {
                    ("vn", &[x, y, z]) => normals.push([x, y, z].map(|v| v as f32)),
                    // A fourth number is the weight of rational curves.
                    ("v", &[x, y, z] | &[x, y, z, _]) => coordinates.push([x, y, z]),
                    ("v", &[x, y, z, r, g, b, ..]) => {
                        coordinates.push([x, y, z]);
                        colors.push([r, g, b]);
                    }
                    (_, values) => return Err(refuse(format!("{} values", values.len()), "3 coordinates")),
                }
            }
            "f" => {
                polygon.clear();
                for word in words {
                    let mut parts = word.split('/');
                    let corner = parts.next().unwrap_or_default();
                    let index: i64 = corner.parse().map_err(|_| {
                        refuse(quote(word.as_bytes()), "a vertex index from 1, or from -1 down")
                    })?;
                    let absolute = if index < 0 { coordinates.len() as i64 + index } else { index - 1 };
                    if let Some(normal) = parts.nth(1).filter(|part| !part.is_empty()) {
                        own_normals &= normal == corner;
                    }
                    let Ok(small) = u32::try_from(absolute) else {
                        return Err(bad_index(path, line, index, coordinates.len()));
                    };
                    if largest.is_none_or(|(_, other)| absolute > other) {
                        largest = Some((line, absolute));
                    }
                    polygon.push(small);
                }
                if polygon.len() < 3 {
                    return Err(refuse(format!("{} corners", polygon.len()), "3 or more"));
                }
                push_fan(&mut triangles, &polygon);
            }
            _ if key.starts_with(|c: char| c.is_ascii_alphabetic()) => {}
            _ => return Err(refuse(quote(key.as_bytes()), "a keyword such as v or f")),
        }
    }
    if let Some((line, index)) = largest.filter(|&(_, index)| index >= coordinates.len() as i64) {
        return Err(bad_index(path, line, index + 1, coordinates.len()));
    }
    if coordinates.is_empty() {
        return Err(Error::malformed(path, Position::Line(1), "no vertex", "lines 'v x y z'"));
    }
    let mut cloud = PointCloud::from_coordinates(&coordinates);
    if colors.len() == cloud.len() {
        let shares = colors.iter().flatten().all(|v| (0.0..=1.0).contains(v));
        let scale = if shares { 255.0 } else { 1.0 };
        cloud.set_colors(Some(colors.iter().map(|c| c.map(|v| (v * scale).round() as u8)).collect()))?;
    }
    if own_normals && normals.len() == cloud.len() {
        cloud.set_normals(Some(normals))?;
    }
    Ok(Contents::mesh(cloud, triangles))
}

fn bad_index(path: &Path, line: usize, found: i64, vertices: usize) -> Error {
    let found = format!("vertex index {found}");
    let expected = format!("1 to {vertices}, or -1 down to -{vertices}");
    Error::malformed(path, Position::Line(line), found, expected)
}
