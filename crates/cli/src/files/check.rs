//! `--check`: compares a list with the results of its shards, without any work.

use std::collections::HashMap;
use std::process::ExitCode;

use pointcloud::io::exists;

use super::journal::{journals, last_rows};
use super::list::FileList;
use super::stamp::{Stamp, hash};
use crate::output::line;

/// The result of a name.
struct Found {
    /// Size and time of the input, then the key, as one number.
    made_from: Option<u128>,
    key: u128,
    failed: Option<Box<str>>,
    /// In how many shards it is finished.
    times: usize,
    is_listed: bool,
}

/// What is wrong with a name, in words; `None` if it is done.
fn problem(
    found: Option<&Found>,
    stamp: Option<&Stamp>,
    key: u128,
    has_output: bool,
) -> Option<(&'static str, String)> {
    let (Some(stamp), Some(found)) = (stamp, found) else {
        return Some((
            "missing",
            if stamp.is_none() { "the input does not exist" } else { "not done yet" }.into(),
        ));
    };
    if let Some(reason) = &found.failed {
        return Some(("failed", reason.to_string()));
    }
    let times = found.times;
    match () {
        () if times > 1 => Some(("doubled", format!("finished in {times} shards"))),
        () if found.made_from != Some(hash(stamp)) => {
            Some(("outdated", "the input has changed since its output was made".into()))
        }
        () if found.key != key => Some(("outdated", "made with other weights or options".into())),
        () if !has_output => Some(("missing", "the output was removed".into())),
        () => None,
    }
}

/// Prints what is missing, failed, doubled or out of date; the exit code is that of success if nothing is.
///
/// # Errors
/// A list or results that cannot be read.
pub(crate) fn check(list: &FileList, key: &str) -> anyhow::Result<ExitCode> {
    let survey = list.survey()?;
    let mut results = results(list)?;
    let key = hash(&key);
    let mut counts = [("missing", 0), ("failed", 0), ("doubled", 0), ("outdated", 0)];
    let mut tell = |kind: &'static str, what: String| {
        if let Some((_, count)) = counts.iter_mut().find(|(known, _)| *known == kind) {
            *count += 1;
        }
        line(format_args!("{kind}: {what}"))
    };
    for twice in &survey.doubled {
        tell("doubled", twice.clone())?;
    }
    let mut done = 0;
    for listed in list.names()? {
        let listed = listed?;
        let mut found = results.get_mut(&hash(&listed.name));
        if let Some(found) = &mut found {
            found.is_listed = true;
        }
        let stamp = Stamp::of(&listed.from).ok();
        let has_output = listed.to.as_deref().map_or(Ok(true), exists)?;
        match problem(found.as_deref(), stamp.as_ref(), key, has_output) {
            None => done += 1,
            Some((kind, why)) => tell(kind, format!("{}: {why}", listed.name))?,
        }
    }
    let others = results.values().filter(|found| !found.is_listed).count();
    if others > 0 {
        line(format_args!("{others} results are of files that are not in the list"))?;
    }
    let text: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    line(format_args!("{} names: {done} done, {}", survey.names, text.join(", ")))?;
    let is_whole = done == survey.names && survey.doubled.is_empty();
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The results of all shards, by the hash of the name: some 60 bytes for each name.
fn results(list: &FileList) -> anyhow::Result<HashMap<u128, Found>> {
    let mut all: HashMap<u128, Found> = HashMap::new();
    if !exists(&list.output)? {
        return Ok(all);
    }
    for path in journals(&list.output)? {
        for (name, row) in last_rows(&path)? {
            let times = usize::from(row.error.is_none());
            let found = Found {
                made_from: row.stamp().map(|stamp| hash(&stamp)),
                key: hash(&row.key.as_str()),
                failed: row.error.map(String::into_boxed_str),
                times,
                is_listed: false,
            };
            match all.get_mut(&name) {
                // A failure in one shard, and the work finished in another of a different number.
                Some(other) if found.failed.is_some() && other.failed.is_none() => {}
                Some(other) => *other = Found { times: other.times + times, ..found },
                None => {
                    all.insert(name, found);
                }
            }
        }
    }
    Ok(all)
}
