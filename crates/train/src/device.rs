//! Choosing where tensors live.

use burn::tensor::Device;

use crate::error::RunError;

/// The device called `name`: `auto`, `cpu`, or (with the feature `ndarray`) `ndarray`.
///
/// # Errors
/// [`RunError::UnknownDevice`], which names the devices of this build.
pub fn device(name: &str) -> Result<Device, RunError> {
    match name {
        "auto" | "cpu" => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        "ndarray" => Ok(Device::ndarray()),
        _ => Err(RunError::UnknownDevice { found: name.to_owned(), known: known().join(", ") }),
    }
}

/// The names that [`device`] takes.
#[must_use]
pub fn known() -> &'static [&'static str] {
    if cfg!(feature = "ndarray") { &["auto", "cpu", "ndarray"] } else { &["auto", "cpu"] }
}
