//! Polygons of a mesh, split into triangles.

use crate::cloud::PointCloud;

/// Larger polygons are split into fans, since clipping takes time in proportion to the square of the corners.
const MOST_CLIPPED: usize = 4096;

/// Bytes that a polygon of so many corners takes in [`Faces`].
pub(crate) fn bytes_of_polygon(corners: usize) -> usize {
    let triangles = size_of::<[u32; 3]>() * corners.saturating_sub(2);
    let polygon = size_of::<(usize, Vec<u32>)>() + size_of::<u32>() * corners;
    if (4..=MOST_CLIPPED).contains(&corners) { triangles + polygon } else { triangles }
}

/// Triangles of polygons and strips while they come in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faces {
    /// Whether faces are counted only.
    counted: bool,
    count: usize,
    /// Polygons, and triangles of strips.
    stored: usize,
    triangles: Vec<[u32; 3]>,
    /// Polygons of four corners and more, and the first of their triangles.
    polygons: Vec<(usize, Vec<u32>)>,
    too_small: usize,
    too_large: usize,
}

impl Faces {
    /// Faces that are kept, or counted only.
    pub(crate) fn new(keep: bool) -> Self {
        Self { counted: !keep, ..Self::default() }
    }

    /// Makes room for so many triangles.
    pub(crate) fn reserve(&mut self, triangles: usize) {
        self.triangles.reserve_exact(triangles);
    }

    /// Adds a polygon. One of fewer than three corners has no area: it is counted and left out.
    pub(crate) fn push(&mut self, polygon: &[u32]) {
        self.count += polygon.len().saturating_sub(2);
        self.stored += 1;
        match *polygon {
            [] | [_] | [_, _] => self.too_small += 1,
            [a, b, c] if !self.counted => self.triangles.push([a, b, c]),
            [_, _, _] => {}
            [first, ref rest @ ..] => {
                self.too_large += usize::from(polygon.len() > MOST_CLIPPED);
                if self.counted {
                    return;
                }
                if polygon.len() <= MOST_CLIPPED {
                    self.polygons.push((self.triangles.len(), polygon.to_vec()));
                }
                self.triangles.extend(rest.windows(2).map(|edge| [first, edge[0], edge[1]]));
            }
        }
    }

    /// Adds a strip, in which every corner after the second makes a triangle with the two before it, all facing one way.
    pub(crate) fn push_strip(&mut self, strip: &[u32]) {
        if strip.len() < 3 {
            self.too_small += 1;
        }
        for (number, corners) in strip.windows(3).enumerate() {
            let [a, b, c] = [corners[0], corners[1], corners[2]];
            // A corner twice turns a corner of the strip and has no area.
            if a != b && b != c && a != c {
                self.count += 1;
                self.stored += 1;
                if !self.counted {
                    self.triangles.push(if number % 2 == 0 { [a, b, c] } else { [b, a, c] });
                }
            }
        }
    }

    /// What was assumed of faces, as a sentence.
    pub(crate) fn note(&self) -> Option<String> {
        let count = self.too_large;
        (count > 0).then(|| {
            format!("{count} faces of more than {MOST_CLIPPED} corners are split as if they were convex")
        })
    }

    /// Number of triangles.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Number of faces as the file has them: polygons, also those that are left out, and triangles of strips.
    pub(crate) fn stored(&self) -> usize {
        self.stored
    }

    /// How many faces were left out, as a sentence.
    pub(crate) fn left_out(&self) -> Option<String> {
        Self::too_small(self.too_small)
    }

    /// That so many faces have no area, as a sentence.
    pub(crate) fn too_small(count: usize) -> Option<String> {
        (count > 0).then(|| format!("{count} faces of fewer than three corners"))
    }

