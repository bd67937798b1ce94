//! A network of one's own around the layer: it learns to tell spheres, cubes and tori apart.
//!
//! `cargo run --release -p pointconv --example network`, and on a GPU `cargo run --release -p pointconv --features wgpu
//! --example network`.

use std::f32::consts::TAU;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use pointconv::{KernelShape, Neighborhood, PackedClouds, PointwiseConv, PointwiseConvConfig};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CLOUDS: usize = 24;
const POINTS: usize = 128;
const CLASSES: usize = 3;

#[derive(Module, Debug)]
struct Network {
    near: PointwiseConv,
    far: PointwiseConv,
    output: Linear,
}

impl Network {
    /// The kernels of both layers: 3x3x3 cells, side by side and with gaps. Lists for both are built in one go.
    const KERNELS: [KernelShape; 2] = [
        KernelShape::Cells { size: [3; 3], cell: 0.25, dilation: [1; 3] },
        KernelShape::Cells { size: [3; 3], cell: 0.25, dilation: [2; 3] },
    ];

    fn new(device: &Device) -> Self {
        let [near, far] = Self::KERNELS;
        Self {
            near: PointwiseConvConfig::for_shape(3, 12, &near).init(device),
            far: PointwiseConvConfig::for_shape(12, 24, &far).init(device),
            output: LinearConfig::new(24, CLASSES).init(device),
        }
    }

    /// The features of all points `[B, N, 3]` to the scores of all classes `[B, classes]`.
    fn forward(&self, features: Tensor<3>, neighborhoods: &[Neighborhood]) -> Tensor<2> {
        let x = relu(self.near.forward_dense(features, &neighborhoods[0]));
        let x = relu(self.far.forward_dense(x, &neighborhoods[1]));
        self.output.forward(x.mean_dim(1).squeeze_dim(1))
    }
}

/// Trains on `device` and returns the accuracy on clouds that were not seen.
fn train(device: &Device) -> Result<f64, Box<dyn std::error::Error>> {
    device.seed(1);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut network = Network::new(device);
    let mut optimizer = AdamConfig::new().init();
    for step in 0..=80 {
        let batch = Batch::new(&mut rng, device)?;
        let scores = network.forward(batch.features, &batch.neighborhoods);
        let loss = CrossEntropyLossConfig::new().init(device).forward(scores, batch.classes);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(0.005, network, gradients);
        if step % 20 == 0 {
            println!("step {step:3}: loss {:.3}", loss.into_scalar::<f32>());
        }
    }
    let (mut right, mut seen) = (0, 0);
    for _ in 0..8 {
        let batch = Batch::new(&mut rng, device)?;
        let best = network.forward(batch.features, &batch.neighborhoods).argmax(1).squeeze_dim::<1>(1);
        right += best.equal(batch.classes).int().sum().into_scalar::<i64>();
        seen += CLOUDS;
    }
    Ok(right as f64 / seen as f64)
}

/// The one line that decides where all of it runs: on the CPU, or on a GPU.
fn device() -> Device {
    #[cfg(not(feature = "wgpu"))]
    let device = Device::flex();
    #[cfg(feature = "wgpu")]
    let device = Device::wgpu(Default::default());
    device.autodiff()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = device();
    println!("{}", Network::new(&device));
    let accuracy = train(&device)?;
    println!("{:.1} % of {} new clouds on {device:?}", 100.0 * accuracy, 8 * CLOUDS);
    Ok(())
}

struct Batch {
    features: Tensor<3>,
    neighborhoods: Vec<Neighborhood>,
    classes: Tensor<1, Int>,
}

impl Batch {
    /// Clouds of the three classes in turn. The features are the coordinates; any others would do.
    fn new(rng: &mut ChaCha8Rng, device: &Device) -> Result<Self, Box<dyn std::error::Error>> {
        let classes: Vec<i32> = (0..CLOUDS).map(|cloud| (cloud % CLASSES) as i32).collect();
        let positions: Vec<[f32; 3]> = classes
            .iter()
            .flat_map(|&class| (0..POINTS).map(move |_| class))
            .map(|class| point(class, rng))
            .collect();
        let clouds = PackedClouds::from_dense(positions.as_flattened(), CLOUDS)?;
        let features = TensorData::new(positions.as_flattened().to_vec(), [CLOUDS, POINTS, 3]);
        Ok(Self {
            features: Tensor::from_data(features, device),
            neighborhoods: Neighborhood::build_all(&clouds, &Network::KERNELS, device)?,
            classes: Tensor::from_data(TensorData::new(classes, [CLOUDS]), device),
        })
    }
}

/// A point on a sphere, a cube or a torus, a little beside it.
fn point(class: i32, rng: &mut ChaCha8Rng) -> [f32; 3] {
    let (a, b) = (rng.random_range(0.0..TAU), rng.random_range(-1.0..1.0f32));
    let on_surface = match class {
        0 => {
            let ring = 0.6 * (1.0 - b * b).sqrt();
            [ring * a.cos(), ring * a.sin(), 0.6 * b]
        }
        1 => {
            let mut on_cube =
                [0.5 * b, rng.random_range(-0.5..0.5), if rng.random_bool(0.5) { 0.5 } else { -0.5 }];
            on_cube.rotate_left(rng.random_range(0..3));
            on_cube
        }
        _ => {
            let ring = 0.5 + 0.25 * (3.0 * b).cos();
            [ring * a.cos(), ring * a.sin(), 0.25 * (3.0 * b).sin()]
        }
    };
    on_surface.map(|v| v + rng.random_range(-0.02..0.02))
}

#[test]
fn it_learns() -> Result<(), Box<dyn std::error::Error>> {
    let accuracy = train(&device())?;
    assert!(accuracy > 0.9, "{accuracy}");
    Ok(())
}
