//! The stack of the paper: search, forward and backward of a row of convolutions, through the public layer and burn's
//! autodiff.

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use neighbors::InstructionSet;
use pointconv::{KernelShape, Neighborhood, PackedClouds, PointwiseConvConfig};
use serde::Serialize;

use super::Spread;
use crate::error::RunError;
use crate::network::selu;

/// A workload: `clouds` clouds of `points` points, and one convolution per dilation.
#[derive(Clone, Debug)]
pub struct ConvBench {
    /// Number of clouds.
    pub clouds: usize,
    /// Points per cloud.
    pub points: usize,
    /// Edge of a kernel cell, in the unit of the positions.
    pub cell: f32,
    /// Dilation of every convolution.
    pub dilations: Vec<usize>,
    /// Channels of the input, then of every convolution's output.
    pub channels: Vec<usize>,
    /// How often everything is timed, after one run that is not.
    pub repetitions: usize,
}

/// Times in seconds, and what they are times of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConvTimes {
    /// Building the neighbourhoods of all convolutions, shortest.
    pub search_s: f64,
    /// Middle of the search times.
    pub search_median_s: f64,
    /// Forward pass with SELU after every convolution, search excluded, shortest.
    pub fwd_s: f64,
    /// Middle of the forward times.
    pub fwd_median_s: f64,
    /// Backward pass to all weights and to the input features, shortest.
    pub bwd_s: f64,
    /// Middle of the backward times.
    pub bwd_median_s: f64,
    /// Neighbour pairs of all convolutions.
    pub edges: usize,
    /// Neighbours per point, for every convolution.
    pub edges_per_point: Vec<f64>,
    /// Occupied sub-domains per point, for every convolution.
    pub subdomains_per_point: Vec<f64>,
    /// Threads of the pool.
    pub threads: usize,
    /// The vector instructions in use.
    pub instruction_set: String,
    /// Sum of the outputs' magnitudes: equal for equal work.
    pub checksum: f64,
}

impl ConvBench {
    /// Times the workload on `device`.
    ///
    /// # Errors
    /// When the neighbourhoods cannot be built.
    pub fn run(&self, positions: &[[f32; 3]], device: &Device) -> Result<ConvTimes, RunError> {
        let device = device.clone().autodiff();
        let clouds = PackedClouds::from_dense(positions.as_flattened(), self.clouds)?;
        let shapes: Vec<KernelShape> = self
            .dilations
            .iter()
            .map(|&dilation| KernelShape::Cells { size: [3; 3], cell: self.cell, dilation: [dilation; 3] })
            .collect();
        device.seed(0);
        let layers: Vec<_> = shapes
            .iter()
            .zip(self.channels.windows(2))
            .map(|(shape, channels)| {
                PointwiseConvConfig::for_shape(channels[0], channels[1], shape).init(&device)
            })
            .collect();
        let count = positions.len();
        let input = match self.channels[0] {
            3 => Tensor::<2>::from_data(
                TensorData::new(positions.as_flattened().to_vec(), [count, 3]),
                &device,
            ),
            channels => Tensor::random([count, channels], Distribution::Default, &device),
        };

        let (mut searches, mut forward, mut backward) = (Vec::new(), Vec::new(), Vec::new());
        let mut lists = Vec::new();
        let mut checksum = 0.0;
        for repetition in 0..=self.repetitions {
            // The last batch is gone when the next one comes.
            lists.clear();
            let started = Instant::now();
            lists = Neighborhood::build_all(&clouds, &shapes, &device)?;
            // What the operators derive from the lists belongs to the search, and so does their way to the device.
            for lists in &lists {
                lists.prepare(&device);
            }
            device.sync().expect("the device computes");
            let search_s = started.elapsed().as_secs_f64();

            let mut current = input.clone().require_grad();
            let started = Instant::now();
            for (layer, lists) in layers.iter().zip(&lists) {
                current = selu(layer.forward(current, lists));
            }
            device.sync().expect("the device computes");
            let forward_s = started.elapsed().as_secs_f64();

            let output = current.clone().without_autodiff();
            let loss = current.sum();
            let started = Instant::now();
            let gradients = loss.backward();
            device.sync().expect("the device computes");
            let backward_s = started.elapsed().as_secs_f64();
            drop(gradients);
            if repetition > 0 {
                searches.push(search_s);
                forward.push(forward_s);
                backward.push(backward_s);
            } else {
                checksum = f64::from(output.abs().sum().into_scalar::<f32>());
            }
        }
        let [search, forward, backward] = [searches, forward, backward].map(|times| Spread::of(&times));
        let per_point = |total: usize| total as f64 / count as f64;
        Ok(ConvTimes {
            search_s: search.min_s,
            search_median_s: search.median_s,
            fwd_s: forward.min_s,
            fwd_median_s: forward.median_s,
            bwd_s: backward.min_s,
            bwd_median_s: backward.median_s,
            edges: lists.iter().map(Neighborhood::edges).sum(),
            edges_per_point: lists.iter().map(|lists| per_point(lists.edges())).collect(),
            subdomains_per_point: lists.iter().map(Neighborhood::occupied_per_point).collect(),
            threads: rayon::current_num_threads(),
            instruction_set: InstructionSet::current().to_string(),
            checksum,
        })
    }
}
