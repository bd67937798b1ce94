//! The table of targets.

mod cache;
mod clouds;
mod labels;
mod lists;
#[cfg(feature = "networks")]
mod networks;
mod readers;
mod search;

use crate::target::Target;

/// All targets, those that need no burn first.
#[must_use]
pub fn targets() -> Vec<Target> {
    #[cfg(not(feature = "networks"))]
    let networks: [Target; 0] = [];
    #[cfg(feature = "networks")]
    let networks = networks::targets();
    FILES_AND_SEARCH.into_iter().chain(networks).collect()
}

/// The targets that need no burn.
const FILES_AND_SEARCH: [Target; 27] = [
    Target::new("ply", |bytes| readers::read("ply", bytes)),
    Target::new("off", |bytes| readers::read("off", bytes)),
    Target::new("obj", |bytes| readers::read("obj", bytes)),
    Target::new("stl", |bytes| readers::read("stl", bytes)),
    Target::new("pcd", |bytes| readers::read("pcd", bytes)),
    Target::new("text", |bytes| readers::read("txt", bytes)),
    Target::new("csv", |bytes| readers::read("csv", bytes)),
    Target::new("npy", |bytes| readers::read("npy", bytes)),
    Target::new("npz", |bytes| readers::read("npz", bytes)),
    Target::new("las", |bytes| readers::read("las", bytes)),
    Target::new("e57", |bytes| readers::read("e57", bytes)),
    Target::new("bin", |bytes| readers::read("bin", bytes)),
    Target::new("hdf5", readers::read_hdf5),
    Target::new("gzip", |bytes| readers::read("xyz.gz", bytes)),
    Target::new("zstd", |bytes| readers::read("xyz.zst", bytes)),
    Target::new("labels", labels::read),
    Target::new("convert", clouds::convert),
    Target::new("write_read", clouds::write_read),
    Target::new("transforms", clouds::transforms),
    Target::new("scene_cache", cache::read),
    Target::new("list_files", lists::list_files),
    Target::new("label_table", lists::label_table),
    Target::new("hdf5_lists", lists::hdf5_lists),
    Target::new("scene_lists", lists::scene_lists),
    Target::new("kernel_shape", search::kernel_shape),
    Target::new("packed_clouds", search::packed_clouds),
    Target::new("search", search::search),
];
