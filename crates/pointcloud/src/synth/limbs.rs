//! The articulated figures: trees of limbs with random joint angles within limits.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use rand::{Rng, RngExt};

use super::config::SynthConfig;
use super::figure::Figure;
use super::scan::{add_noise, hide};
use super::skeleton::{Frame, Skeleton};

/// Points that are drawn per point of the result; enough for the largest cut.
const CANDIDATES: usize = 2;

/// One random figure in a random orientation, as `config.points` positions in the unit sphere.
///
/// Uses `config.noise` and `config.cut`, but not its counts, kind and seed: the random numbers are those of `rng`.
///
/// ```
/// use pointcloud::synth::{Figure, SynthConfig, figure};
/// use rand::SeedableRng;
///
/// let config = SynthConfig { points: 100, ..SynthConfig::default() };
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
/// assert_eq!(figure(Figure::Crane, &config, &mut rng).len(), 100);
/// ```
#[must_use]
pub fn figure(figure: Figure, config: &SynthConfig, rng: &mut impl Rng) -> Vec<[f32; 3]> {
    if config.points == 0 {
        return Vec::new();
    }
    let frame = Frame::random(rng);
    let mut skeleton = Skeleton::default();
    match figure {
        Figure::Biped => biped(&mut skeleton, frame, rng),
        Figure::Crane => crane(&mut skeleton, frame, rng),
        Figure::Hand => hand(&mut skeleton, frame, rng),
        Figure::Lamp => lamp(&mut skeleton, frame, rng),
        Figure::Octopus => octopus(&mut skeleton, frame, rng),
        Figure::Plant => branch(&mut skeleton, frame, 2, rng),
        Figure::Quadruped => quadruped(&mut skeleton, frame, rng),
        Figure::Scissors => scissors(&mut skeleton, frame, rng),
        Figure::Snake => snake(&mut skeleton, frame, rng),
        Figure::Spider => spider(&mut skeleton, frame, rng),
    }
    let cloud = skeleton.sample(CANDIDATES * config.points, rng);
    let mut seen = hide(cloud, config, rng);
    add_noise(&mut seen, config, rng);
    seen
}

/// A random angle between two limits.
fn angle(low: f64, high: f64, rng: &mut impl Rng) -> f64 {
    rng.random_range(low..=high)
}

/// A random length of `mean` plus or minus a quarter.
fn about(mean: f64, rng: &mut impl Rng) -> f64 {
    mean * rng.random_range(0.75..=1.25)
}

/// Two limbs, the second turned by a knee or an elbow about the first axis.
fn arm(body: &mut Skeleton, frame: Frame, lengths: [f64; 2], radius: f64, bend: f64) -> Frame {
    let joint = body.limb(frame, lengths[0], [radius, 0.75 * radius]);
    body.limb(joint.turn(0, bend), lengths[1], [0.75 * radius, 0.55 * radius])
}

fn biped(body: &mut Skeleton, frame: Frame, rng: &mut impl Rng) {
    let (width, upper, lower) = (about(0.2, rng), about(0.42, rng), about(0.42, rng));
    let waist = body.limb(frame, about(0.25, rng), [0.16, 0.14]);
    let chest = waist.turn(0, angle(-0.7, 0.4, rng)).turn(1, angle(-0.3, 0.3, rng));
    let neck = body.limb(chest, about(0.3, rng), [0.15, 0.17]);
    let head = body.limb(neck.turn(0, angle(-0.5, 0.5, rng)), 0.25, [0.07, 0.06]);
    body.ball(head.moved([0.0, 0.0, -0.04]), about(0.14, rng));
    let arms = [about(0.32, rng), about(0.3, rng)];
    for side in [-1.0, 1.0] {
        let shoulder = neck.moved([side * (width + 0.02), 0.0, 0.0]);
        let swing = shoulder.turn(1, side * angle(0.2, 2.6, rng)).turn(0, angle(-1.2, 1.2, rng));
        arm(body, swing, arms, 0.065, angle(-2.2, -0.1, rng));
        let hip = frame.moved([side * 0.6 * width, 0.0, 0.0]).turn(1, side * (PI - angle(0.0, 0.5, rng)));
        let thigh = hip.turn(0, angle(-1.4, 0.5, rng));
        let ankle = arm(body, thigh, [upper, lower], 0.09, angle(0.0, 1.8, rng));
        body.limb(ankle.turn(0, -angle(1.2, 1.7, rng)), 0.16, [0.05, 0.035]);
    }
}

