//! Sizes of launches and of what they are given.

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::{DType, FloatDType, Shape};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeBackend, CubeDevice};
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::{Client, CubeCount, CubeDim};

/// Threads of a workgroup of the kernels that give one thread to each item.
const THREADS: u32 = 64;

/// Bytes from which on the device is asked whether it had memory for a tensor.
const LARGE: usize = 16 << 20;

/// Bytes that one argument of a kernel may have. The kernels count in 32 bits, whatever the device would give.
pub(crate) fn largest_binding(client: &Client) -> usize {
    client.properties().memory.max_page_size.min(u64::from(u32::MAX)) as usize
}

/// Workgroups, spread over the axes as the device demands, for one thread per item.
pub(crate) fn one_thread_each(client: &Client, items: usize) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new_1d(THREADS);
    (calculate_cube_count_elemwise(client, items, dim), dim)
}

/// Workgroups of `threads` threads, spread over the axes as the device demands. There may be some more of them than
/// asked for.
pub(crate) fn one_group_each(client: &Client, groups: usize, threads: u32) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new_1d(threads);
    (calculate_cube_count_elemwise(client, groups * threads as usize, dim), dim)
}

/// A tensor beside `like` whose values nobody has set yet.
pub(crate) fn empty_like(like: &CubeTensor, shape: impl Into<Shape>, dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), dtype)
}

/// As [`empty_like`], for tensors that grow with the points.
///
/// # Panics
/// When the tensor is larger than what a kernel of the device can be given, or when the device has no memory for it.
pub(crate) fn allocate(
    op: &str,
    name: &str,
    like: &CubeTensor,
    shape: impl Into<Shape>,
    dtype: DType,
) -> CubeTensor {
    let shape = shape.into();
    check_size(op, name, &like.client, &shape, dtype);
    checked(op, name, empty_like(like, shape, dtype))
}

/// As [`allocate`], filled with zeros.
pub(crate) fn allocate_zeros(
    op: &str,
    name: &str,
    device: &CubeDevice,
    shape: impl Into<Shape>,
    dtype: FloatDType,
) -> CubeTensor {
    let shape = shape.into();
    check_size(op, name, &device.client(), &shape, dtype.into());
    checked(op, name, CubeBackend::float_zeros(shape, device, dtype))
}

/// The tensor with its rows one after the other, as the kernels read it.
///
/// # Panics
/// When it is larger than what a kernel of the device can be given.
pub(crate) fn rows(op: &str, name: &str, tensor: CubeTensor) -> CubeTensor {
    check_size(op, name, &tensor.client, &tensor.shape(), tensor.dtype);
    into_contiguous(tensor)
}

fn check_size(op: &str, name: &str, client: &Client, shape: &Shape, dtype: DType) {
    let bytes = shape.num_elements() * dtype.size();
    let largest = largest_binding(client);
    assert!(
        bytes <= largest,
        "{op}: the {name} {shape:?} take {bytes} bytes, this device gives at most {largest} to a kernel; \
         take fewer points at once"
    );
}

/// Asks the device whether it had memory for a large tensor; a small one is not worth the wait.
///
/// # Panics
/// When it had none.
pub(crate) fn checked(op: &str, name: &str, tensor: CubeTensor) -> CubeTensor {
    let bytes = tensor.shape().num_elements() * tensor.dtype.size();
    if bytes >= LARGE
        && let Err(error) = tensor.client.check([&tensor.handle])
    {
        panic!(
            "{op}: no memory on the device for the {name} {:?} of {bytes} bytes; take fewer points at once: a smaller batch, or \
             smaller clouds ({})",
            tensor.shape(),
            causes(&error.to_string())
        );
    }
    tensor
}

/// What the device says of an error, without the places in its code.
fn causes(error: &str) -> String {
    let lines = error.lines().map(str::trim);
    let causes = lines.filter(|line| !line.starts_with("Caused by") && !line.contains("backtrace"));
    causes.collect::<Vec<_>>().join(": ")
}

/// A vector on the device. What is empty gets one element that nobody reads, since a kernel cannot be given nothing.
pub(crate) fn tensor<T: bytemuck::Pod>(
    client: &Client,
    device: &CubeDevice,
    values: &[T],
    dtype: DType,
) -> CubeTensor {
    let one = [T::zeroed()];
    let values = if values.is_empty() { &one } else { values };
    let handle = client.create_from_slice(bytemuck::cast_slice(values));
    CubeTensor::new_contiguous(client.clone(), device.clone(), Shape::new([values.len()]), handle, dtype)
}

/// Zeros beside `like` and of its type.
pub(crate) fn zeros_like(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    CubeBackend::float_zeros(shape.into(), &like.device, like.dtype.into())
}

/// The same row `[C]` in all of `count` rows.
pub(crate) fn repeated(row: CubeTensor, count: usize) -> CubeTensor {
    let channels = row.shape().num_elements();
    CubeBackend::float_expand(
        CubeBackend::float_reshape(row, Shape::new([1, channels])),
        Shape::new([count, channels]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::test_device::device;

    #[test]
    fn a_tensor_that_is_too_large_is_named_with_its_size() {
        let Some(device) = device("sizes of tensors on a GPU") else { return };
        let client = device.client();
        let like = tensor(&client, &device, &[0.0f32], DType::F32);
        let points = largest_binding(&client) / 64 + 1;
        let make = || allocate("pointwise_conv", "output", &like, [points, 16], DType::F32);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)).unwrap_err();
        let message = panic.downcast_ref::<String>().expect("a formatted message");
        assert!(
            message.contains("pointwise_conv: the output") && message.contains("fewer points"),
            "{message}"
        );
        assert!(message.contains(&format!("{} bytes", points * 64)), "{message}");
    }

    /// What the device refuses is told at once, and not by whoever reads the tensor in the end.
    #[test]
    fn a_tensor_without_memory_is_named() {
        let Some(device) = device("memory on a GPU") else { return };
        let client = device.client();
        let like = tensor(&client, &device, &[0.0f32], DType::F32);
        let refused = empty_like(&like, [largest_binding(&client) / 2 + 1, 16], DType::F32);
        let make = || checked("pointwise_conv", "output", refused.clone());
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)).unwrap_err();
        let message = panic.downcast_ref::<String>().expect("a formatted message");
        assert!(message.contains("no memory on the device for the output"), "{message}");
    }
}
