//! The gradient of a batch in shards is that of the whole batch, for networks without dropout and batch normalisation.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use pointcloud::PointCloud;
use pointcloud::scene::IGNORED;
use train::config::{AugmentConfig, Config};
use train::network::{Network, NetworkSpec};
use train::synthetic::{surfaces, with_columns};
use train::task::classification::{BatchBuilder, CloudSet, CloudSource, Preparation};
use train::task::segmentation::{Frame, RegionBuilder, RegionSource, Scene};
use train::task::{BatchSource, Loader, Shards};
use train::{Steps, take_turn};

/// Relative to the largest number of a tensor. The networks compute in `f32` (their SELU has no other form), and what is summed within
/// a shard rounds elsewhere than in the whole batch: up to 2e-6 was found. The sum over the shards adds no error, which the unit tests
/// of `reduce.rs` show. A mean of the means of the shards would be wrong in the first digits.
const TOLERANCE: f64 = 1e-5;

/// The gradients of all weights, in the order of the network.
fn values(gradients: GradientsParams, network: &Network) -> Vec<Vec<f64>> {
    struct Values(GradientsParams, Vec<Vec<f64>>);
    impl ModuleVisitor for Values {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.0.remove::<D>(param.id) {
                self.1.push(gradient.into_data().iter::<f64>().collect());
            }
        }
    }
    let mut values = Values(gradients, Vec::new());
    network.visit(&mut values);
    values.1
}

/// Loss and gradients of the first batch of `source`.
fn computed<S: BatchSource>(
    config: &Config,
    classes: usize,
    source: &S,
    shards: usize,
) -> (f32, Vec<Vec<f64>>) {
    let mut config = config.clone();
    config.train.shards = shards;
    let spec = NetworkSpec { points: 64, channels_in: config.channels_in(), classes };
    let steps = Steps::new(&config, &spec, 1, 1, &Device::flex());
    let loader = Loader::in_order(source.clone(), config.train.batch_size);
    let batch = loader.sharded(&Shards::all(shards)).next().unwrap().unwrap();
    let computed = steps.compute((1, 1), batch, false).unwrap();
    (computed.loss, values(computed.gradients, &steps.network()))
}

fn check<S: BatchSource>(config: &Config, classes: usize, source: &S) {
    let _turn = take_turn();
    let (whole_loss, whole) = computed(config, classes, source, 1);
    assert!(whole.iter().flatten().any(|value| *value != 0.0));
    let mut worst = 0.0f64;
    for shards in [2, 3, 8] {
        let (loss, gradients) = computed(config, classes, source, shards);
        assert!((loss - whole_loss).abs() <= 1e-6 * whole_loss, "{loss} {whole_loss}");
        assert_eq!(gradients.len(), whole.len());
        for (found, expected) in gradients.iter().zip(&whole) {
            let largest = expected.iter().fold(0.0f64, |most, value| most.max(value.abs()));
            let differences = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs());
            worst = differences.fold(worst, |worst, difference| worst.max(difference / largest));
        }
    }
    println!("largest difference {worst:.1e}");
    assert!(worst <= TOLERANCE, "{worst:.1e}");
}

fn classifier() -> (Config, CloudSource) {
    let text = "name = \"test\"\n[data]\nroot = \".\"\npoints = 64\n\
        [model]\nkind = \"paper-classifier\"\ncell = 0.25\ndilations = [1, 2]\nchannels = 4\nhidden = 16\ndropout = 0.0\n\
        [optimizer]\nkind = \"adam\"\nlr = 0.003\n[train]\nepochs = 1\nbatch_size = 10\nlabel_smoothing = 0.1\n";
    let config = Config::parse(text, "test", &[]).unwrap();
    let set = CloudSet {
        dropped: 0,
        clouds: with_columns(surfaces(10, 64), &config.data.attributes()),
        classes: (0..10).map(|cloud| cloud % 5).collect(),
        paths: vec!["cloud".into(); 10],
    };
    let mut builder = BatchBuilder::of(&config, 0.1, &Device::flex().autodiff());
    builder.weights = Some(vec![0.5, 3.0, 1.0, 0.1, 2.0]);
    let preparation = Preparation::unchanged(&config);
    (config, CloudSource::new(set, builder, preparation))
}

/// Regions whose points differ in number, class and weight; some points are ignored.
fn segmenter() -> (Config, RegionSource) {
    let text = "name = \"test\"\n[data]\nroot = \".\"\n\
        [scenes]\ninputs = [\"xyz\"]\nvoxel = 0.1\nsize = 1.0\npoints = 60\nregions = 9\nclass_weights = \"balanced\"\n\
        [model]\nkind = \"residual-segmenter\"\ncells = [0.2, 0.3]\ndilations = [1, 2]\nchannels = 8\nhidden = 8\ndropout = 0.0\n\
        [optimizer]\nkind = \"adam\"\nlr = 0.003\n[train]\nepochs = 1\nbatch_size = 9\n";
    let config = Config::parse(text, "test", &[]).unwrap();
    let positions: Vec<[f32; 3]> =
        (0..600).map(|i| [(i % 60) as f32 * 0.1, (i / 60) as f32 * 0.1, (i % 7) as f32 * 0.05]).collect();
    let mut cloud = PointCloud::new(positions);
    let label = |i: i32| if i % 11 == 0 { IGNORED } else { i32::from(i % 60 > 40) + i32::from(i % 13 == 0) };
    cloud.set_labels(Some((0..600).map(label).collect())).unwrap();
    let frame = Frame::of(cloud.positions(), 0.1);
    let scenes = config.scenes.clone().unwrap();
    let builder = RegionBuilder::of(&config.model, &scenes, 3, 0.0, &Device::flex().autodiff());
    let scene = Scene { path: "strip.ply".into(), cloud, frame };
    let source = RegionSource::for_training(vec![scene], builder, &scenes, &AugmentConfig::default(), 1);
    (config, source)
}

#[test]
fn of_the_classifier_of_the_paper() {
    let (config, source) = classifier();
    check(&config, 5, &source);
}

#[test]
fn of_a_segmenter_whose_points_have_weights() {
    let (config, source) = segmenter();
    check(&config, 3, &source);
}
