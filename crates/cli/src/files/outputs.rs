//! Outputs of several inputs: their tree is that of the inputs below the common folder, and nothing is overwritten unasked.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::bail;
use pointcloud::io::{exists, is_folder};

/// A file to read and the file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
}

/// The tree that the outputs mirror: everything below the deepest folder that has all inputs in it or below.
#[derive(Debug)]
pub(crate) struct Mirror {
    base: PathBuf,
    /// Whether paths are compared as the file system resolves them, because they are of different kinds.
    resolve: bool,
}

impl Mirror {
    /// The tree of these inputs; the second part of an input tells whether it is a folder.
    pub(crate) fn of(inputs: &[(&Path, bool)]) -> Self {
        let absolute = inputs.iter().filter(|(path, _)| path.is_absolute()).count();
        let has_parent = |path: &Path| path.components().any(|part| part == Component::ParentDir);
        let resolve =
            (absolute > 0 && absolute < inputs.len()) || inputs.iter().any(|(path, _)| has_parent(path));
        let mut folders =
            inputs.iter().map(
                |&(path, is_folder)| {
                    if is_folder { folder(path, resolve) } else { folder(parent(path), resolve) }
                },
            );
        let mut base = folders.next().unwrap_or_default();
        for folder in folders {
            let same = base.components().zip(folder.components()).take_while(|(a, b)| a == b);
            base = same.map(|(part, _)| part).collect();
        }
        Self { base, resolve }
    }

    /// The path of a file of the inputs below the common folder.
    pub(crate) fn below(&self, path: &Path) -> PathBuf {
        let folder = folder(parent(path), self.resolve);
        let below = folder.strip_prefix(&self.base).unwrap_or(&folder);
        below.join(path.file_name().unwrap_or_default())
    }
}

/// Each input, and whether it is a folder.
///
/// # Errors
/// The operating system cannot tell.
pub(crate) fn with_kinds(inputs: &[PathBuf]) -> anyhow::Result<Vec<(&Path, bool)>> {
    inputs.iter().map(|path| Ok((path.as_path(), is_folder(path)?))).collect()
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// A folder without `.`: `a` and `./a` are the same.
fn folder(path: &Path, resolve: bool) -> PathBuf {
    if resolve {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        return resolved(path);
    }
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// The end of the names of outputs, which replaces the extension of the input.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// What comes before the extension, such as `.pred`.
    pub(crate) before: &'static str,
    /// Extensions of inputs that their outputs have, too.
    pub(crate) kept: &'static [&'static str],
    /// The extension of other outputs.
    pub(crate) extension: String,
}

impl Ending {
    /// `OUTPUT/a/scan.pred.ply` for `a/scan.txt`, `.pred` and `ply`.
    pub(crate) fn output_below(&self, output: &Path, below: &Path) -> PathBuf {
        let found = below.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let kept = self.kept.iter().find(|kept| found.as_deref() == Some(**kept));
        let mut name = below.file_stem().unwrap_or_default().to_owned();
        name.push(self.before);
        name.push(".");
        name.push(kept.copied().unwrap_or(&self.extension));
        output.join(below).with_file_name(name)
    }
}

/// Refuses jobs of which two have one output, and those that would overwrite an input.
///
/// # Errors
/// The first such job, with both of its files.
pub(crate) fn refuse_collisions(jobs: &[Job]) -> anyhow::Result<()> {
    let inputs: BTreeMap<PathBuf, &Path> =
        jobs.iter().map(|job| (resolved(&job.from), job.from.as_path())).collect();
    let mut outputs: BTreeMap<&Path, &Path> = BTreeMap::new();
    for Job { from, to } in jobs {
        if let Some(input) = inputs.get(&resolved(to)) {
            bail!("{}: is an input and would be overwritten; choose another output", input.display());
        }
        if let Some(other) = outputs.insert(to, from) {
            let (first, second, to) = (other.display(), from.display(), to.display());
            bail!("{first} and {second} would both become {to}; rename one, or give them different outputs");
        }
    }
    Ok(())
}

/// The path without links and `..`; unchanged where it does not exist.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// What is done about outputs that exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Existing {
    /// Replace outputs that exist
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Go on with work that was stopped: leave out the inputs whose output exists
    #[arg(long, conflicts_with = "overwrite")]
    pub(crate) resume: bool,
}

/// The jobs that are left to do: none of their outputs exists, or they may be overwritten. With `--resume` those that
/// exist are counted.
///
/// # Errors
/// Outputs that exist, where neither option was given.
pub(crate) fn existing(jobs: Vec<Job>, options: Existing) -> anyhow::Result<(Vec<Job>, usize)> {
    if options.overwrite {
        return Ok((jobs, 0));
    }
    let all = jobs.len();
    let (mut there, mut left) = (Vec::new(), Vec::new());
    for job in jobs {
        if exists(&job.to)? { there.push(job) } else { left.push(job) }
    }
    match &there[..] {
        [first, ..] if !options.resume => bail!(
            "{}: exists already{}; --overwrite replaces it, --resume leaves out what is done",
            first.to.display(),
            if there.len() > 1 {
                format!(", and so do {} more of {all} outputs", there.len() - 1)
            } else {
                String::new()
            }
        ),
        _ => Ok((left, there.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_mirror_the_tree_below_the_common_folder() {
        for (inputs, file, expected) in [
            (&[("a/t.laz", false), ("b/t.laz", false)][..], "a/t.laz", "a/t.laz"),
            (&[("x/a/t.laz", false), ("x/b/t.laz", false)], "x/b/t.laz", "b/t.laz"),
            (&[("x/a/t.laz", false), ("./x/a/u.laz", false)], "./x/a/u.laz", "u.laz"),
            (&[("x/a", true), ("x/ab", true)], "x/ab/t.laz", "ab/t.laz"),
            (&[("scans", true)], "scans/a/t.laz", "a/t.laz"),
            (&[("scans/", true), ("scans/a/t.laz", false)], "scans/a/t.laz", "a/t.laz"),
            (&[("t.laz", false)], "t.laz", "t.laz"),
            (&[("/d/a/t.laz", false), ("/d/b", true)], "/d/b/u.laz", "b/u.laz"),
        ] {
            let inputs: Vec<_> =
                inputs.iter().map(|&(path, is_folder)| (Path::new(path), is_folder)).collect();
            assert_eq!(Mirror::of(&inputs).below(file.as_ref()), Path::new(expected));
        }
        for (kept, from, to) in [
            (&[][..], "a/scan.v2.laz", "out/a/scan.v2.pred.ply"),
            (&["las", "laz"], "a/scan.v2.laz", "out/a/scan.v2.pred.laz"),
            (&["las", "laz"], "a/SCAN.LAS", "out/a/SCAN.pred.las"),
            (&["las", "laz"], "a/scan", "out/a/scan.pred.ply"),
        ] {
            let ending = Ending { before: ".pred", kept, extension: "ply".into() };
            assert_eq!(ending.output_below("out".as_ref(), from.as_ref()), Path::new(to));
        }
    }
}
