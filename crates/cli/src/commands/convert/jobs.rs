//! Which files `pointwise convert` reads and writes.

use std::path::{Path, PathBuf};

use anyhow::bail;
use pointcloud::dataset::list_tree;
use pointcloud::io::writable_extensions;

use super::Convert;
use crate::files::{Job, Mirror, output_below, resolved};

impl Convert {
    /// All paths but the last.
    pub(in crate::commands) fn inputs(&self) -> &[PathBuf] {
        self.paths.split_last().map_or(&[], |(_, inputs)| inputs)
    }

    /// The last path.
    pub(super) fn output(&self) -> &Path {
        self.paths.last().expect("clap asks for a path")
    }

    /// The extension of files in a folder.
    pub(super) fn extension(&self) -> &str {
        self.format.as_deref().unwrap_or("ply")
    }

    /// Files to read and files to write.
    pub(super) fn jobs(&self) -> anyhow::Result<Vec<Job>> {
        let (inputs, output) = (self.inputs(), self.output());
        match inputs {
            [input] if !input.is_dir() => {
                let to = self.file_for(input)?;
                return Ok(vec![Job { from: input.clone(), to }]);
            }
            _ if output.is_file() => bail!(
                "{}: found a file, expected a folder, since {}",
                output.display(),
                if inputs.len() == 1 { "the input is one" } else { "there are several inputs" }
            ),
            _ => {}
        }
        let kinds: Vec<(&Path, bool)> = inputs.iter().map(|path| (path.as_path(), path.is_dir())).collect();
        let mirror = Mirror::of(&kinds);
        let suffix = format!(".{}", self.extension());
        let mut jobs = Vec::new();
        for input in inputs {
            let files = if input.is_dir() { self.tree(input)? } else { vec![input.clone()] };
            jobs.extend(files.into_iter().map(|from| {
                let to = output_below(output, &mirror.below(&from), &suffix);
                Job { from, to }
            }));
        }
        Ok(jobs)
    }

    /// The files of a folder, without those that an earlier run wrote into an output folder inside.
    fn tree(&self, input: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let output = resolved(self.output());
        let inside = output != resolved(input);
        let files = list_tree(input)?.into_iter();
        Ok(files.filter(|path| !(inside && resolved(path).starts_with(&output))).collect())
    }

    /// The file to write for a single one.
    fn file_for(&self, input: &Path) -> anyhow::Result<PathBuf> {
        let output = self.output();
        let to = match &self.format {
            _ if output.is_dir() => {
                let name = input.file_stem().unwrap_or_default();
                output.join(name).with_extension(self.extension())
            }
            Some(extension) => output.with_extension(extension),
            None => output.to_owned(),
        };
        let extension = to.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if !writable_extensions().contains(&extension.as_str()) {
            let known = writable_extensions().join(", ");
            bail!("{}: found extension '{extension}', expected one of: {known}", to.display());
        }
        Ok(to)
    }
}
