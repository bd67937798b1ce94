//! `pointwise train --seeds`: one training after the other, then mean and spread.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use ::report::{RunReport, comparison, spread};
use anyhow::bail;
use pointcloud::io::replace_file;
use train::Processes;
use train::run::RunDirectory;

use super::interrupt;
use super::output::line;
use super::report::named;
use super::train::Train;

/// Seeds in the order in which they are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seeds(Vec<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || "expected A..B, which is A up to B - 1, or numbers with commas, such as 0,1,5".to_owned();
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| expected());
        let seeds: Vec<u64> = match text.split_once("..") {
            Some((first, end)) => (number(first)?..number(end)?).take(MOST + 1).collect(),
            None => text.split(',').map(number).collect::<Result<_, _>>()?,
        };
        let mut sorted = seeds.clone();
        sorted.sort_unstable();
        sorted.dedup();
        match seeds.len() {
            0 => Err(expected()),
            count if count > MOST => Err(format!("found more than {MOST} seeds")),
            count if sorted.len() < count => Err("found a seed twice".into()),
            _ => Ok(Self(seeds)),
        }
    }
}

/// More trainings than anyone waits for: a typing error.
const MOST: usize = 1000;

/// Trains with every seed; then prints mean and spread, and writes the comparison. Runs that are finished are left as they are
/// with `--resume`.
pub(super) fn train_all(command: &Train, seeds: &Seeds) -> anyhow::Result<ExitCode> {
    let name = command.load()?.0.name;
    let base = command.output.clone();
    let run_of = |seed: u64| match &base {
        Some(folder) => folder.join(format!("seed-{seed}")),
        None => PathBuf::from("runs").join(format!("{name}-seed-{seed}")),
    };
    let runs: Vec<PathBuf> = seeds.0.iter().map(|&seed| run_of(seed)).collect();
    // Check now: otherwise the error appears after the first trainings.
    if let Some(run) = runs.iter().find(|run| !command.resume && run.exists()) {
        let run = run.display();
        bail!("{run}: exists already; go on with --resume, or choose another folder with --output");
    }
    for (&seed, path) in seeds.0.iter().zip(&runs) {
        let there = RunDirectory::open(path).ok();
        if there.as_ref().is_some_and(|run| run.evaluation().exists()) {
            line(format_args!("seed {seed}: {} is finished", path.display()))?;
            continue;
        }
        line(format_args!("seed {seed}: {}", path.display()))?;
        let mut one = command.clone();
        (one.seeds, one.output, one.resume) = (None, Some(path.clone()), there.is_some());
        one.overrides.push(format!("seed={seed}"));
        let code = one.train(&Processes::default())?;
        if interrupt::stop().is_requested() {
            line("the other seeds are left; --seeds with --resume goes on")?;
            return Ok(code);
        }
    }
    let reports = runs.iter().map(RunReport::read).collect::<Result<Vec<_>, _>>()?;
    if reports.len() > 1 {
        line(format_args!("\n{}", spread(&reports)?.trim_end()))?;
        let page = match &base {
            Some(folder) => folder.join("comparison.html"),
            None => PathBuf::from("runs").join(format!("{name}-seeds.html")),
        };
        let text = comparison(&reports)?;
        replace_file(&page, |out| out.write_all(text.as_bytes()))?;
        named(&page)?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_ranges_or_lists() {
        assert_eq!("0..3".parse(), Ok(Seeds(vec![0, 1, 2])));
        assert_eq!("5, 1,7".parse(), Ok(Seeds(vec![5, 1, 7])));
        assert_eq!("4".parse(), Ok(Seeds(vec![4])));
        for (bad, part) in [
            ("3..3", "A..B"),
            ("", "A..B"),
            ("a..b", "A..B"),
            ("1,1", "twice"),
            ("0..99999999999", "more than"),
        ] {
            let error = bad.parse::<Seeds>().unwrap_err();
            assert!(error.contains(part), "{bad}: {error}");
        }
    }
}
