//! Point queries and fixed-radius lists: grid, kd-tree and a plain scan give the same answers.

mod common;

use common::{Layout, cloud};
use neighbors::{NearestLists, Neighbor, NeighborError, PackedClouds, PointIndex, RadiusLists, Search};
use proptest::prelude::*;

/// All points, nearest first, lower index first among equals.
fn sorted(positions: &[[f32; 3]], query: [f32; 3]) -> Vec<Neighbor> {
    let mut all: Vec<Neighbor> = (0u32..)
        .zip(positions)
        .map(|(index, p)| {
            let (dx, dy, dz) = (p[0] - query[0], p[1] - query[1], p[2] - query[2]);
            Neighbor { index, squared_distance: (dx * dx + dy * dy) + dz * dz }
        })
        .collect();
    all.sort_by(|a, b| a.squared_distance.total_cmp(&b.squared_distance));
    all
}

fn layouts() -> impl Strategy<Value = Layout> {
    prop_oneof![
        Just(Layout::Cube),
        Just(Layout::Snapped(0.2)),
        Just(Layout::Line),
        Just(Layout::Plane),
        Just(Layout::Duplicates),
        Just(Layout::Huge),
        Just(Layout::Outlier),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn point_queries_agree(
        layout in layouts(),
        size in prop_oneof![Just(0usize), Just(1), Just(2), Just(37), Just(300)],
        seed in any::<u64>(),
        radius in prop_oneof![Just(0.0f32), Just(0.1), 0.0f32..1.5, Just(1e9), Just(1e30)],
        query in prop::array::uniform3(-2.0f32..2.0),
        n in 0usize..40,
    ) {
        let positions = cloud(layout, size, seed);
        let indices = [Search::Auto, Search::Grid, Search::KdTree]
            .map(|search| PointIndex::build(&positions, search).unwrap());
        let mut queries = vec![query, query.map(|v| v * 1e9), query.map(|v| v * 1e25)];
        queries.extend(positions.first());
        for query in queries {
            let mut expected = sorted(&positions, query);
            let nearest = expected[..n.min(size)].to_vec();
            expected.retain(|p| p.squared_distance <= radius * radius);
            for index in &indices {
                prop_assert_eq!(&index.nearest_n(query, n), &nearest);
                prop_assert_eq!(&index.within(query, radius), &expected);
            }
        }
    }

    #[test]
    fn radius_lists_agree(
        layout in layouts(),
        size in prop_oneof![Just(0usize), Just(1), Just(2), Just(37), Just(300)],
        seed in any::<u64>(),
        radius in prop_oneof![Just(0.0f32), Just(0.1), 0.0f32..1.0, Just(1e-30), Just(1e9), Just(1e30)],
    ) {
        let positions = cloud(layout, size, seed);
        let clouds = PackedClouds::single(&positions[..]).unwrap();
        for search in [Search::Auto, Search::Grid, Search::KdTree] {
            let lists = RadiusLists::build(&clouds, radius, search).unwrap();
            prop_assert_eq!(lists.points(), size);
            for (i, &point) in positions.iter().enumerate() {
                let mut expected: Vec<u32> = sorted(&positions, point)
                    .iter()
                    .filter(|p| p.squared_distance <= radius * radius)
                    .map(|p| p.index)
                    .collect();
                expected.sort_unstable();
                prop_assert_eq!(lists.neighbors(i), &expected[..]);
            }
        }
    }
}

#[test]
fn the_extreme_floats_are_searched() {
    let positions = [[f32::MAX; 3], [f32::MIN; 3], [0.0; 3], [1e-45; 3]];
    let grid = PointIndex::build(&positions, Search::Grid).unwrap();
    let tree = PointIndex::build(&positions, Search::KdTree).unwrap();
    for query in positions {
        for radius in [0.0, 1e-40, 1.0, f32::MAX] {
            assert_eq!(grid.within(query, radius), tree.within(query, radius));
        }
        assert_eq!(grid.nearest_n(query, 3), tree.nearest_n(query, 3));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Queries are answered from the cloud with their number.
    #[test]
    fn nearest_lists_agree(
        clouds in prop::collection::vec(
            (
                (layouts(), prop_oneof![Just(0usize), Just(1), Just(2), Just(37), Just(900)]),
                (layouts(), prop_oneof![Just(0usize), Just(1), Just(41)]),
                any::<u64>(),
            ),
            0..4,
        ),
        n in 0usize..40,
    ) {
        let points: Vec<_> =
            clouds.iter().map(|&((layout, size), _, seed)| cloud(layout, size, seed)).collect();
        let queries: Vec<_> =
            clouds.iter().map(|&(_, (layout, size), seed)| cloud(layout, size, seed ^ 1)).collect();
        let batch = PackedClouds::from_clouds(&points).unwrap();
        let query_batch = PackedClouds::from_clouds(&queries).unwrap();
        for search in [Search::Auto, Search::Grid, Search::KdTree] {
            let lists = NearestLists::build(&batch, &query_batch, n, search).unwrap();
            prop_assert_eq!(lists.queries(), query_batch.points());
            let mut row = 0;
            for ((points, queries), range) in points.iter().zip(&queries).zip(batch.ranges()) {
                for &query in queries {
                    let mut expected = sorted(points, query);
                    expected.truncate(n);
                    expected.iter_mut().for_each(|found| found.index += range.start as u32);
                    prop_assert_eq!(lists.neighbors(row).collect::<Vec<_>>(), expected);
                    row += 1;
                }
            }
        }
    }
}

/// Enough queries that they are answered in the order of where they lie, and enough threads.
#[test]
fn many_queries_are_answered_alike() {
    for layout in [Layout::Cube, Layout::Plane, Layout::Outlier, Layout::Huge] {
        let clouds = PackedClouds::from_clouds(&[
            cloud(layout, 300, 3),
            cloud(layout, 20_011, 4),
            cloud(layout, 17, 5),
        ]);
        let clouds = clouds.unwrap();
        let build = |search| NearestLists::build(&clouds, &clouds, 5, search).unwrap();
        let grid = build(Search::Grid);
        assert!(grid == build(Search::KdTree) && grid == build(Search::Auto), "{layout:?}");
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert!(one.install(|| build(Search::Auto)) == grid, "{layout:?}");
        for query in [0, 299, 300, 7777, 20_310, 20_327] {
            let range = clouds.ranges().find(|range| range.contains(&query)).unwrap();
            let mut expected = sorted(&clouds.positions()[range.clone()], clouds.positions()[query]);
            expected.truncate(5);
            expected.iter_mut().for_each(|found| found.index += range.start as u32);
            assert_eq!(grid.neighbors(query).collect::<Vec<_>>(), expected);
        }
    }
}

#[test]
fn nearest_lists_name_what_is_wrong() {
    let one = PackedClouds::single([[0.0; 3]]).unwrap();
    let two = PackedClouds::new([[0.0; 3]], [0, 0, 1]).unwrap();
    let error = NearestLists::build(&one, &two, 1, Search::Auto).unwrap_err();
    assert_eq!(error, NeighborError::CloudCount { found: 2, expected: 1 });
    let error = PointIndex::build(&[[0.0, f32::NAN, 0.0]], Search::Auto).unwrap_err();
    assert!(matches!(error, NeighborError::NonFinite { index: 0, .. }));
}
