//! Prepared scenes on disk, so that they are read and thinned once.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::cloud::PointCloud;
use crate::error::Error;
use crate::io::{create_folder, label_files_of, replace_file};
use crate::scalar::{ScalarProperty, ScalarType};

/// First bytes of a file; the digit changes with the layout.
const MAGIC: [u8; 8] = *b"pwscene2";

/// Bytes before the contents: magic, key, length of the contents, their hash.
const HEADER: usize = 32;

const TYPES: [ScalarType; 8] = [
    ScalarType::I8,
    ScalarType::U8,
    ScalarType::I16,
    ScalarType::U16,
    ScalarType::I32,
    ScalarType::U32,
    ScalarType::F32,
    ScalarType::F64,
];

/// A folder of prepared clouds, each found by everything that decided it.
///
/// If a file is damaged, cut off, or of another version, the cloud is prepared again and the file
/// replaced. Files appear whole or not at all, so several processes may share a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneCache {
    folder: PathBuf,
}

impl SceneCache {
    /// The cache in `folder`, which is made when the first cloud is stored.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The cloud that `prepare` makes of the file `source` with the settings `settings`; from the cache when it holds the cloud
    /// of a file with the same contents, the same labels in files of their own, and the same settings.
    ///
    /// # Errors
    /// Those of `prepare`; [`Error::Io`] when `source` cannot be read, or the cache cannot be written.
    pub fn get_or_prepare<E: From<Error>>(
        &self,
        source: &Path,
        settings: &str,
        prepare: impl FnOnce(&Path) -> Result<PointCloud, E>,
    ) -> Result<PointCloud, E> {
        let contents = fs::read(source).map_err(|error| Error::io(source, "read", error))?;
        let key = match labels_of(source)? {
            labels if labels.is_empty() => hash(&(contents.as_slice(), settings, env!("CARGO_PKG_VERSION"))),
            labels => hash(&(contents.as_slice(), labels, settings, env!("CARGO_PKG_VERSION"))),
        };
        drop(contents);
        let path = self.path(source, key);
        if let Some(cloud) = fs::read(&path).ok().and_then(|bytes| decode(&bytes, key)) {
            return Ok(cloud);
        }
        let cloud = prepare(source)?;
        create_folder(&self.folder)?;
        let body = encode(&cloud);
        replace_file(&path, |out| {
            out.write_all(&MAGIC)?;
            out.write_all(&key.to_le_bytes())?;
            out.write_all(&(body.len() as u64).to_le_bytes())?;
            out.write_all(&hash(&body.as_slice()).to_le_bytes())?;
            out.write_all(&body)
        })?;
        Ok(cloud)
    }

    fn path(&self, source: &Path, key: u64) -> PathBuf {
        let name = source.file_stem().unwrap_or_default().to_string_lossy();
        self.folder.join(format!("{name}-{key:016x}.scene"))
    }
}

/// The label files of the points at `source`.
fn labels_of(source: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let read = |path: PathBuf| fs::read(&path).map_err(|error| Error::io(&path, "read", error));
    label_files_of(source)?.into_iter().map(read).collect()
}

