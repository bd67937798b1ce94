//! Lists between two sets of points: centres that are not the points whose features are read.

use rayon::prelude::*;

use super::subdomain_lists::{Row, SubdomainLists};
use crate::error::NeighborError;
use crate::index::Search;
use crate::packed_clouds::PackedClouds;
use crate::shape::KernelShape;
use crate::tables::{Chunk, MAX_EDGES, concatenate};

/// Rows of one task.
const ROWS: usize = 4096;

/// Which side of the union a point comes from, and its index there.
#[derive(Debug, Clone, Copy)]
enum Origin {
    Centre(u32),
    Point(u32),
}

impl SubdomainLists {
    /// Builds the lists of centres that are not the points themselves: coarse centres with fine neighbours, for example.
    ///
    /// The first lists have one row for each centre, and `clouds` as their neighbours. The second lists are the transpose:
    /// one row for each point of `clouds`, and `centres` as their neighbours. By the symmetry of the rule, `j` lies in
    /// sub-domain `k` of the centre `i` in the first lists exactly when `i` lies in
    /// [`mirror(k)`](KernelShape::mirror) of `j` in the second.
    ///
    /// A centre without neighbours has a row without runs. The search covers the union of both sets, so it costs about
    /// as much as the lists of `clouds` with themselves.
    ///
    /// # Errors
    /// As [`build`](Self::build), and different numbers of clouds.
    ///
    /// ```
    /// use neighbors::{KernelShape, PackedClouds, Search, SubdomainLists};
    ///
    /// let points = PackedClouds::single([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.02, 0.0, 0.0]])?;
    /// let centres = PackedClouds::single([[0.01, 0.0, 0.0]])?;
    /// let shape = KernelShape::cells(0.1);
    /// let [lists, transposed] = SubdomainLists::between(&centres, &points, &shape, Search::Auto)?;
    /// assert!(lists.row(0).subdomain(13).eq([0, 2]));
    /// assert!(lists.row(0).subdomain(14).eq([1]));
    /// assert!(transposed.row_of(1).subdomain(12).eq([0]));
    /// # Ok::<(), neighbors::NeighborError>(())
    /// ```
    pub fn between(
        centres: &PackedClouds,
        clouds: &PackedClouds,
        shape: &KernelShape,
        search: Search,
    ) -> Result<[Self; 2], NeighborError> {
        if centres.len() != clouds.len() {
            return Err(NeighborError::CloudCount { found: centres.len(), expected: clouds.len() });
        }
        let (union, origins) = union(centres, clouds)?;
        let lists = Self::build(&union, shape, search)?;
        let rows: Vec<(usize, [u32; 2])> = (union.ranges().zip(centres.ranges().zip(clouds.ranges())))
            .flat_map(|(rows, (centres, points))| {
                rows.map(move |row| (row, [centres.start as u32, points.start as u32]))
            })
            .collect();
        let parts: Vec<Part> = rows.par_chunks(ROWS).map(|rows| Part::new(&lists, rows, &origins)).collect();
        let (mut forward, mut transposed) = (Vec::new(), Vec::new());
        let (mut forward_centres, mut transposed_centres) = (Vec::new(), Vec::new());
        for part in parts {
            forward.push(part.forward);
            transposed.push(part.transposed);
            forward_centres.extend(part.forward_centres);
            transposed_centres.extend(part.transposed_centres);
        }
        // Both have indices of as many bytes: what is computed from one goes with the other.
        let largest = centres.largest().max(clouds.largest());
        let forward = concatenate(&forward, forward_centres, largest, MAX_EDGES)?;
        let transposed = concatenate(&transposed, transposed_centres, largest, MAX_EDGES)?;
        Ok([
            Self::from_tables([centres, clouds], *shape, forward),
            Self::from_tables([clouds, centres], *shape, transposed),
        ])
    }
}

/// Centres and points of every cloud in one batch, and where each comes from.
fn union(
    centres: &PackedClouds,
    clouds: &PackedClouds,
) -> Result<(PackedClouds, Vec<Origin>), NeighborError> {
    let points = centres.points() + clouds.points();
    let (mut positions, mut origins) = (Vec::with_capacity(points), Vec::with_capacity(points));
    let mut offsets = vec![0];
    for (centre_range, point_range) in centres.ranges().zip(clouds.ranges()) {
        positions.extend_from_slice(&centres.positions()[centre_range.clone()]);
        positions.extend_from_slice(&clouds.positions()[point_range.clone()]);
        origins.extend(centre_range.map(|index| Origin::Centre(index as u32)));
        origins.extend(point_range.map(|index| Origin::Point(index as u32)));
        offsets.push(positions.len());
    }
    Ok((PackedClouds::new(positions, offsets)?, origins))
}

