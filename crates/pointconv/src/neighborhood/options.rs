//! Where and how neighbours are searched.

use burn::tensor::Device;
use neighbors::Search;

/// The device of the lists, and the structure that finds them.
///
/// A function that takes `impl Into<SearchOptions>` accepts `&device`, which searches where the device is, or
/// `(&device, search)`, as burn's constructors of tensors accept `&device` or `(&device, dtype)`.
#[derive(Debug, Clone)]
pub struct SearchOptions {
    /// The device that computes on the lists.
    pub device: Device,
    /// [`Search::Auto`] searches on a GPU where `device` is one, and otherwise takes the faster structure of the CPU.
    /// [`Search::Grid`] and [`Search::KdTree`] search on the CPU, whatever the device.
    pub search: Search,
}

impl From<&Device> for SearchOptions {
    fn from(device: &Device) -> Self {
        Self { device: device.clone(), search: Search::Auto }
    }
}

impl From<(&Device, Search)> for SearchOptions {
    fn from((device, search): (&Device, Search)) -> Self {
        Self { device: device.clone(), search }
    }
}