fn quadruped(body: &mut Skeleton, frame: Frame, rng: &mut impl Rng) {
    let (half, radius) = (about(0.35, rng), about(0.16, rng));
    // The trunk runs forwards; its second axis is down.
    let back = frame.turn(0, -FRAC_PI_2);
    let middle = body.limb(back, half, [radius, 0.9 * radius]).turn(1, angle(-0.35, 0.35, rng));
    let front = body.limb(middle, half, [0.9 * radius, 1.05 * radius]);
    let neck = front.turn(0, angle(-0.3, 1.2, rng)).turn(1, angle(-0.5, 0.5, rng));
    let head = body.limb(neck, about(0.3, rng), [0.1, 0.08]);
    body.limb(head.turn(0, -angle(0.4, 1.4, rng)), about(0.22, rng), [0.1, 0.05]);
    let mut tail = back.turn(1, PI + angle(-0.8, 0.8, rng));
    for _ in 0..3 {
        tail = body.limb(tail.turn(0, angle(-0.5, 0.5, rng)), 0.15, [0.035, 0.03]);
    }
    let lengths = [about(0.3, rng), about(0.3, rng)];
    for (frame, forwards) in [(back, 1.0), (front, -1.0)] {
        for side in [-1.0, 1.0] {
            let hip =
                frame.moved([side * 0.7 * radius, 0.0, 0.0]).turn(0, -FRAC_PI_2 + angle(-0.6, 0.6, rng));
            arm(body, hip, lengths, 0.07, forwards * angle(0.0, 1.0, rng));
        }
    }
}

fn spider(body: &mut Skeleton, frame: Frame, rng: &mut impl Rng) {
    let front = body.limb(frame, 0.0, [about(0.16, rng); 2]);
    let behind = front.turn(0, FRAC_PI_2 + angle(-0.4, 0.3, rng));
    let waist = body.limb(behind, 0.2, [0.06, 0.06]);
    body.limb(waist, about(0.2, rng), [about(0.2, rng), 0.15]);
    let lengths = [about(0.45, rng), about(0.5, rng)];
    for side in [-1.0, 1.0] {
        for leg in 0..4 {
            let spread = (f64::from(leg) - 1.5) * 0.6 + angle(-0.2, 0.2, rng);
            let outwards = front.turn(2, spread + if side < 0.0 { PI } else { 0.0 }).turn(1, FRAC_PI_2);
            let knee = body.limb(outwards.turn(1, -angle(0.3, 1.1, rng)), lengths[0], [0.035, 0.03]);
            let foot = body.limb(knee.turn(1, angle(0.9, 1.9, rng)), lengths[1], [0.03, 0.02]);
            body.limb(foot.turn(1, angle(-0.6, 0.3, rng)), 0.15, [0.02, 0.015]);
        }
    }
}

fn octopus(body: &mut Skeleton, frame: Frame, rng: &mut impl Rng) {
    let radius = about(0.24, rng);
    body.limb(frame, about(0.3, rng), [radius, 1.2 * radius]);
    let arms = rng.random_range(6..=8);
    for index in 0..arms {
        let around = TAU * f64::from(index) / f64::from(arms) + angle(-0.15, 0.15, rng);
        let mut bone = frame.turn(2, around).moved([0.6 * radius, 0.0, 0.0]).turn(1, angle(1.7, 2.5, rng));
        let curl = angle(-0.7, 0.5, rng);
        let (twist, length) = (angle(-0.3, 0.3, rng), about(0.2, rng));
        let mut thick = 0.075;
        for _ in 0..6 {
            bone = body.limb(bone, length, [thick, 0.8 * thick]).turn(1, curl).turn(2, twist);
            thick *= 0.8;
        }
    }
}

