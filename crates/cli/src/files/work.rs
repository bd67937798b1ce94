//! The work on a shard of a list: which files are left to do, and what became of them.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pointcloud::io::{Batch, ReplaceFiles};
use serde_json::{Map, Value, json};
use train::terminal::note;
use train::{Progress, ProgressMode};

use super::journal::Journal;
use super::list::{FileList, Listed};
use super::options::ListOptions;
use super::shard::Shard;
use super::stamp::Stamp;
use crate::interrupt::leaves;
use crate::output::line;

/// What became of a file: what its line says beside its name, or why it failed.
pub(crate) type Outcome = Result<Map<String, Value>, String>;

/// A file that is left to do.
#[derive(Debug)]
pub(crate) struct Todo {
    pub(crate) listed: Listed,
    /// Taken before the file is read: a change meanwhile is found by the next run.
    stamp: Option<Stamp>,
}

/// The work of this process.
#[derive(Debug)]
pub(crate) struct ShardWork {
    list: FileList,
    shard: Shard,
    journal: Mutex<Journal>,
    /// Outputs that wait for their names, with the lines that say that they are done.
    outputs: Batch<(Todo, Map<String, Value>)>,
    /// The first problem with the list itself, or with the file of results.
    problem: Mutex<Option<anyhow::Error>>,
    all: usize,
    skipped: AtomicUsize,
    finished: Arc<AtomicUsize>,
    failed: AtomicUsize,
    bar: Progress,
}

impl ShardWork {
    /// Looks at the whole list, and opens the results of the shard.
    ///
    /// # Errors
    /// A list that cannot be used, results that cannot be written, a shard that another process works on.
    pub(crate) fn open(
        list: FileList,
        options: &ListOptions,
        key: &str,
        progress: ProgressMode,
    ) -> anyhow::Result<Self> {
        let shard = options.shard()?;
        let names = list.verify()?;
        let journal = Mutex::new(Journal::open(&list.output, shard, key)?);
        let all = names / shard.count + usize::from(shard.index < names % shard.count);
        let bar = Progress::start(progress, &format!("shard {shard}"), "files", all);
        let finished = Arc::new(AtomicUsize::new(0));
        leaves({
            let finished = finished.clone();
            move || {
                let done = finished.load(Ordering::Relaxed);
                format!("{done} of {all} files of shard {shard} are done; the same command goes on")
            }
        });
        let (skipped, failed, problem) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(None));
        Ok(Self {
            list,
            shard,
            journal,
            outputs: Batch::default(),
            problem,
            all,
            skipped,
            finished,
            failed,
            bar,
        })
    }

    /// The files that are left to do, read lazily from the list.
    ///
    /// # Errors
    /// A list that cannot be read.
    pub(crate) fn todo(&self) -> anyhow::Result<impl Iterator<Item = (PathBuf, Todo)> + Send + '_> {
        let names = self.list.names()?.map_while(|listed| match listed {
            Ok(listed) => Some(listed),
            Err(error) => {
                self.note(error);
                None
            }
        });
        Ok(names.filter(|listed| self.shard.has(listed.position)).filter_map(|listed| {
            let stamp = Stamp::of(&listed.from).ok();
            let is_done = stamp.as_ref().is_some_and(|stamp| self.journal().is_done(&listed.name, stamp))
                && listed.to.as_ref().is_none_or(|to| to.exists());
            if is_done {
                self.skipped.fetch_add(1, Ordering::Relaxed);
                self.finished.fetch_add(1, Ordering::Relaxed);
                self.bar.advance(1);
                return None;
            }
            Some((listed.from.clone(), Todo { listed, stamp }))
        }))
    }

    /// Writes what became of a file. Gives `false` when the results cannot be written and the work must end.
    pub(crate) fn finish(&self, todo: Todo, outcome: Outcome) -> bool {
        let result = match outcome {
            Ok(result) => {
                self.finished.fetch_add(1, Ordering::Relaxed);
                result
            }
            Err(reason) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                self.bar.aside(|| note(format_args!("error: {reason}")));
                Map::from_iter([("error".to_owned(), json!(reason))])
            }
        };
        let added = self.journal().add(&todo.listed.name, todo.stamp.as_ref(), result);
        self.bar.advance(1);
        added.map_err(|error| self.note(error)).is_ok()
    }

    /// As [`finish`](Self::finish) for a file with an output, which gets its name together with others. Its line is written
    /// afterwards.
    pub(crate) fn finish_output(
        &self,
        todo: Todo,
        outcome: Result<(ReplaceFiles, Map<String, Value>), String>,
    ) -> bool {
        match outcome {
            Ok((files, result)) => self.write_lines(self.outputs.add(files, (todo, result))),
            Err(reason) => self.finish(todo, Err(reason)),
        }
    }

    /// Writes the lines of outputs that have their names.
    fn write_lines(&self, named: pointcloud::Result<Vec<(Todo, Map<String, Value>)>>) -> bool {
        match named {
            Ok(done) => done.into_iter().all(|(todo, result)| self.finish(todo, Ok(result))),
            Err(error) => {
                self.note(error.into());
                false
            }
        }
    }

    /// Says what was done; the exit code is that of a failure if a file failed.
    ///
    /// # Errors
    /// What ended the work early.
    pub(crate) fn end(mut self) -> anyhow::Result<ExitCode> {
        let outputs = std::mem::take(&mut self.outputs);
        self.write_lines(outputs.finish());
        self.bar.finish();
        if let Some(error) = self.problem.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let [skipped, finished, failed] =
            [&self.skipped, &*self.finished, &self.failed].map(|count| count.load(Ordering::Relaxed));
        let journal = self.journal.into_inner().unwrap_or_else(PoisonError::into_inner);
        let path = journal.path().display().to_string();
        journal.finish()?;
        line(format_args!(
            "shard {}: {} files, {skipped} were done before, {} are done now, {failed} failed; results: {path}",
            self.shard,
            self.all,
            finished - skipped
        ))?;
        Ok(if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the first problem.
    fn note(&self, error: anyhow::Error) {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}
