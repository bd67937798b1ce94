//! `pointwise eval`

use std::path::PathBuf;
use std::process::ExitCode;

use pointcloud::replace_file;
use train::{ProgressMode, TrainedRun};

use super::WeightsArgument;
use super::devices::pick;
use super::output::line;

/// Evaluate a run on every file of a split
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise eval runs/shapes10 --data datasets/shapes10
  pointwise eval runs/modelnet10 --data /data/ModelNet10 --weights last --json result.json")]
pub(super) struct Eval {
    /// Run directory, as `pointwise train` writes it
    run: PathBuf,
    /// Folder of CLASS/SPLIT/FILE, or of SPLIT/FILE for labelled scenes [default: the data the run was trained on]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Split to evaluate on
    #[arg(long, default_value = "test")]
    split: String,
    /// Which weights
    #[arg(long, value_enum, default_value_t)]
    weights: WeightsArgument,
    /// Write the results as JSON (`-`: to the standard output, instead of the table)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to compute: auto, cpu, or another device of this build
    #[arg(long, default_value = "auto")]
    device: String,
    /// Print results only
    #[arg(long)]
    quiet: bool,
}

impl Eval {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let device = pick(&self.device, self.quiet)?.device;
        let run = TrainedRun::open(&self.run, self.weights.into(), &device)?;
        let root = self.data.unwrap_or_else(|| run.config().data.root.clone());
        let evaluation = run.evaluate(&root, &self.split, ProgressMode::detect(self.quiet))?;
        let json = serde_json::to_string_pretty(&evaluation)?;
        match self.json {
            Some(path) if path.as_os_str() == "-" => {
                line(json)?;
                return Ok(ExitCode::SUCCESS);
            }
            Some(path) => {
                replace_file(&path, |out| out.write_all(json.as_bytes()))?;
            }
            None => {}
        }
        line(evaluation.table())?;
        line(evaluation.confusion_table())?;
        Ok(ExitCode::SUCCESS)
    }
}