fn snake(body: &mut Skeleton, frame: Frame, rng: &mut impl Rng) {
    const BONES: usize = 18;
    let radius = about(0.09, rng);
    let (wave, phase) = (angle(0.4, 1.2, rng), angle(0.0, TAU, rng));
    let (bend, rise) = (angle(-0.25, 0.25, rng), angle(-0.15, 0.15, rng));
    let (reach, mut bone) = (angle(0.15, 0.55, rng), frame);
    for index in 0..BONES {
        let share = index as f64 / BONES as f64;
        // Thin at the tail, thickest in the first half.
        let thick = |share: f64| radius * (0.25 + 0.75 * (1.0 - share).sqrt().min(4.0 * share + 0.5));
        bone = body.limb(bone, 0.14, [thick(share), thick(share + 1.0 / BONES as f64)]);
        bone = bone.turn(0, bend + reach * (wave * index as f64 + phase).sin()).turn(1, rise);
    }
}

fn hand(body: &mut Skeleton, frame: Frame, rng: &mut impl Rng) {
    let (spacing, palm) = (about(0.13, rng), about(0.5, rng));
    let curl = angle(0.0, 1.0, rng);
    body.limb(frame.turn(0, PI + angle(-0.5, 0.5, rng)), about(0.3, rng), [0.15, 0.13]);
    for finger in 0..4 {
        let off = f64::from(finger) - 1.5;
        let knuckle =
            body.limb(frame.moved([0.5 * off * spacing, 0.0, 0.0]).turn(1, 0.22 * off), palm, [0.1, 0.09]);
        let scale = [0.85, 1.0, 0.95, 0.75][finger as usize] * about(1.0, rng);
        let mut bone = knuckle.turn(1, angle(-0.1, 0.1, rng));
        let bend = (curl + angle(-0.4, 0.4, rng)).clamp(0.0, 1.3);
        for (length, radius) in [(0.26, 0.07), (0.18, 0.062), (0.13, 0.055)] {
            bone = body.limb(bone.turn(0, -bend), scale * length, [radius, 0.85 * radius]);
        }
    }
    let base = frame.moved([-2.0 * spacing, 0.0, 0.1 * palm]);
    let thumb = base.turn(1, -angle(0.4, 1.1, rng)).turn(0, -angle(0.0, 0.5, rng));
    let middle = body.limb(thumb, 0.28, [0.09, 0.075]);
    body.limb(middle.turn(1, angle(0.0, 0.8, rng)), 0.22, [0.075, 0.055]);
}

fn lamp(body: &mut Skeleton, frame: Frame, rng: &mut impl Rng) {
    let foot = about(0.28, rng);
    // A flat foot: rings of capsules about the stem.
    for spoke in 0..10 {
        let outwards = frame.turn(2, TAU * f64::from(spoke) / 10.0).turn(1, FRAC_PI_2);
        body.limb(outwards, foot, [0.06, 0.06]);
    }
    let lower = body.limb(frame.turn(0, angle(-0.7, 0.7, rng)), about(0.6, rng), [0.035, 0.03]);
    body.ball(lower.moved([0.0, 0.0, -0.06]), 0.06);
    let elbow = lower.turn(0, angle(0.5, 2.0, rng)).turn(2, angle(-0.6, 0.6, rng));
    let upper = body.limb(elbow, about(0.55, rng), [0.03, 0.03]);
    let shade = upper.turn(0, angle(0.2, 1.5, rng));
    body.limb(shade, about(0.22, rng), [0.05, about(0.19, rng)]);
}

