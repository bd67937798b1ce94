//! Sizes of launches and of what they are given.

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::{Client, CubeCount, CubeDim};

/// Threads of a workgroup of the kernels that give one thread to each item.
const THREADS: u32 = 64;

/// Bytes that one argument of a kernel may have.
pub(super) fn largest_binding(client: &Client) -> usize {
    usize::try_from(client.properties().memory.max_page_size).unwrap_or(usize::MAX)
}

/// Workgroups, spread over the axes as the device demands, for one thread per item.
pub(super) fn one_thread_each(client: &Client, items: usize) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new_1d(THREADS);
    (calculate_cube_count_elemwise(client, items, dim), dim)
}

/// Workgroups of `threads` threads, spread over the axes as the device demands. There may be some more of them than
/// asked for.
pub(super) fn one_group_each(client: &Client, groups: usize, threads: u32) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new_1d(threads);
    (calculate_cube_count_elemwise(client, groups * threads as usize, dim), dim)
}

/// A tensor beside `like` whose values nobody has set yet.
pub(super) fn empty_like(like: &CubeTensor, shape: impl Into<Shape>, dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), dtype)
}

/// The tensor with its rows one after the other, as the kernels read it.
///
/// # Panics
/// When it is larger than what a kernel of the device can be given.
pub(super) fn rows(op: &str, name: &str, tensor: CubeTensor) -> CubeTensor {
    let bytes = tensor.shape().num_elements() * tensor.dtype.size();
    let largest = largest_binding(&tensor.client);
    assert!(
        bytes <= largest,
        "{op}: the {name} {:?} take {bytes} bytes, this device gives at most {largest} to a kernel; \
         take fewer points at once",
        tensor.shape()
    );
    into_contiguous(tensor)
}

/// Zeros beside `like` and of its type.
pub(super) fn zeros_like(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    CubeBackend::float_zeros(shape.into(), &like.device, like.dtype.into())
}

/// The same row `[C]` in all of `count` rows.
pub(super) fn repeated(row: CubeTensor, count: usize) -> CubeTensor {
    let channels = row.shape().num_elements();
    CubeBackend::float_expand(
        CubeBackend::float_reshape(row, Shape::new([1, channels])),
        Shape::new([count, channels]),
    )
}
