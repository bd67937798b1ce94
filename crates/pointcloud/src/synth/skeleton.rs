//! Figures of limbs: tapered capsules along bones, connected by joints.

use std::f64::consts::{PI, TAU};

use rand::{Rng, RngExt};

use crate::cloud::PointCloud;

type Vector = [f64; 3];

/// The position and orientation of the next bone, which points along the third axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    origin: Vector,
    axes: [Vector; 3],
}

impl Frame {
    /// The frame of the figure, whose third axis is up.
    pub(crate) const UP: Self =
        Self { origin: [0.0; 3], axes: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] };

    /// Rotated about its own axis 0, 1 or 2, counter-clockwise.
    pub(crate) fn turn(mut self, axis: usize, angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        let (u, v) = (self.axes[(axis + 1) % 3], self.axes[(axis + 2) % 3]);
        self.axes[(axis + 1) % 3] = combine(cos, u, sin, v);
        self.axes[(axis + 2) % 3] = combine(-sin, u, cos, v);
        self
    }

    /// With this orientation, at the origin of another frame.
    pub(crate) fn at(self, other: Self) -> Self {
        Self { origin: other.origin, ..self }
    }

    /// Moved along its own axes.
    pub(crate) fn moved(mut self, along: Vector) -> Self {
        for (axis, distance) in self.axes.into_iter().zip(along) {
            self.origin = combine(1.0, self.origin, distance, axis);
        }
        self
    }

    /// In a random orientation, uniform over all rotations.
    pub(crate) fn random(rng: &mut impl Rng) -> Self {
        let tilt = rng.random_range(-1.0..=1.0_f64).acos();
        Self::UP.turn(2, rng.random_range(0.0..TAU)).turn(0, tilt).turn(2, rng.random_range(0.0..TAU))
    }
}

fn combine(a: f64, u: Vector, b: f64, v: Vector) -> Vector {
    [0, 1, 2].map(|k| a * u[k] + b * v[k])
}

fn dot(u: Vector, v: Vector) -> f64 {
    u[0] * v[0] + u[1] * v[1] + u[2] * v[2]
}

/// A limb: all points within a radius of a line. The radius changes linearly from one end to the other.
#[derive(Clone, Copy, Debug)]
struct Capsule {
    frame: Frame,
    length: f64,
    radii: [f64; 2],
}

impl Capsule {
    /// Approximate area: the two half balls at the ends, and the side as if its length were that of the bone.
    fn area(&self) -> f64 {
        let [a, b] = self.radii;
        PI * (a + b) * self.length + TAU * (a * a + b * b)
    }

    /// A point of the surface and the direction outwards.
    fn sample(&self, rng: &mut impl Rng) -> (Vector, Vector) {
        let [a, b] = self.radii;
        let caps = [TAU * a * a, TAU * b * b];
        let mut share = rng.random_range(0.0..self.area());
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        for (end, area) in caps.into_iter().enumerate() {
            if share < area {
                let z = rng.random_range(0.0..1.0_f64);
                let level = (1.0 - z * z).sqrt();
                let normal = [level * cos, level * sin, if end == 0 { -z } else { z }];
                return self.at(end as f64 * self.length, self.radii[end], normal);
            }
            share -= area;
        }
        // Thick parts of a side have more surface, so they get more points.
        let along = loop {
            let along = rng.random_range(0.0..1.0_f64);
            if rng.random_range(0.0..1.0) * a.max(b) <= a + along * (b - a) {
                break along;
            }
        };
        self.at(along * self.length, a + along * (b - a), [cos, sin, 0.0])
    }

    fn at(&self, along: f64, radius: f64, normal: Vector) -> (Vector, Vector) {
        let inside = [radius * normal[0], radius * normal[1], along + radius * normal[2]];
        let flat = Frame { origin: [0.0; 3], ..self.frame };
        (self.frame.moved(inside).origin, flat.moved(normal).origin)
    }

    fn holds(&self, point: Vector) -> bool {
        let from = combine(1.0, point, -1.0, self.frame.origin);
        let axis = self.frame.axes[2];
        let along = dot(from, axis).clamp(0.0, self.length);
        let off = combine(1.0, from, -along, axis);
        let share = if self.length > 0.0 { along / self.length } else { 0.0 };
        let radius = self.radii[0] + share * (self.radii[1] - self.radii[0]);
        dot(off, off).sqrt() < radius * (1.0 - 1e-6)
    }
}

