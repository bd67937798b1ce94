//! Which part of a scene is looked at next.

use rand::{Rng, RngExt};

use super::regions::{Region, RegionIndex};

/// Gives centres of regions: points of the cloud that were seen least.
///
/// Every point has a count, at first a random number below 1/1000 that decides between points alike. A region adds to
/// the counts of its points, the more the nearer they are to its centre: `(1 - d/r)²` for the distance `d`, along x and y for
/// columns, from the centre and the reach `r` of the region (the potentials of Thomas et al., *KPConv*, ICCV 2019).
#[derive(Clone, Debug, PartialEq)]
pub struct LeastSeen {
    seen: Vec<f32>,
}

impl LeastSeen {
    /// Counts for a cloud of `points` points.
    #[must_use]
    pub fn new(points: usize, rng: &mut impl Rng) -> Self {
        Self { seen: (0..points).map(|_| rng.random_range(0.0..1e-3)).collect() }
    }

    /// The point that was seen least; `None` without points.
    #[must_use]
    pub fn next(&self) -> Option<usize> {
        (0..self.seen.len()).min_by(|&a, &b| self.seen[a].total_cmp(&self.seen[b]))
    }

    /// Says that the points of `region` around `centre` were looked at.
    pub fn look(&mut self, positions: &[[f32; 3]], region: &Region, centre: [f32; 3], members: &[u32]) {
        for &member in members {
            let d = [0, 1, 2].map(|axis| positions[member as usize][axis] - centre[axis]);
            let squared = match region {
                Region::Column { .. } => d[0].abs().max(d[1].abs()).powi(2),
                Region::Sphere { .. } => d.iter().map(|v| v * v).sum::<f32>(),
            };
            self.seen[member as usize] += (1.0 - squared.sqrt() / region.reach()).max(0.0).powi(2);
        }
    }

    /// The next centre of each of `count` regions, with the counts brought up to date after each.
    #[must_use]
    pub fn take(
        &mut self,
        positions: &[[f32; 3]],
        region: &Region,
        index: &RegionIndex,
        count: usize,
    ) -> Vec<usize> {
        let mut centres = Vec::with_capacity(count);
        for _ in 0..count {
            let Some(next) = self.next() else { break };
            let centre = positions[next];
            self.look(positions, region, centre, &index.members(positions, region, centre));
            // A region so small that the centre itself adds nothing would be chosen for ever.
            self.seen[next] += 1e-3;
            centres.push(next);
        }
        centres
    }
}

/// A point whose class is drawn evenly from the classes that there are, and then evenly from the points of that class: so that
/// rare classes are met as often as frequent ones. Labels below 0 are no class. `None` when there is no other label.
#[must_use]
pub fn class_balanced_point(labels: &[i32], rng: &mut impl Rng) -> Option<usize> {
    let mut classes: Vec<i32> = labels.iter().copied().filter(|&label| label >= 0).collect();
    classes.sort_unstable();
    let mut counts: Vec<(i32, usize)> =
        classes.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    if counts.is_empty() {
        return None;
    }
    let (class, count) = counts.swap_remove(rng.random_range(0..counts.len()));
    let nth = rng.random_range(0..count);
    labels.iter().enumerate().filter(|&(_, &label)| label == class).nth(nth).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn what_was_not_seen_comes_next() {
        let positions: Vec<[f32; 3]> = (0..40).map(|i| [i as f32, 0.0, 0.0]).collect();
        let region = Region::Column { edge: 8.0 };
        let index = RegionIndex::new(&positions, &region);
        let mut seen = LeastSeen::new(40, &mut ChaCha8Rng::seed_from_u64(3));
        let centres = seen.take(&positions, &region, &index, 10);
        // Ten columns of nine points each: none is left out.
        for position in &positions {
            assert!(
                centres.iter().any(|&c| region.contains(positions[c], *position)),
                "{position:?}: {centres:?}"
            );
        }
        let mut again = LeastSeen::new(40, &mut ChaCha8Rng::seed_from_u64(3));
        assert_eq!(again.take(&positions, &region, &index, 10), centres);
        let mut other = LeastSeen::new(40, &mut ChaCha8Rng::seed_from_u64(4));
        assert_ne!(other.take(&positions, &region, &index, 10), centres);
        assert_eq!(LeastSeen::new(0, &mut ChaCha8Rng::seed_from_u64(3)).next(), None);
    }

    #[test]
    fn a_rare_class_is_met_as_often_as_a_frequent_one() {
        let labels: Vec<i32> = (0..1000)
            .map(|i| {
                if i == 500 {
                    3
                } else if i < 100 {
                    -1
                } else {
                    0
                }
            })
            .collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let drawn: Vec<i32> =
            (0..400).map(|_| labels[class_balanced_point(&labels, &mut rng).unwrap()]).collect();
        let rare = drawn.iter().filter(|&&label| label == 3).count();
        // Binomial(400, 1/2): standard deviation 10.
        assert!(rare.abs_diff(200) < 50, "{rare}");
        assert!(!drawn.contains(&-1));
        assert_eq!(class_balanced_point(&[-1, -1], &mut rng), None);
    }
}
