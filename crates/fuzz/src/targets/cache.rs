//! Prepared scenes on disk.

use std::cell::RefCell;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use pointcloud::scene::SceneCache;
use pointcloud::{Error, PointCloud};

use crate::place;

thread_local! {
    /// The file of the cache that is asked for, with its key.
    static FILE: RefCell<Option<(PathBuf, u64)>> = const { RefCell::new(None) };
}

/// Reads a file of the cache whose header is right and whose contents are `bytes`.
pub(super) fn read(bytes: &[u8]) {
    let folder = place::path("cache");
    let source = place::path("scene.xyz");
    let cache = SceneCache::new(&folder);
    let get = || {
        cache.get_or_prepare(&source, "settings", |_| Ok::<_, Error>(PointCloud::new(vec![[1.0, 2.0, 3.0]])))
    };
    FILE.with_borrow_mut(|file| {
        let (file, key) = file.get_or_insert_with(|| {
            place::write("scene.xyz", b"1 2 3\n");
            get().expect("the folder can be written");
            let entry = fs::read_dir(&folder).ok().and_then(|mut entries| entries.next()?.ok());
            let path = entry.expect("the cache has a file").path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let key = stem.rsplit('-').next().and_then(|hex| u64::from_str_radix(hex, 16).ok());
            (path, key.expect("the name ends in the key"))
        });
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let header = [*key, bytes.len() as u64, hasher.finish()].map(u64::to_le_bytes);
        fs::write(file, [b"pwscene2", header.as_flattened(), bytes].concat()).expect("it can be written");
        let cloud = get().expect("a bad file is made anew");
        // A cloud is consistent.
        for index in 0..cloud.len() {
            let _ = cloud.point(index);
        }
        assert!(cloud.labels().is_none_or(|labels| labels.len() == cloud.len()));
        assert!(cloud.properties().iter().all(|property| property.values.len() == cloud.len()));
    });
}
