//! The search on the device finds what the search on the CPU finds.

use neighbors::Search;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::gpu::test_device::{device, words};

/// Clouds of the given sizes in a cube, one point in eight repeated.
fn clouds(sizes: &[usize], edge: f32, origin: f32, seed: u64) -> (Vec<[f32; 3]>, Vec<usize>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut positions, mut offsets) = (Vec::new(), vec![0]);
    for &size in sizes {
        let first = positions.len();
        for i in 0..size {
            let fresh = [(); 3].map(|()| origin + rng.random_range(0.0..edge));
            positions.push(if i % 8 == 7 { positions[first + i / 2] } else { fresh });
        }
        offsets.push(positions.len());
    }
    (positions, offsets)
}

/// Compares the lists of all shapes, made together.
fn check(what: &str, positions: &[[f32; 3]], offsets: &[usize], shapes: &[KernelShape]) {
    let Some(device) = device("the search on a GPU") else { return };
    let expected = Neighborhood::build_all(positions, offsets, shapes, Search::Auto).expect("a sound batch");
    let found = search(&device, positions, offsets, shapes).expect("few neighbours");
    for (found, expected) in found.into_iter().zip(expected) {
        compare(what, &found.expect("a kernel for the device"), &expected);
    }
}

fn compare(what: &str, found: &Neighborhood, expected: &Neighborhood) {
    let what = format!("{what}, {:?}", expected.shape());
    assert_eq!(found.points(), expected.points(), "{what}: points");
    assert_eq!(found.edges(), expected.edges(), "{what}: neighbour pairs");
    assert_eq!(found.run_count(), expected.run_count(), "{what}: runs");
    for point in 0..expected.points() {
        let [found, expected] = [found, expected].map(|lists| lists.runs(point).collect::<Vec<_>>());
        assert_eq!(found, expected, "{what}: point {point}");
    }
    assert!(found == expected, "{what}: equal lists are equal neighbourhoods");
}

fn shapes() -> [KernelShape; 5] {
    let cells = KernelShape::cells(0.2);
    [
        cells,
        cells.with_dilation([1, 2, 3]),
        cells.with_size([5, 1, 3]).with_dilation([1, 2, 2]),
        cells.with_dilation([4; 3]),
        KernelShape::cells(0.13),
    ]
}

#[test]
fn uneven_clouds() {
    let (positions, offsets) = clouds(&[0, 23, 0, 700, 1, 600, 37, 0], 1.0, 0.0, 1);
    check("uneven clouds", &positions, &offsets, &shapes());
}

#[test]
fn a_large_cloud() {
    let (positions, offsets) = clouds(&[20_000], 4.0, -2.0, 2);
    check("large", &positions, &offsets, &[KernelShape::cells(0.1)]);
}

#[test]
fn one_point_and_one_place() {
    check("one point", &[[0.3, -0.2, 0.7]], &[0, 1], &shapes());
    check("one place", &[[0.3, -0.2, 0.7]; 140], &[0, 10, 140], &shapes());
}

/// Differences of exactly half a cell, where rounding decides.
#[test]
fn points_on_faces() {
    let positions: Vec<[f32; 3]> =
        (0..512usize).map(|i| [i % 8, i / 8 % 8, i / 64].map(|n| n as f32 * 0.1 - 0.3)).collect();
    check("faces", &positions, &[0, 200, 512], &shapes());
}

/// Where single precision hardly tells cells apart, and where it does not at all.
#[test]
fn far_away() {
    for origin in [1e4, 1e6, 1e9] {
        let (mut positions, offsets) = clouds(&[300, 200], 2.0, origin, 3);
        positions[17] = [-3e9, 2e30, 5.0];
        check("far away", &positions, &offsets, &[KernelShape::cells(0.3)]);
    }
}

/// Lists that do not fit into one table: cut ahead of the count, and halved after it.
#[test]
fn lists_in_many_slabs() {
    let Some(device) = device("the search on a GPU") else { return };
    let (positions, offsets) = clouds(&[400, 1, 300], 1.0, 0.0, 4);
    let shapes = shapes();
    let expected =
        Neighborhood::build_all(&positions, &offsets, &shapes, Search::Auto).expect("a sound batch");
    for limit in [20_000, 3000, 700] {
        let found = search_within(&device, &positions, &offsets, &shapes, limit).expect("few neighbours");
        for (found, expected) in found.into_iter().zip(&expected) {
            let found = found.expect("a kernel for the device");
            let lists = Lists::on(&device, &found);
            let ahead = positions.len().div_ceil(limit / expected.shape().subdomains());
            assert!(lists.slabs.len() >= ahead, "{} slabs, at least {ahead}", lists.slabs.len());
            for slab in &lists.slabs {
                for table in [&slab.rows, &slab.runs, &slab.indices] {
                    assert!(words(table).len() <= limit, "a table of {} words", words(table).len());
                }
            }
            compare(&format!("tables of {limit} words"), &found, expected);
        }
    }
    let dense = vec![[0.5; 3]; 200];
    let error = search_within(&device, &dense, &[0, 200], &shapes[..1], 150).unwrap_err();
    assert_eq!(error, NeighborError::TooManyEdges { max: 150 });
}

/// Places in the grid are taken by whichever thread comes first; of that nothing is left in the lists.
#[test]
fn two_searches_give_the_same_tables() {
    let Some(device) = device("the search on a GPU") else { return };
    let (positions, offsets) = clouds(&[900, 3000], 1.0, 0.0, 5);
    let tables = || -> Vec<Vec<u32>> {
        let found = search(&device, &positions, &offsets, &shapes()).expect("few neighbours");
        let slabs = found.iter().flatten().flat_map(|found| {
            let lists = Lists::on(&device, found);
            lists.slabs.iter().flat_map(|s| [&s.rows, &s.runs, &s.indices].map(words)).collect::<Vec<_>>()
        });
        slabs.collect()
    };
    assert!(tables() == tables(), "the tables differ");
}

/// What a device does not search is left to the CPU; equal kernels share their lists.
#[test]
fn kernels_for_the_cpu_and_equal_kernels() {
    let Some(device) = device("the search on a GPU") else { return };
    let (positions, offsets) = clouds(&[50], 1.0, 0.0, 6);
    let cells = KernelShape::cells(0.2);
    let shapes = [cells, KernelShape::shells(0.3, 2), cells.with_size([9; 3]), cells];
    let found = search(&device, &positions, &offsets, &shapes).expect("few neighbours");
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false, true]);
    let [first, last] = [0, 3].map(|place: usize| Lists::on(&device, found[place].as_ref().expect("found")));
    assert!(Arc::ptr_eq(&first, &last), "equal kernels share their lists");
    assert_eq!(search(&device, &[], &[0, 0], &shapes).expect("nothing"), vec![None; 4]);
}
