//! [`Extent`]: how much memory the points of a file take, as far as its start and its length tell.

use std::path::Path;

use super::block_rows::rows_of_block;
use super::blocks::Keep;
use super::lines::Lines;

/// Bytes of a coordinate, and of any other number while a file is read.
const NUMBER: u64 = 8;

/// Bytes of a position in single precision.
const POSITION: u64 = 12;

/// Bytes of a triangle.
pub(crate) const TRIANGLE: u64 = 12;

/// A list that grows by one entry at a time is copied whenever it is full, and the allocator holds what is freed for some seconds.
/// The memory of the process for each byte of such a list, measured on files of every format.
pub(crate) const GROWTH: f64 = 1.75;

/// What is known of a file before it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start<'a> {
    /// The file, for its name and for a header that is not at its start.
    pub(crate) path: &'a Path,
    /// Its first bytes, unpacked.
    pub(crate) bytes: &'a [u8],
    /// Pieces from all over the file, unpacked; of a compressed file, only its first bytes.
    pub(crate) pieces: &'a [Vec<u8>],
    /// Bytes of the file, unpacked.
    pub(crate) length: u64,
    /// Whether the file is compressed: then `path` cannot be read as it is.
    pub(crate) is_compressed: bool,
    /// Names of the columns, if the caller gives them.
    pub(crate) columns: Option<&'a [String]>,
}

impl Start<'_> {
    /// Calls `count` for every whole line of the pieces, and scales its sums to the file.
    pub(crate) fn sum_of_lines<const N: usize>(&self, count: impl Fn(&[u8]) -> [f64; N]) -> [f64; N] {
        let (mut sums, mut seen) = ([0.0; N], 0_usize);
        for piece in self.pieces {
            let mut lines = Lines::new(piece, 0, 1);
            while let Some((_, line)) = lines.next_line(false) {
                // The last line may go on behind the piece.
                if lines.offset >= piece.len() && self.length > piece.len() as u64 {
                    break;
                }
                count(line).into_iter().zip(&mut sums).for_each(|(value, sum)| *sum += value);
            }
            seen += lines.offset;
        }
        let scale = self.length as f64 / seen.max(1) as f64;
        sums.map(|sum| sum * scale)
    }
}

/// How much memory the points of a file take while it is read as a whole, beside the file itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Extent {
    /// Points or vertices.
    pub(crate) points: u64,
    /// Bytes.
    pub(crate) bytes: u64,
    /// Bytes of the points themselves where the file is read block by block.
    pub(crate) gathered: u64,
    /// Bytes that are then kept until all points are known, and are given back one block after the other.
    pub(crate) kept: u64,
    /// In what form they are kept.
    pub(crate) keep: Keep,
    /// Bytes of faces and of what else stays in memory.
    pub(crate) faces: u64,
}

impl Extent {
    /// Of points with so many columns; `wide`: their coordinates are doubles. A file cannot hold more than `most` points.
    pub(crate) fn of_columns(points: u64, columns: usize, wide: bool, most: u64) -> Self {
        let points = points.min(most);
        // The coordinates are in memory three times while the cloud is made: as columns, as doubles, as positions.
        let position = if wide { 3 * NUMBER + POSITION } else { POSITION };
        let others = NUMBER * (columns as u64).saturating_sub(3);
        // Doubles are there as coordinates and as positions.
        let gathered = others + POSITION + if wide { 3 * NUMBER } else { 0 };
        Self {
            points,
            bytes: points.saturating_mul(NUMBER * columns as u64 + position),
            gathered: points.saturating_mul(gathered),
            ..Self::default()
        }
    }

    /// With so many bytes for every point that are kept until all points are known, as `keep` says.
    pub(crate) fn keeping(self, keep: Keep, bytes: u64) -> Self {
        Self { keep, kept: self.points.saturating_mul(bytes), ..self }
    }

    /// With so many bytes for faces and what else stays in memory.
    pub(crate) fn and_faces(self, bytes: u64) -> Self {
        Self { faces: bytes, ..self.and(bytes) }
    }

    /// Where only some columns are kept, with so many bytes for a point. Then the blocks are read again.
    pub(crate) fn of_columns_that_are_kept(&self, bytes: u64) -> Self {
        let gathered = self.gathered.min(self.points.saturating_mul(bytes));
        Self { gathered, kept: 0, keep: Keep::Nothing, ..*self }
    }

    /// Bytes of all points where the file is read block by block.
    pub(crate) fn of_all(&self) -> u64 {
        let kept = self.kept.saturating_add(self.points.saturating_mul(POSITION));
        let points = if self.kept > 0 { self.gathered.max(kept) } else { self.gathered };
        points.saturating_add(self.faces)
    }

    /// Bytes of a block while some of its points are chosen: as stored and as two clouds, but for columns that were kept.
    pub(crate) fn of_block(&self) -> u64 {
        let of_point = self.gathered / self.points.max(1);
        match self.keep {
            Keep::Columns => 0,
            Keep::Nothing | Keep::Bytes => 3 * of_point * rows_of_block((of_point / NUMBER) as usize) as u64,
        }
    }

    /// Bytes of reading a file without faces block by block where `chosen` points are chosen; `positions`: by the positions of all.
    pub(crate) fn of_chosen(&self, chosen: u64, positions: bool) -> u64 {
        let of_point = self.gathered / self.points.max(1);
        // Their positions and distances, or their numbers in random order.
        let looked_at = self.points.saturating_mul(if positions { POSITION + 4 } else { 4 });
        // The chosen points in the order of the file and in that of the choice.
        self.kept.saturating_add(looked_at).saturating_add((2 * of_point + 2 * NUMBER).saturating_mul(chosen))
    }

    /// With so many columns more.
    pub(crate) fn and_columns(self, columns: usize) -> Self {
        let more = self.points.saturating_mul(NUMBER * columns as u64);
        Self { gathered: self.gathered.saturating_add(more), ..self.and(more) }
    }

    /// With so many bytes more.
    pub(crate) fn and(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_add(bytes), ..self }
    }
}
