//! [`Extent`]: how much memory the points of a file take, as far as its start and its length tell.

use std::path::Path;

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
}

impl Extent {
    /// Of points with so many columns; `wide`: their coordinates are doubles. A file cannot hold more than `most` points.
    pub(crate) fn of_columns(points: u64, columns: usize, wide: bool, most: u64) -> Self {
        let points = points.min(most);
        // The coordinates are in memory three times while the cloud is made: as columns, as doubles, as positions.
        let position = if wide { 3 * NUMBER + POSITION } else { POSITION };
        Self { points, bytes: points.saturating_mul(NUMBER * columns as u64 + position) }
    }

    /// With so many bytes more.
    pub(crate) fn and(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_add(bytes), ..self }
    }
}
