//! `predictions.jsonl` and `predictions.csv`: a line for each file, written as soon as it is predicted.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use pointcloud::io::{create_folder, exists, replace_file, sync_file, sync_folders};
use serde_json::Value;

use crate::files::{Existing, claim};
use crate::output::line;

const CSV_HEAD: &str = "file,class,probability\n";

/// Where the lines go.
#[derive(Debug, Default)]
pub(super) struct Results {
    json: Vec<(PathBuf, File)>,
    csv: Option<(PathBuf, File)>,
    prints_json: bool,
    /// Held as long as the results are open.
    _lock: Option<File>,
}

impl Results {
    /// The results in `folder` and in the file `json`, where they are asked for. Gives the files that are done already,
    /// if the work goes on.
    ///
    /// # Errors
    /// Results that exist, and are neither to be replaced nor gone on with; files that cannot be written.
    pub(super) fn open(
        folder: Option<&Path>,
        json: Option<&Path>,
        existing: Existing,
    ) -> anyhow::Result<(Self, HashSet<String>)> {
        // Before anything is looked at: another process may be at work.
        let lock = match folder {
            Some(folder) => {
                create_folder(folder)?;
                claim(folder, "predictions", "predictions")?
            }
            None => None,
        };
        let (mut results, mut done) = (Self { _lock: lock, ..Self::default() }, HashSet::new());
        let prints = json.is_some_and(|path| path.as_os_str() == "-");
        results.prints_json = prints;
        let extra = json.filter(|_| !prints).map(Path::to_owned);
        let paths = folder.map(|folder| (folder.join("predictions.jsonl"), folder.join("predictions.csv")));
        let new: Vec<&PathBuf> =
            paths.iter().flat_map(|(lines, table)| [lines, table]).chain(&extra).collect();
        for path in new.into_iter().filter(|_| !existing.overwrite && !existing.resume) {
            if exists(path)? {
                bail!(
                    "{}: exists already; --overwrite replaces it, --resume leaves out what is done",
                    path.display()
                );
            }
        }
        if let Some((lines, table)) = &paths {
            let before = if existing.resume && exists(lines)? { finished_lines(lines)? } else { Vec::new() };
            replace_file(lines, |out| before.iter().try_for_each(|row| writeln!(out, "{row}")))?;
            replace_file(table, |out| {
                out.write_all(CSV_HEAD.as_bytes())?;
                before.iter().try_for_each(|row| out.write_all(csv_line(row).as_bytes()))
            })?;
            done.extend(before.iter().filter_map(|row| row["file"].as_str().map(str::to_owned)));
            results.json.push((lines.clone(), append(lines)?));
            results.csv = Some((table.clone(), append(table)?));
        } else if existing.resume {
            bail!(
                "--resume: found no --output, expected the folder with the results of the work to go on with"
            );
        }
        if let Some(path) = extra {
            replace_file(&path, |_| Ok(()))?;
            results.json.push((path.clone(), append(&path)?));
        }
        Ok((results, done))
    }

    /// Adds the line of a file.
    pub(super) fn add(&mut self, row: &Value) -> anyhow::Result<()> {
        let json = format!("{row}\n");
        for (path, file) in &mut self.json {
            file.write_all(json.as_bytes()).with_context(|| format!("{}: cannot write", path.display()))?;
        }
        if let Some((path, file)) = &mut self.csv {
            let written = file.write_all(csv_line(row).as_bytes());
            written.with_context(|| format!("{}: cannot write", path.display()))?;
        }
        if self.prints_json {
            line(row)?;
        }
        Ok(())
    }

    /// Waits until the disk has all lines.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        for (path, file) in self.json.iter().chain(&self.csv) {
            sync_file(file, path)?;
        }
        Ok(sync_folders()?)
    }

    /// Whether the standard output has JSON, and so no text for people.
    pub(super) fn prints_json(&self) -> bool {
        self.prints_json
    }
}

fn append(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new().append(true).open(path);
    file.with_context(|| format!("{}: cannot write", path.display()))
}

/// The whole lines of files that did not fail.
fn finished_lines(path: &Path) -> anyhow::Result<Vec<Value>> {
    let text = fs::read(path).with_context(|| format!("{}: cannot read", path.display()))?;
    let lines = text.split_inclusive(|&byte| byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"));
    let rows = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    Ok(rows.filter(|row| row["file"].is_string() && row.get("error").is_none()).collect())
}

/// A line `file,class,probability`; class and probability are empty where the file could not be used.
fn csv_line(row: &Value) -> String {
    let field = |text: &str| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let best = row["predictions"][0]["probability"].as_f64();
    let best = best.map(|probability| (probability as f32).to_string()).unwrap_or_default();
    let text = |key: &str| field(row[key].as_str().unwrap_or_default());
    format!("{},{},{best}\n", text("file"), text("class"))
}
