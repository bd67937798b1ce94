//! Grid, kd-tree and brute force give the same lists, bit for bit.

mod common;

use common::{Layout, cloud, shapes};
use neighbors::{KernelShape, ListSizes, PackedClouds, Search, SubdomainLists};
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

fn batches() -> impl Strategy<Value = (f32, PackedClouds)> {
    let cells = prop_oneof![Just(0.1f32), Just(0.25f32), 0.01f32..0.8];
    cells.prop_flat_map(|cell| {
        let size = prop_oneof![Just(0usize), Just(1), Just(2), Just(37), Just(300)];
        let clouds = prop::collection::vec((size, layouts(cell), any::<u64>()), 1..4);
        clouds.prop_map(move |clouds| {
            let clouds: Vec<_> =
                clouds.into_iter().map(|(size, layout, seed)| cloud(layout, size, seed)).collect();
            (cell, PackedClouds::from_clouds(&clouds).unwrap())
        })
    })
}

/// Every pair of the lists has its mirror.
fn check_symmetry(lists: &SubdomainLists) {
    let shape = *lists.shape();
    let mut edges = 0;
    for row in lists.rows() {
        let j = row.centre() as u32;
        for (k, run) in row.runs() {
            for i in run {
                let mut mirrored = lists.row_of(i as usize).subdomain(shape.mirror(k));
                assert!(mirrored.any(|mirrored| mirrored == j));
                edges += 1;
            }
        }
    }
    assert_eq!(edges, lists.edges());
}

/// The rows of each cloud are those of its points.
fn check_rows(lists: &SubdomainLists) {
    for cloud in lists.clouds().ranges() {
        let mut centres = lists.centres()[cloud.clone()].to_vec();
        centres.sort_unstable();
        assert!(centres.into_iter().eq(cloud.start as u32..cloud.end as u32));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn searches_agree((cell, clouds) in batches()) {
        let shapes = shapes(cell);
        let grid = SubdomainLists::build_all(&clouds, &shapes, Search::Grid).unwrap();
        let tree = SubdomainLists::build_all(&clouds, &shapes, Search::KdTree).unwrap();
        for ((shape, grid), tree) in shapes.iter().zip(&grid).zip(&tree) {
            let expected = SubdomainLists::brute_force(&clouds, shape).unwrap();
            prop_assert!(*grid == expected, "grid, {:?}", shape);
            prop_assert!(*tree == expected, "kd-tree, {:?}", shape);
            let alone = SubdomainLists::build(&clouds, shape, Search::Auto).unwrap();
            prop_assert!(alone == expected, "alone, {:?}", shape);
            check_rows(grid);
            check_rows(tree);
            check_symmetry(grid);
        }
        let sizes = ListSizes::count(&clouds, &shapes).unwrap();
        for (grid, sizes) in grid.iter().zip(&sizes) {
            prop_assert_eq!(grid.edges() as u64, sizes.edges);
            prop_assert_eq!(grid.run_count() as u64, sizes.runs);
            prop_assert_eq!(grid.run_subdomains().len() as u64, sizes.runs);
            prop_assert_eq!(grid.bytes() as u64, sizes.bytes());
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
        let clouds = PackedClouds::single(positions).unwrap();
        let shape = KernelShape::cells(cell).with_dilation([dilation; 3]);
        let ball = KernelShape::shells(cell, 2).with_dilation([dilation; 3]);
        for shape in [shape, ball] {
            if shape.validate().is_err() {
                continue;
            }
            let expected = SubdomainLists::brute_force(&clouds, &shape).unwrap();
            for search in [Search::Grid, Search::KdTree] {
                let found = SubdomainLists::build(&clouds, &shape, search).unwrap();
                prop_assert!(found == expected, "{:?} {:?}", search, shape);
            }
        }
    }
}

#[test]
fn every_point_is_its_own_neighbour_in_the_middle() {
    let clouds = PackedClouds::single(cloud(Layout::Cube, 300, 5)).unwrap();
    let lists = SubdomainLists::build(&clouds, &KernelShape::cells(0.2), Search::Auto).unwrap();
    for i in 0..lists.points() {
        assert!(lists.row_of(i).subdomain(13).any(|j| j == i as u32));
    }
}

/// So far from the origin that the cell of a coordinate depends on the order in which it is rounded: the table of cells must hold it.
#[test]
fn points_at_the_edge_of_the_table_of_cells() {
    for (step, magnitude) in (0..4000).flat_map(|step| [1e3f32, 1e4, 1e5].map(|magnitude| (step, magnitude)))
    {
        let cell = 2f32.powi(-29) * (1.0 + step as f32 / 4001.0);
        let coordinate = magnitude * (1.0 + step as f32 / 8000.0);
        let clouds = PackedClouds::single(vec![[coordinate, -coordinate, 0.5]; 3]).unwrap();
        for shape in [KernelShape::cells(cell), KernelShape::shells(cell, 2)] {
            let expected = SubdomainLists::brute_force(&clouds, &shape).unwrap();
            let found = SubdomainLists::build(&clouds, &shape, Search::Grid).unwrap();
            assert!(found == expected, "{shape:?} {coordinate}");
        }
    }
}
