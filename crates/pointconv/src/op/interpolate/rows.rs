//! The rows of an interpolation, and those of its transpose.

use std::sync::{Arc, OnceLock};

use crate::resolution::InterpolationMap;

/// Compressed rows with one weight for each entry.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    map: InterpolationMap,
    /// Kept with the map, and made when a backward pass first asks for it.
    transpose: Arc<Transpose>,
    is_transposed: bool,
}

#[derive(Debug, Default)]
struct Transpose {
    table: OnceLock<Table>,
}

#[derive(Debug)]
struct Table {
    offsets: Vec<u32>,
    indices: Vec<u32>,
    weights: Vec<f32>,
}

impl Rows {
    /// The rows of the fine points, with indices of the coarse ones.
    pub(crate) fn of(map: &InterpolationMap) -> Self {
        Self { transpose: map.attached(), map: map.clone(), is_transposed: false }
    }

    /// The rows of the columns.
    pub(crate) fn transposed(&self) -> Self {
        Self { is_transposed: !self.is_transposed, ..self.clone() }
    }

    #[cfg(feature = "cube")]
    pub(crate) fn is_transposed(&self) -> bool {
        self.is_transposed
    }

    #[cfg(feature = "cube")]
    pub(crate) fn map(&self) -> &InterpolationMap {
        &self.map
    }

    /// Number of rows `R`.
    pub(crate) fn len(&self) -> usize {
        if self.is_transposed { self.map.coarse_points() } else { self.map.fine_points() }
    }

    /// Where the entries of each row start `[R + 1]`, their columns `[E]` and their weights `[E]`.
    pub(crate) fn tables(&self) -> (&[u32], &[u32], &[f32]) {
        if self.is_transposed {
            let table = self.transpose.table.get_or_init(|| transpose(&self.map));
            (&table.offsets, &table.indices, &table.weights)
        } else {
            (self.map.offsets(), self.map.indices(), self.map.weights())
        }
    }
}

/// Sorts the entries by their column; those of one column stay in the order of the rows.
fn transpose(map: &InterpolationMap) -> Table {
    let mut offsets = vec![0u32; map.coarse_points() + 1];
    for &column in map.indices() {
        offsets[column as usize + 1] += 1;
    }
    for column in 1..offsets.len() {
        offsets[column] += offsets[column - 1];
    }
    let mut cursors = offsets.clone();
    let mut indices = vec![0; map.indices().len()];
    let mut weights = vec![0.0; map.indices().len()];
    for (row, range) in map.offsets().windows(2).enumerate() {
        for entry in range[0] as usize..range[1] as usize {
            let cursor = &mut cursors[map.indices()[entry] as usize];
            indices[*cursor as usize] = row as u32;
            weights[*cursor as usize] = map.weights()[entry];
            *cursor += 1;
        }
    }
    Table { offsets, indices, weights }
}

#[cfg(test)]
mod tests {
    use neighbors::PackedClouds;

    use super::*;

    #[test]
    fn the_transpose_has_the_same_entries() {
        let line = |points: usize, step: f32| {
            let positions: Vec<_> = (0..points).map(|i| [i as f32 * step, 0.0, 0.0]).collect();
            PackedClouds::single(positions).unwrap()
        };
        let map = InterpolationMap::nearest(&line(4, 1.0), &line(9, 0.3), 2).unwrap();
        let rows = Rows::of(&map);
        let entries = |rows: &Rows| {
            let (offsets, indices, weights) = rows.tables();
            assert_eq!(offsets.len(), rows.len() + 1);
            let mut entries = Vec::new();
            for (row, range) in offsets.windows(2).enumerate() {
                for entry in range[0] as usize..range[1] as usize {
                    entries.push((row as u32, indices[entry], weights[entry].to_bits()));
                }
            }
            entries
        };
        let mut transposed = entries(&rows.transposed());
        assert!(transposed.is_sorted_by_key(|&(column, row, _)| (column, row)));
        transposed.iter_mut().for_each(|(column, row, _)| std::mem::swap(column, row));
        transposed.sort_unstable();
        let mut direct = entries(&rows.transposed().transposed());
        direct.sort_unstable();
        assert_eq!(transposed, direct);
    }
}
