//! Interpolation on a GPU: one thread for each channel of each row.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeBackend, CubeDevice};
use cubecl::prelude::*;

use super::sizes::types;
use crate::gpu::launch::{allocate, checked, one_thread_each, rows as contiguous, tensor, zeros_like};
use crate::op::{InterpolateBackend, Rows};

const OP: &str = "Interpolate";

impl InterpolateBackend for CubeBackend {
    fn interpolate_rows(features: FloatTensor<Self>, rows: Rows) -> FloatTensor<Self> {
        let [sources, channels] = features.shape().dims();
        if rows.len() * channels * sources == 0 {
            return zeros_like(&features, [rows.len(), channels]);
        }
        let table = Table::on(&features.device, &rows);
        let features = contiguous(OP, "features", features);
        let output = allocate(OP, "output", &features, [rows.len(), channels], features.dtype);
        let (client, dtype) = (features.client.clone(), features.dtype);
        let (count, dim) = one_thread_each(&client, rows.len() * channels);
        interpolate_kernel::launch(
            &client,
            count,
            dim,
            features.into_buffer_arg(),
            table.offsets.clone().into_buffer_arg(),
            table.indices.clone().into_buffer_arg(),
            table.weights.clone().into_buffer_arg(),
            output.clone().into_buffer_arg(),
            rows.len() * channels,
            channels,
            types(dtype),
        );
        output
    }
}

/// The rows in the memory of a device.
#[derive(Debug)]
struct Table {
    offsets: CubeTensor,
    indices: CubeTensor,
    weights: CubeTensor,
}

/// The tables of a map on the devices that asked for them, kept with the map: direct and transposed.
#[derive(Default)]
struct Copies {
    devices: Mutex<Vec<(CubeDevice, Arc<Pair>)>>,
}

/// The rows and those of the transpose, each copied when it is first asked for.
type Pair = [OnceLock<Arc<Table>>; 2];

impl Table {
    fn on(device: &CubeDevice, rows: &Rows) -> Arc<Self> {
        let copies = rows.map().attached::<Copies>();
        let mut devices = copies.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = match devices.iter().find(|(known, _)| known == device) {
            Some((_, tables)) => tables.clone(),
            None => {
                devices.push((device.clone(), Arc::default()));
                devices.last().expect("a table was added").1.clone()
            }
        };
        drop(devices);
        tables[usize::from(rows.is_transposed())].get_or_init(|| Arc::new(Self::upload(device, rows))).clone()
    }

    fn upload(device: &CubeDevice, rows: &Rows) -> Self {
        let client = device.client();
        let (offsets, indices, weights) = rows.tables();
        Self {
            offsets: checked(OP, "offsets", tensor(&client, device, offsets, DType::U32)),
            indices: checked(OP, "indices", tensor(&client, device, indices, DType::U32)),
            weights: checked(OP, "weights", tensor(&client, device, weights, DType::F32)),
        }
    }
}

#[cube(launch)]
fn interpolate_kernel<F: Float, A: Float>(
    features: &[F],
    offsets: &[u32],
    indices: &[u32],
    weights: &[f32],
    output: &mut [F],
    values: usize,
    channels: usize,
    #[define(F, A)] _types: [ElemType; 2],
) {
    if ABSOLUTE_POS >= values {
        terminate!();
    }
    let row = ABSOLUTE_POS / channels;
    let channel = ABSOLUTE_POS % channels;
    let mut sum = A::new(0.0);
    for entry in usize::cast_from(offsets[row])..usize::cast_from(offsets[row + 1]) {
        let source = usize::cast_from(indices[entry]);
        sum += A::cast_from(weights[entry]) * A::cast_from(features[source * channels + channel]);
    }
    output[ABSOLUTE_POS] = F::cast_from(sum);
}
