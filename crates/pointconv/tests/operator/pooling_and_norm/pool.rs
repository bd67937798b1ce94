//! Pooling over clouds and over voxels.

use burn::tensor::{DType, Int, Tensor, TensorData};
use pointconv::{GlobalPoolConfig, Pooling, VoxelPoolConfig};
use pointconv::{PackedClouds, VoxelMap};

use super::harness::{
    Matrix, check_adjoint, check_differences, check_reference, check_threads, clouds, pass,
};
use crate::common::{device, precisions, round_off, uses_instruction_sets, values};

const ALL: [Pooling; 3] = [Pooling::Max, Pooling::Mean, Pooling::Both];

/// Sizes with an empty cloud at either end, one point, and more points than a chunk of either device has.
const SIZES: [usize; 6] = [0, 37, 1, 0, 1200, 0];

/// Pooling of one segment after the other with `select`, `max_dim` and `mean_dim`.
fn reference(features: Tensor<2>, segments: &[Vec<u32>], pooling: Pooling) -> Tensor<2> {
    let (device, [_, channels]) = (features.device(), features.dims());
    let options = (&device, features.dtype());
    let rows = segments.iter().map(|members| {
        if members.is_empty() {
            return Tensor::zeros([1, pooling.channels_out(channels)], options);
        }
        let indices: Vec<i32> = members.iter().map(|&point| point as i32).collect();
        let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [members.len()]), &device);
        let own = features.clone().select(0, indices);
        match pooling {
            Pooling::Max => own.max_dim(0),
            Pooling::Mean => own.mean_dim(0),
            Pooling::Both => Tensor::cat(vec![own.clone().max_dim(0), own.mean_dim(0)], 1),
        }
    });
    Tensor::cat(rows.collect(), 0)
}

fn segments_of_clouds(clouds: &PackedClouds) -> Vec<Vec<u32>> {
    clouds.ranges().map(|range| range.map(|point| point as u32).collect()).collect()
}

fn segments_of_voxels(map: &VoxelMap) -> Vec<Vec<u32>> {
    let offsets = map.point_offsets();
    offsets.windows(2).map(|o| map.points()[o[0] as usize..o[1] as usize].to_vec()).collect()
}

#[test]
fn clouds_agree_with_the_reference() {
    let clouds = clouds(&SIZES, 1);
    let segments = segments_of_clouds(&clouds);
    for pooling in ALL {
        for channels in [1, 3, 21, 64] {
            let pool = GlobalPoolConfig::new().with_pooling(pooling).init();
            check_reference(
                &format!("{pooling:?}, {channels} channels"),
                |features| pool.forward(features, &clouds),
                |features| reference(features, &segments, pooling),
                &Matrix::random(clouds.points(), channels, 2),
                &Matrix::random(clouds.len(), pooling.channels_out(channels), 3),
                round_off,
            );
        }
    }
}

#[test]
fn voxels_agree_with_the_reference() {
    let clouds = clouds(&[0, 200, 1, 300], 4);
    for (voxel, pooling) in
        [(0.2, Pooling::Max), (0.3, Pooling::Mean), (0.4, Pooling::Both), (9.0, Pooling::Both)]
    {
        let pool = VoxelPoolConfig::new(voxel).with_pooling(pooling).init();
        let map = pool.voxels(&clouds).unwrap();
        let segments = segments_of_voxels(&map);
        for channels in [5, 20] {
            check_reference(
                &format!("{pooling:?}, voxels of {voxel}, {channels} channels"),
                |features| pool.forward(features, &map),
                |features| reference(features, &segments, pooling),
                &Matrix::random(clouds.points(), channels, 5),
                &Matrix::random(map.coarse().points(), pooling.channels_out(channels), 6),
                round_off,
            );
        }
    }
}

#[test]
fn gradients_are_difference_quotients() {
    let clouds = clouds(&[0, 11, 1, 13], 7);
    let features = Matrix::random(25, 3, 8);
    for pooling in ALL {
        let pool = GlobalPoolConfig::new().with_pooling(pooling).init();
        let weights = Matrix::random(4, pooling.channels_out(3), 9);
        check_differences("clouds", |x| pool.forward(x, &clouds), &features, &weights);
        let pool = VoxelPoolConfig::new(0.5).with_pooling(pooling).init();
        let map = pool.voxels(&clouds).unwrap();
        let weights = Matrix::random(map.coarse().points(), pooling.channels_out(3), 9);
        check_differences("voxels", |x| pool.forward(x, &map), &features, &weights);
    }
}

#[test]
fn means_are_adjoint_to_their_gradients() {
    let clouds = clouds(&SIZES, 10);
    let features = Matrix::random(clouds.points(), 5, 11);
    let pool = GlobalPoolConfig::new().with_pooling(Pooling::Mean).init();
    let grad = Matrix::random(clouds.len(), 5, 12);
    check_adjoint("clouds", |x| pool.forward(x, &clouds), &features, &grad);
    let pool = VoxelPoolConfig::new(0.3).with_pooling(Pooling::Mean).init();
    let map = pool.voxels(&clouds).unwrap();
    let grad = Matrix::random(map.coarse().points(), 5, 12);
    check_adjoint("voxels", |x| pool.forward(x, &map), &features, &grad);
}

#[test]
fn threads() {
    let clouds = clouds(&[0, 12_345, 1, 1700], 13);
    let features = Matrix::random(clouds.points(), 19, 14);
    let grad = Matrix::random(clouds.len(), 38, 15);
    let pool = GlobalPoolConfig::new().with_pooling(Pooling::Both).init();
    check_threads("clouds", || |x| pool.forward(x, &clouds), &features, &grad);
    let pool = VoxelPoolConfig::new(0.05).with_pooling(Pooling::Both).init();
    let voxels = pool.voxels(&clouds).unwrap().coarse().points();
    let grad = Matrix::random(voxels, 38, 15);
    let make = || {
        let map = pool.voxels(&clouds).unwrap();
        let pool = &pool;
        move |x| pool.forward(x, &map)
    };
    check_threads("voxels", make, &features, &grad);
}

