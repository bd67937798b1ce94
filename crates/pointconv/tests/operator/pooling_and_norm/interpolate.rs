//! Interpolation from coarse points to fine ones.

use burn::tensor::{Tensor, TensorData};
use pointconv::{Interpolate, NeighborError, PackedClouds, VoxelMap};

use super::harness::{
    Matrix, check_adjoint, check_differences, check_reference, check_threads, clouds, pass,
};
use crate::common::{device, precisions, round_off};

/// The product with the dense matrix of the map.
fn reference(features: Tensor<2>, map: &Interpolate) -> Tensor<2> {
    let (fine, coarse) = (map.fine_points(), map.coarse_points());
    let mut dense = vec![0.0; fine * coarse];
    for (row, range) in map.offsets().windows(2).enumerate() {
        for entry in range[0] as usize..range[1] as usize {
            dense[row * coarse + map.indices()[entry] as usize] += f64::from(map.weights()[entry]);
        }
    }
    let options = (&features.device(), features.dtype());
    let data = TensorData::new(dense, [fine, coarse]).convert_dtype(features.dtype());
    Tensor::<2>::from_data(data, options).matmul(features)
}

/// Nearest points with more and with fewer of them than a cloud has, and voxels.
fn maps() -> Vec<Interpolate> {
    let fine = clouds(&[0, 190, 2, 60], 1);
    let voxels = VoxelMap::build(&fine, 0.3).unwrap();
    let coarse = clouds(&[3, 37, 1, 8], 2);
    let mut maps: Vec<Interpolate> =
        [1, 3, 20].map(|k| Interpolate::nearest(&coarse, &fine, k).unwrap()).into();
    maps.push(Interpolate::nearest(voxels.coarse(), &fine, 3).unwrap());
    maps.push(Interpolate::of_voxels(&voxels));
    maps
}

#[test]
fn agrees_with_the_dense_product() {
    for map in maps() {
        for channels in [1, 7, 37] {
            check_reference(
                "interpolation",
                |features| map.forward(features),
                |features| reference(features, &map),
                &Matrix::random(map.coarse_points(), channels, 3),
                &Matrix::random(map.fine_points(), channels, 4),
                // The gradient of a coarse point is a sum over up to a hundred fine ones.
                |dtype| 4.0 * round_off(dtype),
            );
        }
    }
}

#[test]
fn gradients_are_adjoint_and_difference_quotients() {
    for map in maps() {
        let features = Matrix::random(map.coarse_points(), 2, 5);
        let grad = Matrix::random(map.fine_points(), 2, 6);
        check_adjoint("interpolation", |x| map.forward(x), &features, &grad);
    }
    let map = Interpolate::nearest(&clouds(&[4, 6], 7), &clouds(&[9, 11], 8), 3).unwrap();
    let (features, weights) = (Matrix::random(10, 3, 9), Matrix::random(20, 3, 10));
    check_differences("interpolation", |x| map.forward(x), &features, &weights);
}

#[test]
fn threads() {
    let (coarse, fine) = (clouds(&[1, 2000], 11), clouds(&[300, 12_000], 12));
    let make = || {
        let map = Interpolate::nearest(&coarse, &fine, 3).unwrap();
        move |x| map.forward(x)
    };
    let (features, grad) = (Matrix::random(2001, 19, 13), Matrix::random(12_300, 19, 14));
    check_threads("interpolation", make, &features, &grad);
}

/// The weights of a row add up to 1.
#[test]
fn constants_stay() {
    for map in maps() {
        for dtype in precisions(&device()) {
            let ones = Matrix::random(map.coarse_points(), 2, 1).map(|_| 1.0);
            let grad = Matrix::random(map.fine_points(), 2, 1);
            let (output, _) = pass(&|x| map.forward(x), &ones, &grad, dtype);
            assert!(output.values.iter().all(|v| (v - 1.0).abs() < 1e-6), "weights are stored in f32");
        }
    }
}

/// Coarse points of a cloud without fine ones get no gradient, and a batch may be empty.
#[test]
fn nothing_to_interpolate() {
    for (coarse, fine) in [(vec![], vec![]), (vec![0], vec![0]), (vec![4], vec![0])] {
        let map = Interpolate::nearest(&clouds(&coarse, 1), &clouds(&fine, 2), 3).unwrap();
        for dtype in precisions(&device()) {
            let features = Matrix::random(map.coarse_points(), 3, 3);
            let grad = Matrix::random(map.fine_points(), 3, 4);
            let (output, gradient) = pass(&|x| map.forward(x), &features, &grad, dtype);
            assert_eq!(output.rows, 0);
            assert!(gradient.values.iter().all(|&v| v == 0.0));
        }
    }
    let error = Interpolate::nearest(&clouds(&[3, 0], 1), &clouds(&[3, 5], 2), 3).unwrap_err();
    assert_eq!(error, NeighborError::NoCoarsePoints { cloud: 1, fine: 5 });
}

/// An extent of 1e9: the weights are those of the distances.
#[test]
fn far_apart() {
    let coarse = PackedClouds::single([[1e9, 0.0, 0.0], [-1e9, 0.0, 0.0]]).unwrap();
    let fine = PackedClouds::single([[5e8, 0.0, 0.0], [-1e9, 0.0, 0.0]]).unwrap();
    let map = Interpolate::nearest(&coarse, &fine, 3).unwrap();
    let features = Tensor::<2>::from_data([[10.0], [20.0]], &device());
    let found = crate::common::values(map.forward(features));
    assert!((found[0] - 11.0).abs() < 1e-5 && found[1] == 20.0, "{found:?}");
}

#[test]
#[should_panic(expected = "Interpolate: features have 2 rows, the map has 1 coarse points")]
fn features_of_other_points() {
    let one = PackedClouds::single([[0.0; 3]]).unwrap();
    let map = Interpolate::nearest(&one, &one, 3).unwrap();
    map.forward(Tensor::zeros([2, 3], &device()));
}
