//! The options for lists of files, the same in every command that takes them.

use std::path::{Path, PathBuf};

use super::list::FileList;
use super::outputs::Ending;
use super::shard::Shard;

/// A list of inputs instead of inputs as arguments.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ListOptions {
    /// Work on the files of a list, one name per line; files that are done already are left out
    #[arg(long, value_name = "FILE", conflicts_with_all = ["overwrite", "resume"])]
    pub(crate) list: Option<PathBuf>,
    /// The folder that the names of the list are below; the outputs mirror its tree [default: the current folder]
    #[arg(long, value_name = "DIR", requires = "list")]
    base: Option<PathBuf>,
    /// Work on part i of n of the list, i from 0 [default: what Slurm or Kubernetes says, else all]
    #[arg(long, value_name = "i/n", requires = "list")]
    shard: Option<Shard>,
    /// Compare list and outputs, and print what is missing, failed, doubled or out of date, without any work
    #[arg(long, requires = "list", conflicts_with = "shard")]
    pub(crate) check: bool,
}

impl ListOptions {
    /// The list, if there is one; its outputs go into `output` and have the `ending`.
    pub(crate) fn list(&self, output: &Path, ending: Option<Ending>) -> Option<FileList> {
        let path = self.list.clone()?;
        let base = self.base.clone().unwrap_or_default();
        Some(FileList { path, base, output: output.to_owned(), ending })
    }

    /// The shard of `--shard`, or of the environment.
    ///
    /// # Errors
    /// An environment that does not say which.
    pub(crate) fn shard(&self) -> anyhow::Result<Shard> {
        match self.shard {
            Some(shard) => Ok(shard),
            None => Shard::of_environment(&|name| std::env::var(name).ok()),
        }
    }
}
