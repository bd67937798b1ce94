//! Full, separable, depthwise and 1x1 convolutions of one width, side by side.

use std::time::Instant;

use burn::module::Module;
use burn::nn::Initializer;
use burn::tensor::{Device, Distribution, Tensor};
use neighbors::InstructionSet;
use pointconv::{
    DepthwisePointConvConfig, KernelShape, Neighborhood, PackedClouds, PointwiseConvConfig,
    SeparablePointConvConfig,
};
use serde::Serialize;

use super::Spread;
use crate::config::ConvolutionKind;
use crate::error::RunError;
use crate::network::Convolution;

/// One layer from `channels` to `channels` channels.
#[derive(Clone, Debug)]
pub struct KindsBench {
    /// Channels of input and output.
    pub channels: usize,
    /// Edge of a kernel cell, in the unit of the positions.
    pub cell: f32,
    /// Dilation of the kernel.
    pub dilation: usize,
    /// How often everything is timed, after one run that is not.
    pub repetitions: usize,
}

/// Cost of one kind of convolution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KindTimes {
    /// The value of `model.convolution`.
    pub kind: &'static str,
    /// Channels of input and output.
    pub channels: usize,
    /// Learnable weights, bias included.
    pub parameters: usize,
    /// Multiplications with weights per point: `K_occ · C_in · C_out` for the full convolution, and so on.
    pub multiplications: f64,
    /// Additions of neighbours per point, `E · C_in`.
    pub additions: f64,
    /// Forward pass.
    pub forward: Spread,
    /// Backward pass, to the weights and to the input.
    pub backward: Spread,
    /// Points of the batch.
    pub points: usize,
    /// Threads of the pool.
    pub threads: usize,
    /// The vector instructions in use.
    pub instruction_set: String,
}

impl KindsBench {
    /// Times all kinds on `clouds`, in turns.
    ///
    /// # Errors
    /// When the neighbourhoods cannot be built.
    pub fn run(&self, clouds: &[Vec<[f32; 3]>], device: &Device) -> Result<Vec<KindTimes>, RunError> {
        let device = device.clone().autodiff();
        let shape = KernelShape::cells(self.cell).with_dilation([self.dilation; 3]);
        let lists = Neighborhood::build(&PackedClouds::from_clouds(clouds)?, &shape, &device)?;
        lists.prepare(&device);
        device.seed(0);
        let initializer = Initializer::KaimingNormal { gain: 1.0, fan_out_only: false };
        let layers = ConvolutionKind::ALL.map(|kind| {
            Convolution::new(kind, [self.channels; 2], shape.subdomains(), true, &initializer, &device)
        });
        let input = Tensor::<2>::random([lists.points(), self.channels], Distribution::Default, &device);

        let mut times = layers.each_ref().map(|_| (Vec::new(), Vec::new()));
        for repetition in 0..=self.repetitions {
            for (layer, (forward, backward)) in layers.iter().zip(&mut times) {
                let input = input.clone().require_grad();
                let started = Instant::now();
                let output = layer.forward(input, Some(&lists));
                device.sync().expect("the device computes");
                let forward_s = started.elapsed().as_secs_f64();
                let loss = output.sum();
                let started = Instant::now();
                let gradients = loss.backward();
                device.sync().expect("the device computes");
                let backward_s = started.elapsed().as_secs_f64();
                drop(gradients);
                if repetition > 0 {
                    forward.push(forward_s);
                    backward.push(backward_s);
                }
            }
        }
        let rows = ConvolutionKind::ALL.iter().zip(&layers).zip(&times);
        let rows = rows.map(|((&kind, layer), (forward, backward))| KindTimes {
            kind: kind.name(),
            channels: self.channels,
            parameters: layer.num_params(),
            multiplications: multiplications(kind, self.channels, &lists),
            additions: match layer.has_neighbors() {
                true => lists.edges_per_point() * self.channels as f64,
                false => 0.0,
            },
            forward: Spread::of(forward),
            backward: Spread::of(backward),
            points: lists.points(),
            threads: rayon::current_num_threads(),
            instruction_set: InstructionSet::current().to_string(),
        });
        Ok(rows.collect())
    }
}

fn multiplications(kind: ConvolutionKind, channels: usize, lists: &Neighborhood) -> f64 {
    let shape = lists.shape();
    match kind {
        ConvolutionKind::Full => {
            PointwiseConvConfig::for_shape(channels, channels, shape).multiplications_per_point(lists)
        }
        ConvolutionKind::Separable => {
            SeparablePointConvConfig::for_shape(channels, channels, shape).multiplications_per_point(lists)
        }
        ConvolutionKind::Depthwise => {
            DepthwisePointConvConfig::for_shape(channels, shape).multiplications_per_point(lists)
        }
        ConvolutionKind::OneByOne => (channels * channels) as f64,
    }
}
