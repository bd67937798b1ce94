//! `pointwise convert`

mod jobs;
mod shard;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use clap::ValueEnum;
use pointcloud::dataset::Hdf5Folder;
use pointcloud::io::{
    Batch, Reader, ReplaceFiles, create_folder, is_file, is_folder, readable_extensions, writable_extensions,
};
use rayon::prelude::*;
use train::Progress;
use train::terminal::note;

use super::unpack::Unpack;
use crate::files::{Existing, Job, ListOptions, existing, refuse_collisions};
use crate::interrupt;
use crate::memory::{Reading, ensure_points_fit, ensure_readable, fills_memory};
use crate::output::{describe, tell_losses};
use crate::progress;

/// Convert a file or a folder of files to another format
#[derive(Debug, clap::Args)]
#[command(long_about = long_about(), after_help = "Examples:
  pointwise convert scan.laz scan.ply
  pointwise convert ModelNet40/ out/ --points 2048
  pointwise convert modelnet40_ply_hdf5_2048/ out/
  pointwise convert scans/ tables/ --format csv --skip-bad
  pointwise convert scan.txt scan.laz --columns x,y,z,intensity,r,g,b,label --strict
  pointwise convert --list tiles.txt out/ --format laz --shard 0/8")]
pub(super) struct Convert {
    /// Files or folders to read, then the file or folder to write; a folder gets the folders of the inputs. With --list only the
    /// folder to write
    #[arg(required = true, value_names = ["INPUT", "OUTPUT"], num_args = 1..)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    list: ListOptions,
    #[command(flatten)]
    existing: Existing,
    /// Points of every file: drawn from the surface of meshes, chosen from clouds [default: all vertices]
    #[arg(long, value_name = "N")]
    points: Option<usize>,
    /// How points are chosen
    #[arg(long, value_enum, default_value_t)]
    sampling: SamplingArgument,
    /// Seed of the choice
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Leave out files that cannot be used, and list them
    #[arg(long)]
    skip_bad: bool,
    /// Format to write [default: the extension of OUTPUT, ply for a folder]
    #[arg(long, value_name = "EXTENSION", value_parser = clap::builder::PossibleValuesParser::new(writable_extensions()))]
    format: Option<String>,
    /// Rooms of S3DIS whose names begin with this are in test, all others in train
    #[arg(long, value_name = "PREFIX", default_value = "Area_5")]
    test_rooms: String,
    /// Names of the columns of text files and NumPy arrays, in the order of the file; `_` is not read
    #[arg(long, value_name = "NAMES", default_value = "")]
    columns: String,
    /// Leave out points that are not finite, and count them
    #[arg(long)]
    drop_invalid: bool,
    /// Refuse a file of which something would be lost
    #[arg(long)]
    strict: bool,
    /// Go on even if the memory that this needs is not available
    #[arg(long)]
    force: bool,
    /// Print nothing but errors and skipped files
    #[arg(long)]
    quiet: bool,
}

/// The help of `pointwise convert`, with the formats of the table.
fn long_about() -> String {
    let upper = |extensions: Vec<&str>| extensions.join(", ").to_uppercase();
    format!(
        "Convert a file or a folder of files to another format\n\n\
         Reads files with the extensions {}, and tells their format by their content where it can; writes {}. Normals, \
         colours, labels and further numbers per point are kept; the program prints a line for everything that the new format cannot hold.\n\n\
         HDF5 files of many clouds, as ModelNet40, ShapeNetPart and S3DIS are distributed, become a file of every cloud: \
         OUTPUT/CLASS/SPLIT/FILE where clouds have a class, else OUTPUT/SPLIT/FILE with a label for every point, with the \
         blocks of a room joined. The lists beside them say what is in train and in test.",
        upper(readable_extensions()),
        upper(writable_extensions())
    )
}

/// How points are chosen.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum SamplingArgument {
    /// Evenly at random
    #[default]
    Random,
    /// Each as far as possible from those before
    Farthest,
    /// The first ones
    First,
}

impl From<SamplingArgument> for pointcloud::transform::Sampling {
    fn from(sampling: SamplingArgument) -> Self {
        match sampling {
            SamplingArgument::Random => Self::Random,
            SamplingArgument::Farthest => Self::Farthest,
            SamplingArgument::First => Self::First,
        }
    }
}

