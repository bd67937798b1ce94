//! Triangulated surfaces made of curved grids.

use std::f64::consts::TAU;

use crate::mesh::Mesh;

/// Longest edge of a grid cell, for shapes of size 2; short enough for smooth bends.
const EDGE: f64 = 0.12;

/// A surface under construction. Adjacent grids have the same positions along their common border, but not the same vertices;
/// this is sufficient for sampling.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surface {
    pub(crate) vertices: Vec<[f64; 3]>,
    faces: Vec<[u32; 3]>,
}

impl Surface {
    /// The image of the unit square under `at`, as `columns` by `rows` cells of two triangles.
    ///
    /// The outer side is the one from which `∂u × ∂v` points at the viewer.
    pub(crate) fn grid(&mut self, columns: usize, rows: usize, at: impl Fn(f64, f64) -> [f64; 3]) {
        let first = self.vertices.len() as u32;
        for j in 0..=rows {
            for i in 0..=columns {
                self.vertices.push(at(i as f64 / columns as f64, j as f64 / rows as f64));
            }
        }
        let width = columns as u32 + 1;
        for j in 0..rows as u32 {
            for i in 0..columns as u32 {
                let a = first + j * width + i;
                let (b, c, d) = (a + 1, a + width + 1, a + width);
                self.faces.extend([[a, b, c], [a, c, d]]);
            }
        }
    }

    /// The parallelogram at `corner` with edges `u` and `v`.
    fn parallelogram(&mut self, corner: [f64; 3], u: [f64; 3], v: [f64; 3]) {
        let cells = |edge: [f64; 3]| {
            let length = edge.iter().map(|x| x * x).sum::<f64>().sqrt();
            (length / EDGE).ceil().max(1.0) as usize
        };
        self.grid(cells(u), cells(v), |s, t| [0, 1, 2].map(|axis| corner[axis] + s * u[axis] + t * v[axis]));
    }

    /// The solid that a profile of `[radius, z]` corners sweeps around the z axis.
    ///
    /// The profile runs upwards on the outside, from the axis to the axis if it is closed.
    pub(crate) fn lathe(&mut self, profile: &[[f64; 2]]) {
        let around = (TAU / (2.0 * EDGE)).ceil() as usize;
        for corners in profile.windows(2) {
            let ([r0, z0], [r1, z1]) = (corners[0], corners[1]);
            let along = ((r1 - r0).hypot(z1 - z0) / EDGE).ceil().max(1.0) as usize;
            self.grid(around, along, |u, v| {
                let (sin, cos) = (TAU * u).sin_cos();
                let radius = r0 + v * (r1 - r0);
                [radius * cos, radius * sin, z0 + v * (z1 - z0)]
            });
        }
    }

    /// A tube of `radius` around the helix of radius 1 that rises `rise` per turn; a ring for one
    /// turn and no rise. The ends are open.
    pub(crate) fn coil(&mut self, turns: f64, rise: f64, radius: f64) {
        let pitch = rise / TAU;
        let along = (turns * TAU / (1.5 * EDGE)).ceil() as usize;
        let around = (TAU * radius / EDGE).ceil().max(8.0) as usize;
        let length = pitch.hypot(1.0);
        self.grid(around, along, |u, v| {
            let angle = TAU * turns * v;
            let (sin, cos) = angle.sin_cos();
            let outward = [cos, sin, 0.0];
            // Tangent × outward, both of length 1 and at right angles.
            let upward = [-pitch * sin / length, pitch * cos / length, -1.0 / length];
            let (s, c) = (TAU * u).sin_cos();
            let center = [cos, sin, pitch * angle];
            [0, 1, 2].map(|axis| center[axis] + radius * (c * outward[axis] + s * upward[axis]))
        });
    }

    /// The outer faces of the filled cells of an uneven lattice with planes at `xs`, `ys`, `zs`.
    pub(crate) fn cells(&mut self, planes: [&[f64]; 3], filled: impl Fn([usize; 3]) -> bool) {
        let counts = planes.map(|planes| planes.len() - 1);
        for i in 0..counts[0] {
            for j in 0..counts[1] {
                for k in 0..counts[2] {
                    let cell = [i, j, k];
                    if !filled(cell) {
                        continue;
                    }
                    for axis in 0..3 {
                        for up in [false, true] {
                            let next = if up { cell[axis] + 1 } else { cell[axis].wrapping_sub(1) };
                            let mut neighbour = cell;
                            neighbour[axis] = next;
                            if next >= counts[axis] || !filled(neighbour) {
                                self.cell_face(planes, cell, axis, up);
                            }
                        }
                    }
                }
            }
        }
    }

