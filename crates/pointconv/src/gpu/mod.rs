//! What all kernels of the GPU need: sizes of launches, tensors, and the device of the tests.

pub(crate) mod launch;
#[cfg(test)]
pub(crate) mod test_device;
