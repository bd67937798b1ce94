//! Furnished rooms with a label for every point.

use std::f64::consts::{FRAC_PI_2, TAU};

use rand::{Rng, RngExt};

use super::furniture::{Thing, chair, lamp, pendant, shelf, sofa, table};
use super::scene_config::{SCENE_CLASSES, SceneSynthConfig};
use super::surface::Surface;
use crate::cloud::PointCloud;
use crate::transform::{jitter, sample_uniform, shuffled_indices};

/// Attempts to find free floor for an object before it is left out.
const ATTEMPTS: usize = 30;

/// Gap between an object and the wall behind it, in metres.
const GAP: f64 = 0.02;

/// One random room, with labels (indices of [`SCENE_CLASSES`]) and colours, in metres; z is up, the floor at 0.
pub(super) fn room(config: &SceneSynthConfig, rng: &mut impl Rng) -> PointCloud {
    let size = [rng.random_range(3.5..6.0), rng.random_range(3.0..5.0), rng.random_range(2.4..3.0)];
    let mut room = Room { size, taken: Vec::new(), hiding: Vec::new(), parts: Vec::new() };
    room.shell();
    for _ in 0..rng.random_range(1..=3) {
        let thing = shelf(rng);
        room.against_wall("shelf", thing, rng);
    }
    for _ in 0..rng.random_range(1..=2) {
        let thing = sofa(rng);
        room.against_wall("sofa", thing, rng);
    }
    for _ in 0..rng.random_range(1..=2) {
        room.table_with_chairs(rng);
    }
    for _ in 0..rng.random_range(1..=2) {
        let thing = lamp(rng);
        room.anywhere("lamp", &thing, rng);
    }
    let hanging = pendant(rng);
    room.parts.push((class("lamp"), placed(&hanging, 0.0, [size[0] / 2.0, size[1] / 2.0, size[2]])));
    room.sample(config, rng)
}

fn class(name: &str) -> i32 {
    SCENE_CLASSES.iter().position(|class| *class == name).map_or(0, |index| index as i32)
}

fn placed(thing: &Thing, angle: f64, offset: [f64; 3]) -> Surface {
    let mut surface = Surface::default();
    surface.add(&thing.surface, angle, offset);
    surface
}

/// A room under construction.
struct Room {
    size: [f64; 3],
    /// Middle and half extents of the occupied floor.
    taken: Vec<([f64; 2], [f64; 2])>,
    /// The same for objects at a wall, and their heights.
    hiding: Vec<([f64; 2], [f64; 2], f64)>,
    parts: Vec<(i32, Surface)>,
}

impl Room {
    /// Ceiling, floor and four walls, as thin sheets.
    fn shell(&mut self) {
        let [x, y, z] = self.size;
        let mut sheet = |name: &str, at: &dyn Fn(f64, f64) -> [f64; 3]| {
            let mut surface = Surface::default();
            surface.grid(40, 40, at);
            self.parts.push((class(name), surface));
        };
        sheet("floor", &|u, v| [u * x, v * y, 0.0]);
        sheet("ceiling", &|u, v| [u * x, v * y, z]);
        sheet("wall", &|u, v| [u * x, 0.0, v * z]);
        sheet("wall", &|u, v| [u * x, y, v * z]);
        sheet("wall", &|u, v| [0.0, u * y, v * z]);
        sheet("wall", &|u, v| [x, u * y, v * z]);
    }

    fn is_free(&self, middle: [f64; 2], half: [f64; 2]) -> bool {
        let inside = (0..2)
            .all(|axis| middle[axis] - half[axis] >= 0.0 && middle[axis] + half[axis] <= self.size[axis]);
        let apart = |(other, other_half): &([f64; 2], [f64; 2])| {
            (0..2).any(|axis| (middle[axis] - other[axis]).abs() > half[axis] + other_half[axis] + 0.05)
        };
        inside && self.taken.iter().all(apart)
    }

    /// Puts an object with its back to one of the walls.
    fn against_wall(&mut self, name: &str, thing: Thing, rng: &mut impl Rng) {
        for _ in 0..ATTEMPTS {
            let turns = rng.random_range(0..4_usize);
            let [along, deep] = thing.half;
            let half = if turns % 2 == 0 { [along, deep] } else { [deep, along] };
            // The back is at +y; quarter turns move it to -x, -y and +x.
            let [x, y, _] = self.size;
            let free =
                |length: f64, rng: &mut dyn FnMut() -> f64| along + (length - 2.0 * along).max(0.0) * rng();
            let mut draw = || rng.random::<f64>();
            let middle = match turns {
                0 => [free(x, &mut draw), y - deep - GAP],
                1 => [deep + GAP, free(y, &mut draw)],
                2 => [free(x, &mut draw), deep + GAP],
                _ => [x - deep - GAP, free(y, &mut draw)],
            };
            if self.is_free(middle, half) {
                self.taken.push((middle, half));
                let height = thing.surface.vertices.iter().map(|vertex| vertex[2]).fold(0.0, f64::max);
                self.hiding.push((middle, half, height));
                let angle = turns as f64 * FRAC_PI_2;
                self.parts.push((class(name), placed(&thing, angle, [middle[0], middle[1], 0.0])));
                return;
            }
        }
    }

