//! Clouds for the tests.

use neighbors::KernelShape;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How the points of a test cloud lie.
#[allow(dead_code)] // not every test file wants all
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layout {
    /// Anywhere in a cube of edge 2.
    Cube,
    /// On multiples of half the given length: on the faces of cells, with duplicates.
    Snapped(f32),
    /// On a line that is not parallel to an axis.
    Line,
    /// In the plane z = 0.25.
    Plane,
    /// Four different points only.
    Duplicates,
    /// Up to 1e9 from the origin.
    Huge,
    /// A cluster and one point far away.
    Outlier,
}

pub(crate) fn cloud(layout: Layout, points: usize, seed: u64) -> Vec<[f32; 3]> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = move || [(); 3].map(|()| rng.random_range(-1.0..1.0f32));
    (0..points)
        .map(|i| {
            let p = uniform();
            match layout {
                Layout::Cube => p,
                Layout::Snapped(cell) => p.map(|v| (v / cell).round() * 0.5 * cell),
                Layout::Line => [p[0], 0.5 * p[0], -2.0 * p[0]],
                Layout::Plane => [p[0], p[1], 0.25],
                Layout::Duplicates => [(i % 4) as f32 * 0.1, 0.0, -0.3],
                Layout::Huge => p.map(|v| v * 1e9),
                Layout::Outlier if i == points / 2 => [1e9, -1e9, 1e9],
                Layout::Outlier => p.map(|v| v * 0.3),
            }
        })
        .collect()
}

/// Kernels of cells and shells about the given cell edge.
#[allow(dead_code)] // not every test file wants them
pub(crate) fn shapes(cell: f32) -> Vec<KernelShape> {
    let mut shapes = Vec::new();
    for dilation in [[1, 1, 1], [2, 2, 2], [1, 2, 3]] {
        for size in [[3, 3, 3], [5, 1, 3]] {
            shapes.push(KernelShape::cells(cell).with_size(size).with_dilation(dilation));
        }
    }
    shapes.push(KernelShape::shells(1.5 * cell, 1));
    shapes.push(KernelShape::shells(2.5 * cell, 3));
    shapes.push(KernelShape::shells(2.5 * cell, 3).with_dilation([2; 3]));
    shapes
}