/// Some rows of the union, divided into those of centres and those of points.
#[derive(Default)]
struct Part {
    forward: Chunk,
    forward_centres: Vec<u32>,
    transposed: Chunk,
    transposed_centres: Vec<u32>,
}

impl Part {
    /// Of each row the first centre and the first point of its cloud are given.
    fn new(lists: &SubdomainLists, rows: &[(usize, [u32; 2])], origins: &[Origin]) -> Self {
        let mut part = Self::default();
        let mut keys = Vec::new();
        for &(row, [first_centre, first_point]) in rows {
            let row = lists.row(row);
            keys.clear();
            match origins[row.centre()] {
                Origin::Centre(centre) => {
                    collect(&mut keys, &row, origins, |origin| match origin {
                        Origin::Point(point) => Some(point - first_point),
                        Origin::Centre(_) => None,
                    });
                    part.forward.push_centre(&keys);
                    part.forward_centres.push(centre);
                }
                Origin::Point(point) => {
                    collect(&mut keys, &row, origins, |origin| match origin {
                        Origin::Centre(centre) => Some(centre - first_centre),
                        Origin::Point(_) => None,
                    });
                    part.transposed.push_centre(&keys);
                    part.transposed_centres.push(point);
                }
            }
        }
        part
    }
}

/// Appends the neighbours of a row that `select` takes, with their sub-domains.
fn collect(
    keys: &mut Vec<(u16, u32)>,
    row: &Row<'_>,
    origins: &[Origin],
    select: impl Fn(Origin) -> Option<u32>,
) {
    for (subdomain, neighbours) in row.runs() {
        let found = neighbours.filter_map(|neighbour| select(origins[neighbour as usize]));
        keys.extend(found.map(|index| (subdomain as u16, index)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cloud of `count` points on a spiral; no two are equal.
    fn spiral(count: usize, shift: f32) -> Vec<[f32; 3]> {
        (0..count)
            .map(|i| {
                let t = i as f32 * 0.37 + shift;
                [0.3 * t.sin(), 0.3 * t.cos(), 0.01 * t]
            })
            .collect()
    }

    #[test]
    fn both_lists_follow_the_rule() {
        let clouds = PackedClouds::from_clouds(&[spiral(60, 0.0), vec![], spiral(45, 0.2)]).unwrap();
        let centres = PackedClouds::from_clouds(&[spiral(9, 0.1), spiral(3, 0.4), vec![]]).unwrap();
        for shape in [KernelShape::cells(0.15).with_dilation([1, 2, 1]), KernelShape::shells(0.3, 3)] {
            for search in [Search::Grid, Search::KdTree] {
                let [forward, transposed] =
                    SubdomainLists::between(&centres, &clouds, &shape, search).unwrap();
                let mut pairs = Vec::new();
                for (cloud, range) in centres.ranges().enumerate() {
                    for centre in range {
                        for (point, position) in clouds.ranges().nth(cloud).unwrap().zip(clouds.cloud(cloud))
                        {
                            let found = shape.subdomain(centres.positions()[centre], *position);
                            pairs.extend(found.map(|k| (centre, k, point)));
                        }
                    }
                }
                assert!(pairs.len() > 50, "the case is not empty");
                let of = |lists: &SubdomainLists, turn: bool| {
                    let mut found = Vec::new();
                    for row in lists.rows() {
                        for (k, neighbours) in row.runs() {
                            for j in neighbours {
                                let (i, j) = (row.centre(), j as usize);
                                found.push(if turn { (j, shape.mirror(k), i) } else { (i, k, j) });
                            }
                        }
                    }
                    found.sort_unstable();
                    found
                };
                pairs.sort_unstable();
                assert_eq!(of(&forward, false), pairs, "{shape:?}");
                assert_eq!(of(&transposed, true), pairs, "{shape:?}");
                assert_eq!(forward.rows().len(), centres.points());
                assert_eq!(transposed.rows().len(), clouds.points());
            }
        }
    }

    #[test]
    fn as_many_clouds_of_centres_as_of_points() {
        let one = PackedClouds::single([[0.0; 3]]).unwrap();
        let two = PackedClouds::new([[0.0; 3]], [0, 1, 1]).unwrap();
        let error = SubdomainLists::between(&one, &two, &KernelShape::cells(0.1), Search::Auto).unwrap_err();
        assert_eq!(error, NeighborError::CloudCount { found: 1, expected: 2 });
    }
}