    /// Puts a round object anywhere.
    fn anywhere(&mut self, name: &str, thing: &Thing, rng: &mut impl Rng) {
        for _ in 0..ATTEMPTS {
            let middle = [0, 1].map(|axis| rng.random_range(0.3..self.size[axis] - 0.3));
            if self.is_free(middle, thing.half) {
                self.taken.push((middle, thing.half));
                let angle = rng.random_range(0.0..TAU);
                self.parts.push((class(name), placed(thing, angle, [middle[0], middle[1], 0.0])));
                return;
            }
        }
    }

    /// Puts a table parallel to the walls, and chairs that face its long sides.
    fn table_with_chairs(&mut self, rng: &mut impl Rng) {
        let table = table(rng);
        for _ in 0..ATTEMPTS {
            let turned: bool = rng.random();
            let [along, deep] = table.half;
            let half = if turned { [deep, along] } else { [along, deep] };
            let middle = [0, 1].map(|axis| rng.random_range(0.2..0.8) * self.size[axis]);
            if !self.is_free(middle, half) {
                continue;
            }
            let angle = if turned { FRAC_PI_2 } else { 0.0 };
            self.taken.push((middle, half));
            self.parts.push((class("table"), placed(&table, angle, [middle[0], middle[1], 0.0])));
            for side in [-1.0, 1.0] {
                for _ in 0..rng.random_range(1..=2) {
                    let thing = chair(rng);
                    let off = [rng.random_range(-0.7..0.7) * along, side * (deep + thing.half[1] + 0.1)];
                    let (sin, cos) = angle.sin_cos();
                    let at =
                        [middle[0] + cos * off[0] - sin * off[1], middle[1] + sin * off[0] + cos * off[1]];
                    if self.is_free(at, thing.half) {
                        self.taken.push((at, thing.half));
                        // The back points away from the table, not quite straight.
                        let facing = if side > 0.0 { 0.0 } else { 2.0 * FRAC_PI_2 };
                        let turn = angle + facing + rng.random_range(-0.3..0.3);
                        self.parts.push((class("chair"), placed(&thing, turn, [at[0], at[1], 0.0])));
                    }
                }
            }
            return;
        }
    }

    /// Whether a point is hidden from a scanner in the room: under an object, or between an object at a wall and the wall.
    fn is_hidden(&self, class: i32, [x, y, z]: [f32; 3]) -> bool {
        let [x, y, z] = [x, y, z].map(f64::from);
        let shell = class <= self::class("wall");
        if shell {
            let behind = |(middle, half, height): &([f64; 2], [f64; 2], f64)| {
                z <= *height
                    && (x - middle[0]).abs() <= half[0] + GAP
                    && (y - middle[1]).abs() <= half[1] + GAP
            };
            return self.hiding.iter().any(behind);
        }
        let from_wall = x.min(y).min(self.size[0] - x).min(self.size[1] - y);
        z < 0.005 || from_wall < GAP + 0.005
    }

    fn sample(mut self, config: &SceneSynthConfig, rng: &mut impl Rng) -> PointCloud {
        let (mut positions, mut labels, mut colors) = (Vec::new(), Vec::new(), Vec::new());
        for (class, surface) in std::mem::take(&mut self.parts) {
            let count = (surface.area() * f64::from(config.density)).round().max(1.0) as usize;
            let cloud = sample_uniform(&surface.into_mesh(), count, rng)
                .unwrap_or_else(|error| panic!("every part of a room has a surface, but {error}"));
            let color: [f32; 3] = std::array::from_fn(|_| rng.random_range(40.0..215.0));
            for position in cloud.into_positions() {
                if self.is_hidden(class, position) {
                    continue;
                }
                positions.push(position);
                labels.push(class);
                colors.push(color.map(|channel| (channel + rng.random_range(-25.0..25.0)) as u8));
            }
        }
        jitter(&mut positions, config.noise, 4.0 * config.noise, rng);
        let mut cloud = PointCloud::new(positions);
        let whole = cloud
            .set_labels(Some(labels))
            .and_then(|()| cloud.set_colors(Some(colors)))
            .map(|()| shuffled_indices(cloud.len(), rng));
        match whole {
            Ok(order) => cloud.select(&order),
            Err(error) => panic!("there is one label and one colour per point, but {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn rooms_are_seeded_and_hold_what_they_should() {
        let config = SceneSynthConfig { density: 60.0, ..SceneSynthConfig::default() };
        let draw = |seed| room(&config, &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let mut seen = [0_usize; SCENE_CLASSES.len()];
        for seed in 0..20 {
            let room = draw(seed);
            let bounds = room.bounds().unwrap();
            assert!(bounds.min.iter().all(|&v| v > -0.05), "{bounds:?}");
            assert!(bounds.max[0] < 6.05 && bounds.max[1] < 5.05 && bounds.max[2] < 3.05, "{bounds:?}");
            let labels = room.labels().unwrap();
            for (class, count) in seen.iter_mut().enumerate() {
                *count += usize::from(labels.contains(&(class as i32)));
            }
        }
        // Ceiling, floor and walls always occur; the others nearly always.
        assert!(seen[..3].iter().all(|&count| count == 20), "{seen:?}");
        assert!(seen.iter().all(|&count| count >= 12), "{seen:?}");
    }
}
