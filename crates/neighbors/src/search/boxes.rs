//! Large clouds cut into boxes that are searched like small clouds, each within the caches of one thread.
//!
//! The cuts are planes at the medians of a sample, so that boxes hold about as many points each, however
//! unevenly the points lie. A box gets its own points, the centres, and those of its neighbours that are no
//! farther from it than a kernel reaches. Where the cuts lie has no influence on the lists.

use rayon::prelude::*;

use crate::search::region::Outline;

/// Points of the sample in one box, at most.
const BOX_SAMPLES: usize = 64;

/// Consecutive points that are sorted into boxes together.
const PORTION: usize = 16_384;

/// Cuts the cloud that begins with the point `first` of a batch into boxes of about `box_points`, and gives the points in and
/// near each; `None` when there are not enough for two, or when the boxes would share too many points.
pub(crate) fn cut_into_boxes(
    points: &[[f32; 3]],
    first: usize,
    reach: f64,
    box_points: usize,
) -> Option<Vec<Outline<'_>>> {
    if points.len() < 2 * box_points {
        return None;
    }
    let planes = Planes::choose(points, reach, box_points)?;
    let sorted: Vec<Portion> = points
        .par_chunks(PORTION)
        .enumerate()
        .map(|(number, points)| Portion::sort(points, number * PORTION, &planes))
        .collect();
    let regions = (0..planes.boxes)
        .into_par_iter()
        .map(|b| {
            let (mut indices, mut own) = (Vec::new(), Vec::new());
            for portion in &sorted {
                let range = portion.starts[b] as usize..portion.starts[b + 1] as usize;
                indices.extend_from_slice(&portion.indices[range.clone()]);
                own.extend_from_slice(&portion.own[range]);
            }
            Outline::part(points, indices, own, first)
        })
        .collect();
    Some(regions)
}

/// One cut, and what lies on its two sides.
#[derive(Debug, Clone, Copy)]
struct Plane {
    axis: usize,
    at: f32,
    /// Below and not below the plane.
    sides: [Side; 2],
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Box(u32),
    Plane(u32),
}

#[derive(Debug)]
struct Planes {
    /// The first is the first cut.
    planes: Vec<Plane>,
    boxes: usize,
    /// How far from a box a point can be a neighbour of its centres.
    reach: f64,
}

impl Planes {
    fn choose(points: &[[f32; 3]], reach: f64, box_points: usize) -> Option<Self> {
        // One of every so many points, at a changing index among them: points often come in rows.
        let mut sample: Vec<[f32; 3]> = points
            .chunks_exact(box_points.div_ceil(BOX_SAMPLES))
            .enumerate()
            .map(|(i, points)| points[(i.wrapping_mul(0x9e37_79b9) >> 16) % points.len()])
            .collect();
        let mut planes = Self { planes: Vec::new(), boxes: 0, reach };
        planes.divide(&mut sample);
        (planes.boxes > 1).then_some(planes)
    }

    fn divide(&mut self, sample: &mut [[f32; 3]]) -> Side {
        let Some((axis, at)) = self.plane(sample) else {
            self.boxes += 1;
            return Side::Box(self.boxes as u32 - 1);
        };
        let slot = self.planes.len();
        self.planes.push(Plane { axis, at, sides: [Side::Box(0); 2] });
        // Half of the sample is on each side, up to equal coordinates: the depth is logarithmic.
        sample.sort_unstable_by(|a, b| a[axis].total_cmp(&b[axis]));
        let (below, above) = sample.split_at_mut(sample.partition_point(|p| p[axis] < at));
        let sides = [self.divide(below), self.divide(above)];
        self.planes[slot].sides = sides;
        Side::Plane(slot as u32)
    }

    /// The cut across the longest axis for which not too many points lie near the plane, and are then in both boxes.
    fn plane(&self, sample: &mut [[f32; 3]]) -> Option<(usize, f32)> {
        if sample.len() <= BOX_SAMPLES {
            return None;
        }
        let extent = |axis: usize| {
            let low = sample.iter().fold(f32::MAX, |a, p| a.min(p[axis]));
            let high = sample.iter().fold(f32::MIN, |a, p| a.max(p[axis]));
            f64::from(high) - f64::from(low)
        };
        let mut axes = [0, 1, 2].map(|axis| (extent(axis), axis));
        axes.sort_by(|a, b| b.0.total_cmp(&a.0));
        axes.into_iter().map(|(_, axis)| axis).find_map(|axis| {
            let middle = sample.len() / 2;
            let at = sample.select_nth_unstable_by(middle, |a, b| a[axis].total_cmp(&b[axis])).1[axis];
            let below = sample.iter().filter(|p| p[axis] < at).count();
            let near = sample.iter().filter(|p| self.distance(p[axis], at).abs() <= self.reach).count();
            let fair = below >= sample.len() / 4 && near <= sample.len() * 3 / 4;
            fair.then_some((axis, at))
        })
    }

