//! Elements that are no points, passed over and counted.

use super::faces::FaceElement;
use super::header::{Element, PropertyKind};
use crate::error::{Error, Malformed, Position, Result};
use crate::io::faces::Faces;
use crate::io::input::{BLOCK_BYTES, Input};
use crate::io::number::Number;

/// Faces that were passed over.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) triangles: usize,
    /// Faces, and triangles of strips.
    pub(super) faces: usize,
    too_small: usize,
}

impl Counted {
    /// Adds the corners of a face, or of strips with -1 between.
    pub(super) fn add(&mut self, corners: &[f64], strips: bool) {
        if !strips {
            self.faces += 1;
            self.add_polygon(corners.len());
            return;
        }
        for strip in corners.split(|&corner| corner == -1.0) {
            let mut faces = Faces::default();
            faces.push_strip(&strip.iter().map(|&corner| corner as u32).collect::<Vec<_>>());
            self.triangles += faces.len();
            self.faces += faces.len();
        }
    }

    fn add_polygon(&mut self, corners: usize) {
        self.triangles += corners.saturating_sub(2);
        self.too_small += usize::from(corners < 3);
    }

    /// Faces without area, as a sentence.
    pub(super) fn left_out(&self) -> Option<String> {
        Faces::too_small(self.too_small)
    }
}

/// Passes over an element of a binary file. The list of every row of faces goes to `take`, with the number of the row; unless `numbers`
/// are needed, all of them are 0.
pub(super) fn skip_binary(
    input: &mut Input<'_>,
    element: &Element,
    big: bool,
    face: Option<&FaceElement>,
    numbers: bool,
    mut take: impl FnMut(usize, &[f64]) -> Result<()>,
) -> Result<()> {
    if let Some(size) = element.fixed_size() {
        let left = input.length().saturating_sub(input.at());
        if element.count > left / size {
            return Err(truncated(input, element, left / size));
        }
        return input.seek((input.at() + size * element.count) as u64);
    }
    let mut window = Window { bytes: Vec::new(), at: 0 };
    let mut corners = Vec::new();
    for row in 0..element.count {
        let mut list = 0;
        for property in &element.properties {
            let (count, item) = match property.kind {
                PropertyKind::Scalar(scalar) => (1, scalar),
                PropertyKind::List { count, item } => {
                    let raw = window.next(input, count.size())?;
                    let raw = raw.ok_or_else(|| truncated(input, element, row))?;
                    let length = Number::Scalar(count).read(raw, big);
                    if length < 0.0 {
                        return Err(negative(input, element, row, length));
                    }
                    (length as usize, item)
                }
            };
            let values = window.next(input, count.saturating_mul(item.size()))?;
            let values = values.ok_or_else(|| truncated(input, element, row))?;
            if matches!(property.kind, PropertyKind::Scalar(_)) {
                continue;
            }
            if face.is_some_and(|face| face.list == list) {
                let number = Number::Scalar(item);
                corners.clear();
                match numbers {
                    true => corners.extend(values.chunks_exact(item.size()).map(|raw| number.read(raw, big))),
                    false => corners.resize(count, 0.0),
                }
                take(row, &corners)?;
            }
            list += 1;
        }
    }
    // What was read beyond the last row belongs to the next element.
    let surplus = window.bytes.len() - window.at;
    input.seek((input.at() - surplus) as u64)
}

fn truncated(input: &Input<'_>, element: &Element, row: usize) -> Error {
    let rows = format!("rows of element '{}'", element.name);
    Error::truncated(input.path(), Position::Byte(input.length()), &rows, row, element.count)
}

fn negative(input: &Input<'_>, element: &Element, row: usize, length: f64) -> Error {
    let part = format!("element '{}' row {row} of {}", element.name, element.count);
    let malformed = Malformed::new(input.path(), format!("list length {length}"), "a length of 0 or more");
    malformed.at(Position::Byte(input.at())).part(part).into()
}

/// Bytes of the file that were read ahead.
struct Window {
    bytes: Vec<u8>,
    /// The first that is not used yet.
    at: usize,
}

impl Window {
    /// The next `count` bytes; `None` where the file ends before.
    fn next(&mut self, input: &mut Input<'_>, count: usize) -> Result<Option<&[u8]>> {
        if self.bytes.len() - self.at < count {
            if count > input.length() {
                return Ok(None);
            }
            self.bytes.drain(..self.at);
            self.at = 0;
            self.bytes.extend(input.take(count.max(BLOCK_BYTES))?);
        }
        let next = self.bytes.get(self.at..self.at + count);
        self.at += if next.is_some() { count } else { 0 };
        Ok(next)
    }
}