    fn cell_face(&mut self, planes: [&[f64]; 3], cell: [usize; 3], axis: usize, up: bool) {
        let mut corner = [0, 1, 2].map(|a| planes[a][cell[a]]);
        if up {
            corner[axis] = planes[axis][cell[axis] + 1];
        }
        let edge = |a: usize| {
            let mut edge = [0.0; 3];
            edge[a] = planes[a][cell[a] + 1] - planes[a][cell[a]];
            edge
        };
        let (u, v) = (edge((axis + 1) % 3), edge((axis + 2) % 3));
        if up { self.parallelogram(corner, u, v) } else { self.parallelogram(corner, v, u) }
    }

    /// Adds another surface, rotated about z and moved.
    pub(crate) fn add(&mut self, other: &Self, angle: f64, offset: [f64; 3]) {
        let first = self.vertices.len() as u32;
        let (sin, cos) = angle.sin_cos();
        self.vertices.extend(
            other.vertices.iter().map(|[x, y, z]| {
                [cos * x - sin * y + offset[0], sin * x + cos * y + offset[1], z + offset[2]]
            }),
        );
        self.faces.extend(other.faces.iter().map(|face| face.map(|index| index + first)));
    }

    /// Adds the box between two corners.
    pub(crate) fn block(&mut self, low: [f64; 3], high: [f64; 3]) {
        let planes = [0, 1, 2].map(|axis| [low[axis], high[axis]]);
        self.cells([&planes[0], &planes[1], &planes[2]], |_| true);
    }

    /// Area of all faces.
    pub(crate) fn area(&self) -> f64 {
        self.faces
            .iter()
            .map(|face| {
                let [a, b, c] = face.map(|index| self.vertices[index as usize]);
                let (u, v) = ([0, 1, 2].map(|k| b[k] - a[k]), [0, 1, 2].map(|k| c[k] - a[k]));
                let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
                0.5 * cross.iter().map(|x| x * x).sum::<f64>().sqrt()
            })
            .sum()
    }

    /// As a mesh in single precision.
    pub(crate) fn into_mesh(self) -> Mesh {
        Mesh::new(self.vertices.into_iter().map(|p| p.map(|v| v as f32)).collect(), self.faces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Volume by the divergence theorem: positive only when all faces point outwards.
    fn volume(surface: &Surface) -> f64 {
        surface
            .faces
            .iter()
            .map(|face| {
                let [a, b, c] = face.map(|i| surface.vertices[i as usize]);
                let cross = [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]];
                (a[0] * cross[0] + a[1] * cross[1] + a[2] * cross[2]) / 6.0
            })
            .sum()
    }

    #[test]
    fn closed_surfaces_point_outwards() {
        let mut block = Surface::default();
        block.cells([&[0.0, 1.0, 3.0], &[0.0, 1.0], &[0.0, 2.0]], |_| true);
        assert!((volume(&block) - 6.0).abs() < 1e-9, "{}", volume(&block));

        let mut corner = Surface::default();
        corner.cells([&[0.0, 1.0, 3.0], &[0.0, 1.0, 2.0], &[0.0, 2.0]], |[i, j, _]| i == 0 || j == 0);
        assert!((volume(&corner) - 8.0).abs() < 1e-9, "{}", volume(&corner));

        let mut cylinder = Surface::default();
        cylinder.lathe(&[[0.0, -1.0], [1.0, -1.0], [1.0, 1.0], [0.0, 1.0]]);
        assert!((volume(&cylinder) - TAU).abs() < 0.1, "{}", volume(&cylinder));

        let mut ring = Surface::default();
        ring.coil(1.0, 0.0, 0.3);
        let expected = TAU * std::f64::consts::PI * 0.09;
        assert!((volume(&ring) - expected).abs() < 0.1, "{}", volume(&ring));
    }
}
