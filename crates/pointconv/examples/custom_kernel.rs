//! A kernel shape of one's own under the layer of this crate: `cargo run --release -p pointconv --example custom_kernel`.
//!
//! In a street seen by a laser scanner up and down differ from sideways: whether a point of the ground lies under a tree
//! is decided metres above it, but to half a metre. So the kernel here is a standing cylinder, cut into rings and storeys.
//! A single convolution that knows nothing but where points are learns to tell open ground, ground under trees, walls and
//! tree tops apart. With as many weights in cubic cells it either does not look far enough, or not sharply.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};
use neighbors::{CustomKernel, Mirror};
use pointconv::{KernelShape, NeighborError, Neighborhood, PackedClouds, PointwiseConv, PointwiseConvConfig};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A standing cylinder of 9 storeys, each but the middle one cut into 3 rings.
#[derive(Debug)]
struct Cylinder {
    radius: f32,
    half_height: f32,
}

static CYLINDER: Cylinder = Cylinder { radius: 1.5, half_height: 4.5 };

impl CustomKernel for Cylinder {
    fn subdomains(&self) -> usize {
        25
    }

    /// The ball around the cylinder.
    fn radius(&self) -> f32 {
        self.radius.hypot(self.half_height)
    }

    /// What is two storeys above me has me two storeys below.
    fn mirror(&self) -> Mirror {
        Mirror::Reversed
    }

    fn subdomain(&self, [x, y, z]: [f32; 3]) -> Option<usize> {
        let ring = (3.0 * x.hypot(y) / self.radius) as usize;
        let storey = (4.5 + 4.5 * z / self.half_height) as usize;
        if ring >= 3 || z.abs() >= self.half_height {
            return None;
        }
        // Opposite sub-domains are numbered from both ends, and the storey of the point itself is its own mirror image.
        Some(match storey {
            0..4 => 3 * storey + ring,
            4 => 12,
            _ => 24 - (3 * (8 - storey) + ring),
        })
    }
}

#[derive(Module, Debug)]
struct Labeller {
    conv: PointwiseConv,
}

/// Points of a made-up street, with their classes.
struct Street {
    positions: Vec<[f32; 3]>,
    classes: Vec<i32>,
}

const CLASSES: [&str; 4] = ["open ground", "ground under trees", "wall", "tree top"];

impl Street {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut street = Self { positions: Vec::new(), classes: Vec::new() };
        let mut add = |class: i32, position: [f32; 3]| {
            street.positions.push(position);
            street.classes.push(class);
        };
        let trees: Vec<[f32; 2]> = (0..8)
            .map(|tree| [5.0 * tree as f32 + rng.random_range(1.5..3.5), rng.random_range(2.0..9.0)])
            .collect();
        for [x, y] in &trees {
            for _ in 0..300 {
                let [a, b, c] = [(); 3].map(|()| rng.random_range(-1.0..1.0f32));
                add(3, [x + 1.5 * a, y + 1.5 * b, 3.5 + c]);
            }
        }
        for _ in 0..3000 {
            let [x, y] = [rng.random_range(0.0..40.0f32), rng.random_range(0.0..12.0f32)];
            let covered = trees.iter().any(|tree| (tree[0] - x).abs() < 1.5 && (tree[1] - y).abs() < 1.5);
            add(i32::from(covered), [x, y, rng.random_range(-0.1..0.1)]);
        }
        for _ in 0..2000 {
            add(2, [rng.random_range(0.0..40.0), rng.random_range(11.9..12.1), rng.random_range(0.0..8.0)]);
        }
        street
    }

    /// A constant: all that the layer then sees is which of its sub-domains are occupied.
    fn features(&self, device: &Device) -> Tensor<2> {
        Tensor::ones([self.positions.len(), 1], device)
    }

    fn classes(&self, device: &Device) -> Tensor<1, Int> {
        Tensor::from_data(TensorData::new(self.classes.clone(), [self.classes.len()]), device)
    }

    fn neighborhood(&self, shape: &KernelShape, device: &Device) -> Result<Neighborhood, NeighborError> {
        Neighborhood::build(&PackedClouds::single(&self.positions[..])?, shape, device)
    }
}

/// Trains one layer on a street and returns the accuracy on another.
fn train(shape: &KernelShape, device: &Device) -> Result<f64, NeighborError> {
    device.seed(1);
    let (street, other) = (Street::new(1), Street::new(2));
    let neighborhood = street.neighborhood(shape, device)?;
    let mut labeller =
        Labeller { conv: PointwiseConvConfig::for_shape(1, CLASSES.len(), shape).init(device) };
    let mut optimizer = AdamConfig::new().init();
    for _ in 0..100 {
        let scores = labeller.conv.forward(street.features(device), &neighborhood);
        let loss = CrossEntropyLossConfig::new().init(device).forward(scores, street.classes(device));
        let gradients = GradientsParams::from_grads(loss.backward(), &labeller);
        labeller = optimizer.step(0.05, labeller, gradients);
    }
    let scores = labeller.conv.forward(other.features(device), &other.neighborhood(shape, device)?);
    let best = scores.argmax(1).squeeze_dim::<1>(1);
    let right = best.equal(other.classes(device)).int().sum().into_scalar::<i64>();
    Ok(right as f64 / other.positions.len() as f64)
}

/// The accuracy with small cells, with large cells, and with the cylinder.
fn compare(device: &Device) -> Result<[f64; 3], NeighborError> {
    let shapes = [
        ("3x3x3 cells of 1 m", KernelShape::cells(1.0)),
        ("3x3x3 cells of 3 m", KernelShape::cells(3.0)),
        ("a cylinder in 25 parts", KernelShape::Custom(&CYLINDER)),
    ];
    let mut accuracies = [0.0; 3];
    for ((name, shape), accuracy) in shapes.into_iter().zip(&mut accuracies) {
        *accuracy = train(&shape, device)?;
        println!("{name:22}: {:.1} % of the points of another street", 100.0 * *accuracy);
    }
    Ok(accuracies)
}

fn main() -> Result<(), NeighborError> {
    compare(&Device::flex().autodiff()).map(|_| ())
}

#[test]
fn the_shape_pays() -> Result<(), NeighborError> {
    let [small, large, cylinder] = compare(&Device::flex().autodiff())?;
    assert!(cylinder > small + 0.02 && cylinder > large + 0.02, "{small}, {large} and {cylinder}");
    Ok(())
}