impl Convert {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let reader = Reader::new()
            .points(self.points)
            .sampling(self.sampling.into())
            .seed(self.seed)
            .finite(true)
            .columns(&self.columns)
            .drop_invalid(self.drop_invalid);
        if !self.force {
            ensure_points_fit(self.points)?;
        }
        if self.list.list.is_some() {
            return self.convert_list(&reader);
        }
        if self.inputs().is_empty() {
            let found = self.output().display();
            bail!("found only {found}, expected an input and an output");
        }
        if let Some(folder) = self.many_clouds()? {
            if !self.columns.is_empty() {
                let path = self.inputs()[0].clone();
                return Err(pointcloud::Error::NamedColumns { path, format: "hdf5" }.into());
            }
            let unpack = Unpack {
                folder: &folder,
                output: self.output(),
                extension: self.extension(),
                test_rooms: &self.test_rooms,
                points: self.points,
                sampling: self.sampling.into(),
                seed: self.seed,
                drop_invalid: self.drop_invalid,
                strict: self.strict,
                skip_bad: self.skip_bad,
                overwrite: self.existing.overwrite,
                quiet: self.quiet,
            };
            if !self.force {
                unpack.ensure_fits()?;
            }
            return unpack.run();
        }
        let jobs = self.jobs()?;
        refuse_collisions(&jobs)?;
        let all = jobs.len();
        // The seed of a file depends on its index among all files, also when some are done.
        let numbers: BTreeMap<PathBuf, u64> =
            jobs.iter().enumerate().map(|(index, job)| (job.to.clone(), index as u64)).collect();
        let (jobs, kept) = existing(jobs, self.existing)?;
        if self.existing.resume {
            note(format_args!("{kept} of {all} files are converted already"));
        }
        self.convert_all(&jobs, |job| reader.clone().stream(numbers[&job.to]))
    }

    /// Converts every job with the reader that `reader` gives for it.
    fn convert_all(&self, jobs: &[Job], reader: impl Fn(&Job) -> Reader + Sync) -> anyhow::Result<ExitCode> {
        let bar = Progress::start(progress::detect(self.quiet), "converting", "files", jobs.len());
        let (done, written) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let (stop, batch) = (AtomicBool::new(false), Batch::default());
        interrupt::leaves({
            let (written, all) = (written.clone(), jobs.len());
            move || {
                format!("{} of {all} files are written; --resume goes on", written.load(Ordering::Relaxed))
            }
        });
        let problem = Mutex::new(None);
        let convert = |job: &Job| {
            // After an error the rest would be work for nothing.
            if stop.load(Ordering::Relaxed) {
                return Ok(Vec::new());
            }
            let result = self.convert(&job.from, &job.to, &reader(job));
            stop.fetch_or(result.is_err() && !self.skip_bad, Ordering::Relaxed);
            bar.set(done.fetch_add(1, Ordering::Relaxed) + 1);
            let (files, lost) = result?;
            match batch.add(files, ()) {
                Ok(named) => _ = written.fetch_add(named.len(), Ordering::Relaxed),
                // The disk failed, and not this file.
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    problem.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
            Ok(lost)
        };
        // Files that fill the memory come after the others, one at a time.
        let fills = |job: &Job| jobs.len() > 1 && fills_memory(&job.from, &reader(job), self.reading());
        let results: Vec<Option<_>> =
            jobs.par_iter().map(|job| (!fills(job)).then(|| convert(job))).collect();
        let results: Vec<anyhow::Result<Vec<String>>> = results
            .into_iter()
            .zip(jobs)
            .map(|(result, job)| result.unwrap_or_else(|| convert(job)))
            .collect();
        bar.finish();
        // Also after an error: what is converted stays.
        let named = batch.finish();
        if let Some(error) = problem.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error.into());
        }
        let failed = named.err();

        let mut skipped = 0;
        let mut lost: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for (result, job) in results.into_iter().zip(jobs) {
            match result {
                Ok(losses) => {
                    for loss in losses {
                        lost.entry(loss).or_default().push(job.from.clone());
                    }
                }
                Err(error) if self.skip_bad => {
                    skipped += 1;
                    note(format_args!("skipped: {}", describe(error.as_ref())));
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        if !self.quiet {
            tell_losses(&lost);
        }
        if skipped > 0 {
            note(format_args!("skipped {skipped} of {} files", jobs.len()));
        }
        // Nothing written is no success, also where bad files may be left out.
        let is_failure = skipped == jobs.len() && skipped > 0;
        Ok(if is_failure { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// The input, where it is an HDF5 file of many clouds or a folder of such files.
    fn many_clouds(&self) -> anyhow::Result<Option<Hdf5Folder>> {
        for input in self.inputs() {
            std::fs::metadata(input).with_context(|| format!("{}: cannot read", input.display()))?;
        }
        let [input] = self.inputs() else { return Ok(None) };
        let folder = match is_folder(input)? {
            true => Hdf5Folder::open(input)?,
            false => Hdf5Folder::of_file(input)?,
        };
        let output = self.output();
        let extension = output.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let names_file = writable_extensions().contains(&extension.as_str()) && !is_folder(output)?;
        if let Some(folder) = &folder
            && (names_file || is_file(output)?)
        {
            let (output, clouds) = (output.display(), folder.len());
            bail!("{output}: found a file, expected a folder, since the input holds {clouds} clouds");
        }
        Ok(folder)
    }
}

impl Convert {
    fn reading(&self) -> Reading {
        if self.draws_points() { Reading::Some } else { Reading::All }
    }

    /// Converts one file; returns the file, which is without its name, and what was lost.
    fn convert(
        &self,
        from: &Path,
        to: &Path,
        reader: &Reader,
    ) -> anyhow::Result<(ReplaceFiles, Vec<String>)> {
        if !self.force {
            ensure_readable(from, reader, self.reading())?;
        }
        if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            create_folder(folder)?;
        }
        let mut files = ReplaceFiles::default();
        let lost = reader.convert_into(&mut files, from, to, self.strict)?;
        Ok((files, lost))
    }
}
