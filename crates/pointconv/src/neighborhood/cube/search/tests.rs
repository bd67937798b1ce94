//! The search on the device finds what the search on the CPU finds.

use neighbors::{Search, SubdomainLists};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::gpu::test_device::{device, words};

/// The runs of every point: sub-domains with their neighbours.
type Rows = Vec<Vec<(usize, Vec<u32>)>>;

/// Clouds of the given sizes in a cube, one point in eight repeated.
fn clouds(sizes: &[usize], edge: f32, origin: f32, seed: u64) -> PackedClouds {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut cloud = |size: usize| {
        let mut positions: Vec<[f32; 3]> = Vec::with_capacity(size);
        for i in 0..size {
            let fresh = [(); 3].map(|()| origin + rng.random_range(0.0..edge));
            positions.push(if i % 8 == 7 { positions[i / 2] } else { fresh });
        }
        positions
    };
    let clouds: Vec<_> = sizes.iter().map(|&size| cloud(size)).collect();
    PackedClouds::from_clouds(&clouds).expect("finite positions")
}

fn packed(positions: impl Into<Vec<[f32; 3]>>, offsets: &[usize]) -> PackedClouds {
    PackedClouds::new(positions, offsets).expect("a sound batch")
}

/// The lists on the device, read back.
fn read_back(lists: &Lists) -> Rows {
    let mut found = vec![None; lists.points];
    for slab in &lists.slabs {
        let [rows, runs, indices] = [&slab.rows, &slab.runs, &slab.indices].map(words);
        for row in rows.windows(2 * ROW).step_by(ROW) {
            let runs = (row[1]..row[1 + ROW]).map(|run| {
                let run = &runs[run as usize * RUN..][..RUN + 1];
                assert_eq!(run[2], row[0], "the centre of the run is that of the row");
                (run[1] as usize, indices[run[0] as usize..run[RUN] as usize].to_vec())
            });
            let before = found[row[0] as usize].replace(runs.collect());
            assert_eq!(before, None, "point {} has one row", row[0]);
        }
    }
    found.into_iter().map(|row| row.expect("every point has a row")).collect()
}

fn compare(what: &str, found: &DeviceLists, expected: &SubdomainLists) {
    let what = format!("{what}, {:?}", expected.shape());
    assert_eq!(found.lists().points, expected.points(), "{what}: points");
    assert_eq!(found.edges(), expected.edges(), "{what}: neighbour pairs");
    assert_eq!(found.run_count(), expected.run_count(), "{what}: runs");
    for (point, found) in read_back(found.lists()).into_iter().enumerate() {
        let runs = expected.row_of(point).runs();
        let expected: Vec<(usize, Vec<u32>)> = runs.map(|(k, run)| (k, run.collect())).collect();
        assert_eq!(found, expected, "{what}: point {point}");
    }
}

/// Compares the lists of all shapes, made together.
fn check(what: &str, clouds: &PackedClouds, shapes: &[KernelShape]) {
    let Some(device) = device("the search on a GPU") else { return };
    let expected = SubdomainLists::build_all(clouds, shapes, Search::Auto).expect("sound shapes");
    let found = search(&device, clouds, shapes).expect("few neighbours");
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.into_iter().zip(expected) {
        compare(what, &found.expect("a kernel for the device"), &expected);
    }
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
    check("uneven clouds", &clouds(&[0, 23, 0, 700, 1, 600, 37, 0], 1.0, 0.0, 1), &shapes());
}

#[test]
fn a_large_cloud() {
    check("large", &clouds(&[20_000], 4.0, -2.0, 2), &[KernelShape::cells(0.1)]);
}

#[test]
fn one_point_and_one_position() {
    check("one point", &packed([[0.3, -0.2, 0.7]], &[0, 1]), &shapes());
    check("one position", &packed([[0.3, -0.2, 0.7]; 140], &[0, 10, 140]), &shapes());
}

/// Differences of exactly half a cell, where rounding decides.
#[test]
fn points_on_faces() {
    let positions: Vec<[f32; 3]> =
        (0..512usize).map(|i| [i % 8, i / 8 % 8, i / 64].map(|n| n as f32 * 0.1 - 0.3)).collect();
    check("faces", &packed(positions, &[0, 200, 512]), &shapes());
}

/// Where single precision hardly tells cells apart, and where it does not at all.
#[test]
fn far_away() {
    for origin in [1e4, 1e6, 1e9] {
        let near = clouds(&[300, 200], 2.0, origin, 3);
        let mut positions = near.positions().to_vec();
        positions[17] = [-3e9, 2e30, 5.0];
        check("far away", &packed(positions, near.offsets()), &[KernelShape::cells(0.3)]);
    }
}

/// Lists that do not fit into one table: cut ahead of the count, and halved after it.
#[test]
fn lists_in_many_slabs() {
    let Some(device) = device("the search on a GPU") else { return };
    let clouds = clouds(&[400, 1, 300], 1.0, 0.0, 4);
    let shapes = shapes();
    let expected = SubdomainLists::build_all(&clouds, &shapes, Search::Auto).expect("sound shapes");
    for limit in [20_000, 3000, 700] {
        let found = search_within(&device, &clouds, &shapes, limit).expect("few neighbours");
        for (found, expected) in found.into_iter().zip(&expected) {
            let found = found.expect("a kernel for the device");
            let slabs = &found.lists().slabs;
            let ahead = clouds.points().div_ceil(limit / expected.shape().subdomains());
            assert!(slabs.len() >= ahead, "{} slabs, at least {ahead}", slabs.len());
            for slab in slabs {
                for table in [&slab.rows, &slab.runs, &slab.indices] {
                    assert!(words(table).len() <= limit, "a table of {} words", words(table).len());
                }
            }
            compare(&format!("tables of {limit} words"), &found, expected);
        }
    }
    let dense = packed([[0.5; 3]; 200], &[0, 200]);
    let error = search_within(&device, &dense, &shapes[..1], 150).expect_err("too many neighbours");
    assert_eq!(error, NeighborError::TooManyEdges { max: 150 });
}

/// Threads take the slots of the grid in any order; the lists do not show it.
#[test]
fn two_searches_give_the_same_tables() {
    let Some(device) = device("the search on a GPU") else { return };
    let clouds = clouds(&[900, 3000], 1.0, 0.0, 5);
    let tables = || -> Vec<Vec<u32>> {
        let found = search(&device, &clouds, &shapes()).expect("few neighbours");
        let slabs = found.iter().flatten().flat_map(|found| {
            let slabs = &found.lists().slabs;
            slabs.iter().flat_map(|s| [&s.rows, &s.runs, &s.indices].map(words)).collect::<Vec<_>>()
        });
        slabs.collect()
    };
    assert!(tables() == tables(), "the tables differ");
}

/// What a device does not search is left to the CPU; equal kernels share their lists.
#[test]
fn kernels_for_the_cpu_and_equal_kernels() {
    let Some(device) = device("the search on a GPU") else { return };
    let points = clouds(&[50], 1.0, 0.0, 6);
    let cells = KernelShape::cells(0.2);
    let shapes = [cells, KernelShape::shells(0.3, 2), cells.with_size([9; 3]), cells];
    let found = search(&device, &points, &shapes).expect("few neighbours");
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false, true]);
    let [first, last] = [0, 3].map(|index: usize| found[index].as_ref().expect("found"));
    assert!(Arc::ptr_eq(first, last), "equal kernels share their lists");
    let nothing = search(&device, &packed([], &[0, 0]), &shapes).expect("nothing");
    assert!(nothing.iter().all(Option::is_none), "without points the CPU makes the lists");
}
