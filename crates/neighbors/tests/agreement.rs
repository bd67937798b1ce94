//! Grid, kd-tree and brute force give the same lists, bit for bit.

mod common;

use common::{Layout, cloud, shapes};
use neighbors::{KernelShape, ListSizes, Neighborhood, Search};
use proptest::prelude::*;

fn layouts(cell: f32) -> impl Strategy<Value = Layout> {
    prop_oneof![
        Just(Layout::Cube),
        Just(Layout::Snapped(cell)),
        Just(Layout::Line),
        Just(Layout::Plane),
        Just(Layout::Duplicates),
        Just(Layout::Huge),
        Just(Layout::Outlier),
    ]
}

fn batches() -> impl Strategy<Value = (f32, Vec<[f32; 3]>, Vec<usize>)> {
    let cells = prop_oneof![Just(0.1f32), Just(0.25f32), 0.01f32..0.8];
    cells.prop_flat_map(|cell| {
        let size = prop_oneof![Just(0usize), Just(1), Just(2), Just(37), Just(300)];
        let clouds = prop::collection::vec((size, layouts(cell), any::<u64>()), 1..4);
        clouds.prop_map(move |clouds| {
            let (mut positions, mut offsets) = (Vec::new(), vec![0]);
            for (size, layout, seed) in clouds {
                positions.extend(cloud(layout, size, seed));
                offsets.push(positions.len());
            }
            (cell, positions, offsets)
        })
    })
}

/// Every pair of the lists has its mirror, and the weights are the reciprocal sizes of the mirrored runs.
fn check_symmetry(lists: &Neighborhood) {
    let shape = *lists.shape();
    let weights = lists.edge_weights();
    assert_eq!(weights.len(), lists.edges());
    let mut edge = 0;
    for &j in lists.centres() {
        for (k, run) in lists.runs(j as usize) {
            for &i in run {
                let mirrored = lists.runs(i as usize).find(|(m, _)| *m == shape.mirror(k));
                let (_, mirrored) = mirrored.expect("the mirrored sub-domain is occupied");
                assert!(mirrored.contains(&j));
                assert_eq!(weights[edge], 1.0 / mirrored.len() as f32);
                edge += 1;
            }
        }
    }
}

/// The rows of each cloud are those of its points.
fn check_rows(lists: &Neighborhood) {
    for cloud in lists.offsets().windows(2) {
        let mut centres = lists.centres()[cloud[0]..cloud[1]].to_vec();
        centres.sort_unstable();
        assert!(centres.into_iter().eq(cloud[0] as u32..cloud[1] as u32));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn searches_agree((cell, positions, offsets) in batches()) {
        let shapes = shapes(cell);
        let grid = Neighborhood::build_all(&positions, &offsets, &shapes, Search::Grid).unwrap();
        let tree = Neighborhood::build_all(&positions, &offsets, &shapes, Search::KdTree).unwrap();
        for ((shape, grid), tree) in shapes.iter().zip(&grid).zip(&tree) {
            let expected = Neighborhood::brute_force(&positions, &offsets, shape).unwrap();
            prop_assert!(*grid == expected, "grid, {:?}", shape);
            prop_assert!(*tree == expected, "kd-tree, {:?}", shape);
            let alone = Neighborhood::build(&positions, &offsets, shape, Search::Auto).unwrap();
            prop_assert!(alone == expected, "alone, {:?}", shape);
            check_rows(grid);
            check_rows(tree);
            check_symmetry(grid);
        }
        let sizes = ListSizes::count(&positions, &offsets, &shapes).unwrap();
        for (grid, sizes) in grid.iter().zip(&sizes) {
            prop_assert_eq!(grid.edges() as u64, sizes.edges);
            prop_assert_eq!(grid.run_subdomains().len() as u64, sizes.runs);
            prop_assert_eq!(grid.bytes() as u64, sizes.bytes() + sizes.edge_weight_bytes());
        }
    }

    /// Random magnitudes of cells and coordinates, from the least to the largest floats.
    #[test]
    fn searches_agree_at_any_scale(
        exponent in -140i32..125,
        spread in 0u32..60,
        seed in any::<u64>(),
        dilation in 1usize..5,
    ) {
        let cell = 2f32.powi(exponent);
        let scale = 2f64.powi(exponent) * 2f64.powi(spread as i32);
        let positions: Vec<[f32; 3]> = cloud(Layout::Cube, 60, seed)
            .into_iter()
            .enumerate()
            .map(|(i, p)| {
                // Half of the points near each other, half spread widely.
                let scale = if i % 2 == 0 { scale } else { 2f64.powi(exponent) * 3.0 };
                p.map(|v| (f64::from(v) * scale).clamp(f32::MIN.into(), f32::MAX.into()) as f32)
            })
            .collect();
        let offsets = [0, positions.len()];
        let shape = KernelShape::cells(cell).with_dilation([dilation; 3]);
        let ball = KernelShape::shells(cell, 2).with_dilation([dilation; 3]);
        for shape in [shape, ball] {
            if shape.validate().is_err() {
                continue;
            }
            let expected = Neighborhood::brute_force(&positions, &offsets, &shape).unwrap();
            for search in [Search::Grid, Search::KdTree] {
                let found = Neighborhood::build(&positions, &offsets, &shape, search).unwrap();
                prop_assert!(found == expected, "{:?} {:?}", search, shape);
            }
        }
    }
}

#[test]
fn every_point_is_its_own_neighbour_in_the_middle() {
    let positions = cloud(Layout::Cube, 300, 5);
    let lists = Neighborhood::build(&positions, &[0, 300], &KernelShape::cells(0.2), Search::Auto).unwrap();
    for i in 0..lists.points() {
        let (_, own) = lists.runs(i).find(|(k, _)| *k == 13).unwrap();
        assert!(own.contains(&(i as u32)));
    }
}
