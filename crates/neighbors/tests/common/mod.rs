//! Clouds for the tests.

use neighbors::{CustomKernel, KernelShape, Mirror};
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

/// A core and the six sectors around the axes, less a hole in between. On the borders between sectors its rule favours
/// one axis over another, and one sign.
#[derive(Debug)]
struct Sectors {
    radius: f32,
}

impl CustomKernel for Sectors {
    fn subdomains(&self) -> usize {
        7
    }
    fn radius(&self) -> f32 {
        self.radius
    }
    fn mirror(&self) -> Mirror {
        Mirror::Reversed
    }
    fn subdomain(&self, difference: [f32; 3]) -> Option<usize> {
        let lengths = difference.map(f32::abs);
        let farthest = lengths.into_iter().fold(0.0, f32::max);
        if farthest < 0.3 * self.radius {
            return Some(3);
        }
        let axis = lengths.iter().position(|&length| length == farthest)?;
        let sector = if difference[axis] >= 0.0 { 6 - axis } else { axis };
        (farthest >= 0.5 * self.radius).then_some(sector)
    }
}

/// Two rings around the vertical axis.
#[derive(Debug)]
struct Rings {
    radius: f32,
}

impl CustomKernel for Rings {
    fn subdomains(&self) -> usize {
        2
    }
    fn radius(&self) -> f32 {
        self.radius
    }
    fn mirror(&self) -> Mirror {
        Mirror::Same
    }
    fn subdomain(&self, [x, y, _]: [f32; 3]) -> Option<usize> {
        Some(usize::from(x.hypot(y) > 0.5 * self.radius))
    }
}

/// Kernels of every kind about the given cell edge.
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
    shapes.push(KernelShape::Custom(Box::leak(Box::new(Sectors { radius: 2.0 * cell }))));
    shapes.push(KernelShape::Custom(Box::leak(Box::new(Rings { radius: 1.5 * cell }))));
    shapes
}
