//! Which files `pointwise convert` reads and writes.

use std::path::{Path, PathBuf};

use anyhow::bail;
use pointcloud::dataset::list_tree;
use pointcloud::io::{is_file, is_folder, writable_extensions};

use super::Convert;
use crate::files::{Ending, Job, Mirror, resolved, with_kinds};

impl Convert {
    /// All paths but the last.
    pub(in crate::commands) fn inputs(&self) -> &[PathBuf] {
        self.paths.split_last().map_or(&[], |(_, inputs)| inputs)
    }

    /// Whether only some of the points are kept.
    pub(in crate::commands) fn draws_points(&self) -> bool {
        self.points.is_some()
    }

    /// The last path.
    pub(super) fn output(&self) -> &Path {
        self.paths.last().expect("clap asks for a path")
    }

    /// The extension of files in a folder.
    pub(super) fn extension(&self) -> &str {
        self.format.as_deref().unwrap_or("ply")
    }

    /// The end of the names of files in a folder.
    pub(super) fn ending(&self) -> Ending {
        Ending { before: "", kept: &[], extension: self.extension().to_owned() }
    }

    /// Files to read and files to write.
    pub(super) fn jobs(&self) -> anyhow::Result<Vec<Job>> {
        let (inputs, output) = (self.inputs(), self.output());
        match inputs {
            [input] if !is_folder(input)? => {
                let to = self.file_for(input)?;
                return Ok(vec![Job { from: input.clone(), to }]);
            }
            _ if is_file(output)? => bail!(
                "{}: found a file, expected a folder, since {}",
                output.display(),
                if inputs.len() == 1 { "the input is one" } else { "there are several inputs" }
            ),
            _ => {}
        }
        let kinds = with_kinds(inputs)?;
        let mirror = Mirror::of(&kinds);
        let ending = self.ending();
        let mut jobs = Vec::new();
        for (input, is_folder) in kinds {
            let files = if is_folder { self.tree(input)? } else { vec![input.to_owned()] };
            jobs.extend(files.into_iter().map(|from| {
                let to = ending.output_below(output, &mirror.below(&from));
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
            _ if is_folder(output)? => {
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