/// The gradient goes to the first of equal maxima, across chunks as well.
#[test]
fn ties_go_to_the_first_point() {
    let clouds = clouds(&[1500, 600], 16);
    let mut features = Matrix::random(2100, 2, 17);
    for row in [700, 3, 1400, 1500, 2099] {
        features.values[2 * row] = 7.0;
    }
    let pool = GlobalPoolConfig::new().init();
    for dtype in precisions(&device()) {
        let ones = Matrix::random(2, 2, 18).map(|_| 1.0);
        let (output, gradient) = pass(&|x| pool.forward(x, &clouds), &features, &ones, dtype);
        assert_eq!([output.values[0], output.values[2]], [7.0; 2]);
        let chosen: Vec<usize> = (0..2100).filter(|row| gradient.values[2 * row] != 0.0).collect();
        assert_eq!(chosen, [3, 1500]);
    }
}

#[test]
fn nothing_and_little_to_pool() {
    for dtype in precisions(&device()) {
        for pooling in ALL {
            let pool = GlobalPoolConfig::new().with_pooling(pooling).init();
            let width = pooling.channels_out(3);
            let run = |offsets: &[usize], features: &Matrix| {
                let clouds = PackedClouds::new(vec![[0.5; 3]; features.rows], offsets).unwrap();
                let grad = Matrix::random(clouds.len(), width, 1);
                let over_clouds = pass(&|x| pool.forward(x, &clouds), features, &grad, dtype);
                let voxels = VoxelPoolConfig::new(1.0).with_pooling(pooling).init();
                let map = voxels.voxels(&clouds).unwrap();
                let grad = Matrix::random(map.coarse().points(), width, 1);
                let over_voxels = pass(&|x| voxels.forward(x, &map), features, &grad, dtype);
                assert_eq!(over_voxels.0.rows, map.coarse().points());
                over_clouds
            };
            let (output, gradient) = run(&[0, 0, 0], &Matrix::random(0, 3, 1));
            assert_eq!(output.values, vec![0.0; 2 * width]);
            assert!(gradient.values.is_empty());
            let one = Matrix::random(1, 3, 2);
            let (output, _) = run(&[0, 0, 1], &one);
            assert_eq!(output.values[..width], vec![0.0; width]);
            assert_eq!(output.values[width..width + 3], one.values);
            // All points in one voxel.
            run(&[0, 50], &Matrix::random(50, 3, 3));
        }
    }
}

/// A batch without clouds has an output without rows.
#[test]
fn no_clouds() {
    let clouds = PackedClouds::new([], [0]).unwrap();
    let features = Tensor::<2>::zeros([0, 4], &device());
    let pool = GlobalPoolConfig::new().with_pooling(Pooling::Both).init();
    assert_eq!(pool.forward(features.clone(), &clouds).dims(), [0, 8]);
    let pool = VoxelPoolConfig::new(0.1).init();
    assert_eq!(pool.forward(features, &pool.voxels(&clouds).unwrap()).dims(), [0, 4]);
}

/// Far apart, negative, and with a NaN, which the CPU does not lose.
#[test]
fn unusual_values() {
    let clouds = PackedClouds::single([[1e9, -1e9, 0.0], [-1e9, 1e9, 0.0], [1e9, -1e9, 0.0]]).unwrap();
    let features = Tensor::<2>::from_data([[-3.0], [-7.0], [-2.0]], &device());
    let pool = VoxelPoolConfig::new(0.1).init();
    let mut found = values(pool.forward(features.clone(), &pool.voxels(&clouds).unwrap()));
    found.sort_by(f64::total_cmp);
    assert_eq!(found, [-7.0, -2.0]);
    assert_eq!(values(GlobalPoolConfig::new().init().forward(features, &clouds)), [-2.0]);
    if uses_instruction_sets() {
        let features = Tensor::<2>::from_data([[1.0], [f32::NAN], [2.0]], &device());
        assert!(values(GlobalPoolConfig::new().init().forward(features, &clouds))[0].is_nan());
    }
}

#[test]
#[should_panic(expected = "GlobalPool: features have 2 rows, the clouds have 3 points")]
fn too_few_features() {
    let clouds = PackedClouds::single([[0.0; 3]; 3]).unwrap();
    GlobalPoolConfig::new().init().forward(Tensor::zeros([2, 4], &device()), &clouds);
}

#[test]
#[should_panic(expected = "VoxelPool: the layer has voxels of 0.5, the map of 0.25")]
fn a_map_of_other_voxels() {
    let map = VoxelMap::build(&PackedClouds::single([[0.0; 3]]).unwrap(), 0.25).unwrap();
    VoxelPoolConfig::new(0.5).init().forward(Tensor::zeros([1, 4], &device()), &map);
}

/// Features that do not lie in memory row by row.
#[test]
fn a_transposed_view() {
    let clouds = clouds(&[40, 60], 19);
    let features = Matrix::random(5, 100, 20).tensor(DType::F32, &device());
    let pool = GlobalPoolConfig::new().with_pooling(Pooling::Both).init();
    let view = features.clone().swap_dims(0, 1);
    let copy = Tensor::<2>::from_data(view.clone().into_data(), &device());
    assert_eq!(values(pool.forward(view, &clouds)), values(pool.forward(copy, &clouds)));
}
