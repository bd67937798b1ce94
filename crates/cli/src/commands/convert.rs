//! `pointwise convert`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, bail};
use clap::ValueEnum;
use pointcloud::dataset::{Hdf5Folder, list_tree};
use pointcloud::io::{Reader, readable_extensions, writable_extensions};
use rayon::prelude::*;
use train::Progress;

use super::interrupt;
use super::output::{describe, tell_losses};
use super::unpack::{Unpack, make_folder};
use crate::progress;

/// Convert a file or a folder of files to another format
#[derive(Debug, clap::Args)]
#[command(long_about = long_about(), after_help = "Examples:
  pointwise convert scan.laz scan.ply
  pointwise convert ModelNet40/ out/ --points 2048
  pointwise convert modelnet40_ply_hdf5_2048/ out/
  pointwise convert scans/ tables/ --format csv --skip-bad
  pointwise convert scan.txt scan.laz --columns x,y,z,intensity,r,g,b,label --strict")]
pub(super) struct Convert {
    /// File or folder to read
    input: PathBuf,
    /// File or folder to write; a folder gets the folders of the input
    output: PathBuf,
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
        if let Some(folder) = self.many_clouds()? {
            if !self.columns.is_empty() {
                let path = self.input.clone();
                return Err(pointcloud::Error::NamedColumns { path, format: "hdf5" }.into());
            }
            let unpack = Unpack {
                folder: &folder,
                output: &self.output,
                extension: self.format.as_deref().unwrap_or("ply"),
                test_rooms: &self.test_rooms,
                points: self.points,
                sampling: self.sampling.into(),
                seed: self.seed,
                drop_invalid: self.drop_invalid,
                strict: self.strict,
                skip_bad: self.skip_bad,
                quiet: self.quiet,
            };
            return unpack.run();
        }
        let jobs = self.jobs()?;
        let bar = Progress::start(progress::detect(self.quiet), "converting", "files", jobs.len());
        let (done, written) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let stop = AtomicBool::new(false);
        interrupt::leaves({
            let (written, all) = (written.clone(), jobs.len());
            move || format!("{} of {all} files are written", written.load(Ordering::Relaxed))
        });
        let results: Vec<anyhow::Result<Vec<String>>> = jobs
            .par_iter()
            .enumerate()
            .map(|(index, (from, to))| {
                // After an error the rest would be work for nothing.
                if stop.load(Ordering::Relaxed) {
                    return Ok(Vec::new());
                }
                let result = self.convert(from, to, &reader.clone().stream(index as u64));
                written.fetch_add(usize::from(result.is_ok()), Ordering::Relaxed);
                stop.fetch_or(result.is_err() && !self.skip_bad, Ordering::Relaxed);
                bar.set(done.fetch_add(1, Ordering::Relaxed) + 1);
                result
            })
            .collect();
        bar.finish();

        let mut skipped = 0;
        let mut lost: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for (result, (from, _)) in results.into_iter().zip(&jobs) {
            match result {
                Ok(losses) => {
                    for loss in losses {
                        lost.entry(loss).or_default().push(from.clone());
                    }
                }
                Err(error) if self.skip_bad => {
                    skipped += 1;
                    eprintln!("skipped: {}", describe(error.as_ref()));
                }
                Err(error) => return Err(error),
            }
        }
        if !self.quiet {
            tell_losses(&lost);
        }
        if skipped > 0 {
            eprintln!("{skipped} of {} files were skipped", jobs.len());
        }
        // Nothing written is no success, also where bad files may be left out.
        Ok(if skipped == jobs.len() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// The input, where it is an HDF5 file of many clouds or a folder of such files.
    fn many_clouds(&self) -> anyhow::Result<Option<Hdf5Folder>> {
        std::fs::metadata(&self.input).with_context(|| format!("{}: cannot read", self.input.display()))?;
        let folder = match self.input.is_dir() {
            true => Hdf5Folder::open(&self.input)?,
            false => Hdf5Folder::of_file(&self.input)?,
        };
        let extension = self.output.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let is_file = writable_extensions().contains(&extension.as_str()) && !self.output.is_dir();
        if let Some(folder) = &folder
            && (is_file || self.output.is_file())
        {
            let (output, clouds) = (self.output.display(), folder.len());
            bail!("{output}: found a file, expected a folder, since the input holds {clouds} clouds");
        }
        Ok(folder)
    }

    /// Files to read and files to write; no two of the latter are one, and none is among the former.
    fn jobs(&self) -> anyhow::Result<Vec<(PathBuf, PathBuf)>> {
        let jobs: Vec<(PathBuf, PathBuf)> = if self.input.is_dir() {
            if self.output.is_file() {
                bail!("{}: found a file, expected a folder, since the input is one", self.output.display());
            }
            let extension = self.format.as_deref().unwrap_or("ply");
            // What an earlier run wrote into a folder inside the input is no input.
            let inside = resolved(&self.output) != resolved(&self.input);
            list_tree(&self.input)?
                .into_iter()
                .filter(|path| !(inside && resolved(path).starts_with(resolved(&self.output))))
                .map(|path| {
                    let below = path.strip_prefix(&self.input).unwrap_or(&path).with_extension(extension);
                    let to = self.output.join(below);
                    (path, to)
                })
                .collect()
        } else {
            let name = self.input.file_stem().unwrap_or_default();
            let to = match &self.format {
                _ if self.output.is_dir() => {
                    let extension = self.format.as_deref().unwrap_or("ply");
                    self.output.join(name).with_extension(extension)
                }
                Some(extension) => self.output.with_extension(extension),
                None => self.output.clone(),
            };
            let extension = to.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            if !writable_extensions().contains(&extension.as_str()) {
                let known = writable_extensions().join(", ");
                bail!("{}: found extension '{extension}', expected one of: {known}", to.display());
            }
            vec![(self.input.clone(), to)]
        };
        let inputs: BTreeMap<PathBuf, &Path> =
            jobs.iter().map(|(from, _)| (resolved(from), from.as_path())).collect();
        let mut outputs: BTreeMap<&Path, &Path> = BTreeMap::new();
        for (from, to) in &jobs {
            if let Some(input) = inputs.get(&resolved(to)) {
                bail!("{}: is an input and would be overwritten; choose another output", input.display());
            }
            if let Some(other) = outputs.insert(to, from) {
                let (first, second, to) = (other.display(), from.display(), to.display());
                bail!("{first} and {second} would both become {to}; convert them into two folders");
            }
        }
        Ok(jobs)
    }
}

impl Convert {
    /// Converts one file; returns what was lost.
    fn convert(&self, from: &Path, to: &Path, reader: &Reader) -> anyhow::Result<Vec<String>> {
        if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder)?;
        }
        reader.convert(from, to, self.strict).with_context(|| format!("cannot convert {}", from.display()))
    }
}

