//! Large and degenerate clouds, thread counts, refused input.

mod common;

use std::time::Instant;

use common::{Layout, cloud, shapes};
use neighbors::{KernelShape, NeighborError, Neighborhood, Search, fixed_radius};

fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(work)
}

#[test]
fn the_number_of_threads_does_not_matter() {
    // A large cloud, which is cut into several tasks, between small ones.
    let mut positions = cloud(Layout::Cube, 300, 1);
    positions.extend(cloud(Layout::Plane, 70_000, 2));
    positions.extend(cloud(Layout::Line, 37, 3));
    let offsets = [0, 300, 300, 70_300, 70_337];
    let shapes = shapes(0.01);
    for search in [Search::Grid, Search::KdTree] {
        let build = || Neighborhood::build_all(&positions, &offsets, &shapes, search).unwrap();
        let expected = in_pool(1, build);
        for threads in [2, 8] {
            let found = in_pool(threads, build);
            for (found, expected) in found.iter().zip(&expected) {
                assert!(found == expected);
                assert!(found.centres() == expected.centres());
                let weights = in_pool(threads, || found.edge_weights());
                assert!(weights == expected.edge_weights());
            }
        }
    }
}

/// The weights are the reciprocal sizes of the mirrored runs.
fn check_weights(lists: &Neighborhood) {
    let shape = lists.shape();
    let mut sizes = vec![0; lists.points() * shape.subdomains()];
    for i in 0..lists.points() {
        lists.runs(i).for_each(|(k, run)| sizes[i * shape.subdomains() + k] = run.len());
    }
    let mut weights = lists.edge_weights().iter();
    for &j in lists.centres() {
        for (k, run) in lists.runs(j as usize) {
            for &i in run {
                let size = sizes[i as usize * shape.subdomains() + shape.mirror(k)];
                assert_eq!(weights.next(), Some(&(1.0 / size as f32)));
            }
        }
    }
    assert_eq!(weights.next(), None);
}

#[test]
fn a_large_cloud_agrees_with_the_tree() {
    let positions = cloud(Layout::Cube, 30_000, 9);
    let offsets = [0, positions.len()];
    let shapes = shapes(0.06);
    let grid = Neighborhood::build_all(&positions, &offsets, &shapes, Search::Grid).unwrap();
    let tree = Neighborhood::build_all(&positions, &offsets, &shapes, Search::KdTree).unwrap();
    for (grid, tree) in grid.iter().zip(&tree) {
        assert!(grid == tree, "{:?}", grid.shape());
        check_weights(grid);
    }
    let grid = fixed_radius(&positions, 0.1, Search::Grid).unwrap();
    assert!(grid == fixed_radius(&positions, 0.1, Search::KdTree).unwrap());
}

#[test]
fn a_million_points() {
    let positions = cloud(Layout::Cube, 1_000_000, 4);
    let start = Instant::now();
    let shape = KernelShape::cells(0.012);
    let lists = Neighborhood::build(&positions, &[0, positions.len()], &shape, Search::Auto).unwrap();
    assert!((5.0..8.0).contains(&lists.edges_per_point()), "{}", lists.edges_per_point());
    // Generous: a debug build on a busy machine must pass.
    assert!(start.elapsed().as_secs() < 60);
}

#[test]
fn equal_points_are_one_cell() {
    let positions = vec![[0.3, -7.0, 1e9]; 2000];
    for search in [Search::Grid, Search::KdTree] {
        let shape = KernelShape::cells(0.1);
        let lists = Neighborhood::build(&positions, &[0, 2000], &shape, search).unwrap();
        assert_eq!(lists.edges(), 4_000_000);
        assert_eq!(lists.run_subdomains(), vec![13; 2000]);
        assert_eq!(lists.edges_per_point(), 2000.0);
        assert_eq!(lists.mean_occupancy(), 2000.0);
        assert!(lists.edge_weights().iter().all(|&w| w == 1.0 / 2000.0));
    }
}

/// A few points spread over 1e9 must not pay for the empty cells between them.
#[test]
fn wide_clouds_are_cheap() {
    let positions = cloud(Layout::Huge, 20_000, 8);
    let shapes = [1, 2, 3, 4].map(|d| KernelShape::cells(0.1).with_dilation([d; 3]));
    let start = Instant::now();
    let all = Neighborhood::build_all(&positions, &[0, positions.len()], &shapes, Search::Auto).unwrap();
    for lists in all {
        assert_eq!(lists.edges(), positions.len());
    }
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn empty_batches() {
    let shape = KernelShape::cells(0.1);
    for offsets in [&[0][..], &[0, 0, 0]] {
        let lists = Neighborhood::build(&[], offsets, &shape, Search::Auto).unwrap();
        assert_eq!((lists.points(), lists.edges()), (0, 0));
        assert_eq!(lists.clouds(), offsets.len() - 1);
        assert_eq!(lists.run_offsets(), [0]);
        assert_eq!(lists.run_starts(), [0]);
        assert_eq!(lists.mean_occupancy(), 0.0);
        assert!(lists.edge_weights().is_empty());
    }
}

#[test]
fn clouds_do_not_mix() {
    let positions = [[0.0; 3], [0.01; 3], [0.02; 3]];
    let shape = KernelShape::cells(0.1);
    let lists = Neighborhood::build(&positions, &[0, 1, 1, 3], &shape, Search::Auto).unwrap();
    assert_eq!(lists.indices(), [0, 1, 2, 1, 2]);
    assert_eq!(lists.clouds(), 3);
}

#[test]
fn refused_input() {
    let shape = KernelShape::cells(0.1);
    let build = |positions: &[[f32; 3]], offsets: &[usize]| {
        Neighborhood::build(positions, offsets, &shape, Search::Auto).unwrap_err()
    };
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
    let error = Neighborhood::build(&two, &[0, 2], &KernelShape::cells(0.0), Search::Auto);
    assert_eq!(error.unwrap_err(), NeighborError::CellEdge { found: 0.0 });
    assert!(matches!(fixed_radius(&two, -1.0, Search::Auto), Err(NeighborError::Radius { .. })));
}

#[test]
fn clones_share_the_lists() {
    let shape = KernelShape::cells(0.1);
    let lists = Neighborhood::build(&[[0.0; 3]; 5], &[0, 5], &shape, Search::Auto).unwrap();
    let clone = lists.clone();
    assert!(std::ptr::eq(lists.indices(), clone.indices()));
    let before = lists.bytes();
    assert_eq!(clone.edge_weights().len(), 25);
    assert_eq!(lists.bytes(), before + 100);
}
