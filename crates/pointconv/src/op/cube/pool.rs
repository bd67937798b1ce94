//! Pooling over segments on a GPU: chunks of a segment first, one thread for each channel, then the chunks in their order.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use burn::backend::TensorMetadata;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeBackend, CubeDevice};
use cubecl::prelude::*;

use super::sizes::{accumulator, types};
use crate::gpu::launch::{allocate, checked, one_thread_each, rows, tensor, zeros_like};
use crate::layer::Pooling;
use crate::op::{NO_WINNER, PoolBackend, Segments, winners_shape};

const OP: &str = "pooling";

/// Points of a chunk.
const CHUNK: usize = 64;

impl PoolBackend for CubeBackend {
    fn segment_pool(
        features: FloatTensor<Self>,
        segments: Segments,
        pooling: Pooling,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        let [_, channels] = features.shape().dims();
        let width = pooling.channels_out(channels);
        let winners_shape = winners_shape(pooling, segments.len(), channels);
        if segments.points() * channels == 0 {
            // Every segment is empty.
            let words = vec![NO_WINNER; winners_shape[0] * winners_shape[1]];
            let flat = tensor(&features.client, &features.device, &words, DType::U32);
            let winners = CubeTensor::new_contiguous(
                flat.client,
                flat.device,
                winners_shape.into(),
                flat.handle,
                DType::U32,
            );
            return (zeros_like(&features, [segments.len(), width]), winners);
        }
        let tables = Tables::on(&features.device, &segments);
        let features = rows(OP, "features", features);
        let (client, dtype) = (features.client.clone(), features.dtype);
        let output = allocate(OP, "output", &features, [segments.len(), width], dtype);
        let winners = allocate(OP, "winners", &features, winners_shape, DType::U32);
        let partials = [tables.chunks, channels];
        let one = [1, 1];
        let (max, mean) = (pooling.has_max(), pooling.has_mean());
        let maxima = allocate(OP, "maxima", &features, if max { partials } else { one }, dtype);
        let places = allocate(OP, "winners", &features, if max { partials } else { one }, DType::U32);
        let sums = allocate(OP, "sums", &features, if mean { partials } else { one }, accumulator(dtype));
        let (count, dim) = one_thread_each(&client, tables.chunks * channels);
        chunks_kernel::launch(
            &client,
            count,
            dim,
            features.into_buffer_arg(),
            tables.starts.clone().into_buffer_arg(),
            tables.members.clone().into_buffer_arg(),
            maxima.clone().into_buffer_arg(),
            places.clone().into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            tables.chunks * channels,
            channels,
            tables.is_listed,
            max,
            mean,
            types(dtype),
        );
        let (count, dim) = one_thread_each(&client, segments.len() * channels);
        segments_kernel::launch(
            &client,
            count,
            dim,
            tables.starts.clone().into_buffer_arg(),
            tables.of_segment.clone().into_buffer_arg(),
            maxima.into_buffer_arg(),
            places.into_buffer_arg(),
            sums.into_buffer_arg(),
            output.clone().into_buffer_arg(),
            winners.clone().into_buffer_arg(),
            segments.len() * channels,
            channels,
            max,
            mean,
            types(dtype),
        );
        (output, winners)
    }

    fn segment_pool_backward(
        grad: FloatTensor<Self>,
        winners: IntTensor<Self>,
        segments: Segments,
        pooling: Pooling,
    ) -> FloatTensor<Self> {
        let [_, width] = grad.shape().dims();
        let channels = width / pooling.channels_out(1);
        let points = segments.points();
        if points * channels == 0 {
            return zeros_like(&grad, [points, channels]);
        }
        let tables = Tables::on(&grad.device, &segments);
        let (segment_from_point, offsets) = tables.backward(&segments);
        let grad = rows(OP, "gradients", grad);
        let winners = rows(OP, "winners", winners);
        let (client, dtype) = (grad.client.clone(), grad.dtype);
        let output = allocate(OP, "gradients", &grad, [points, channels], dtype);
        let (count, dim) = one_thread_each(&client, points * channels);
        backward_kernel::launch(
            &client,
            count,
            dim,
            grad.into_buffer_arg(),
            winners.into_buffer_arg(),
            segment_from_point.clone().into_buffer_arg(),
            offsets.clone().into_buffer_arg(),
            output.clone().into_buffer_arg(),
            points * channels,
            channels,
            pooling.has_max(),
            pooling.has_mean(),
            types(dtype),
        );
        output
    }
}

/// The tables of segments in the memory of a device.
#[derive(Debug)]
struct Tables {
    device: CubeDevice,
    chunks: usize,
    /// `[N + 1]`.
    starts: CubeTensor,
    /// `[S + 1]`.
    of_segment: CubeTensor,
    /// `[P]`, or one word that nobody reads.
    members: CubeTensor,
    is_listed: bool,
    /// The segment of each point `[P]` and the offsets `[S + 1]`, made for the first backward pass.
    backward: OnceLock<(CubeTensor, CubeTensor)>,
}

/// The tables on the devices that asked for them.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    devices: Mutex<Vec<(CubeDevice, Arc<Tables>)>>,
}

