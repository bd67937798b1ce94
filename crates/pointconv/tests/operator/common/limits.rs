//! A device that is given no more than every GPU gives: whoever asks for more is refused by wgpu.

use std::future::Future;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use burn::tensor::Device;
use burn::tensor::wgpu::{WgpuSetup, wgpu};

/// 8 storage buffers of at most 128 MiB for a kernel, and 32 KiB of shared memory.
pub(crate) fn limited() -> Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    let device = DEVICE.get_or_init(|| {
        let (_, setup) = Device::wgpu_options().init_with_setup().expect("a driver for wgpu");
        let required_limits = wgpu::Limits {
            max_storage_buffers_per_shader_stage: 8,
            max_storage_buffer_binding_size: 128 << 20,
            max_buffer_size: 128 << 20,
            max_compute_workgroup_storage_size: 32 << 10,
            ..setup.device.limits()
        };
        let required_features = setup.device.features().difference(wgpu::Features::all_experimental_mask());
        let descriptor = wgpu::DeviceDescriptor { required_limits, required_features, ..Default::default() };
        let found = now(setup.adapter.request_device(&descriptor));
        let (device, queue) = found.expect("the adapter grants less than all it has");
        Device::wgpu_options().setup(WgpuSetup { device, queue, ..setup }).init().expect("a new device")
    });
    device.clone()
}

/// What is ready at once, as devices are outside of a browser.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}
