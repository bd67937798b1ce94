//! Large and degenerate clouds, thread counts, refused input.

mod common;

use std::time::Instant;

use common::{Layout, cloud, shapes};
use neighbors::{
    KernelShape, ListSizes, NearestLists, NeighborError, PackedClouds, RadiusLists, Search, SubdomainLists,
};

fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(work)
}

#[test]
fn the_number_of_threads_does_not_matter() {
    // A large cloud, which is cut into several tasks, between small ones.
    let clouds = PackedClouds::from_clouds(&[
        cloud(Layout::Cube, 300, 1),
        vec![],
        cloud(Layout::Plane, 70_000, 2),
        cloud(Layout::Line, 37, 3),
    ])
    .unwrap();
    let shapes = shapes(0.01);
    for search in [Search::Grid, Search::KdTree] {
        let build = || SubdomainLists::build_all(&clouds, &shapes, search).unwrap();
        let expected = in_pool(1, build);
        for threads in [2, 8] {
            let found = in_pool(threads, build);
            for (found, expected) in found.iter().zip(&expected) {
                assert!(found == expected);
                assert!(found.centres() == expected.centres());
            }
        }
    }
}

#[test]
fn a_large_cloud_agrees_with_the_tree() {
    let clouds = PackedClouds::single(cloud(Layout::Cube, 30_000, 9)).unwrap();
    let shapes = shapes(0.06);
    let grid = SubdomainLists::build_all(&clouds, &shapes, Search::Grid).unwrap();
    let tree = SubdomainLists::build_all(&clouds, &shapes, Search::KdTree).unwrap();
    for (grid, tree) in grid.iter().zip(&tree) {
        assert!(grid == tree, "{:?}", grid.shape());
    }
    let grid = RadiusLists::build(&clouds, 0.1, Search::Grid).unwrap();
    assert!(grid == RadiusLists::build(&clouds, 0.1, Search::KdTree).unwrap());
}

/// Dense clusters far apart: some regions have a tree, others a grid.
#[test]
fn every_search_agrees_on_uneven_clouds() {
    let mut positions = cloud(Layout::Huge, 10_000, 3);
    // Sizes for which a kernel has a handful of neighbours in one of the clusters and nearly all or none in others.
    for (seed, size) in [(4, 0.01), (5, 1.0), (6, 1e5)] {
        positions.extend(cloud(Layout::Cube, 3_000, seed).into_iter().map(|p| p.map(|v| v * size)));
    }
    let clouds = PackedClouds::single(positions).unwrap();
    for cell in [5e-4, 0.002] {
        let shapes = shapes(cell);
        let build = |search| SubdomainLists::build_all(&clouds, &shapes, search);
        let [auto, grid, tree] = [Search::Auto, Search::Grid, Search::KdTree].map(|s| build(s).unwrap());
        for ((auto, grid), tree) in auto.iter().zip(&grid).zip(&tree) {
            assert!(auto == grid && auto == tree, "{:?}", auto.shape());
            assert!(auto.centres() == grid.centres(), "the order of the rows, {:?}", auto.shape());
        }
        let ball = |search| RadiusLists::build(&clouds, cell, search).unwrap();
        assert!(ball(Search::Auto) == ball(Search::Grid) && ball(Search::Auto) == ball(Search::KdTree));
    }
}

/// No points, one, equal ones, and the largest coordinates.
#[test]
fn every_search_takes_degenerate_clouds() {
    let batches: [Vec<[f32; 3]>; 6] = [
        vec![],
        vec![[3e38; 3]],
        vec![[1.0, -2.0, 3e8]; 700],
        cloud(Layout::Huge, 700, 1),
        cloud(Layout::Cube, 700, 2).into_iter().map(|p| p.map(|v| v * 3e38)).collect(),
        vec![[3e38, 0.0, 0.0], [-3e38, 0.0, 0.0], [0.0; 3], [1e-40; 3]],
    ];
    for positions in batches {
        let clouds = PackedClouds::single(positions).unwrap();
        for cell in [1e-40, 0.1, 1e9, 1e38] {
            let shape = KernelShape::cells(cell);
            let expected = SubdomainLists::brute_force(&clouds, &shape).unwrap();
            let nearest = NearestLists::build(&clouds, &clouds, 9, Search::KdTree).unwrap();
            for search in [Search::Auto, Search::Grid, Search::KdTree] {
                assert!(SubdomainLists::build(&clouds, &shape, search).unwrap() == expected);
                assert!(RadiusLists::build(&clouds, cell, search).unwrap().points() == clouds.points());
                assert!(NearestLists::build(&clouds, &clouds, 9, search).unwrap() == nearest);
            }
        }
    }
}