    /// The triangles, once the vertices are known: polygons that are not convex are split by cutting off ears.
    ///
    /// # Panics
    /// When a corner is not below the number of `vertices`.
    pub(crate) fn triangles(mut self, vertices: &PointCloud) -> Vec<[u32; 3]> {
        for (start, polygon) in self.polygons {
            let corners: Vec<[f64; 3]> =
                polygon.iter().map(|&corner| vertices.point(corner as usize)).collect();
            let Some(flat) = flatten(&corners) else { continue };
            if is_convex(&flat) {
                continue;
            }
            if let Some(ears) = clip_ears(&flat) {
                let ears = ears.into_iter().map(|ear| ear.map(|corner| polygon[corner]));
                self.triangles[start..start + polygon.len() - 2]
                    .iter_mut()
                    .zip(ears)
                    .for_each(|(t, ear)| *t = ear);
            }
        }
        self.triangles
    }
}

/// The corners in the plane in which the polygon has its largest area, counter-clockwise; `None` without area.
///
/// The normal is that of Newell: the sum of the cross products of neighbouring corners.
fn flatten(corners: &[[f64; 3]]) -> Option<Vec<[f64; 2]>> {
    let mut normal = [0.0; 3];
    let base = corners[0];
    let relative = |p: &[f64; 3]| [p[0] - base[0], p[1] - base[1], p[2] - base[2]];
    for (i, corner) in corners.iter().enumerate() {
        let (a, b) = (relative(corner), relative(&corners[(i + 1) % corners.len()]));
        normal[0] += a[1] * b[2] - a[2] * b[1];
        normal[1] += a[2] * b[0] - a[0] * b[2];
        normal[2] += a[0] * b[1] - a[1] * b[0];
    }
    let axis = (0..3).max_by(|&a: &usize, &b: &usize| normal[a].abs().total_cmp(&normal[b].abs()))?;
    if !(normal[axis].abs() > 0.0 && normal[axis].is_finite()) {
        return None;
    }
    let (mut u, mut v) = ((axis + 1) % 3, (axis + 2) % 3);
    if normal[axis] < 0.0 {
        (u, v) = (v, u);
    }
    Some(corners.iter().map(relative).map(|p| [p[u], p[v]]).collect())
}

