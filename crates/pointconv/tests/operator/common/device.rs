//! Where the tests run: `POINTWISE_TEST_DEVICE`, by default `flex`. `wgpu-limits` is the device of `wgpu` with no more than every
//! GPU gives to a kernel.

use std::env::{VarError, var};
use std::sync::Once;

use burn::tensor::{DType, Device};

const VARIABLE: &str = "POINTWISE_TEST_DEVICE";

/// The device under test, without autodiff.
///
/// # Panics
/// When the variable names no device, or one that this build has not.
pub(crate) fn device() -> Device {
    let name = match var(VARIABLE) {
        Ok(name) => name,
        Err(VarError::NotPresent) => "flex".to_owned(),
        Err(error) => panic!("{VARIABLE}: {error}"),
    };
    match name.as_str() {
        "flex" => on_cpu(Device::flex()),
        "ndarray" => on_cpu(ndarray()),
        "wgpu" => on_gpu(wgpu()),
        "wgpu-limits" => on_gpu(wgpu_limits()),
        "cuda" => on_gpu(cuda()),
        _ => panic!("{VARIABLE} is `{name}`, known are `flex`, `ndarray`, `wgpu`, `wgpu-limits` and `cuda`"),
    }
}

/// Whether the operators under test run on the CPU, in the instruction set that `POINTWISE_SIMD` names.
pub(crate) fn uses_instruction_sets() -> bool {
    !matches!(var(VARIABLE).as_deref(), Ok("wgpu" | "wgpu-limits" | "cuda"))
}

/// How many random cases are tried. A GPU compiles its kernels anew for the sizes of each.
pub(crate) fn cases() -> u32 {
    if uses_instruction_sets() { 64 } else { 12 }
}

fn on_cpu(device: Device) -> Device {
    // Or half of the tests would pass without having run.
    assert!(device.supports_dtype(DType::F64), "the devices of the CPU compute in double precision");
    device
}

fn on_gpu(device: Device) -> Device {
    static NOTICE: Once = Once::new();
    NOTICE.call_once(|| {
        if !device.supports_dtype(DType::F64) {
            eprintln!("SKIPPED: tests in double precision, {device:?} has none");
        }
    });
    device
}

#[cfg(feature = "ndarray")]
#[allow(deprecated)] // kept as long as the feature is
fn ndarray() -> Device {
    Device::ndarray()
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Device {
    not_built("ndarray")
}

#[cfg(feature = "wgpu")]
fn wgpu() -> Device {
    Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> Device {
    not_built("wgpu")
}

#[cfg(feature = "wgpu")]
fn wgpu_limits() -> Device {
    super::limits::limited()
}

#[cfg(not(feature = "wgpu"))]
fn wgpu_limits() -> Device {
    not_built("wgpu")
}

#[cfg(feature = "cuda")]
fn cuda() -> Device {
    Device::cuda(0)
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Device {
    not_built("cuda")
}

#[allow(dead_code)] // where all features are on
fn not_built(name: &str) -> Device {
    panic!("{VARIABLE} is `{name}`, but the tests were built without it: add `--features {name}`")
}

/// The element types of the device: single precision, and double where it has it.
pub(crate) fn precisions(device: &Device) -> Vec<DType> {
    let mut precisions = vec![DType::F32];
    if device.supports_dtype(DType::F64) {
        precisions.push(DType::F64);
    }
    precisions
}
