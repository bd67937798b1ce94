//! The lists where the operator reads them, ahead of time.

use burn::tensor::Device;
use neighbors::Neighborhood;

/// Makes what the operators derive from `neighborhood` on `device`: the copy of the lists in the memory of a GPU, and the
/// shares of the neighbours for the backward pass.
///
/// This happens by itself when a layer first needs it, and once for all layers and both passes. Called ahead of time, it
/// moves the work to where the lists are built: into the thread that loads the data, for example.
///
/// # Panics
/// When the lists do not fit into the memory of the device.
pub fn prepare(neighborhood: &Neighborhood, device: &Device) {
    if !on_gpu(neighborhood, device) {
        neighborhood.edge_weights();
    }
}

/// Prepares the lists on `device`, if it is a GPU; tells whether it is.
#[cfg(feature = "cube")]
fn on_gpu(neighborhood: &Neighborhood, device: &Device) -> bool {
    use burn::backend::DispatchDevice;
    let device = device.clone().without_autodiff();
    let DispatchDevice::Cube(device) = device.as_dispatch() else { return false };
    super::cube::prepare(neighborhood, device);
    true
}

#[cfg(not(feature = "cube"))]
fn on_gpu(_neighborhood: &Neighborhood, _device: &Device) -> bool {
    false
}
