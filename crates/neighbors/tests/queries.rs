//! Point queries and fixed-radius lists: grid, kd-tree and a plain scan give the same answers.

mod common;

use common::{Layout, cloud};
use neighbors::{KdTree, Neighbor, PackedClouds, RadiusLists, Search, UniformGrid};
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
        cell in 0.05f32..2.0,
        radius in prop_oneof![Just(0.0f32), Just(0.1), 0.0f32..1.5, Just(1e9), Just(1e30)],
        query in prop::array::uniform3(-2.0f32..2.0),
        n in 0usize..40,
    ) {
        let positions = cloud(layout, size, seed);
        let grid = UniformGrid::build(&positions, cell).unwrap();
        let tree = KdTree::build(&positions).unwrap();
        let mut queries = vec![query, query.map(|v| v * 1e9), query.map(|v| v * 1e25)];
        queries.extend(positions.first());
        for query in queries {
            let mut expected = sorted(&positions, query);
            let nearest = expected[..n.min(size)].to_vec();
            prop_assert_eq!(&grid.nearest_n(query, n), &nearest);
            prop_assert_eq!(&tree.nearest_n(query, n), &nearest);
            expected.retain(|p| p.squared_distance <= radius * radius);
            prop_assert_eq!(&grid.within(query, radius), &expected);
            prop_assert_eq!(&tree.within(query, radius), &expected);
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
    let grid = UniformGrid::build(&positions, 1.0).unwrap();
    let tree = KdTree::build(&positions).unwrap();
    for query in positions {
        for radius in [0.0, 1e-40, 1.0, f32::MAX] {
            assert_eq!(grid.within(query, radius), tree.within(query, radius));
        }
        assert_eq!(grid.nearest_n(query, 3), tree.nearest_n(query, 3));
    }
}