/// Twice the area of a triangle, above 0 where it is counter-clockwise.
fn cross(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

fn is_convex(flat: &[[f64; 2]]) -> bool {
    let n = flat.len();
    (0..n).all(|i| cross(flat[i], flat[(i + 1) % n], flat[(i + 2) % n]) >= 0.0)
}

/// Cuts off one ear after the other; `None` for a polygon that crosses itself.
fn clip_ears(flat: &[[f64; 2]]) -> Option<Vec<[usize; 3]>> {
    let mut left: Vec<usize> = (0..flat.len()).collect();
    let mut ears = Vec::with_capacity(flat.len() - 2);
    let mut at = 0;
    let mut failed = 0;
    while left.len() > 3 {
        let n = left.len();
        let [a, b, c] = [left[(at + n - 1) % n], left[at % n], left[(at + 1) % n]];
        let area = cross(flat[a], flat[b], flat[c]);
        let inside = |&p: &usize| {
            let p = flat[p];
            // A corner on the border of the ear is no obstacle where it is a corner of the ear again.
            let corner = [a, b, c].iter().any(|&other| flat[other] == p);
            !corner
                && cross(flat[a], flat[b], p) >= 0.0
                && cross(flat[b], flat[c], p) >= 0.0
                && cross(flat[c], flat[a], p) >= 0.0
        };
        // A corner on a straight line can be cut off as well: its triangle has no area.
        let others = || left.iter().filter(|&&other| other != a && other != b && other != c);
        if area == 0.0 || (area > 0.0 && !others().any(inside)) {
            ears.push([a, b, c]);
            left.remove(at % n);
            failed = 0;
            at %= left.len();
        } else {
            at = (at + 1) % n;
            failed += 1;
            if failed > n {
                return None;
            }
        }
    }
    ears.push([left[0], left[1], left[2]]);
    Some(ears)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(cloud: &PointCloud, triangles: &[[u32; 3]]) -> f64 {
        let flat = |i: u32| {
            let p = cloud.point(i as usize);
            [p[0], p[1]]
        };
        triangles.iter().map(|t| 0.5 * cross(flat(t[0]), flat(t[1]), flat(t[2])).abs()).sum()
    }

    fn triangles(corners: &[[f32; 3]]) -> (PointCloud, Vec<[u32; 3]>) {
        let cloud = PointCloud::new(corners.to_vec());
        let mut faces = Faces::default();
        faces.push(&(0..corners.len() as u32).collect::<Vec<_>>());
        let triangles = faces.triangles(&cloud);
        (cloud, triangles)
    }

    #[test]
    fn convex_polygons_become_fans() {
        let corners = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 0.0]];
        assert_eq!(triangles(&corners).1, [[0, 1, 2], [0, 2, 3], [0, 3, 4]]);
        // A polygon without area is a fan, too.
        assert_eq!(triangles(&[[1.0; 3]; 4]).1.len(), 2);
    }

    #[test]
    fn notches_are_not_filled() {
        // A square of area 16 with a notch of area 6, from both sides and in every plane.
        let notched = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [2.0, 1.0], [0.0, 4.0]];
        for first in 0..5 {
            for reversed in [false, true] {
                let mut corners: Vec<[f32; 3]> =
                    (0..5).map(|i| notched[(i + first) % 5]).map(|[x, y]: [f32; 2]| [x, y, 1.0]).collect();
                if reversed {
                    corners.reverse();
                }
                let (cloud, triangles) = triangles(&corners);
                assert_eq!((triangles.len(), area(&cloud, &triangles)), (3, 10.0), "{first} {reversed}");
            }
        }
        let letter = [
            [0.0, 0.0],
            [6.0, 0.0],
            [6.0, 1.0],
            [1.0, 1.0],
            [1.0, 2.0],
            [4.0, 2.0],
            [4.0, 3.0],
            [1.0, 3.0],
            [1.0, 4.0],
            [6.0, 4.0],
            [6.0, 5.0],
            [0.0, 5.0],
        ];
        let (cloud, triangles) = triangles(&letter.map(|[x, y]: [f32; 2]| [x, y, 0.0]));
        assert_eq!((triangles.len(), area(&cloud, &triangles)), (10, 18.0));
    }

    #[test]
    fn very_large_polygons_are_told() {
        let mut faces = Faces::default();
        faces.push(&(0..MOST_CLIPPED as u32).collect::<Vec<_>>());
        assert_eq!(faces.note(), None);
        faces.push(&(0..=MOST_CLIPPED as u32).collect::<Vec<_>>());
        assert!(faces.note().unwrap().starts_with("1 faces of more than 4096 corners"));
    }

    #[test]
    fn polygons_that_cross_themselves_stay_fans() {
        assert_eq!(
            triangles(&[[0.0, 0.0, 0.0], [4.0, 4.0, 0.0], [4.0, 0.0, 0.0], [0.0, 3.0, 0.0]]).1.len(),
            2
        );
    }

    #[test]
    fn strips_and_small_faces() {
        let mut faces = Faces::default();
        faces.push_strip(&[0, 1, 2, 3, 3, 4]);
        faces.push(&[1, 2]);
        faces.push(&[]);
        assert_eq!(faces.left_out().unwrap(), "2 faces of fewer than three corners");
        assert_eq!(faces.triangles(&PointCloud::new(vec![[0.0; 3]; 5])), [[0, 1, 2], [2, 1, 3]]);
    }

    #[test]
    fn counting_says_what_keeping_says() {
        let [mut kept, mut counted] = [true, false].map(Faces::new);
        for faces in [&mut kept, &mut counted] {
            faces.push_strip(&[0, 1, 2, 3, 3, 4]);
            for corners in [0, 2, 3, 4, 7, MOST_CLIPPED + 1] {
                faces.push(&vec![0; corners]);
            }
        }
        assert_eq!(
            (kept.len(), kept.left_out(), kept.note()),
            (counted.len(), counted.left_out(), counted.note())
        );
        let cloud = PointCloud::new(vec![[0.0; 3]; 5]);
        assert_eq!(kept.len(), kept.triangles(&cloud).len());
        assert!(counted.triangles(&cloud).is_empty());
    }
}
