//! Choosing where tensors live.

use std::fmt;

use burn::tensor::{Device, Tensor};

use crate::error::RunError;

/// A device of this machine that this build can compute on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FoundDevice {
    /// What `--device` takes: `cpu`, `wgpu`, `wgpu:1`, ..
    pub name: String,
    /// What it is: the name of the card, for example.
    pub description: String,
    /// A card, and not a processor that does what a card would.
    pub is_gpu: bool,
    /// For tensors.
    pub device: Device,
}

impl fmt::Display for FoundDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.description)
    }
}

/// What a device can be, by the name that `--device` takes; further ones of a kind are `wgpu:1`, `wgpu:2`, ..
const KINDS: [&str; 4] = ["cpu", "ndarray", "cuda", "wgpu"];

/// The devices of this machine that this build can compute on. Opens all of them.
#[must_use]
pub fn devices() -> Vec<FoundDevice> {
    KINDS.into_iter().flat_map(of_kind).collect()
}

/// The device called `name`, as [`devices`] names them, or `auto`: the first card, or else the CPU.
///
/// # Errors
/// [`RunError::UnknownDevice`], which lists the devices of this machine and build; [`RunError::BrokenDevice`] when it
/// cannot compute.
pub fn device(name: &str) -> Result<FoundDevice, RunError> {
    let kind = name.split(':').next().unwrap_or(name);
    let found = if KINDS.contains(&kind) { of_kind(kind) } else { devices() };
    let chosen = choose(name, &found).ok_or_else(|| RunError::UnknownDevice {
        found: name.to_owned(),
        known: std::iter::once("auto".to_owned())
            .chain(devices().iter().map(FoundDevice::to_string))
            .collect::<Vec<_>>()
            .join(", "),
        hint: hint(kind),
    })?;
    check(&chosen)?;
    Ok(chosen)
}

/// Has the device compute an exponential: with CUDA these are not in the driver but in a file of the toolkit, `libdevice.10.bc`,
/// which nobody would miss before the first activation.
fn check(found: &FoundDevice) -> Result<(), RunError> {
    let computed = Tensor::<1>::zeros([1], &found.device).exp().try_into_data();
    computed.map(drop).map_err(|error| RunError::BrokenDevice {
        name: found.to_string(),
        reason: innermost(&error.to_string()).to_owned(),
    })
}

/// The cause behind all others, on one line.
fn innermost(error: &str) -> &str {
    let cause = error.rsplit("Caused by:").next().unwrap_or(error).trim_start();
    cause.lines().next().unwrap_or_default()
}

fn choose(name: &str, found: &[FoundDevice]) -> Option<FoundDevice> {
    let chosen = match name {
        "auto" => found.iter().find(|device| device.is_gpu).or(found.first()),
        _ => found.iter().find(|device| device.name == name),
    };
    chosen.cloned()
}

/// What can be done about there being no such device.
fn hint(kind: &str) -> &'static str {
    match kind {
        "ndarray" if !cfg!(feature = "ndarray") => "; for NdArray build with `--features ndarray`",
        "cuda" if !cfg!(feature = "cuda") => "; for CUDA build with `--features cuda`",
        "cuda" => "; CUDA needs the driver of the card",
        "wgpu" if !cfg!(feature = "wgpu") => "; for Vulkan, Metal or DirectX build with `--features wgpu`",
        "wgpu" => "; wgpu needs a driver for Vulkan, Metal or DirectX",
        _ if cfg!(any(feature = "wgpu", feature = "cuda")) => "",
        _ => "; for a graphics card build with `--features wgpu` or `--features cuda`",
    }
}

/// The devices of one of the [`KINDS`].
fn of_kind(kind: &str) -> Vec<FoundDevice> {
    match kind {
        "cpu" => vec![cpu(kind, "burn's Flex", Device::flex())],
        #[cfg(feature = "ndarray")]
        "ndarray" => vec![cpu(kind, "burn's NdArray", Device::ndarray())],
        #[cfg(feature = "cuda")]
        "cuda" => gpu::devices(kind, burn::tensor::DeviceType::Cuda),
        #[cfg(feature = "wgpu")]
        "wgpu" => gpu::devices(kind, burn::tensor::DeviceType::Wgpu),
        _ => Vec::new(),
    }
}

fn cpu(name: &str, description: &str, device: Device) -> FoundDevice {
    FoundDevice { name: name.into(), description: description.into(), is_gpu: false, device }
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
mod gpu {
    use burn::tensor::{Device, DeviceType};

    use super::FoundDevice;

    /// The devices of one kind, cards first: `kind`, `kind:1`, ..
    pub(super) fn devices(kind: &str, device_type: DeviceType) -> Vec<FoundDevice> {
        let mut found: Vec<FoundDevice> =
            Device::enumerate(device_type).into_vec().into_iter().map(describe).collect();
        found.sort_by_key(|device| !device.is_gpu);
        for (index, device) in found.iter_mut().enumerate() {
            device.name = if index == 0 { kind.to_owned() } else { format!("{kind}:{index}") };
        }
        found
    }

    /// Opens the device to ask what it is.
    fn describe(device: Device) -> FoundDevice {
        let identity = device.identity();
        let is_gpu = identity.as_ref().is_some_and(|identity| identity.physical.is_some());
        let name = identity.map_or_else(|| "unknown".to_owned(), |identity| identity.name);
        let description = if is_gpu { name } else { format!("{name}, software") };
        FoundDevice { name: String::new(), description, is_gpu, device }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, is_gpu: bool) -> FoundDevice {
        FoundDevice { name: name.into(), description: "test".into(), is_gpu, device: Device::flex() }
    }

    #[test]
    fn auto_takes_the_first_card_and_no_imitation() {
        let all = [found("cpu", false), found("wgpu", false), found("cuda", true), found("cuda:1", true)];
        let name = |asked, found: &[FoundDevice]| choose(asked, found).map(|device| device.name);
        assert_eq!(name("auto", &all).as_deref(), Some("cuda"));
        assert_eq!(name("auto", &all[..2]).as_deref(), Some("cpu"));
        assert_eq!(name("wgpu", &all).as_deref(), Some("wgpu"));
        assert_eq!(name("cuda:1", &all).as_deref(), Some("cuda:1"));
        assert_eq!(name("cuda:2", &all), None);
    }

    #[test]
    fn an_unknown_device_is_told_what_there_is() {
        let error = device("tpu").unwrap_err().to_string();
        assert!(
            error.starts_with("there is no device 'tpu' here; there are: auto, cpu (burn's Flex)"),
            "{error}"
        );
        let error = device("cuda:99").unwrap_err().to_string();
        assert!(error.contains("there is no device 'cuda:99'") && error.contains("CUDA"), "{error}");
    }

    #[test]
    fn the_cause_of_an_error_is_its_last() {
        let error = "Several failures at once\nCaused by:\n  An IO error happened\nCaused by:\n  no libdevice.10.bc\nNo backtrace";
        assert_eq!(innermost(error), "no libdevice.10.bc");
        assert_eq!(innermost("one line"), "one line");
    }

    #[test]
    fn the_cpu_is_always_there() {
        assert_eq!(device("cpu").unwrap().name, "cpu");
        assert_eq!(devices()[0].name, "cpu");
    }
}
