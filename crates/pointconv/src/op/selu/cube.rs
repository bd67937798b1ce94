//! SELU on a GPU, one thread for each value.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::{ALPHA, GAMMA, SeluBackend};

/// Threads of a workgroup.
const THREADS: u32 = 256;

impl SeluBackend for CubeBackend {
    fn selu(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let input = into_contiguous(input);
        let output = empty_like(&input);
        let Some((count, dim, values)) = threads(&output) else { return output };
        let types = dtype_to_storage_type(input.dtype);
        let client = input.client.clone();
        selu_kernel::launch(
            &client,
            count,
            dim,
            input.into_buffer_arg(),
            output.clone().into_buffer_arg(),
            values,
            types,
        );
        output
    }

    fn selu_backward(output: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        let (output, grad) = (into_contiguous(output), into_contiguous(grad));
        let input = empty_like(&grad);
        let Some((count, dim, values)) = threads(&input) else { return input };
        let types = dtype_to_storage_type(grad.dtype);
        let client = grad.client.clone();
        selu_backward_kernel::launch(
            &client,
            count,
            dim,
            output.into_buffer_arg(),
            grad.into_buffer_arg(),
            input.clone().into_buffer_arg(),
            values,
            types,
        );
        input
    }
}

fn empty_like(like: &CubeTensor) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), like.shape(), like.dtype)
}

/// Workgroups for one thread per value, and the number of values; nothing without values.
fn threads(tensor: &CubeTensor) -> Option<(CubeCount, CubeDim, usize)> {
    let values = tensor.shape().num_elements();
    let dim = CubeDim::new_1d(THREADS);
    (values > 0).then(|| (calculate_cube_count_elemwise(&tensor.client, values, dim), dim, values))
}

#[cube(launch)]
fn selu_kernel<F: Float>(input: &[F], output: &mut [F], values: usize, #[define(F)] _type: ElemType) {
    if ABSOLUTE_POS >= values {
        terminate!();
    }
    let x = f32::cast_from(input[ABSOLUTE_POS]);
    let y = if x > 0.0 { GAMMA * x } else { comptime!(GAMMA * ALPHA) * (x.exp() - 1.0) };
    output[ABSOLUTE_POS] = F::cast_from(y);
}

#[cube(launch)]
fn selu_backward_kernel<F: Float>(
    output: &[F],
    grad: &[F],
    input: &mut [F],
    values: usize,
    #[define(F)] _type: ElemType,
) {
    if ABSOLUTE_POS >= values {
        terminate!();
    }
    let y = f32::cast_from(output[ABSOLUTE_POS]);
    let slope = if y > 0.0 { GAMMA.runtime() } else { y + comptime!(GAMMA * ALPHA) };
    input[ABSOLUTE_POS] = F::cast_from(f32::cast_from(grad[ABSOLUTE_POS]) * slope);
}