/// A figure made of connected limbs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skeleton {
    limbs: Vec<Capsule>,
}

impl Skeleton {
    /// Adds a limb that starts at a frame, and returns the frame at its end.
    pub(crate) fn limb(&mut self, frame: Frame, length: f64, radii: [f64; 2]) -> Frame {
        self.limbs.push(Capsule { frame, length, radii });
        frame.moved([0.0, 0.0, length])
    }

    /// Adds a ball whose lowest point is at a frame, and returns the frame at its middle.
    pub(crate) fn ball(&mut self, frame: Frame, radius: f64) -> Frame {
        let middle = frame.moved([0.0, 0.0, radius]);
        self.limb(middle, 0.0, [radius; 2])
    }

    /// Random points of the outer surface, with normals: those inside another limb are left out.
    pub(crate) fn sample(&self, points: usize, rng: &mut impl Rng) -> PointCloud {
        let total: f64 = self.limbs.iter().map(Capsule::area).sum();
        let (mut positions, mut normals) = (Vec::with_capacity(points), Vec::with_capacity(points));
        while positions.len() < points {
            let mut share = rng.random_range(0.0..total);
            let chosen = self.limbs.iter().position(|limb| {
                share -= limb.area();
                share < 0.0
            });
            let chosen = chosen.unwrap_or(self.limbs.len() - 1);
            let (position, normal) = self.limbs[chosen].sample(rng);
            let hidden = self.limbs.iter().enumerate().any(|(i, limb)| i != chosen && limb.holds(position));
            if !hidden {
                positions.push(position.map(|v| v as f32));
                normals.push(normal.map(|v| v as f32));
            }
        }
        let mut cloud = PointCloud::new(positions);
        if let Err(error) = cloud.set_normals(Some(normals)) {
            panic!("there is one normal per point, but {error}");
        }
        cloud
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn points_lie_on_the_outer_surface() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut skeleton = Skeleton::default();
        let elbow = skeleton.limb(Frame::random(&mut rng), 1.0, [0.3, 0.2]);
        skeleton.limb(elbow.turn(0, 1.2), 0.7, [0.2, 0.1]);
        let cloud = skeleton.sample(2000, &mut rng);
        let radii = cloud.positions().iter().map(|p| p.map(f64::from)).map(|p| {
            let inside = skeleton.limbs.iter().any(|limb| {
                let smaller = Capsule { radii: limb.radii.map(|r| r * 0.999), ..*limb };
                smaller.holds(p)
            });
            let larger = |limb: &Capsule| Capsule { radii: limb.radii.map(|r| r * 1.001), ..*limb };
            (inside, skeleton.limbs.iter().any(|limb| larger(limb).holds(p)))
        });
        assert!(radii.into_iter().all(|(inside, near)| !inside && near));
        for normal in cloud.normals().unwrap() {
            assert!((normal.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn frames_turn_and_move_along_their_own_axes() {
        let frame = Frame::UP.turn(0, PI / 2.0).moved([0.0, 0.0, 2.0]);
        let expected = [0.0, -2.0, 0.0];
        assert!(frame.origin.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{frame:?}");
        let back = frame.moved([0.0, 0.0, -2.0]).turn(0, -PI / 2.0);
        assert!((back.axes[2][2] - 1.0).abs() < 1e-12 && back.origin.iter().all(|v| v.abs() < 1e-12));
    }

    #[test]
    fn random_orientations_are_even() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let ups: Vec<Vector> = (0..4000).map(|_| Frame::random(&mut rng).axes[2]).collect();
        for k in 0..3 {
            let mean = ups.iter().map(|up| up[k]).sum::<f64>() / 4000.0;
            let square = ups.iter().map(|up| up[k] * up[k]).sum::<f64>() / 4000.0;
            assert!(mean.abs() < 0.04 && (square - 1.0 / 3.0).abs() < 0.02, "{k}: {mean} {square}");
        }
    }
}
