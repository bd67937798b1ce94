//! `pointwise report`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::report::{RunReport, comparison, spread};
use pointcloud::io::replace_file;
use train::run::RunDirectory;
use train::terminal::note;

use crate::output::line;

/// Write the report of a run, or of several side by side, as one HTML file; of several, print mean and spread
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise report runs/shapes10                     # writes runs/shapes10/report.html
  pointwise report runs/a runs/b runs/c              # writes runs/comparison.html
  pointwise report runs/a runs/b --output both.html")]
pub(super) struct Report {
    /// Run directories, as `pointwise train` writes them, or names of models (see `pointwise models`)
    #[arg(required = true, value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
    /// The file [default: RUN/report.html, MODEL.report.html, or comparison.html beside the first of several runs]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Report {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let runs = self.runs.iter().map(RunReport::read).collect::<Result<Vec<_>, _>>()?;
        for run in runs.iter().filter(|run| !run.is_evaluated() && run.model().is_none()) {
            let path = run.path().display();
            note(format_args!(
                "{path} has not been evaluated: the report shows its training; `pointwise eval {path}` adds results"
            ));
        }
        let (page, default) = match &runs[..] {
            [run] => {
                let default = match run.model() {
                    Some(model) => PathBuf::from(format!("{}.report.html", model.name)),
                    None => RunDirectory::open(run.path())?.report(),
                };
                (run.page(0)?, default)
            }
            [first, ..] => {
                (comparison(&runs)?, first.path().parent().unwrap_or(first.path()).join("comparison.html"))
            }
            [] => unreachable!("clap asks for a run"),
        };
        if runs.len() > 1 {
            line(spread(&runs)?.trim_end())?;
        }
        let output = self.output.unwrap_or(default);
        replace_file(&output, |out| out.write_all(page.as_bytes()))?;
        named(&output)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Says where the report is.
pub(super) fn named(path: &Path) -> std::io::Result<()> {
    line(format_args!("report: {}", path.display()))
}
