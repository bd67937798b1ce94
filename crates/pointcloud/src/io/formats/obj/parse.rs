//! The lines of an OBJ file.

use std::path::PathBuf;

use super::super::parts::{Named, Parts, add_opacities, parts_of_spools};
use super::others::Others;
use crate::error::{Error, Position, Result};
use crate::io::blocks::Rest;
use crate::io::faces::Faces;
use crate::io::facts::Facts;
use crate::io::input::Input;
use crate::io::lines::{FileLines, before_comment, quote};
use crate::io::spool::Spool;
use crate::scalar::{ScalarType, is_single, parse_float};

/// Puts the next line with text into `text`, with those that continue it; its number.
fn next_line(lines: &mut FileLines<'_>, text: &mut Vec<u8>) -> Result<Option<usize>> {
    let Some((line, first)) = lines.next_row()? else { return Ok(None) };
    text.clear();
    text.extend(first);
    while text.pop_if(|last| *last == b'\\').is_some() {
        text.push(b' ');
        text.extend(lines.next_line()?.map(|(_, next)| next.trim_ascii()).unwrap_or_default());
    }
    Ok(Some(line))
}

/// Adds so many of something, if there are any.
fn tell(left_out: &mut Vec<String>, count: usize, what: &str) {
    if count > 0 {
        left_out.push(format!("{count} {what}"));
    }
}

/// What was read so far.
pub(super) struct Mesh {
    path: PathBuf,
    coordinates: Spool,
    colors: Spool,
    /// What the channels of all colours have in common.
    channels: Facts,
    normals: Spool,
    /// Whether the normal of every corner has the index of its vertex.
    own_normals: bool,
    /// Whether singles hold all numbers.
    single: bool,
    faces: Faces,
    polygon: Vec<u32>,
    /// Faces may come before their vertices, so the largest index is checked at the end; its line.
    largest: Option<(usize, i64)>,
    /// Opacities of the colours that have one, and what they have in common.
    opacities: Spool,
    opacity: Facts,
    /// Vertices with a fourth coordinate other than 1, and with numbers after the colour.
    weighted: usize,
    surplus: usize,
    others: Others,
}

impl Mesh {
    /// Reads all lines; faces are counted where they are not wanted.
    pub(super) fn parse(input: Input<'_>, faces: bool) -> Result<Self> {
        let path = input.path().to_owned();
        let spool = |columns| Spool::new(&path, columns);
        let mut mesh = Self {
            coordinates: spool(3),
            colors: spool(3),
            channels: Facts::default(),
            normals: spool(3),
            own_normals: true,
            single: true,
            faces: Faces::new(faces),
            polygon: Vec::new(),
            largest: None,
            opacities: spool(1),
            opacity: Facts::default(),
            weighted: 0,
            surplus: 0,
            others: Others::default(),
            path,
        };
        let (mut lines, mut text) = (FileLines::new(input), Vec::new());
        while let Some(line) = next_line(&mut lines, &mut text)? {
            let text = String::from_utf8_lossy(before_comment(&text));
            let mut words = text.split_ascii_whitespace();
            let Some(key) = words.next() else { continue };
            match key {
                "v" | "vn" => mesh.push_vertex(line, key, words)?,
                "f" => mesh.push_face(line, words)?,
                _ if key.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                    mesh.others.push(key, words.next());
                }
                _ => return Err(mesh.refuse(line, quote(key.as_bytes()), "a keyword such as v or f")),
            }
        }
        Ok(mesh)
    }

    fn refuse(&self, line: usize, found: String, expected: &str) -> Error {
        Error::malformed(&self.path, Position::Line(line), found, expected)
    }

    fn push_vertex<'w>(
        &mut self,
        line: usize,
        key: &str,
        words: impl Iterator<Item = &'w str>,
    ) -> Result<()> {
        // More numbers than a vertex has are counted only.
        let (mut values, mut count) = ([0.0; 7], 0);
        for word in words {
            let value =
                parse_float(word).ok_or_else(|| self.refuse(line, quote(word.as_bytes()), "a number"))?;
            self.single = self.single && is_single(word, value);
            if let Some(place) = values.get_mut(count) {
                *place = value;
            }
            count += 1;
        }
        let (first, last, opacity) = (&values[..3], &values[3..6], &values[6..]);
        match (key, count) {
            ("vn", 3) => self.normals.push(first),
            ("v", 3 | 4) => {
                // A fourth number is the weight of rational curves.
                self.weighted += usize::from(count == 4 && last[0] != 1.0);
                self.coordinates.push(first)
            }
            ("v", 6..) => {
                self.coordinates.push(first)?;
                self.channels = self.channels.join(Facts::of(last));
                if count == 7 {
                    self.opacity = self.opacity.join(Facts::of(opacity));
                    self.opacities.push(opacity)?;
                }
                self.surplus += usize::from(count > 7);
                self.colors.push(last)
            }
            _ => Err(self.refuse(line, format!("{count} values"), "3 coordinates")),
        }
    }

    fn push_face<'w>(&mut self, line: usize, words: impl Iterator<Item = &'w str>) -> Result<()> {
        self.polygon.clear();
        for word in words {
            let mut parts = word.split('/');
            let corner = parts.next().unwrap_or_default();
            let index: i64 = corner.parse().map_err(|_| {
                self.refuse(line, quote(word.as_bytes()), "a vertex index from 1, or from -1 down")
            })?;
            let absolute =
                if index < 0 { self.coordinates.rows() as i64 + index } else { index.saturating_sub(1) };
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
        let vertices = self.coordinates.rows();
        let expected = format!("1 to {vertices}, or -1 down to -{vertices}");
        self.refuse(line, format!("vertex index {found}"), &expected)
    }

    /// The vertices and the faces.
    pub(super) fn finish(self) -> Result<Parts<'static>> {
        let count = self.coordinates.rows();
        if let Some((line, index)) = self.largest.filter(|&(_, index)| index >= count as i64) {
            return Err(self.bad_index(line, index + 1));
        }
        if count == 0 {
            return Err(self.refuse(1, "no vertex".into(), "lines 'v x y z'"));
        }
        let named = |spool, names: [&'static str; 3], kind: ScalarType| -> Named {
            (spool, names.map(|name| (name, kind)).into())
        };
        let kind = if self.single { ScalarType::F32 } else { ScalarType::F64 };
        let mut spools = vec![named(self.coordinates, ["x", "y", "z"], kind)];
        let mut left_out = Vec::new();
        if self.colors.rows() == count {
            let is_byte = self.channels.whole_within(f64::MIN, f64::MAX) && !self.channels.within(0.0, 1.0);
            let kind = if is_byte { ScalarType::U8 } else { ScalarType::F32 };
            spools.push(named(self.colors, ["red", "green", "blue"], kind));
            add_opacities((self.opacities, self.opacity), count, &mut spools, &mut left_out);
        } else {
            tell(&mut left_out, self.colors.rows(), "colours, since some vertices have none");
        }
        if self.own_normals && self.normals.rows() == count {
            spools.push(named(self.normals, ["nx", "ny", "nz"], ScalarType::F32));
        } else {
            tell(&mut left_out, self.normals.rows(), "normals, since they are not one per vertex");
        }
        tell(&mut left_out, self.weighted, "weights of vertices");
        tell(&mut left_out, self.surplus, "vertices with numbers after the colour, which are not read");
        left_out.extend(self.others.left_out());
        let rest = Rest::of_mesh(&self.faces, left_out, Vec::new());
        Ok(parts_of_spools(&self.path, spools, Position::Line(1), rest)?.with_faces(self.faces))
    }
}
