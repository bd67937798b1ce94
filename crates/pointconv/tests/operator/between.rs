//! Neighbourhoods whose centres are not the points whose features are read.

use neighbors::{KernelShape, PackedClouds, Search};
use pointconv::Neighborhood;

use crate::common::{
    Inputs, Kind, Op, Pass, Tracked, assert_same_bits_for_any_threads, check_adjoint, check_differences,
    clouds_in_cube, device, kernels, lists, magnitudes, packed, pass, precisions, random_clouds, round_off,
};

/// Centres and points.
type Sets = (&'static str, PackedClouds, PackedClouds);

/// Every third point of each cloud.
fn subset(points: &PackedClouds) -> PackedClouds {
    let thinned = |b: usize| points.cloud(b).iter().step_by(3).copied().collect::<Vec<_>>();
    PackedClouds::from_clouds(&(0..points.len()).map(thinned).collect::<Vec<_>>()).expect("finite positions")
}

/// Few centres and many, with and without neighbours, in one cloud and in several.
fn sets() -> Vec<Sets> {
    let points = random_clouds(&[23, 37], 1);
    let far = packed([[0.5; 3], [9.0, 9.0, 9.0], [0.2; 3], [-9.0, 0.0, 0.0]], &[0, 2, 4]);
    vec![
        ("a subset", subset(&points), points.clone()),
        ("the points", points.clone(), points.clone()),
        ("elsewhere", random_clouds(&[11, 5], 2), points.clone()),
        ("more centres than points", random_clouds(&[40, 60], 3), points.clone()),
        ("centres without neighbours", far, points.clone()),
        ("no centres", packed([], &[0, 0, 0]), points),
        ("no points", random_clouds(&[7, 4], 4), packed([], &[0, 0, 0])),
        ("neither", packed([], &[0]), packed([], &[0])),
        ("empty clouds", random_clouds(&[0, 6, 9, 0, 3], 5), random_clouds(&[5, 0, 31, 0, 1], 6)),
    ]
}

/// The device searches.
fn between(centres: &PackedClouds, points: &PackedClouds, shape: &KernelShape) -> Neighborhood {
    Neighborhood::between(centres, points, shape, &device()).expect("as many clouds and a sound shape")
}

/// The definition, from positions alone: every centre against every point of its cloud, in double precision.
fn brute_force(inputs: &Inputs, centres: &PackedClouds, points: &PackedClouds, shape: &KernelShape) -> Pass {
    let (wide_in, wide_out, columns) = (inputs.channels_in, inputs.channels_out, inputs.columns);
    let mut output = vec![0.0; centres.points() * wide_out];
    let mut bias = vec![0.0; wide_out];
    let mut features = vec![0.0; inputs.features.len()];
    let mut weight = vec![0.0; inputs.weight.len()];
    for (centre_range, point_range) in centres.ranges().zip(points.ranges()) {
        for i in centre_range {
            for o in 0..wide_out {
                output[i * wide_out + o] += inputs.bias.as_ref().map_or(0.0, |bias| bias[o]);
                bias[o] += inputs.grad[i * wide_out + o];
            }
            let found: Vec<(usize, usize)> = point_range
                .clone()
                .filter_map(|j| Some((shape.subdomain(centres.positions()[i], points.positions()[j])?, j)))
                .collect();
            for &(k, j) in &found {
                let share = 1.0 / found.iter().filter(|(other, _)| *other == k).count() as f64;
                for c in 0..wide_in {
                    for column in 0..columns {
                        let at = (k * wide_in + c) * columns + column;
                        let out = i * wide_out + inputs.kind.output(c, column, columns);
                        output[out] += inputs.weight[at] * inputs.features[j * wide_in + c] * share;
                        features[j * wide_in + c] += inputs.weight[at] * inputs.grad[out] * share;
                        weight[at] += inputs.features[j * wide_in + c] * inputs.grad[out] * share;
                    }
                }
            }
        }
    }
    let bias = inputs.bias.as_ref().map(|_| bias);
    Pass { output, features: Some(features), weight: Some(weight), bias }
}

/// Operator, reference and definition give the same output and gradients.
#[test]
fn agreement() {
    let device = device();
    for (name, centres, points) in sets() {
        for shape in kernels() {
            let neighborhood = between(&centres, &points, &shape);
            for kind in Kind::ALL {
                for widths in kind.narrow_and_wide() {
                    let inputs = Inputs::random(kind, &neighborhood, widths, 7);
                    for inputs in [inputs.clone(), inputs.without_bias()] {
                        let expected = brute_force(&inputs, &centres, &points, &shape);
                        let magnitude = brute_force(&inputs.absolute(), &centres, &points, &shape);
                        for dtype in precisions(&device) {
                            let run =
                                |op: Op, tracked| pass(op, &inputs, &neighborhood, dtype, &device, tracked);
                            let close = |what: &str, got: &Pass, expected: &Pass| {
                                let what =
                                    format!("{name}, {shape:?}, {kind:?}, {widths:?}, {dtype:?}, {what}");
                                got.assert_close(&what, expected, &magnitude, round_off(dtype));
                            };
                            let got = run(kind.op(), Tracked::ALL);
                            close("definition", &got, &expected);
                            // Without neighbours the reference does not read the features, and burn gives them no gradient.
                            if neighborhood.edges() > 0 {
                                close("reference", &got, &run(kind.reference(), Tracked::ALL));
                            }
                            let data = run(kind.op(), Tracked::PARAMETERS);
                            close("data", &data, &Pass { features: None, ..expected.clone() });
                        }
                    }
                }
            }
        }
    }
}

/// A centre without neighbours has the bias for output, to the last bit, and takes part in its gradient alone.
#[test]
fn the_bias_alone() {
    let device = device();
    let (centres, points) =
        (packed([[9.0; 3], [-9.0; 3], [8.0; 3]], &[0, 2, 3]), random_clouds(&[23, 37], 1));
    for shape in kernels() {
        let neighborhood = between(&centres, &points, &shape);
        assert_eq!((neighborhood.edges(), neighborhood.run_count()), (0, 0));
        for kind in Kind::ALL {
            let inputs = Inputs::random(kind, &neighborhood, kind.narrow(), 8);
            for dtype in precisions(&device) {
                let got = pass(kind.op(), &inputs, &neighborhood, dtype, &device, Tracked::ALL);
                assert_eq!(got.output, inputs.bias.as_deref().expect("a bias").repeat(3));
                assert_eq!(got.features, Some(vec![0.0; inputs.features.len()]));
                assert_eq!(got.weight, Some(vec![0.0; inputs.weight.len()]));
            }
        }
    }
}

/// Centres that are the points give what the lists of the points alone give.
#[test]
fn centres_that_are_the_points() {
    let device = device();
    let points = random_clouds(&[23, 37], 9);
    for shape in kernels() {
        let (alone, both) = (lists(&points, &shape), between(&points, &points, &shape));
        assert_eq!((alone.edges(), alone.run_count()), (both.edges(), both.run_count()));
        for kind in Kind::ALL {
            let inputs = Inputs::random(kind, &alone, kind.narrow(), 10);
            let magnitude = magnitudes(&inputs, &alone);
            for dtype in precisions(&device) {
                let run = |lists| pass(kind.op(), &inputs, lists, dtype, &device, Tracked::ALL);
                let what = format!("{shape:?}, {kind:?}, {dtype:?}");
                run(&both).assert_close(&what, &run(&alone), &magnitude, round_off(dtype));
            }
        }
    }
}

/// A large set, whose lists are in another order than the points.
#[test]
fn many_points() {
    let points = clouds_in_cube(&[37, 20_000, 23], 3.0, 11);
    let neighborhood = between(&subset(&points), &points, &KernelShape::cells(0.1));
    let device = device();
    for kind in Kind::ALL {
        for widths in kind.narrow_and_wide() {
            let inputs = Inputs::random(kind, &neighborhood, widths, 12);
            let magnitude = magnitudes(&inputs, &neighborhood);
            for dtype in precisions(&device) {
                let run = |op: Op| pass(op, &inputs, &neighborhood, dtype, &device, Tracked::ALL);
                let (got, expected) = (run(kind.op()), run(kind.reference()));
                got.assert_close(&format!("{kind:?}, {dtype:?}"), &expected, &magnitude, round_off(dtype));
            }
        }
    }
}

#[test]
fn adjoint() {
    for (seed, shape) in (20..).zip(kernels()) {
        let points = random_clouds(&[23, 37], seed);
        for centres in [subset(&points), random_clouds(&[9, 30], seed)] {
            let neighborhood = between(&centres, &points, &shape);
            for kind in Kind::ALL {
                for widths in kind.narrow_and_wide() {
                    check_adjoint(&format!("{shape:?}"), kind, &neighborhood, widths, seed);
                }
            }
        }
    }
}

#[test]
fn differences() {
    for (seed, shape) in (40..).zip(kernels()) {
        let (points, centres) = (random_clouds(&[8, 13], seed), random_clouds(&[3, 5], seed + 100));
        let neighborhood = between(&centres, &points, &shape);
        assert!(neighborhood.edges() > 0);
        for kind in Kind::ALL {
            check_differences(&format!("{shape:?}"), kind, &neighborhood, kind.narrow(), seed);
        }
    }
}

#[test]
fn threads() {
    let check = |points: &PackedClouds, shape: &KernelShape| {
        let centres = subset(points);
        for kind in Kind::ALL {
            for widths in kind.narrow_and_wide() {
                assert_same_bits_for_any_threads(&format!("{shape:?}, {kind:?}, {widths:?}"), |dtype| {
                    let neighborhood = between(&centres, points, shape);
                    let inputs = Inputs::random(kind, &neighborhood, widths, 13);
                    pass(kind.op(), &inputs, &neighborhood, dtype, &device(), Tracked::ALL)
                });
            }
        }
    };
    let few = random_clouds(&[23, 37], 14);
    for shape in kernels() {
        check(&few, &shape);
    }
    check(&clouds_in_cube(&[12_345, 0, 7_656], 3.0, 15), &KernelShape::cells(0.1));
}

/// Sizes, and lists that do not depend on the search.
#[test]
fn sizes_and_searches() {
    for (name, centres, points) in sets() {
        for shape in kernels() {
            let neighborhood = between(&centres, &points, &shape);
            assert_eq!((neighborhood.points(), neighborhood.clouds()), (points.points(), &points), "{name}");
            assert_eq!(neighborhood.centres(), &centres, "{name}");
            assert_eq!(neighborhood.lists().rows().len(), centres.points(), "{name}");
            let edges: usize =
                neighborhood.lists().rows().flat_map(|row| row.runs()).map(|(_, n)| n.len()).sum();
            assert_eq!(neighborhood.edges(), edges, "{name}");
            let expected = if centres.points() == 0 { 0.0 } else { edges as f64 / centres.points() as f64 };
            assert_eq!(neighborhood.edges_per_point(), expected, "{name}");
            for search in [Search::Grid, Search::KdTree] {
                let other = Neighborhood::between(&centres, &points, &shape, (&device(), search));
                assert!(other.expect("as many clouds") == neighborhood, "{name}, {shape:?}, {search:?}");
            }
        }
    }
}
