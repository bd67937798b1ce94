//! Integer cell coordinates that never overflow and never miss a pair.

use crate::error::NeighborError;

/// Coordinates, counted in cells, from which on equal keys stand for equal coordinates only.
///
/// Neighbouring `f32` values there are at least 2^26 cells apart, farther than any kernel reaches.
const FAR: f64 = (1u64 << 50) as f64;

/// Beyond this many cells from the origin, neighbouring `f32` values are farther apart than any kernel
/// reaches, so that the rounding of the cell coordinate no longer matters.
const EXACT: f64 = (1u64 << 46) as f64;

/// The cells of an axis that concern one coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CellSpan {
    /// The cell that holds the coordinate.
    pub(crate) own: i64,
    /// First cell whose widened interval holds it.
    pub(crate) low: i64,
    /// Last such cell.
    pub(crate) high: i64,
}

/// Maps coordinates to cells `[n * cell, (n + 1) * cell)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CellKeys {
    /// The reciprocal of the edge: quicker than a division, and the widening covers its rounding.
    per_length: f64,
    widening: f64,
}

impl CellKeys {
    /// Keys for cells of the given edge, each widened by `widening` cells on both sides for
    /// [`span`](Self::span).
    ///
    /// The widening is enlarged by the rounding of the cell coordinate, for coordinates of magnitude at
    /// most `largest`.
    pub(crate) fn new(cell: f32, widening: f64, largest: f32) -> Result<Self, NeighborError> {
        if !(cell.is_finite() && cell > 0.0) {
            return Err(NeighborError::CellEdge { found: cell });
        }
        let cell = f64::from(cell);
        let rounding = (f64::from(largest) / cell).min(EXACT) * f64::EPSILON;
        Ok(Self { per_length: 1.0 / cell, widening: widening + 8.0 * (rounding + f64::EPSILON) })
    }

    /// A coordinate, counted in cells.
    #[inline(always)]
    pub(crate) fn cells(&self, coordinate: f32) -> f64 {
        f64::from(coordinate) * self.per_length
    }

    pub(crate) fn widening(&self) -> f64 {
        self.widening
    }

    /// Whether every coordinate in a box of cells is so near that its cell is where
    /// [`cells`](Self::cells) says.
    pub(crate) fn is_near(&self, low: [i64; 3], size: [i64; 3]) -> bool {
        (0..3).all(|axis| low[axis] > -(FAR as i64) && low[axis] + size[axis] < FAR as i64)
    }

    /// The cell that holds a coordinate.
    #[inline(always)]
    pub(crate) fn own(&self, coordinate: f32) -> i64 {
        let cells = self.cells(coordinate);
        if cells.abs() < FAR { cells.floor() as i64 } else { far(coordinate) }
    }

    /// A cell no later than that of any `f32` coordinate from `coordinate` on.
    pub(crate) fn at_or_before(&self, coordinate: f64) -> i64 {
        // Single precision rounds to nearest, so one value further down is below.
        self.own((coordinate as f32).next_down())
    }

    /// A cell no earlier than that of any `f32` coordinate up to `coordinate`.
    pub(crate) fn at_or_after(&self, coordinate: f64) -> i64 {
        self.own((coordinate as f32).next_up())
    }

    /// The cells whose widened interval holds a coordinate.
    #[inline(always)]
    pub(crate) fn span(&self, coordinate: f32) -> CellSpan {
        let cells = self.cells(coordinate);
        if cells.abs() < FAR {
            CellSpan {
                own: cells.floor() as i64,
                low: (cells - self.widening).floor() as i64,
                high: (cells + self.widening).floor() as i64,
            }
        } else {
            let own = far(coordinate);
            CellSpan { own, low: own, high: own }
        }
    }
}

/// A key of its own for each distant coordinate, in the order of the coordinates.
fn far(coordinate: f32) -> i64 {
    let magnitude = FAR as i64 + i64::from(coordinate.abs().to_bits());
    if coordinate < 0.0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_cell_belong_to_two_widened_cells() {
        let keys = CellKeys::new(1.0, 0.5, 10.0).unwrap();
        let span = |v| keys.span(v);
        assert_eq!(span(2.25), CellSpan { own: 2, low: 1, high: 2 });
        assert_eq!(span(2.75), CellSpan { own: 2, low: 2, high: 3 });
        // On the border of a widened cell a coordinate belongs to all that touch it.
        assert_eq!(span(2.5), CellSpan { own: 2, low: 1, high: 3 });
        assert_eq!(span(-0.25), CellSpan { own: -1, low: -1, high: 0 });
    }

    #[test]
    fn keys_of_distant_coordinates_stay_ordered() {
        let keys = CellKeys::new(f32::from_bits(1), 0.5, f32::MAX).unwrap();
        let values = [f32::MIN, -1e9, -1.0, -1e-44, 0.0, 1e-44, 1.0, 1e9, f32::MAX];
        for pair in values.windows(2) {
            assert!(keys.own(pair[0]) < keys.own(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn unusable_cells_are_refused() {
        for cell in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(CellKeys::new(cell, 0.0, 1.0).is_err());
        }
    }
}
