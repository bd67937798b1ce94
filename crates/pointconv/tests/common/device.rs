//! Where the tests run: `POINTWISE_TEST_DEVICE`, by default `flex`.

use std::env::{VarError, var};

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
    let device = match name.as_str() {
        "flex" => Device::flex(),
        "ndarray" => ndarray(),
        _ => panic!("{VARIABLE} is `{name}`, known are `flex` and `ndarray`"),
    };
    // Or half of the tests would pass without having run.
    assert!(device.supports_dtype(DType::F64), "the devices of the CPU compute in double precision");
    device
}

#[cfg(feature = "ndarray")]
#[allow(deprecated)] // kept as long as the feature is
fn ndarray() -> Device {
    Device::ndarray()
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Device {
    panic!("{VARIABLE} is `ndarray`, but the tests were built without it: add `--features ndarray`")
}

/// The element types of the device: single precision, and double where it has it.
pub(crate) fn precisions(device: &Device) -> Vec<DType> {
    let mut precisions = vec![DType::F32];
    if device.supports_dtype(DType::F64) {
        precisions.push(DType::F64);
    }
    precisions
}
