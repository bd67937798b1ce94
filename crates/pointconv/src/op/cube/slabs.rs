//! The kernels give the same for lists in one piece and in many.

use burn::tensor::DType;
use burn_cubecl::CubeDevice;
use burn_cubecl::tensor::CubeTensor;
use neighbors::{KernelShape, Neighborhood, Search};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::backward_features::backward_features;
use super::backward_weight::backward_weight;
use super::forward::forward;
use super::sizes::Sizes;
use super::wide::{self, is_wide};
use crate::gpu::test_device::device;
use crate::neighborhood::cube::{Lists, tensor};

const POINTS: usize = 3000;

/// Uniform values in -1..1 in a tensor of the given shape.
fn random<const D: usize>(device: &CubeDevice, shape: [usize; D], seed: u64) -> CubeTensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
    let flat = tensor(&device.client(), device, &values, DType::F32);
    CubeTensor::new_contiguous(flat.client, flat.device, shape.into(), flat.handle, DType::F32)
}

fn values(tensor: CubeTensor) -> Vec<f32> {
    let count = tensor.meta.shape().num_elements();
    let bytes = tensor.client.read_one_unchecked(tensor.handle);
    bytemuck::pod_collect_to_vec(&bytes[..count * size_of::<f32>()])
}

/// Narrow layers and wide ones, whose kernels are others.
#[test]
fn many_slabs_are_as_good_as_one() {
    for channels in [[3, 5], [33, 40]] {
        compare(channels);
    }
}

fn compare([channels_in, channels_out]: [usize; 2]) {
    let Some(device) = device("the kernels on lists in many pieces") else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let positions: Vec<[f32; 3]> =
        (0..POINTS).map(|_| [(); 3].map(|()| rng.random_range(0.0..1.0))).collect();
    let shape = KernelShape::cells(0.08);
    let neighborhood =
        Neighborhood::build(&positions, &[0, 1000, POINTS], &shape, Search::Auto).expect("a sound batch");
    let features = random(&device, [POINTS, channels_in], 2);
    let weight = random(&device, [shape.subdomains(), channels_in, channels_out], 3);
    let bias = random(&device, [channels_out], 4);
    let grad = random(&device, [POINTS, channels_out], 5);
    let run = |limit: usize, slabs: std::ops::Range<usize>| {
        let lists = Lists::upload(&device, &neighborhood, limit);
        assert!(slabs.contains(&lists.slabs.len()), "{} slabs, expected {slabs:?}", lists.slabs.len());
        let sizes = Sizes::full(&weight, &lists);
        assert_eq!(lists.shares().len() > 1, lists.slabs.len() > 1, "the shares, too, are in many pieces");
        let (features, weight, bias, grad) = (features.clone(), weight.clone(), bias.clone(), grad.clone());
        let shares = lists.shares();
        if is_wide(sizes) {
            [
                wide::forward(sizes, &lists, features.clone(), weight.clone(), bias),
                wide::backward_features(sizes, &lists, shares, weight, grad.clone()),
                wide::backward_weight(sizes, &lists, features, grad),
            ]
        } else {
            [
                forward(sizes, &lists, features.clone(), weight.clone(), bias),
                backward_features(sizes, &lists, shares, weight, grad.clone()),
                backward_weight(sizes, &lists, features, grad),
            ]
        }
        .map(values)
    };
    let [output, grad_features, grad_weight] = run(1 << 24, 1..2);
    let [output_of_many, grad_features_of_many, grad_weight_of_many] = run(4000, 5..100);
    assert_eq!(output, output_of_many);
    assert_eq!(grad_features, grad_features_of_many);
    // The chunks of the weight gradient begin anew with every slab: sums of 3000 values below 1, in another order.
    for (one, many) in grad_weight.iter().zip(&grad_weight_of_many) {
        assert!((one - many).abs() < 3000.0 * f32::EPSILON, "{one} and {many}");
    }
}
