//! Writes the set to disk atomically.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::config::{ShapeKind, SynthConfig, SynthStatus};
use super::family::Family;
use super::figure::Figure;
use super::limbs::figure;
use super::scan::shape;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::{
    Batch, ReplaceFiles, Unfinished, create_folder, exists, has_new_name, is_folder, replace_file,
    sync_folders, write_into,
};
use crate::seed::derive_seed;

/// File in the root of a set that records its settings. It is written last, so only complete sets have it.
const MARKER: &str = "synth.toml";

/// Compares the files at `root` with the set that `config` describes.
///
/// # Errors
/// [`Error::Io`] if `root` exists but cannot be read.
pub fn status(root: impl AsRef<Path>, config: &SynthConfig) -> Result<SynthStatus> {
    status_of(root.as_ref(), &config.record())
}

/// Compares the files at `root` with the set whose record is `wanted`.
pub(super) fn status_of(root: &Path, wanted: &str) -> Result<SynthStatus> {
    if !exists(root)? {
        return Ok(SynthStatus::Missing);
    }
    if !is_folder(root)? {
        return Ok(SynthStatus::Foreign);
    }
    match fs::read_to_string(root.join(MARKER)) {
        Ok(found) if found == wanted => Ok(SynthStatus::Matches),
        Ok(found) => Ok(SynthStatus::Differs { found, wanted: wanted.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut entries = fs::read_dir(root).map_err(|source| Error::io(root, "list", source))?;
            Ok(if entries.next().is_none() { SynthStatus::Missing } else { SynthStatus::Foreign })
        }
        Err(source) => Err(Error::io(&root.join(MARKER), "read", source)),
    }
}

/// Writes the set as `root/<class>/{train,test}/<class>_0001.ply`, on all threads of rayon's pool.
///
/// The files are written to a hidden folder next to `root`, which is renamed to `root` when all are complete. An interrupted run
/// does not change `root`. An older synthetic set is replaced. `progress` is called after every file with the number of files
/// done so far, from any thread.
///
/// # Errors
/// [`Error::SynthSetting`]; [`Error::NotASynthSet`] if `root` contains something else;
/// [`Error::Io`].
pub fn generate(
    root: impl AsRef<Path>,
    config: &SynthConfig,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<()> {
    config.check()?;
    put(root.as_ref(), &config.record(), |folder| write_set(folder, config, progress))
}

/// Writes a set with `write` into a folder next to `root`, adds `record`, and renames the folder to `root`.
pub(super) fn put(root: &Path, record: &str, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if status_of(root, record)? == SynthStatus::Foreign {
        return Err(Error::NotASynthSet { path: root.to_owned(), marker: MARKER });
    }
    let mut partial = Unfinished::beside(root);
    partial.create_folder()?;
    let mark = || replace_file(&partial.path().join(MARKER), |out| out.write_all(record.as_bytes()));
    let written = write(partial.path()).and_then(|()| mark()).and_then(|()| take_place(&partial, root));
    if written.is_err() {
        // Ignore an error here: the caller needs the first one.
        let _ = fs::remove_dir_all(partial.path());
    }
    written
}

fn write_set(folder: &Path, config: &SynthConfig, progress: &(dyn Fn(usize) + Sync)) -> Result<()> {
    let splits =
        [("train", 0, config.train_per_class), ("test", config.train_per_class, config.test_per_class)];
    let mut files = Vec::with_capacity(config.clouds());
    for (class, name) in config.kind.classes().into_iter().enumerate() {
        for (split_index, (split, before, count)) in splits.into_iter().enumerate() {
            let inside = folder.join(name).join(split);
            create_folder(&inside)?;
            for index in 0..count {
                let seed = derive_seed(config.seed, &[class as u64, split_index as u64, index as u64]);
                let file = format!("{name}_{:04}.ply", before + index + 1);
                files.push((inside.join(file), class, seed));
            }
        }
    }
    let (done, batch) = (AtomicUsize::new(0), Batch::default());
    files.par_iter().try_for_each(|(path, class, seed)| -> Result<()> {
        let mut rng = ChaCha8Rng::seed_from_u64(*seed);
        let positions = match config.kind {
            ShapeKind::Solids => shape(Family::ALL[*class], config, &mut rng),
            ShapeKind::Articulated => figure(Figure::ALL[*class], config, &mut rng),
        };
        let cloud = PointCloud::new(positions);
        let mut files = ReplaceFiles::default();
        write_into(&mut files, path, &cloud)?;
        batch.add(files, ())?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(())
    })?;
    batch.finish().map(drop)
}

/// Renames `partial` to `root`, and removes what was there (an older set or an empty folder).
fn take_place(partial: &Unfinished, root: &Path) -> Result<()> {
    let old = Unfinished::beside(root);
    let renamed = partial.finish(|partial| {
        if !root.try_exists()? {
            return fs::rename(partial, root);
        }
        fs::rename(root, old.path())?;
        fs::rename(partial, root).inspect_err(|_| {
            // Restore the old set. If that fails too, the first error is still the cause.
            let _ = fs::rename(old.path(), root);
        })
    });
    renamed.map_err(|source| Error::io(root, "replace", source))?;
    has_new_name(root);
    sync_folders()?;
    if exists(old.path())? {
        fs::remove_dir_all(old.path()).map_err(|source| Error::io(old.path(), "remove", source))?;
    }
    Ok(())
}
