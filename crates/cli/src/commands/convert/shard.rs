//! `pointwise convert --list`: a shard of a list of files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::bail;
use pointcloud::derive_seed;
use pointcloud::io::Reader;
use rayon::prelude::*;
use serde_json::{Map, json};

use super::Convert;
use crate::files::{ShardWork, Todo, check, key_of_options};
use crate::memory::fills_memory;
use crate::output::describe;
use crate::progress;

impl Convert {
    /// Converts the shard of the list, or checks the whole list.
    pub(super) fn convert_list(&self, reader: &Reader) -> anyhow::Result<ExitCode> {
        if let [input, ..] = self.inputs() {
            bail!("{}: found an input beside --list, expected only the folder to write", input.display());
        }
        if self.skip_bad {
            bail!("--skip-bad: has no effect with --list, where a file that fails never stops the others");
        }
        let output = self.output();
        let list = self.list.list(output, Some(self.ending())).expect("called with --list only");
        let Self { points, sampling, seed, format, columns, drop_invalid, strict, .. } = self;
        let key = key_of_options(&format!(
            "points {points:?} {sampling:?} {seed} format {format:?} columns {columns} drop {drop_invalid} strict {strict}"
        ));
        if self.list.check {
            return check(&list, &key);
        }
        let work = ShardWork::open(list, &self.list, &key, progress::detect(self.quiet))?;
        let ended = AtomicBool::new(false);
        // The choice of points depends on the file alone, not on the shard or on its index in the list.
        let reader_of = |todo: &Todo| {
            let name: Vec<u64> = todo.listed.name.bytes().map(u64::from).collect();
            reader.clone().stream(derive_seed(*seed, &name))
        };
        let convert = |from: &Path, todo: Todo| {
            let to = todo.listed.to.clone().expect("a conversion writes a file for every input");
            let outcome = self.convert(from, &to, &reader_of(&todo)).map(|(files, lost)| {
                let to = to.strip_prefix(output).unwrap_or(&to).to_string_lossy().into_owned();
                let result = [("output".to_owned(), json!(to)), ("lost".to_owned(), json!(lost))];
                (files, Map::from_iter(result))
            });
            let outcome = outcome.map_err(|error| describe(error.as_ref()));
            if !work.finish_output(todo, outcome) {
                ended.store(true, Ordering::Relaxed);
            }
        };
        // Files that fill the memory come after the others, one at a time.
        let alone: Mutex<Vec<(PathBuf, Todo)>> = Mutex::default();
        // The threads take one file after the other, so that reading, computing and writing overlap.
        work.todo()?.par_bridge().for_each(|(from, todo)| {
            if ended.load(Ordering::Relaxed) {
                return;
            }
            if fills_memory(&from, &reader_of(&todo), self.reading()) {
                alone.lock().unwrap_or_else(PoisonError::into_inner).push((from, todo));
            } else {
                convert(&from, todo);
            }
        });
        for (from, todo) in alone.into_inner().unwrap_or_else(PoisonError::into_inner) {
            if !ended.load(Ordering::Relaxed) {
                convert(&from, todo);
            }
        }
        work.end()
    }
}