/// Stable within one build of the standard library, which is enough for a cache.
fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn encode(cloud: &PointCloud) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend((cloud.len() as u64).to_le_bytes());
    out.extend(cloud.origin().iter().flat_map(|v| v.to_le_bytes()));
    out.extend(cloud.positions().iter().flatten().flat_map(|v| v.to_le_bytes()));
    let kind_of = |kind: ScalarType| TYPES.iter().position(|other| *other == kind).unwrap_or_default() as u8;
    let flags = [cloud.normals().is_some(), cloud.colors().is_some(), cloud.labels().is_some()];
    out.extend(flags.map(u8::from));
    // 0 for coordinates in single precision, 1 where positions hold those in double precision, 2 where they do not.
    out.push(u8::from(cloud.has_wide_coordinates()) + u8::from(cloud.exact().is_some()));
    out.push(cloud.stored_colors().map_or(u8::MAX, |(kind, _)| kind_of(kind)));
    out.extend(cloud.exact().into_iter().flatten().flatten().flat_map(|v| v.to_le_bytes()));
    out.extend(cloud.normals().into_iter().flatten().flatten().flat_map(|v| v.to_le_bytes()));
    out.extend(cloud.colors().into_iter().flatten().flatten());
    out.extend(
        cloud.stored_colors().iter().flat_map(|(_, colors)| *colors).flatten().flat_map(|v| v.to_le_bytes()),
    );
    out.extend(cloud.labels().into_iter().flatten().flat_map(|v| v.to_le_bytes()));
    out.extend((cloud.properties().len() as u64).to_le_bytes());
    for property in cloud.properties() {
        out.extend((property.name.len() as u64).to_le_bytes());
        out.extend(property.name.as_bytes());
        out.push(kind_of(property.scalar_type));
        out.extend(property.values.iter().flat_map(|v| v.to_le_bytes()));
    }
    out
}

