//! A new layer on the same lists, from plain tensor operations: `cargo run --release -p pointconv --example new_layer`.
//!
//! `y_i = b + sum_k W_k · max_{j in Ω_i(k)} x_j`: the pointwise convolution with the maximum of a sub-domain in place of
//! its mean. burn differentiates it, and it runs wherever burn runs. The task at the end is made for it: is any of the
//! neighbours marked? A mean forgets one among many, a maximum does not.

use burn::module::{Initializer, Module, Param};
use burn::nn::loss::BinaryCrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};
use pointconv::{KernelShape, NeighborError, Neighborhood, PackedClouds, PointwiseConv, PointwiseConvConfig};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[derive(Module, Debug)]
struct MaxConv {
    /// `[K, C_in, C_out]`.
    weight: Param<Tensor<3>>,
    /// `[C_out]`.
    bias: Param<Tensor<1>>,
}

impl MaxConv {
    fn new(channels_in: usize, channels_out: usize, shape: &KernelShape, device: &Device) -> Self {
        let subdomains = shape.subdomains();
        let (fan_in, fan_out) = (subdomains * channels_in, subdomains * channels_out);
        let xavier = Initializer::XavierUniform { gain: 1.0 };
        Self {
            weight: xavier.init_with(
                [subdomains, channels_in, channels_out],
                Some(fan_in),
                Some(fan_out),
                device,
            ),
            bias: Initializer::Zeros.init([channels_out], device),
        }
    }

    /// Features `[P, C_in]` to `[P, C_out]`.
    fn forward(&self, features: Tensor<2>, members: &[Members]) -> Tensor<2> {
        let [points, channels_in] = features.dims();
        let [_, _, channels_out] = self.weight.dims();
        let device = features.device();
        let mut output = Tensor::zeros([points, channels_out], &device) + self.bias.val().unsqueeze();
        for Members { subdomain, centres, neighbours, longest } in members {
            let rows = centres.dims()[0];
            let gathered = features.clone().select(0, neighbours.clone());
            let largest =
                gathered.reshape([rows, *longest, channels_in]).max_dim(1).reshape([rows, channels_in]);
            let weight = self.weight.val().narrow(0, *subdomain, 1).squeeze_dim::<2>(0);
            output = output.select_assign(0, centres.clone(), largest.matmul(weight), IndexingUpdateOp::Add);
        }
        output
    }
}

/// One sub-domain as a table: who has it occupied, and by whom.
struct Members {
    subdomain: usize,
    /// `[R]`.
    centres: Tensor<1, Int>,
    /// `[R * longest]`: rows that are shorter repeat their first neighbour, which changes no maximum.
    neighbours: Tensor<1, Int>,
    longest: usize,
}

impl Members {
    /// The tables of all sub-domains that are occupied anywhere; made once for a neighbourhood, like its lists.
    fn of(neighborhood: &Neighborhood, device: &Device) -> Vec<Self> {
        let mut rows = vec![Vec::new(); neighborhood.shape().subdomains()];
        for row in neighborhood.lists().rows() {
            row.runs()
                .for_each(|(subdomain, members)| rows[subdomain].push((row.centre(), members.collect())));
        }
        let table = |(subdomain, rows): (usize, Vec<(usize, Vec<u32>)>)| {
            let longest = rows.iter().map(|(_, members)| members.len()).max()?;
            let centres: Vec<i32> = rows.iter().map(|(centre, _)| *centre as i32).collect();
            let padded = |(_, members): &(usize, Vec<u32>)| {
                let filling = std::iter::repeat_n(members[0], longest - members.len());
                members.iter().copied().chain(filling).map(|member| member as i32).collect::<Vec<_>>()
            };
            let neighbours: Vec<i32> = rows.iter().flat_map(padded).collect();
            let int = |values: Vec<i32>| {
                let len = values.len();
                Tensor::from_data(TensorData::new(values, [len]), device)
            };
            Some(Self { subdomain, centres: int(centres), neighbours: int(neighbours), longest })
        };
        rows.into_iter().enumerate().filter_map(table).collect()
    }
}

/// Points of the cloud.
const POINTS: usize = 1500;

/// Trains `layer`, applied by `forward`, to tell from the marks of its neighbours whether a point has any marked
/// neighbour; returns the accuracy on other marks.
fn train<M: Module>(
    name: &str,
    mut layer: M,
    forward: impl Fn(&M, Tensor<2>) -> Tensor<2>,
    neighborhood: &Neighborhood,
    device: &Device,
) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut optimizer = AdamConfig::new().init();
    let mut marks = || -> (Tensor<2>, Tensor<2, Int>) {
        let marks: Vec<f32> = (0..POINTS).map(|_| f32::from(rng.random_bool(0.02))).collect();
        let mut truth = vec![0; POINTS];
        for row in neighborhood.lists().rows() {
            let marked = row.runs().any(|(_, mut members)| members.any(|j| marks[j as usize] == 1.0));
            truth[row.centre()] = i32::from(marked);
        }
        (
            Tensor::from_data(TensorData::new(marks, [POINTS, 1]), device),
            Tensor::from_data(TensorData::new(truth, [POINTS, 1]), device),
        )
    };
    let loss = BinaryCrossEntropyLossConfig::new().with_logits(true).init(device);
    for _ in 0..80 {
        let (features, truth) = marks();
        let gradients = loss.forward(forward(&layer, features), truth).backward();
        let gradients = GradientsParams::from_grads(gradients, &layer);
        layer = optimizer.step(0.1, layer, gradients);
    }
    let (features, truth) = marks();
    let says = forward(&layer, features).greater_scalar(0.0).int();
    let right = says.equal(truth.clone()).int().sum().into_scalar::<i64>() as f64 / POINTS as f64;
    println!("{name}: {:.1} % right", 100.0 * right);
    right
}

fn compare(device: &Device) -> Result<[f64; 2], NeighborError> {
    device.seed(1);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let positions: Vec<[f32; 3]> =
        (0..POINTS).map(|_| [(); 3].map(|()| rng.random_range(0.0..1.0))).collect();
    let shape = KernelShape::cells(0.1);
    let neighborhood = Neighborhood::build(&PackedClouds::single(positions)?, &shape, device)?;
    let members = Members::of(&neighborhood, device);
    println!("{:.1} neighbours per point", neighborhood.edges_per_point());

    let mean = PointwiseConvConfig::for_shape(1, 1, &shape).init(device);
    let mean = train(
        "mean",
        mean,
        |layer: &PointwiseConv, x| layer.forward(x, &neighborhood),
        &neighborhood,
        device,
    );
    let max = MaxConv::new(1, 1, &shape, device);
    let max = train("max ", max, |layer: &MaxConv, x| layer.forward(x, &members), &neighborhood, device);
    Ok([mean, max])
}

fn main() -> Result<(), NeighborError> {
    compare(&Device::flex().autodiff()).map(|_| ())
}

#[test]
fn the_maximum_remembers() -> Result<(), NeighborError> {
    let [mean, max] = compare(&Device::flex().autodiff())?;
    assert!(max > 0.95 && max > mean, "{max} and {mean}");
    Ok(())
}