fn crane(body: &mut Skeleton, frame: Frame, rng: &mut impl Rng) {
    let (mast, reach) = (about(1.0, rng), about(0.9, rng));
    for foot in 0..4 {
        let outwards = frame.turn(2, FRAC_PI_2 * f64::from(foot) + PI / 4.0).turn(1, FRAC_PI_2);
        body.limb(outwards, 0.3, [0.05, 0.05]);
    }
    let top = body.limb(frame, mast, [0.06, 0.06]).turn(2, angle(0.0, TAU, rng));
    let tilt = angle(-0.1, 0.5, rng);
    let jib = top.turn(1, FRAC_PI_2 - tilt);
    body.limb(jib, reach, [0.045, 0.035]);
    let counter = body.limb(top.turn(1, -FRAC_PI_2 - tilt), 0.35 * reach, [0.045, 0.045]);
    body.ball(counter.moved([0.0, 0.0, -0.1]), about(0.1, rng));
    body.limb(top, 0.2, [0.05, 0.03]);
    // The rope hangs straight down, whatever the direction of the jib.
    let trolley = jib.moved([0.0, 0.0, reach * angle(0.5, 0.95, rng)]);
    let down = frame.at(trolley).turn(0, PI);
    let hook = body.limb(down, mast * angle(0.25, 0.7, rng), [0.015, 0.015]);
    body.ball(hook, about(0.08, rng));
}

/// A stem with `levels` of branches on it.
fn branch(body: &mut Skeleton, frame: Frame, levels: u32, rng: &mut impl Rng) {
    let size = f64::from(levels + 1) / 3.0;
    let radius = 0.06 * size;
    let half = about(0.3, rng) * size.sqrt();
    let middle = body.limb(frame, half, [radius, 0.85 * radius]);
    let end = body.limb(middle.turn(0, angle(-0.3, 0.3, rng)), half, [0.85 * radius, 0.7 * radius]);
    if levels == 0 {
        // A bud or a leaf.
        body.limb(end, 0.1, [0.05, 0.02]);
        return;
    }
    let count = rng.random_range(2..=3);
    let first = angle(0.0, TAU, rng);
    for index in 0..count {
        let around = end.turn(2, first + TAU * f64::from(index) / f64::from(count));
        branch(body, around.turn(0, angle(0.4, 1.0, rng)), levels - 1, rng);
    }
}

fn scissors(body: &mut Skeleton, frame: Frame, rng: &mut impl Rng) {
    const PIECES: i32 = 10;
    let (blade, handle, ring) = (about(0.7, rng), about(0.35, rng), about(0.15, rng));
    let open = angle(0.05, 0.7, rng);
    for side in [-1.0, 1.0] {
        let pivot = frame.moved([0.0, side * 0.025, 0.0]).turn(1, side * open);
        body.limb(pivot, blade, [0.045, 0.012]);
        let down = pivot.turn(1, PI);
        let end = body.limb(down, handle, [0.04, 0.035]);
        // A ring of short limbs, on the outer side of the handle.
        let mut piece = end;
        let length = TAU * ring / f64::from(PIECES);
        for _ in 0..PIECES {
            piece = body.limb(piece, length, [0.035, 0.035]).turn(1, side * TAU / f64::from(PIECES));
        }
    }
    body.limb(frame.moved([0.0, -0.06, 0.0]).turn(0, -FRAC_PI_2), 0.12, [0.03, 0.03]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn every_figure_fills_the_unit_sphere_and_is_seeded() {
        let config = SynthConfig { points: 200, ..SynthConfig::default() };
        assert!(Figure::ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()));
        for kind in Figure::ALL {
            let draw = |seed| figure(kind, &config, &mut ChaCha8Rng::seed_from_u64(seed));
            for seed in 0..20 {
                let points = draw(seed);
                assert_eq!(points.len(), 200);
                let farthest =
                    points.iter().map(|p| p.iter().map(|v| v * v).sum::<f32>()).fold(0.0, f32::max);
                assert!((farthest.sqrt() - 1.0).abs() < 1e-3, "{}: {farthest}", kind.name());
            }
            assert_eq!(draw(5), draw(5));
            assert_ne!(draw(5), draw(6));
        }
    }
}