/// The path without links and `..`; unchanged where it does not exist.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const TRIANGLE: &str = "OFF\n3 1 0\n0 0 0\n2 0 0\n0 2 0\n3 0 1 2\n";

    fn command(input: PathBuf, output: PathBuf) -> Convert {
        Convert {
            input,
            output,
            points: None,
            sampling: SamplingArgument::Random,
            seed: 1,
            skip_bad: false,
            format: None,
            test_rooms: "Area_5".into(),
            columns: String::new(),
            drop_invalid: false,
            strict: false,
            quiet: true,
        }
    }

    fn tree(root: &Path) -> PathBuf {
        let input = root.join("in");
        fs::create_dir_all(input.join("a/train")).unwrap();
        fs::write(input.join("a/train/1.off"), TRIANGLE).unwrap();
        fs::write(input.join("b.csv"), "x,y,z,intensity\n1,2,3,0.5\n4,5,6,1.5\n").unwrap();
        fs::write(input.join("notes.txt"), "words").unwrap();
        input
    }

    #[test]
    fn a_tree_keeps_its_folders_and_columns() {
        let root = tempfile::tempdir().unwrap();
        let (input, output) = (tree(root.path()), root.path().join("out"));
        command(input.clone(), output.clone()).run().unwrap();
        let cloud = pointcloud::io::read(output.join("b.ply")).unwrap();
        assert_eq!(cloud.property("intensity").unwrap().values, [0.5, 1.5]);
        assert_eq!(pointcloud::io::read(output.join("a/train/1.ply")).unwrap().len(), 3);
        assert!(!output.join("notes.ply").exists());

        let sampled = Convert { points: Some(50), ..command(input, output.clone()) };
        sampled.run().unwrap();
        let cloud = pointcloud::io::read(output.join("a/train/1.ply")).unwrap();
        assert_eq!((cloud.len(), cloud.normals().unwrap()[0]), (50, [0.0, 0.0, 1.0]));
    }

    #[test]
    fn bad_files_end_the_work_or_are_skipped() {
        let root = tempfile::tempdir().unwrap();
        let (input, output) = (tree(root.path()), root.path().join("out"));
        fs::write(input.join("a/bad.ply"), "ply\nformat\n").unwrap();
        let error = command(input.clone(), output.clone()).run().unwrap_err();
        assert!(error.to_string().contains("bad.ply: line 2: found 'format'"), "{error}");
        let skip = Convert { skip_bad: true, ..command(input, output.clone()) };
        assert_eq!(format!("{:?}", skip.run().unwrap()), format!("{:?}", ExitCode::SUCCESS));
        assert!(output.join("b.ply").exists() && !output.join("a/bad.ply").exists());
    }

    #[test]
    fn inputs_are_never_overwritten() {
        let root = tempfile::tempdir().unwrap();
        let input = tree(root.path());
        let csv = input.join("b.csv");
        let before = fs::read(&csv).unwrap();
        let same = command(csv.clone(), input.join("a/../b.csv")).run().unwrap_err().to_string();
        assert!(same.contains("is an input and would be overwritten"), "{same}");
        let folder = Convert { format: Some("csv".into()), ..command(input.clone(), input.clone()) };
        assert!(folder.run().unwrap_err().to_string().contains("is an input"));
        assert_eq!(fs::read(&csv).unwrap(), before);

        fs::write(input.join("b.off"), TRIANGLE).unwrap();
        let twice = command(input.clone(), root.path().join("out")).run().unwrap_err().to_string();
        assert!(twice.contains("would both become"), "{twice}");
        let odd = command(csv, root.path().join("a.doc")).run().unwrap_err().to_string();
        assert!(odd.contains("found extension 'doc', expected one of: ply"), "{odd}");
    }
}
