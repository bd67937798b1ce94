//! Draws the test files of a data set without splits.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::files::Labelled;
use super::listing::relative;
use crate::error::{Error, Result};
use crate::seed::derive_seed;

/// Puts `fraction` of every class into `test` and the rest into `train`.
///
/// The number of test files of a class is rounded. A class of two or more files has at least one in each split; the file of a
/// class of one is in `train`. The draw depends on the seed and on the paths of the files relative to the root.
pub(super) fn draw(root: &Path, files: &mut [Labelled], fraction: f64, seed: u64) {
    let mut classes: BTreeMap<String, Vec<(u64, usize)>> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        let path: Vec<u64> = relative(root, &file.path).bytes().map(u64::from).collect();
        classes.entry(file.class.clone()).or_default().push((derive_seed(seed, &path), index));
    }
    for mut members in classes.into_values() {
        members.sort_unstable();
        let wanted = (members.len() as f64 * fraction).round() as usize;
        let tests = wanted.max(1).min(members.len() - 1);
        for (rank, (_, index)) in members.into_iter().enumerate() {
            files[index].split = Some(if rank < tests { "test" } else { "train" }.to_owned());
        }
    }
}

/// Puts the files `tests` (paths from the root) into `test` and all others into `train`.
///
/// # Errors
/// [`Error::Layout`] for the first one that is missing.
pub(super) fn assign(root: &Path, files: &mut [Labelled], tests: &[String]) -> Result<()> {
    let mut missing: BTreeSet<&str> = tests.iter().map(String::as_str).collect();
    for file in files {
        let is_test = missing.remove(relative(root, &file.path).as_str());
        file.split = Some(if is_test { "test" } else { "train" }.to_owned());
    }
    match missing.first() {
        None => Ok(()),
        Some(path) => Err(Error::Layout {
            path: root.to_owned(),
            found: format!(
                "no file {path}, which was drawn for the split test ({} such files)",
                missing.len()
            ),
            expected: "the files of the training, or a data set with splits".into(),
        }),
    }
}
