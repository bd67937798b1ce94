//! What a `Neighborhood` promises beside its lists: equal values, clones, and preparation ahead of time.

use neighbors::{KernelShape, NeighborError, Search};
use pointconv::Neighborhood;

use crate::common::{
    Inputs, Kind, Tracked, clouds_in_cube, device, kernels, lists, packed, pass, precisions, random_clouds,
};

#[test]
fn every_search_finds_equal_lists() {
    let clouds = random_clouds(&[23, 0, 370], 1);
    let shapes = kernels();
    let found = Neighborhood::build_all(&clouds, &shapes, &device()).expect("sound shapes");
    for search in [Search::Auto, Search::Grid, Search::KdTree] {
        let others = Neighborhood::build_all(&clouds, &shapes, (&device(), search)).expect("sound shapes");
        for ((found, other), shape) in found.iter().zip(&others).zip(&shapes) {
            assert!(found == other, "{shape:?}, {search:?}: all shapes together");
            let alone = Neighborhood::build(&clouds, shape, (&device(), search)).expect("a sound shape");
            assert!(*found == alone, "{shape:?}, {search:?}: one shape");
            let rows = |lists: &Neighborhood| -> Vec<Vec<(usize, Vec<u32>)>> {
                let row = |point| lists.lists().row_of(point).runs().map(|(k, n)| (k, n.collect())).collect();
                (0..lists.points()).map(row).collect()
            };
            assert_eq!(rows(found), rows(&alone), "{shape:?}, {search:?}: rows of points");
        }
    }
}

#[test]
fn equal_and_different() {
    let (clouds, shape) = (random_clouds(&[23, 37], 2), KernelShape::cells(0.2));
    let neighborhood = lists(&clouds, &shape);
    let clone = neighborhood.clone();
    assert!(clone == neighborhood);
    // A clone shares the lists.
    assert!(std::ptr::eq(clone.lists(), neighborhood.lists()));
    assert!(lists(&clouds, &shape) == neighborhood, "built again");
    assert!(lists(&clouds, &shape.with_dilation([2; 3])) != neighborhood, "another shape");
    assert!(lists(&random_clouds(&[23, 37], 3), &shape) != neighborhood, "other points");
    assert!(lists(&packed(clouds.positions(), &[0, 23, 60, 60]), &shape) != neighborhood, "cut otherwise");
}

#[test]
fn debug_names_clouds_shape_and_size() {
    let neighborhood = lists(&packed([[0.0; 3], [0.1, 0.0, 0.0]], &[0, 2]), &KernelShape::cells(0.1));
    let text = format!("{neighborhood:?}");
    for part in ["offsets: [0, 2]", "Cells", "edges: 4"] {
        assert!(text.contains(part), "`{part}` in {text}");
    }
}

#[test]
fn means_of_no_points_are_zero() {
    let neighborhood = lists(&packed([], &[0, 0]), &KernelShape::cells(0.1));
    assert_eq!(
        [neighborhood.edges_per_point(), neighborhood.occupied_per_point(), neighborhood.mean_occupancy()],
        [0.0; 3]
    );
}

/// What is made ahead of time is what a layer would make.
#[test]
fn prepared_lists_give_the_same_bits() {
    let device = device();
    for clouds in [random_clouds(&[23, 37], 4), clouds_in_cube(&[9000, 300], 2.0, 5)] {
        let shape = KernelShape::cells(0.15).with_dilation([1, 2, 1]);
        let centres = packed(&clouds.positions()[..20], &[0, 15, 20]);
        let between = || Neighborhood::between(&centres, &clouds, &shape, &device).expect("as many clouds");
        for build in [&(|| lists(&clouds, &shape)) as &dyn Fn() -> Neighborhood, &between] {
            let (plain, prepared) = (build(), build());
            prepared.prepare(&device);
            prepared.prepare(&device.clone().autodiff());
            for kind in Kind::ALL {
                let inputs = Inputs::random(kind, &plain, kind.narrow(), 6);
                for dtype in precisions(&device) {
                    let run = |lists| pass(kind.op(), &inputs, lists, dtype, &device, Tracked::ALL);
                    run(&prepared).assert_same_bits(&format!("{kind:?}, {dtype:?}"), &run(&plain));
                }
            }
        }
    }
}

#[test]
fn between_different_numbers_of_clouds() {
    let [two, three] = [&[5, 6][..], &[5, 6, 0]].map(|sizes| random_clouds(sizes, 7));
    let error = Neighborhood::between(&two, &three, &KernelShape::cells(0.2), &device()).err();
    assert_eq!(error, Some(NeighborError::CloudCount { found: 2, expected: 3 }));
}
