//! The copies of one neighbourhood on the devices that have asked for it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use burn_cubecl::CubeDevice;
use neighbors::SubdomainLists;

use super::inverse_counts::{InverseCounts, inverse_counts};
use super::lists::Lists;
use crate::gpu::launch::largest_binding;

/// The lists of a neighbourhood on one device.
#[derive(Debug)]
pub(crate) struct DeviceLists {
    device: CubeDevice,
    /// One row for each centre.
    lists: Lists,
    /// One row for each point, where the centres are not the points.
    transposed: Option<Lists>,
    /// Made when a gradient first needs it.
    inverse_counts: OnceLock<Vec<InverseCounts>>,
}

impl DeviceLists {
    pub(super) fn new(lists: Lists, transposed: Option<Lists>) -> Self {
        Self { device: lists.device.clone(), lists, transposed, inverse_counts: OnceLock::new() }
    }

    /// The lists whose rows are the centres.
    pub(crate) fn lists(&self) -> &Lists {
        &self.lists
    }

    /// The lists whose rows are the points, and whose neighbours are centres in mirrored sub-domains.
    pub(crate) fn transposed(&self) -> &Lists {
        self.transposed.as_ref().unwrap_or(&self.lists)
    }

    /// The inverse counts `1/|Ω_i(k)|` of all centres.
    pub(crate) fn inverse_counts(&self) -> &[InverseCounts] {
        self.inverse_counts.get_or_init(|| inverse_counts(&self.lists))
    }

    pub(crate) fn run_count(&self) -> usize {
        self.lists.slabs.iter().map(|slab| slab.runs_len).sum()
    }

    pub(crate) fn edges(&self) -> usize {
        self.lists.slabs.iter().map(|slab| slab.edges).sum()
    }
}

/// The devices that have the lists.
#[derive(Default)]
pub(crate) struct Copies {
    on_devices: Mutex<Vec<Arc<DeviceLists>>>,
}

impl Copies {
    /// The lists on `device`; the first call copies there what `on_host` returns: the lists, and the transposed lists where
    /// they differ.
    pub(crate) fn on<'a>(
        &self,
        device: &CubeDevice,
        on_host: impl FnOnce() -> (&'a SubdomainLists, Option<&'a SubdomainLists>),
    ) -> Arc<DeviceLists> {
        // The lock is held during the copy, so that two layers on two threads do not both copy the lists.
        let mut copies = self.on_devices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lists) = copies.iter().find(|lists| lists.device == *device) {
            return lists.clone();
        }
        let words = largest_binding(&device.client()) / size_of::<u32>();
        let (lists, transposed) = on_host();
        let upload = |lists| Lists::upload(device, lists, words);
        let lists = Arc::new(DeviceLists::new(upload(lists), transposed.map(upload)));
        copies.push(lists.clone());
        lists
    }

    /// Adds lists that a device has found itself.
    pub(crate) fn insert(&self, lists: Arc<DeviceLists>) {
        self.on_devices.lock().unwrap_or_else(PoisonError::into_inner).push(lists);
    }
}
