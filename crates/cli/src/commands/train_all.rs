//! `pointwise train --seeds`: one training after the other, then mean and spread.

use std::path::PathBuf;
use std::process::ExitCode;

use ::report::{RunReport, comparison, spread};
use anyhow::bail;
use pointcloud::io::{exists, replace_file};
use train::run::RunDirectory;
use train::{Processes, RunError};

use super::report::named;
use super::seeds::Seeds;
use super::train::{Train, refuse_several};
use crate::interrupt;
use crate::output::line;

/// Trains with every seed; then prints mean and spread, and writes the comparison. Runs that are finished are left as they are
/// with `--resume`.
pub(super) fn train_all(command: &Train, seeds: &Seeds) -> anyhow::Result<ExitCode> {
    let processes = Processes::join()?;
    refuse_several(&processes, "--seeds")?;
    let name = command.load()?.0.name;
    let base = command.output.clone();
    let run_of = |seed: u64| match &base {
        Some(folder) => folder.join(format!("seed-{seed}")),
        None => PathBuf::from("runs").join(format!("{name}-seed-{seed}")),
    };
    let runs: Vec<PathBuf> = seeds.0.iter().map(|&seed| run_of(seed)).collect();
    // Check now: otherwise the error appears after the first trainings.
    for run in runs.iter().filter(|_| !command.resume) {
        if exists(run)? {
            let run = run.display();
            bail!("{run}: exists already; go on with --resume, or choose another folder with --output");
        }
    }
    for (&seed, path) in seeds.0.iter().zip(&runs) {
        let there = match RunDirectory::open(path) {
            Err(RunError::NotARun { .. }) => None,
            run => Some(run?),
        };
        if let Some(run) = &there
            && exists(&run.evaluation())?
        {
            line(format_args!("seed {seed}: {} is finished", path.display()))?;
            continue;
        }
        line(format_args!("seed {seed}: {}", path.display()))?;
        let mut one = command.clone();
        (one.seeds, one.output, one.resume) = (None, Some(path.clone()), there.is_some());
        one.overrides.push(format!("seed={seed}"));
        let code = one.train(&processes)?;
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