    #[inline(always)]
    fn distance(&self, coordinate: f32, at: f32) -> f64 {
        f64::from(coordinate) - f64::from(at)
    }

    /// Calls `visit` for the box of a point first, then for those near it.
    #[inline(always)]
    fn visit(&self, point: [f32; 3], mut visit: impl FnMut(u32)) {
        let mut left = [Side::Box(0); 128];
        let mut waiting = 0;
        let mut side = Side::Plane(0);
        loop {
            match side {
                Side::Plane(number) => {
                    let plane = &self.planes[number as usize];
                    let distance = self.distance(point[plane.axis], plane.at);
                    let own = usize::from(distance >= 0.0);
                    if distance.abs() <= self.reach {
                        left[waiting] = plane.sides[1 - own];
                        waiting += 1;
                    }
                    side = plane.sides[own];
                }
                Side::Box(number) => {
                    visit(number);
                    if waiting == 0 {
                        return;
                    }
                    waiting -= 1;
                    side = left[waiting];
                }
            }
        }
    }
}

/// Some consecutive points, sorted by the boxes in and near which they lie.
struct Portion {
    /// Start of every box in the columns below, and the end of the last.
    starts: Vec<u32>,
    indices: Vec<u32>,
    own: Vec<bool>,
}

impl Portion {
    fn sort(points: &[[f32; 3]], first: usize, planes: &Planes) -> Self {
        // The box of which a point is a centre comes first.
        let mut entries: Vec<(u32, u32, bool)> = Vec::with_capacity(points.len() + points.len() / 4);
        let mut starts = vec![0u32; planes.boxes + 1];
        for (i, &point) in points.iter().enumerate() {
            let mut own = true;
            planes.visit(point, |b| {
                entries.push((b, i as u32, own));
                starts[b as usize + 1] += 1;
                own = false;
            });
        }
        for b in 0..planes.boxes {
            starts[b + 1] += starts[b];
        }
        let mut next = starts.clone();
        let mut sorted = Self { starts, indices: vec![0; entries.len()], own: vec![false; entries.len()] };
        for (b, i, own) in entries {
            let slot = next[b as usize] as usize;
            next[b as usize] += 1;
            sorted.indices[slot] = (first + i as usize) as u32;
            sorted.own[slot] = own;
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lattice(points: usize) -> Vec<[f32; 3]> {
        (0..points).map(|i| [(i * 7919 % points) as f32, (i % 251) as f32, (i % 3) as f32]).collect()
    }

    /// Every point is a centre once, in the order of the indices, and near boxes have it too.
    #[test]
    fn boxes_hold_their_points_and_those_nearby() {
        let points = lattice(100_000);
        let reach = 4.0;
        let boxes = cut_into_boxes(&points, 5, reach, 16_384).unwrap();
        assert!(boxes.len() >= 4);
        let mut centres = vec![0; points.len()];
        for outline in &boxes {
            let region = outline.gather(false);
            let indices: Vec<u32> = (0..region.points().len()).map(|i| region.number(i)).collect();
            assert!(indices.is_sorted());
            let own: Vec<[f32; 3]> =
                (0..indices.len()).filter(|&i| region.is_own(i)).map(|i| region.points()[i]).collect();
            let (low, high) =
                own.iter().fold((f32::MAX, f32::MIN), |(low, high), p| (low.min(p[0]), high.max(p[0])));
            // The cuts are across the long axis alone, somewhere between the lowest centre and the last one
            // below it.
            let near =
                |reach: f32| points.iter().filter(|p| p[0] >= low - reach && p[0] <= high + reach).count();
            assert!((near(4.0)..=near(6.0)).contains(&indices.len()));
            for (i, &index) in indices.iter().enumerate() {
                assert_eq!(region.points()[i], points[index as usize]);
                assert_eq!(region.packed(i), index + 5);
                centres[index as usize] += usize::from(region.is_own(i));
            }
        }
        assert!(centres.iter().all(|&times| times == 1));
    }

    #[test]
    fn clouds_without_a_cheap_cut_stay_whole() {
        assert!(cut_into_boxes(&lattice(100_000), 0, 1e9, 16_384).is_none());
        assert!(cut_into_boxes(&vec![[1.0; 3]; 100_000], 0, 0.0, 16_384).is_none());
        assert!(cut_into_boxes(&lattice(1000), 0, 0.0, 16_384).is_none());
    }
}