impl Tables {
    fn on(device: &CubeDevice, segments: &Segments) -> Arc<Self> {
        let copies = match segments {
            Segments::Clouds(clouds) => clouds.copies.clone(),
            Segments::Voxels(map) => map.attached::<Copies>(),
        };
        // Held while the tables are copied, so that two threads do not both copy them.
        let mut devices = copies.devices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tables)) = devices.iter().find(|(known, _)| known == device) {
            return tables.clone();
        }
        let tables = Arc::new(Self::upload(device, segments));
        devices.push((device.clone(), tables.clone()));
        tables
    }

    fn upload(device: &CubeDevice, segments: &Segments) -> Self {
        let words = |name, values: &[u32]| words(device, name, values);
        let chunks = segments.chunks(CHUNK);
        Self {
            device: device.clone(),
            chunks: chunks.len(),
            starts: words("chunks", &chunks.starts),
            of_segment: words("segments", &chunks.of_segment),
            members: words("points", segments.members().unwrap_or_default()),
            is_listed: segments.members().is_some(),
            backward: OnceLock::new(),
        }
    }

    fn backward(&self, segments: &Segments) -> &(CubeTensor, CubeTensor) {
        self.backward.get_or_init(|| {
            let words = |name, values: &[u32]| words(&self.device, name, values);
            (words("points", segments.segment_from_point()), words("segments", segments.offsets()))
        })
    }
}

fn words(device: &CubeDevice, name: &str, values: &[u32]) -> CubeTensor {
    checked(OP, name, tensor(&device.client(), device, values, DType::U32))
}

/// Maximum, winner and sum of one channel over the points of one chunk.
#[cube(launch)]
fn chunks_kernel<F: Float, A: Float>(
    features: &[F],
    starts: &[u32],
    members: &[u32],
    maxima: &mut [F],
    winners: &mut [u32],
    sums: &mut [A],
    values: usize,
    channels: usize,
    #[comptime] is_listed: bool,
    #[comptime] max: bool,
    #[comptime] mean: bool,
    #[define(F, A)] _types: [ElemType; 2],
) {
    if ABSOLUTE_POS >= values {
        terminate!();
    }
    let chunk = ABSOLUTE_POS / channels;
    let channel = ABSOLUTE_POS % channels;
    let begin = usize::cast_from(starts[chunk]);
    let end = usize::cast_from(starts[chunk + 1]);
    let mut best = A::new(0.0);
    let mut winner = NO_WINNER.runtime();
    let mut sum = A::new(0.0);
    for place in begin..end {
        let point = if comptime!(is_listed) { members[place] } else { u32::cast_from(place) };
        let value = A::cast_from(features[usize::cast_from(point) * channels + channel]);
        if place == begin || value > best {
            best = value;
            winner = point;
        }
        sum += value;
    }
    if comptime!(max) {
        maxima[ABSOLUTE_POS] = F::cast_from(best);
        winners[ABSOLUTE_POS] = winner;
    }
    if comptime!(mean) {
        sums[ABSOLUTE_POS] = sum;
    }
}

/// Joins the chunks of one segment for one channel.
#[cube(launch)]
fn segments_kernel<F: Float, A: Float>(
    starts: &[u32],
    of_segment: &[u32],
    maxima: &[F],
    partial_winners: &[u32],
    sums: &[A],
    output: &mut [F],
    winners: &mut [u32],
    values: usize,
    channels: usize,
    #[comptime] max: bool,
    #[comptime] mean: bool,
    #[define(F, A)] _types: [ElemType; 2],
) {
    if ABSOLUTE_POS >= values {
        terminate!();
    }
    let segment = ABSOLUTE_POS / channels;
    let channel = ABSOLUTE_POS % channels;
    let first = usize::cast_from(of_segment[segment]);
    let last = usize::cast_from(of_segment[segment + 1]);
    let width = if comptime!(max && mean) { channels * 2 } else { channels };
    if comptime!(max) {
        let mut best = maxima[first * channels + channel];
        let mut winner = partial_winners[first * channels + channel];
        for chunk in first + 1..last {
            let value = maxima[chunk * channels + channel];
            if value > best {
                best = value;
                winner = partial_winners[chunk * channels + channel];
            }
        }
        output[segment * width + channel] = best;
        winners[ABSOLUTE_POS] = winner;
    }
    if comptime!(mean) {
        let mut sum = A::new(0.0);
        for chunk in first..last {
            sum += sums[chunk * channels + channel];
        }
        let points = starts[last] - starts[first];
        // The sum over an empty segment is 0.
        let count = if points == 0 { 1u32.runtime() } else { points };
        output[segment * width + width - channels + channel] = F::cast_from(sum / A::cast_from(count));
    }
}

/// The gradient of one channel of one point.
#[cube(launch)]
fn backward_kernel<F: Float, A: Float>(
    grad: &[F],
    winners: &[u32],
    segment_from_point: &[u32],
    offsets: &[u32],
    output: &mut [F],
    values: usize,
    channels: usize,
    #[comptime] max: bool,
    #[comptime] mean: bool,
    #[define(F, A)] _types: [ElemType; 2],
) {
    if ABSOLUTE_POS >= values {
        terminate!();
    }
    let point = ABSOLUTE_POS / channels;
    let channel = ABSOLUTE_POS % channels;
    let segment = usize::cast_from(segment_from_point[point]);
    let width = if comptime!(max && mean) { channels * 2 } else { channels };
    let mut sum = A::new(0.0);
    if comptime!(max) {
        if winners[segment * channels + channel] == u32::cast_from(point) {
            sum += A::cast_from(grad[segment * width + channel]);
        }
    }
    if comptime!(mean) {
        let count = A::cast_from(offsets[segment + 1] - offsets[segment]);
        sum += A::cast_from(grad[segment * width + width - channels + channel]) / count;
    }
    output[ABSOLUTE_POS] = F::cast_from(sum);
}
