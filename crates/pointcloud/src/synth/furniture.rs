//! Furniture of a room, in metres, with its feet at z = 0 and its middle on the z axis.

use std::f64::consts::PI;

use rand::{Rng, RngExt};

use super::surface::Surface;

/// A piece of furniture and the floor area that it needs.
pub(crate) struct Thing {
    pub(crate) surface: Surface,
    /// Half of its extent along x and y.
    pub(crate) half: [f64; 2],
}

/// A slab on four legs, square or long.
pub(crate) fn table(rng: &mut impl Rng) -> Thing {
    let half = [rng.random_range(0.35..0.9), rng.random_range(0.3..0.45)];
    let height = rng.random_range(0.68..0.78);
    let mut surface = Surface::default();
    surface.block([-half[0], -half[1], height - 0.04], [half[0], half[1], height]);
    let leg = rng.random_range(0.03..0.06);
    for x in [-1.0, 1.0] {
        for y in [-1.0, 1.0] {
            let middle = [x * (half[0] - leg), y * (half[1] - leg)];
            surface.block(
                [middle[0] - leg / 2.0, middle[1] - leg / 2.0, 0.0],
                [middle[0] + leg / 2.0, middle[1] + leg / 2.0, height - 0.04],
            );
        }
    }
    Thing { surface, half }
}

/// A seat with a back towards +y, on legs or on a foot.
pub(crate) fn chair(rng: &mut impl Rng) -> Thing {
    let half = rng.random_range(0.2..0.25);
    let seat = rng.random_range(0.42..0.5);
    let top = seat + rng.random_range(0.35..0.5);
    let mut surface = Surface::default();
    surface.block([-half, -half, seat - 0.05], [half, half, seat]);
    surface.block([-half, half - 0.04, seat], [half, half, top]);
    if rng.random() {
        for x in [-half, half - 0.04] {
            for y in [-half, half - 0.04] {
                surface.block([x, y, 0.0], [x + 0.04, y + 0.04, seat - 0.05]);
            }
        }
    } else {
        surface.lathe(&[[0.22, 0.0], [0.22, 0.03], [0.03, 0.06], [0.03, seat - 0.05]]);
    }
    Thing { surface, half: [half; 2] }
}

/// Boards between two sides, open to -y, with boxes on the boards.
pub(crate) fn shelf(rng: &mut impl Rng) -> Thing {
    let half = [rng.random_range(0.35..0.8), rng.random_range(0.13..0.2)];
    let height = rng.random_range(1.3..2.2);
    let boards = rng.random_range(3..=6_usize);
    let mut surface = Surface::default();
    for x in [-half[0], half[0] - 0.03] {
        surface.block([x, -half[1], 0.0], [x + 0.03, half[1], height]);
    }
    surface.block([-half[0], half[1] - 0.02, 0.0], [half[0], half[1], height]);
    let step = (height - 0.03) / boards as f64;
    for board in 0..=boards {
        let z = board as f64 * step;
        surface.block([-half[0], -half[1], z], [half[0], half[1], z + 0.03]);
        if board < boards && rng.random::<f64>() < 0.7 {
            let from = rng.random_range(-half[0] + 0.05..0.0);
            let to = rng.random_range(0.05..half[0] - 0.04);
            let high = z + 0.03 + (step - 0.03) * rng.random_range(0.4..0.9);
            surface.block([from, -half[1] + 0.03, z + 0.03], [to, half[1] - 0.02, high]);
        }
    }
    Thing { surface, half }
}

/// A low seat with a back towards +y and two arms.
pub(crate) fn sofa(rng: &mut impl Rng) -> Thing {
    let half = [rng.random_range(0.6..1.1), rng.random_range(0.38..0.48)];
    let (seat, arm, back) =
        (rng.random_range(0.36..0.45), rng.random_range(0.52..0.62), rng.random_range(0.7..0.9));
    let thick = rng.random_range(0.12..0.2);
    let mut surface = Surface::default();
    surface.block([-half[0], -half[1], 0.0], [half[0], half[1], seat]);
    surface.block([-half[0], half[1] - thick, seat], [half[0], half[1], back]);
    for x in [-half[0], half[0] - thick] {
        surface.block([x, -half[1], seat], [x + thick, half[1] - thick, arm]);
    }
    Thing { surface, half }
}

/// A shade on a pole that stands on a foot.
pub(crate) fn lamp(rng: &mut impl Rng) -> Thing {
    let height = rng.random_range(1.3..1.8);
    let (wide, narrow) = (rng.random_range(0.16..0.24), rng.random_range(0.08..0.14));
    let shade = rng.random_range(0.22..0.35);
    let mut surface = Surface::default();
    surface.lathe(&[[0.15, 0.0], [0.15, 0.03], [0.02, 0.05], [0.02, height]]);
    surface.lathe(&[[wide, height - shade / 2.0], [narrow, height + shade / 2.0]]);
    Thing { surface, half: [wide; 2] }
}

/// A ball on a rod that hangs from z = 0.
pub(crate) fn pendant(rng: &mut impl Rng) -> Thing {
    let (drop, radius) = (rng.random_range(0.4..0.8), rng.random_range(0.12..0.22));
    let mut surface = Surface::default();
    let arc: Vec<[f64; 2]> = (0..=16)
        .map(|step| {
            let (sin, cos) = (PI * f64::from(step) / 16.0).sin_cos();
            [radius * sin, -drop - radius * cos]
        })
        .collect();
    surface.lathe(&arc);
    surface.lathe(&[[0.015, -drop + radius], [0.015, 0.0]]);
    Thing { surface, half: [radius; 2] }
}