#[test]
fn a_million_points() {
    let clouds = PackedClouds::single(cloud(Layout::Cube, 1_000_000, 4)).unwrap();
    let start = Instant::now();
    let shape = KernelShape::cells(0.012);
    let lists = SubdomainLists::build(&clouds, &shape, Search::Auto).unwrap();
    assert!((5.0..8.0).contains(&lists.edges_per_point()), "{}", lists.edges_per_point());
    // Generous: a debug build on a busy machine must pass.
    assert!(start.elapsed().as_secs() < 60);
}

#[test]
fn equal_points_are_one_cell() {
    let clouds = PackedClouds::single(vec![[0.3, -7.0, 1e9]; 2000]).unwrap();
    for search in [Search::Grid, Search::KdTree] {
        let shape = KernelShape::cells(0.1);
        let lists = SubdomainLists::build(&clouds, &shape, search).unwrap();
        assert_eq!(lists.edges(), 4_000_000);
        assert_eq!(lists.run_subdomains(), vec![13; 2000]);
        assert_eq!(lists.edges_per_point(), 2000.0);
        assert_eq!(lists.mean_occupancy(), 2000.0);
    }
}

/// A few points spread over 1e9 must not pay for the empty cells between them.
#[test]
fn wide_clouds_are_cheap() {
    let clouds = PackedClouds::single(cloud(Layout::Huge, 20_000, 8)).unwrap();
    let shapes = [1, 2, 3, 4].map(|d| KernelShape::cells(0.1).with_dilation([d; 3]));
    let start = Instant::now();
    let all = SubdomainLists::build_all(&clouds, &shapes, Search::Auto).unwrap();
    for lists in all {
        assert_eq!(lists.edges(), clouds.points());
    }
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn empty_batches() {
    let shape = KernelShape::cells(0.1);
    for offsets in [&[0][..], &[0, 0, 0]] {
        let clouds = PackedClouds::new([], offsets).unwrap();
        let lists = SubdomainLists::build(&clouds, &shape, Search::Auto).unwrap();
        assert_eq!((lists.points(), lists.edges()), (0, 0));
        assert_eq!(lists.clouds().len(), offsets.len() - 1);
        assert_eq!(lists.run_offsets(), [0]);
        assert_eq!(lists.edge_offsets(), [0]);
        assert_eq!(lists.mean_occupancy(), 0.0);
    }
}

/// A cloud of 65,536 points changes how the whole batch counts neighbours, and nothing else: they are counted among the points
/// of boxes, or in four bytes where the kernel reaches too far for boxes, or is a custom one.
#[test]
fn how_neighbours_are_counted_does_not_matter() {
    let far = KernelShape::cells(0.2).with_dilation([1000, 1, 1]);
    for shape in shapes(0.2) {
        check_large_cloud(shape, 1.0, !matches!(shape, KernelShape::Custom(_)));
    }
    check_large_cloud(far, 0.002, false);
}

/// Compares batches in which one of three clouds has 65,535 points or one more, on a line.
fn check_large_cloud(shape: KernelShape, distance: f32, in_boxes: bool) {
    let line = |count: usize| (0..count).map(|i| [distance * i as f32, 0.0, 0.0]).collect::<Vec<_>>();
    let batch = |other: usize| {
        PackedClouds::from_clouds(&[
            cloud(Layout::Snapped(0.1), 300, 1),
            line(other),
            cloud(Layout::Cube, 500, 2),
        ])
    };
    let clouds = [65_535, 65_536].map(|other| batch(other).unwrap());
    let sizes = ListSizes::count(&clouds[1], &[shape]).unwrap()[0];
    let [small, large] =
        clouds.each_ref().map(|clouds| SubdomainLists::build(clouds, &shape, Search::Auto).unwrap());
    assert!(
        small.narrow().is_some() && small.row_blocks(0..small.points()).all(|block| block.points.is_none())
    );
    assert_eq!((large.narrow().is_some(), large.wide().is_some()), (in_boxes, !in_boxes), "{shape:?}");
    assert_eq!(large.bytes() as u64, sizes.bytes(), "{shape:?}");
    let blocks: Vec<_> = large.row_blocks(0..large.points()).collect();
    assert!(blocks.iter().all(|block| block.points.is_some() == in_boxes), "{shape:?}");
    let ends = blocks.iter().flat_map(|block| [block.rows.start, block.rows.end]);
    assert!(
        [0].into_iter().chain(ends).collect::<Vec<_>>().as_chunks().0.iter().all(|[end, start]| end == start)
    );
    assert_eq!(blocks.last().map(|block| block.rows.end), Some(large.points()));
    for block in blocks {
        // A few rows of each block, counted as its documentation says.
        let cloud = &clouds[1];
        for row in block.rows.clone().step_by(block.rows.len().div_ceil(50)) {
            let (start, end) = (large.edge_offsets()[row] as usize, large.edge_offsets()[row + 1] as usize);
            let neighbour = |edge: usize| match (large.narrow(), large.wide()) {
                (Some((_, indices)), _) => usize::from(indices[edge]),
                (_, Some((_, indices))) => indices[edge] as usize,
                _ => unreachable!(),
            };
            let point = |n: usize| block.first + block.points.map_or(n, |points| points[n] as usize);
            let counted: Vec<usize> = (start..end).map(|edge| point(neighbour(edge))).collect();
            let row = large.row(row);
            let found: Vec<usize> = row.runs().flat_map(|(_, found)| found.map(|j| j as usize)).collect();
            assert_eq!(counted, found, "{shape:?}");
            let centre = cloud.positions()[row.centre()];
            for (k, neighbours) in row.runs() {
                for j in neighbours {
                    assert_eq!(shape.subdomain(centre, cloud.positions()[j as usize]), Some(k));
                }
            }
        }
    }
    let row = |lists: &SubdomainLists, point: usize, shift: usize| -> Vec<(usize, Vec<usize>)> {
        let runs = lists.row_of(point + shift).runs();
        runs.map(|(k, found)| (k, found.map(|j| j as usize - shift).collect())).collect()
    };
    for point in 0..300 {
        assert_eq!(
            row(&small, point, 0),
            row(&large, point, 0),
            "{shape:?}: point {point} of the first cloud"
        );
    }
    let last = |lists: &SubdomainLists, point: usize| row(lists, point, lists.clouds().offsets()[2]);
    for point in 0..500 {
        assert_eq!(last(&small, point), last(&large, point), "{shape:?}: point {point} of the last cloud");
    }
}

#[test]
fn clouds_do_not_mix() {
    let clouds = PackedClouds::new([[0.0; 3], [0.01; 3], [0.02; 3]], [0, 1, 1, 3]).unwrap();
    let shape = KernelShape::cells(0.1);
    let lists = SubdomainLists::build(&clouds, &shape, Search::Auto).unwrap();
    let rows: Vec<Vec<u32>> = lists.rows().map(|row| row.subdomain(13).collect()).collect();
    assert_eq!(rows, [vec![0], vec![1, 2], vec![1, 2]]);
    assert_eq!(lists.narrow(), Some((&[1, 2, 2][..], &[0, 0, 1, 0, 1][..])));
    assert_eq!(lists.clouds().len(), 3);
}

#[test]
fn refused_input() {
    let build =
        |positions: &[[f32; 3]], offsets: &[usize]| PackedClouds::new(positions, offsets).unwrap_err();
    let two = [[0.0; 3]; 2];
    assert_eq!(build(&two, &[]), NeighborError::OffsetsStart { found: None });
    assert_eq!(build(&two, &[1, 2]), NeighborError::OffsetsStart { found: Some(1) });
    assert_eq!(build(&two, &[0, 3]), NeighborError::OffsetsEnd { found: 3, points: 2 });
    assert_eq!(
        build(&two, &[0, 2, 1, 2]),
        NeighborError::OffsetsDecrease { index: 2, found: 1, previous: 2 }
    );
    let error = build(&[[0.0; 3], [0.0, 0.0, f32::NAN]], &[0, 2]);
    assert!(matches!(error, NeighborError::NonFinite { index: 1, .. }));
    assert!(error.to_string().starts_with("position 1 is not finite: [0, 0, NaN]"));
    let clouds = PackedClouds::single(two).unwrap();
    let error = SubdomainLists::build(&clouds, &KernelShape::cells(0.0), Search::Auto);
    assert_eq!(error.unwrap_err(), NeighborError::CellEdge { found: 0.0 });
    assert!(matches!(RadiusLists::build(&clouds, -1.0, Search::Auto), Err(NeighborError::Radius { .. })));
}

#[test]
fn clones_share_the_lists() {
    let shape = KernelShape::cells(0.1);
    let clouds = PackedClouds::single([[0.0; 3]; 5]).unwrap();
    let lists = SubdomainLists::build(&clouds, &shape, Search::Auto).unwrap();
    let clone = lists.clone();
    assert!(std::ptr::eq(lists.centres(), clone.centres()));
    assert!(std::ptr::eq(lists.clouds().positions(), clouds.positions()));
    assert!(std::ptr::eq(lists.row_from_point(), clone.row_from_point()));
}
