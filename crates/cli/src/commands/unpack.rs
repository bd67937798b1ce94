//! `pointwise convert` of HDF5 files with many clouds: a file of every cloud or room.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use pointcloud::dataset::Hdf5Folder;
use pointcloud::io::{
    Batch, Contents, Format, Reader, ReplaceFiles, create_folder, exists, losses, replace_file, write_into,
};
use pointcloud::transform::{Sampling, resample};
use pointcloud::{PointCloud, derive_seed};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use train::Progress;
use train::terminal::note;

use crate::memory::{Reading, ensure_readable};
use crate::output::{describe, tell_losses};
use crate::progress;

/// What is unpacked, and how.
pub(super) struct Unpack<'a> {
    pub(super) folder: &'a Hdf5Folder,
    pub(super) output: &'a Path,
    pub(super) extension: &'a str,
    /// Rooms whose names begin with this are in `test`.
    pub(super) test_rooms: &'a str,
    /// Points of every cloud, how they are chosen, and the seed of the choice.
    pub(super) points: Option<usize>,
    pub(super) sampling: Sampling,
    pub(super) seed: u64,
    /// Whether points that are not finite are left out.
    pub(super) drop_invalid: bool,
    /// Whether a cloud of which something would be lost is refused.
    pub(super) strict: bool,
    pub(super) skip_bad: bool,
    /// Whether files that exist are replaced.
    pub(super) overwrite: bool,
    pub(super) quiet: bool,
}

/// The file of a cloud below the output, and what was lost.
type Written = (PathBuf, Vec<String>);

impl Unpack<'_> {
    /// Refuses files of which one does not fit into memory; one file after the other is read.
    pub(super) fn ensure_fits(&self) -> anyhow::Result<()> {
        self.folder.files().try_for_each(|path| ensure_readable(path, &Reader::new(), Reading::All))
    }

    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let total = self.folder.len();
        let bar = Progress::start(progress::detect(self.quiet), "unpacking", "clouds", total);
        let (done, batch, problem) = (AtomicUsize::new(0), Batch::default(), Mutex::new(None));
        let results: Mutex<Vec<Result<Written, anyhow::Error>>> = Mutex::default();
        self.folder.unpack(self.test_rooms, &|inside, cloud| {
            let result = cloud.map_err(anyhow::Error::from).and_then(|cloud| self.write(inside, cloud));
            let mut go_on = result.is_ok() || self.skip_bad;
            let result = result.map(|(files, written)| {
                if let Err(error) = batch.add(files, ()) {
                    go_on = false;
                    problem.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
                written
            });
            results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
            bar.set(done.fetch_add(1, Ordering::Relaxed) + 1);
            go_on
        });
        bar.finish();
        // Also after an error: what is unpacked stays.
        let named = batch.finish();
        if let Some(error) = problem.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error.into());
        }

        let (mut written, mut skipped) = (Vec::new(), Vec::new());
        let mut lost: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for result in results.into_inner().unwrap_or_else(PoisonError::into_inner) {
            match result {
                Ok((path, losses)) => {
                    for loss in losses {
                        lost.entry(loss).or_default().push(path.clone());
                    }
                    written.push(path);
                }
                Err(error) if self.skip_bad => skipped.push(describe(error.as_ref())),
                Err(error) => return Err(error),
            }
        }
        named?;
        skipped.sort();
        skipped.iter().for_each(|why| note(format_args!("skipped: {why}")));
        if !skipped.is_empty() {
            note(format_args!("{} of {total} clouds were written", written.len()));
        }
        if !self.quiet {
            tell_losses(&lost);
        }
        if written.is_empty() {
            return Ok(ExitCode::FAILURE);
        }
        self.write_lists(written)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Writes one cloud, whose path in the data set is `inside`, without extension.
    fn write(&self, inside: &Path, mut cloud: PointCloud) -> anyhow::Result<(ReplaceFiles, Written)> {
        let mut name = inside.as_os_str().to_owned();
        name.push(format!(".{}", self.extension));
        let below = PathBuf::from(name);
        let path = self.output.join(&below);
        let named = || format!("cannot convert to {}", path.display());
        let all = cloud.len();
        if self.drop_invalid {
            cloud = cloud.select(&cloud.finite_indices());
        }
        let dropped = all - cloud.len();
        cloud.check_finite().with_context(named)?;
        let cloud = match self.points {
            None => cloud,
            Some(points) => {
                // The choice depends on the cloud alone, not on the order of the clouds.
                let stream: Vec<u64> = inside.to_string_lossy().bytes().map(u64::from).collect();
                let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(self.seed, &stream));
                resample(&cloud, points, self.sampling, &mut rng).with_context(named)?
            }
        };
        if !self.overwrite && exists(&path)? {
            bail!("{}: exists already; --overwrite replaces it", path.display());
        }
        let mut contents = Contents::from(cloud);
        contents.dropped = dropped;
        let format = Format::of_extension(self.extension).with_context(named)?;
        let lost = losses(&contents, format);
        if self.strict && !lost.is_empty() {
            bail!("{}: --strict: {}", path.display(), lost.join("; "));
        }
        create_folder(path.parent().unwrap_or(self.output))?;
        let mut files = ReplaceFiles::default();
        write_into(&mut files, &path, &contents.cloud).with_context(named)?;
        Ok((files, (below, lost)))
    }

    /// `classes.txt` for scenes, and `splits.txt` for shapes whose points name parts: what training on points needs.
    fn write_lists(&self, mut written: Vec<PathBuf>) -> anyhow::Result<()> {
        let write = |name: &str, lines: Vec<String>| {
            let path = self.output.join(name);
            let text: String = lines.into_iter().map(|line| line + "\n").collect();
            replace_file(&path, |out| out.write_all(text.as_bytes()))
        };
        if !self.folder.has_classes()
            && let Some(classes) = self.folder.classes()
        {
            write("classes.txt", classes.to_vec())?;
        }
        if self.folder.has_parts() {
            written.sort();
            let split = |path: &PathBuf| {
                let names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
                // CLASS/SPLIT/FILE
                format!("{} {}", names.get(1).map_or("train", |split| split), names.join("/"))
            };
            write("splits.txt", written.iter().map(split).collect())?;
        }
        Ok(())
    }
}
