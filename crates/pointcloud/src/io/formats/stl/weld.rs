//! Corners with the same coordinates become one vertex, in the order in which they are met.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::BuildHasher;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::triangles::each_triangle;
use crate::error::{Error, Result};
use crate::io::faces::Faces;
use crate::io::input::Input;
use crate::io::spool::Spool;

/// Parts that are welded on their own.
const PARTS: usize = 256;

/// Bytes of a corner in a part: three singles and its number.
const CORNER: usize = 20;

/// A corner as bits. -0 and 0 are the same coordinate.
fn key_of(corner: [f32; 3]) -> [u32; 3] {
    corner.map(|v| (v + 0.0).to_bits())
}

/// Adds the vertex with these bits.
fn push(vertices: &mut Spool, key: [u32; 3]) -> Result<()> {
    vertices.push(&key.map(|bits| f64::from(f32::from_bits(bits))))
}

/// The vertices, with a table of them in memory; what is left out, one sentence each.
pub(super) fn weld(input: &Input<'_>, faces: &mut Faces) -> Result<(Spool, Vec<String>)> {
    let mut vertices = Spool::new(input.path(), 3);
    let mut known: HashMap<[u32; 3], u32> = HashMap::new();
    let left_out = each_triangle(input.again(), &mut |corners| {
        let mut triangle = [0; 3];
        for (index, key) in triangle.iter_mut().zip(corners.map(key_of)) {
            // A file of more vertices would have over 50 GB.
            let next = vertices.rows() as u32;
            *index = *known.entry(key).or_insert(next);
            if *index == next {
                push(&mut vertices, key)?;
            }
        }
        faces.push(&triangle);
        Ok(())
    })?;
    Ok((vertices, left_out))
}

/// [`weld`] in little memory: equal corners fall into the same of many temporary files, of which each is welded on its own.
/// The faces are counted.
pub(super) fn weld_in_parts(input: &Input<'_>, faces: &mut Faces) -> Result<(Spool, Vec<String>)> {
    let mut parts = Parts::new(input.path())?;
    let left_out = each_triangle(input.again(), &mut |corners| {
        faces.push(&[0; 3]);
        corners.into_iter().try_for_each(|corner| parts.push(key_of(corner)))
    })?;
    let first = parts.first_ones()?;
    let (mut vertices, mut number) = (Spool::new(input.path(), 3), 0);
    each_triangle(input.again(), &mut |corners| {
        for corner in corners {
            if first.contains(number) {
                push(&mut vertices, key_of(corner))?;
            }
            number += 1;
        }
        Ok(())
    })?;
    Ok((vertices, left_out))
}

/// A set of corners, one bit each.
struct Corners {
    bits: Vec<u64>,
}

impl Corners {
    fn contains(&self, number: u64) -> bool {
        self.bits[number as usize / 64] >> (number % 64) & 1 == 1
    }

    fn insert(&mut self, number: u64) {
        self.bits[number as usize / 64] |= 1 << (number % 64);
    }
}

/// Corners in temporary files.
struct Parts {
    path: PathBuf,
    files: Vec<BufWriter<File>>,
    hasher: RandomState,
    corners: u64,
}

impl Parts {
    fn new(path: &Path) -> Result<Self> {
        let file = || tempfile::tempfile().map(BufWriter::new);
        let files: std::io::Result<_> = (0..PARTS).map(|_| file()).collect();
        let files = files.map_err(|source| temporary(path, source))?;
        Ok(Self { path: path.to_owned(), files, hasher: RandomState::new(), corners: 0 })
    }

    fn push(&mut self, key: [u32; 3]) -> Result<()> {
        let mut record = [0; CORNER];
        for (place, bits) in record.chunks_exact_mut(4).zip(key) {
            place.copy_from_slice(&bits.to_le_bytes());
        }
        record[12..].copy_from_slice(&self.corners.to_le_bytes());
        self.corners += 1;
        let part = self.hasher.hash_one(key) as usize % PARTS;
        self.files[part].write_all(&record).map_err(|source| temporary(&self.path, source))
    }

    /// The corners that are the first ones at their place.
    fn first_ones(self) -> Result<Corners> {
        let Self { path, files, corners, .. } = self;
        let mut first = Corners { bits: vec![0; corners as usize / 64 + 1] };
        for file in files {
            let welded = weld_part(file, &mut first);
            welded.map_err(|source| temporary(&path, source))?;
        }
        Ok(first)
    }
}

fn weld_part(file: BufWriter<File>, first: &mut Corners) -> std::io::Result<()> {
    let mut file = file.into_inner()?;
    let records = file.stream_position()? / CORNER as u64;
    file.rewind()?;
    let (mut reader, mut known) = (BufReader::new(file), HashSet::new());
    for _ in 0..records {
        let mut record = [0; CORNER];
        reader.read_exact(&mut record)?;
        let (key, number) = record.split_at(12);
        if known.insert(<[u8; 12]>::try_from(key).unwrap_or_default()) {
            first.insert(u64::from_le_bytes(number.try_into().unwrap_or_default()));
        }
    }
    Ok(())
}

fn temporary(path: &Path, source: std::io::Error) -> Error {
    Error::io(path, "write a temporary file", source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_whole() {
        let mut bytes = vec![0; 80];
        let count = 5000_u32;
        bytes.extend(count.to_le_bytes());
        for i in 0..count {
            bytes.extend([0; 12]);
            for corner in 0..9 {
                let value = (i * 31 + corner * 7) % 97;
                let value = if value == 0 { -0.0 } else { value as f32 / 4.0 };
                bytes.extend(value.to_le_bytes());
            }
            bytes.extend([0, (i % 3 == 0).into()]);
        }
        let input = Input::of_bytes(Path::new("a.stl"), &bytes);
        let read = |in_parts: bool| {
            let mut faces = Faces::new(false);
            let join = if in_parts { weld_in_parts } else { weld };
            let (spool, left_out) = join(&input, &mut faces).unwrap();
            let (rows, mut input) = (spool.rows(), spool.into_input().unwrap());
            (rows, Input::take(&mut input, 1 << 20).unwrap(), left_out, faces.len())
        };
        let (whole, parts) = (read(false), read(true));
        assert!((50..15_000).contains(&whole.0), "{}", whole.0);
        assert_eq!(whole, parts);
        assert_eq!(whole.2, ["attribute bytes of 1667 triangles"]);
    }
}