/// `None` for anything but a whole file that was written for `key`.
fn decode(bytes: &[u8], key: u64) -> Option<PointCloud> {
    let (header, body) = bytes.split_at_checked(HEADER)?;
    let number = |at: usize| Some(u64::from_le_bytes(header.get(at..at + 8)?.try_into().ok()?));
    let whole = header[..8] == MAGIC
        && number(8)? == key
        && number(16)? == body.len() as u64
        && number(24)? == hash(&body);
    if !whole {
        return None;
    }
    let mut reader = Reader { rest: body };
    let points = reader.length()?;
    let origin = [reader.take()?, reader.take()?, reader.take()?].map(f64::from_le_bytes);
    let mut cloud = PointCloud::new(reader.triples(points)?);
    cloud.set_origin(origin);
    let [normals, colors, labels] = reader.take::<3>()?.map(|flag| flag == 1);
    let [wide, stored] = reader.take::<2>()?;
    match wide {
        0 => {}
        1 => cloud.set_exact(None),
        _ => {
            let values = reader.slice(points.checked_mul(24)?)?.as_chunks::<8>().0;
            let values: Vec<f64> = values.iter().map(|v| f64::from_le_bytes(*v)).collect();
            cloud.set_exact(Some(values.as_chunks::<3>().0.to_vec()));
        }
    }
    if normals {
        let normals = reader.triples(points)?;
        cloud.set_normals(Some(normals)).ok()?;
    }
    if colors {
        let colors = reader.slice(points.checked_mul(3)?)?.as_chunks::<3>().0.to_vec();
        cloud.set_colors(Some(colors)).ok()?;
        if let Some(kind) = TYPES.get(usize::from(stored)) {
            cloud.set_stored_colors(*kind, reader.triples(points)?);
        }
    }
    if labels {
        let values = reader.slice(points.checked_mul(4)?)?.as_chunks::<4>().0;
        cloud.set_labels(Some(values.iter().map(|v| i32::from_le_bytes(*v)).collect())).ok()?;
    }
    for _ in 0..reader.length()? {
        let length = reader.length()?;
        let name = String::from_utf8(reader.slice(length)?.to_vec()).ok()?;
        let [kind] = reader.take::<1>()?;
        let scalar_type = *TYPES.get(usize::from(kind))?;
        let values = reader.slice(points.checked_mul(8)?)?.as_chunks::<8>().0;
        let values = values.iter().map(|v| f64::from_le_bytes(*v)).collect();
        cloud.push_property(ScalarProperty { name, scalar_type, values }).ok()?;
    }
    reader.rest.is_empty().then_some(cloud)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.slice(N)?.try_into().ok()
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u64::from_le_bytes(self.take()?)).ok()
    }

    fn triples(&mut self, points: usize) -> Option<Vec<[f32; 3]>> {
        let values = self.slice(points.checked_mul(12)?)?.as_chunks::<4>().0;
        let values: Vec<f32> = values.iter().map(|v| f32::from_le_bytes(*v)).collect();
        Some(values.as_chunks::<3>().0.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn cloud() -> PointCloud {
        let mut cloud = PointCloud::new(vec![[1.0, -2.0, 3.5], [0.0, 0.1, 9.0]]);
        cloud.set_origin([1e6, 0.0, 0.0]);
        cloud.set_normals(Some(vec![[0.0, 0.0, 1.0]; 2])).unwrap();
        cloud.set_colors(Some(vec![[1, 2, 3], [4, 5, 6]])).unwrap();
        cloud.set_labels(Some(vec![-1, 7])).unwrap();
        let values = vec![0.25, -7.0];
        let property = ScalarProperty { name: "größe".into(), scalar_type: ScalarType::I16, values };
        cloud.push_property(property).unwrap();
        cloud
    }

    #[test]
    fn what_is_encoded_reads_back_and_nothing_else_does() {
        let wide = PointCloud::from_coordinates(vec![[0.1, 1e6 + 0.1, 2.0], [0.2, 0.0, 3.0]]);
        for cloud in [cloud(), wide, PointCloud::default(), PointCloud::new(vec![[0.5; 3]; 3])] {
            let folder = tempfile::tempdir().unwrap();
            let source = folder.path().join("room.ply");
            fs::write(&source, "contents").unwrap();
            let cache = SceneCache::new(folder.path().join("deep/cache"));
            let calls = Cell::new(0);
            let get = |settings: &str| {
                let prepare = |_: &Path| {
                    calls.set(calls.get() + 1);
                    Ok::<_, Error>(cloud.clone())
                };
                assert_eq!(cache.get_or_prepare(&source, settings, prepare).unwrap(), cloud);
                calls.get()
            };
            assert_eq!((get("voxel 0.04"), get("voxel 0.04")), (1, 1));
            assert_eq!((get("voxel 0.05"), get("voxel 0.04")), (2, 2));
            fs::write(&source, "Contents").unwrap();
            assert_eq!(get("voxel 0.04"), 3);
            fs::write(&source, "contents").unwrap();
            assert_eq!(get("voxel 0.04"), 3);

            // Whatever happens to the file, the cloud is right, because it is prepared again.
            let files: Vec<PathBuf> =
                fs::read_dir(folder.path().join("deep/cache")).unwrap().map(|e| e.unwrap().path()).collect();
            assert_eq!(files.len(), 3);
            let mut expected = 3;
            for file in &files {
                let bytes = fs::read(file).unwrap();
                let step = (bytes.len() / 40).max(1);
                for at in (0..bytes.len()).step_by(step) {
                    let mut flipped = bytes.clone();
                    flipped[at] ^= 0x10;
                    fs::write(file, flipped).unwrap();
                    get("voxel 0.04");
                    fs::write(file, &bytes[..at]).unwrap();
                    get("voxel 0.04");
                    fs::write(file, [&bytes[..], b"more"].concat()).unwrap();
                    get("voxel 0.04");
                }
                let ours = calls.get() > expected;
                expected = calls.get();
                if ours {
                    assert_eq!(fs::read(file).unwrap(), bytes, "the damaged file was replaced");
                }
            }
            assert!(calls.get() > 40, "{}", calls.get());
        }
    }

    #[test]
    fn an_error_of_the_preparation_is_passed_on_and_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("room.ply");
        let cache = SceneCache::new(folder.path().join("cache"));
        assert!(matches!(
            cache.get_or_prepare(&source, "", |_| Ok::<_, Error>(cloud())),
            Err(Error::Io { .. })
        ));
        fs::write(&source, "contents").unwrap();
        let fails = |_: &Path| Err(Error::EmptyCloud { path: None, wanted: 1 });
        assert!(matches!(cache.get_or_prepare(&source, "", fails), Err(Error::EmptyCloud { .. })));
        assert!(!folder.path().join("cache").exists());
    }
}
