//! The same bits for any number of threads, and for a cloud in any batch.

use neighbors::{KernelShape, PackedClouds};

use crate::common::{
    Inputs, Kind, Tracked, Widths, assert_close, assert_same_bits, assert_same_bits_for_any_threads,
    clouds_in_cube, device, kernels, lists, magnitudes, packed, pass, precisions, random_clouds, round_off,
};

/// Lists and operator with several numbers of threads.
fn check(clouds: &PackedClouds, shape: &KernelShape, kind: Kind, widths: Widths) {
    assert_same_bits_for_any_threads(&format!("{shape:?}, {kind:?}, {widths:?}"), |dtype| {
        let neighborhood = lists(clouds, shape);
        let inputs = Inputs::random(kind, &neighborhood, widths, 7);
        pass(kind.op(), &inputs, &neighborhood, dtype, &device(), Tracked::ALL)
    });
}

#[test]
fn threads_and_few_points() {
    let clouds = random_clouds(&[23, 37], 1);
    for shape in kernels() {
        for kind in Kind::ALL {
            for widths in kind.narrow_and_wide() {
                check(&clouds, &shape, kind, widths);
            }
        }
    }
}

#[test]
fn threads_and_some_thousand_points() {
    let clouds = clouds_in_cube(&[2100, 1700], 3.0, 2);
    for kind in Kind::ALL {
        for widths in kind.choose([(3, 9), (9, 9)], [(3, 1), (9, 1)]) {
            check(&clouds, &KernelShape::cells(0.2), kind, widths);
        }
        check(&clouds, &KernelShape::shells(0.3, 3), kind, kind.choose((34, 40), (33, 2)));
    }
}

/// More than 64 chunks of 512 points: from there on the chunks grow with the batch.
#[test]
fn threads_and_forty_thousand_points() {
    let clouds = clouds_in_cube(&[12_345, 0, 27_656], 4.0, 3);
    assert!(clouds.points() > 64 * 512);
    for (kind, widths) in [(Kind::Full, (3, 9)), (Kind::Depthwise, (9, 1)), (Kind::Depthwise, (3, 2))] {
        check(&clouds, &KernelShape::cells(0.1), kind, widths);
    }
}

/// Output and feature gradient of a cloud do not depend on its neighbours in the batch. The parameters' gradients are
/// sums over the batch, equal up to round-off.
fn check_alone_and_in_a_batch(clouds: &PackedClouds, shape: &KernelShape, kind: Kind, widths: Widths) {
    let device = device();
    let neighborhood = lists(clouds, shape);
    let inputs = Inputs::random(kind, &neighborhood, widths, 5);
    let magnitude = magnitudes(&inputs, &neighborhood);
    for dtype in precisions(&device) {
        let what = format!("{shape:?}, {kind:?}, {widths:?}, {dtype:?}");
        let run = |inputs: &Inputs, neighborhood: &_| {
            pass(kind.op(), inputs, neighborhood, dtype, &device, Tracked::ALL)
        };
        let together = run(&inputs, &neighborhood);
        let features = together.features.as_deref().expect("tracked");
        let mut sums = [vec![0.0; inputs.weight.len()], vec![0.0; inputs.channels_out]];
        for range in clouds.ranges() {
            let rows = |width: usize| range.start * width..range.end * width;
            let (wide_in, wide_out) = (rows(inputs.channels_in), rows(inputs.channels_out));
            let cloud = packed(&clouds.positions()[range.clone()], &[0, range.len()]);
            let own = Inputs {
                points: range.len(),
                centres: range.len(),
                features: inputs.features[wide_in.clone()].to_vec(),
                grad: inputs.grad[wide_out.clone()].to_vec(),
                ..inputs.clone()
            };
            let alone = run(&own, &lists(&cloud, shape));
            assert_same_bits(&format!("{what}: output"), &together.output[wide_out], &alone.output);
            let alone_features = alone.features.expect("tracked");
            assert_same_bits(&format!("{what}: features"), &features[wide_in], &alone_features);
            for (sum, part) in sums.iter_mut().zip([alone.weight, alone.bias]) {
                for (sum, part) in sum.iter_mut().zip(part.expect("tracked")) {
                    *sum += part;
                }
            }
        }
        for (name, got, expected, magnitude) in [
            ("weight", &together.weight, &sums[0], &magnitude.weight),
            ("bias", &together.bias, &sums[1], &magnitude.bias),
        ] {
            let (got, magnitude) = (got.as_deref().expect("tracked"), magnitude.as_deref().expect("tracked"));
            assert_close(&format!("{what}: {name}"), got, expected, magnitude, round_off(dtype));
        }
    }
}

#[test]
fn a_cloud_alone_and_in_a_batch() {
    let clouds = random_clouds(&[23, 700, 1, 600], 4);
    for shape in kernels() {
        for kind in Kind::ALL {
            for widths in [kind.narrow(), kind.choose((34, 40), (20, 3))] {
                check_alone_and_in_a_batch(&clouds, &shape, kind, widths);
            }
        }
    }
}

/// Neighbours are counted in their cloud alone, and in boxes in a batch with a cloud of 65,536 points, or in four bytes where the
/// kernel reaches too far for boxes.
#[test]
fn a_cloud_alone_and_in_a_batch_with_a_large_one() {
    let small = random_clouds(&[23, 700], 6);
    let near = KernelShape::cells(0.2);
    for (shape, distance, wide) in [(near, 0.3, false), (near.with_dilation([4000, 1, 1]), 0.03, true)] {
        let line = (0..65_536).map(|i| [distance * i as f32, 0.0, 0.0]);
        let positions: Vec<[f32; 3]> = small.positions().iter().copied().chain(line).collect();
        let clouds = packed(positions, &[0, 23, 723, 723 + 65_536]);
        assert_eq!(lists(&clouds, &shape).lists().wide().is_some(), wide);
        for kind in Kind::ALL {
            for widths in [kind.narrow(), kind.choose((17, 3), (20, 3))] {
                check_alone_and_in_a_batch(&clouds, &shape, kind, widths);
            }
        }
    }
}
