//! Both networks, from packed clouds to logits.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData, Tolerance};
use pointconv::{KernelShape, Neighborhood, PackedClouds, VoxelMap};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{PointwiseClassifierConfig, PointwiseNetConfig, PointwiseSegmenterConfig, Size};
use crate::check::Scale;
use crate::network::ModelConfig;
use crate::network::{CoarseInput, ConvolutionKind, Network, NetworkInput, NetworkSpec, Task};

fn spec(classes: usize) -> NetworkSpec {
    NetworkSpec { points: 1024, channels_in: 3, classes }
}

fn models(config: &PointwiseNetConfig) -> [ModelConfig; 2] {
    [
        ModelConfig::PointwiseClassifier(PointwiseClassifierConfig(config.clone())),
        ModelConfig::PointwiseSegmenter(PointwiseSegmenterConfig(config.clone())),
    ]
}

fn small() -> PointwiseNetConfig {
    PointwiseNetConfig {
        widths: Some(vec![4, 6, 8]),
        blocks: Some(vec![1, 2, 0]),
        hidden: Some(5),
        cell: Scale::Value(0.3),
        ..PointwiseNetConfig::default()
    }
}

fn cloud(points: usize, seed: u64) -> Vec<[f32; 3]> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..points).map(|_| [0; 3].map(|_| rng.random_range(-1.0..1.0))).collect()
}

/// A batch with the resolutions of `model`; its features are the positions.
fn input(
    model: &ModelConfig,
    positions: Vec<[f32; 3]>,
    offsets: Vec<usize>,
    device: &Device,
) -> NetworkInput {
    let features = TensorData::new(positions.as_flattened().to_vec(), [positions.len(), 3]);
    let clouds = PackedClouds::new(positions, offsets).unwrap();
    let mut coarser: Vec<CoarseInput> = Vec::new();
    for level in model.coarser() {
        let finer = coarser.last().map_or(&clouds, |finer| finer.map.coarse());
        let map = VoxelMap::build(finer, level.voxel).unwrap();
        let neighborhoods = Neighborhood::build_all(map.coarse(), &level.kernels, device).unwrap();
        coarser.push(CoarseInput { map, neighborhoods });
    }
    let neighborhoods = Neighborhood::build_all(&clouds, &model.kernel_shapes(), device).unwrap();
    NetworkInput { features: Tensor::from_data(features, device), clouds, neighborhoods, coarser }
}

/// The logits of packed clouds, a row for each cloud or point.
fn logits(
    model: &ModelConfig,
    network: &Network,
    clouds: &[Vec<[f32; 3]>],
    device: &Device,
) -> Vec<Vec<f32>> {
    let positions = clouds.concat();
    let mut offsets = vec![0];
    for cloud in clouds {
        offsets.push(offsets.last().unwrap() + cloud.len());
    }
    let rows = if model.task() == Task::Classification { clouds.len() } else { positions.len() };
    let values =
        network.logits(&input(model, positions, offsets, device)).into_data().try_to_vec::<f32>().unwrap();
    values.chunks_exact(values.len() / rows).map(<[f32]>::to_vec).collect()
}

#[test]
fn presets_have_their_parameters() {
    for (size, least, most) in [(Size::S, 100_000, 150_000), (Size::M, 450_000, 650_000)] {
        let config = PointwiseNetConfig { size, ..PointwiseNetConfig::default() };
        for model in models(&config) {
            let parameters = model.init(&spec(10), &Device::flex()).num_params();
            assert!((least..=most).contains(&parameters), "{size:?} {}: {parameters}", model.kind());
        }
    }
}

/// Outside of training, the output depends only on the cloud itself, and not on the order of its points.
#[test]
fn logits_do_not_depend_on_the_batch_or_on_the_order_of_the_points() {
    let device = Device::flex();
    device.seed(3);
    let clouds = [cloud(40, 1), cloud(70, 2)];
    for model in models(&small()) {
        let network = model.init(&spec(4), &device);
        let both = logits(&model, &network, &clouds, &device);
        let alone = logits(&model, &network, &clouds[1..], &device);
        let skipped = both.len() - alone.len();
        assert_eq!(both[skipped..], alone, "{}", model.kind());

        let mut reversed = clouds[1].clone();
        reversed.reverse();
        let mut turned = logits(&model, &network, &[reversed], &device);
        if model.task() == Task::Segmentation {
            turned.reverse();
        }
        let found = TensorData::from(turned.concat().as_slice());
        let expected = TensorData::from(alone.concat().as_slice());
        // The sums are in another order, so they are rounded differently.
        found.assert_approx_eq(&expected, Tolerance::<f32>::absolute(1e-5));
    }
}

#[test]
fn shells_are_as_wide_as_three_cells_and_double_with_every_resolution() {
    let config = PointwiseNetConfig { shells: Some(4), ..small() };
    let kernels = config.kernels();
    let expected = [0.3f32, 0.6, 1.2].map(|cell| KernelShape::shells(1.5 * cell, 4));
    assert_eq!(kernels, expected);
}

#[test]
fn a_cloud_of_one_point_has_logits() {
    let device = Device::flex();
    for model in models(&small()) {
        let network = model.init(&spec(4), &device);
        let found = logits(&model, &network, &[vec![[0.5; 3]]], &device);
        assert!(found.concat().iter().all(|value| value.is_finite()), "{found:?}");
    }
}

#[test]
fn names_the_key_of_each_bad_value() {
    type Change = fn(&mut PointwiseNetConfig);
    let cases: [(&str, Change); 12] = [
        ("model.widths", |c| c.widths = Some(Vec::new())),
        ("model.widths", |c| c.widths = Some(vec![4, 0, 4])),
        ("model.blocks", |c| c.blocks = Some(vec![1])),
        ("model.cell", |c| c.cell = Scale::Value(-1.0)),
        ("model.voxel", |c| c.voxel = 0.0),
        ("model.kernel_size", |c| c.kernel_size = [3, 2, 3]),
        ("model.kernel_size", |c| (c.kernel_size, c.shells) = ([5, 5, 5], Some(3))),
        ("model.shells", |c| c.shells = Some(0)),
        ("model.expansion", |c| c.expansion = f32::NAN),
        ("model.expansion", |c| (c.convolution, c.expansion) = (ConvolutionKind::Depthwise, 1.5)),
        ("model.hidden", |c| c.hidden = Some(0)),
        ("model.dropout", |c| c.dropout = 1.0),
    ];
    small().validate().unwrap();
    for (key, change) in cases {
        let mut config = small();
        change(&mut config);
        assert_eq!(config.validate().unwrap_err().key(), Some(key));
    }
}
