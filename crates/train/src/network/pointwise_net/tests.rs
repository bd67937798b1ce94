//! Both networks, from packed clouds to logits.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData, Tolerance};
use pointconv::{KernelShape, Neighborhood, PackedClouds, VoxelMap};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{PointwiseClassifierConfig, PointwiseNetConfig, PointwiseSegmenterConfig, Size};
use crate::check::Scale;
use crate::network::ModelConfig;
use crate::network::{CoarseInput, ConvolutionKind, Network, NetworkInput, NetworkSpec, Task};
use crate::task::{Packer, Unpacked, forward_sum, training_loss};

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

/// Each network of an ensemble on its own.
fn members(network: &Network) -> Vec<Network> {
    let mut first = network.clone();
    let mut members: Vec<Network> = match &mut first {
        Network::PointwiseClassifier(first) => {
            std::mem::take(&mut first.others).into_iter().map(Network::PointwiseClassifier).collect()
        }
        Network::PointwiseSegmenter(first) => {
            std::mem::take(&mut first.others).into_iter().map(Network::PointwiseSegmenter).collect()
        }
        other => panic!("{other:?}"),
    };
    members.insert(0, first);
    members
}

#[test]
fn an_ensemble_predicts_the_mean_probabilities_of_its_networks() {
    let device = Device::flex();
    device.seed(5);
    let probabilities = |model: &ModelConfig, network: &Network| {
        let logits = logits(model, network, &[cloud(40, 1), cloud(70, 2)], &device).concat();
        let rows = logits.len() / 4;
        softmax(Tensor::<2>::from_data(TensorData::new(logits, [rows, 4]), &device), 1)
    };
    for model in models(&PointwiseNetConfig { ensemble: 3, ..small() }) {
        let network = model.init(&spec(4), &device);
        let each: Vec<Tensor<2>> =
            members(&network).iter().map(|member| probabilities(&model, member)).collect();
        assert_eq!(each.len(), 3);
        assert_ne!(each[0].to_data(), each[1].to_data());
        let mean = (each[0].clone() + each[1].clone() + each[2].clone()) / 3.0;
        let found = probabilities(&model, &network).into_data();
        found.assert_approx_eq(&mean.into_data(), Tolerance::<f32>::absolute(1e-6));
    }
}

/// Its loss is the mean of theirs, with and without shards.
#[test]
fn each_network_of_an_ensemble_has_the_gradients_of_its_own_loss() {
    let device = Device::flex().autodiff();
    device.seed(6);
    for model in models(&PointwiseNetConfig { ensemble: 2, dropout: 0.0, ..small() }) {
        let batch = || {
            let clouds = [cloud(40, 1), cloud(70, 2)].concat();
            let items = if model.task() == Task::Classification { 2 } else { clouds.len() as i32 };
            let unpacked = Unpacked {
                features: clouds.as_flattened().to_vec(),
                positions: clouds,
                offsets: vec![0, 40, 110],
                channels: 3,
                targets: (0..items).map(|item| item % 4).collect(),
                ..Unpacked::default()
            };
            Packer::of(&model, 0.1, &device).pack(unpacked).unwrap()
        };
        let network = model.init(&spec(4), &device);
        let whole = training_loss(&network, batch()).loss;
        let gradients = gradients_of(&network, whole.clone());
        let shard = forward_sum(&network, batch());
        let (sum, weight) = (shard.sum.clone().into_scalar::<f32>(), shard.weight);
        let of_shard = gradients_of(&network, shard.sum);

        let mut losses = 0.0;
        let mut expected = Vec::new();
        for member in members(&network) {
            let loss = training_loss(&member, batch()).loss;
            losses += loss.clone().into_scalar::<f32>();
            expected.extend(gradients_of(&member, loss));
        }
        assert!((whole.into_scalar::<f32>() - losses / 2.0).abs() < 1e-6);
        assert!((sum / weight - losses / 2.0).abs() < 1e-5);
        assert_eq!((gradients.len(), of_shard.len()), (expected.len(), expected.len()));
        for ((found, of_shard), expected) in gradients.iter().zip(&of_shard).zip(&expected) {
            for ((found, of_shard), expected) in found.iter().zip(of_shard).zip(expected) {
                assert!((found - expected).abs() <= 1e-6 * (1.0 + expected.abs()), "{found} {expected}");
                let mean = of_shard / weight;
                assert!((mean - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "{mean} {expected}");
            }
        }
    }
}

/// The gradient of every weight, in the order of the network.
fn gradients_of(network: &Network, loss: Tensor<1>) -> Vec<Vec<f32>> {
    struct Gradients(GradientsParams, Vec<Vec<f32>>);
    impl ModuleVisitor for Gradients {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.0.get::<D>(param.id) {
                self.1.push(gradient.into_data().iter::<f32>().collect());
            }
        }
    }
    let mut gradients = Gradients(GradientsParams::from_grads(loss.backward(), network), Vec::new());
    network.visit(&mut gradients);
    gradients.1
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
    let cases: [(&str, Change); 18] = [
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
        ("model.hidden", |c| c.hidden = Some(usize::MAX)),
        ("model.widths", |c| c.widths = Some(vec![4, usize::MAX, 4])),
        ("model.blocks", |c| c.blocks = Some(vec![1, usize::MAX, 1])),
        ("model.expansion", |c| c.expansion = f32::MAX),
        ("model.dropout", |c| c.dropout = 1.0),
        ("model.ensemble", |c| c.ensemble = 0),
        ("model.ensemble", |c| c.ensemble = usize::MAX),
    ];
    small().validate().unwrap();
    for (key, change) in cases {
        let mut config = small();
        change(&mut config);
        assert_eq!(config.validate().unwrap_err().key(), Some(key));
    }
}
