//! Where the unit tests of the kernels run.

use burn::backend::DispatchDevice;
use burn::tensor::Device;
use burn_cubecl::CubeDevice;
use burn_cubecl::tensor::CubeTensor;

#[cfg(feature = "wgpu")]
#[path = "../../tests/common/limits.rs"]
mod limits;

/// The device of the operator tests, where that is a GPU; otherwise `what` is skipped, with a notice.
pub(crate) fn device(what: &str) -> Option<CubeDevice> {
    let device: Device = match std::env::var("POINTWISE_TEST_DEVICE").as_deref() {
        #[cfg(feature = "wgpu")]
        Ok("wgpu") => Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
        #[cfg(feature = "wgpu")]
        Ok("wgpu-limits") => limits::limited(),
        #[cfg(feature = "cuda")]
        Ok("cuda") => Device::cuda(0),
        _ => {
            eprintln!("SKIPPED: {what}, POINTWISE_TEST_DEVICE names no GPU of this build");
            return None;
        }
    };
    match device.as_dispatch() {
        DispatchDevice::Cube(device) => Some(device.clone()),
        other => panic!("{other:?} is not a GPU"),
    }
}

/// The words of a table, read back.
pub(crate) fn words(table: &CubeTensor) -> Vec<u32> {
    let bytes = table.client.read_one_unchecked(table.handle.clone());
    bytemuck::pod_collect_to_vec(&bytes[..table.meta.shape().num_elements() * size_of::<u32>()])
}
