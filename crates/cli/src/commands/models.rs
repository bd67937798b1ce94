//! `pointwise models`

use std::process::ExitCode;

use train::Model;

use crate::output::line;

/// List the trained networks that come with the program
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise models
  pointwise predict shapes10 cup.ply
  pointwise train mine.toml --from modelnet10-s

The name of a model stands for a run in predict, eval, inspect, report and train --from.")]
pub(super) struct Models {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Models {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        if self.json {
            let models: Vec<serde_json::Value> = Model::all().iter().map(json).collect();
            line(serde_json::to_string_pretty(&models)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        for model in Model::all() {
            let manifest = model.manifest();
            line(model.name)?;
            line(format_args!(
                "  network  {}, {:.2} MB in half precision",
                manifest.architecture,
                megabytes(model)
            ))?;
            line(format_args!("  classes  {}", manifest.classes.join(", ")))?;
            line(format_args!("  data     {}; {}", model.data, model.license))?;
            line(format_args!("  test     {}", model.figure))?;
            line(format_args!("  sha256   {}", model.sha256()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn megabytes(model: &Model) -> f64 {
    model.weights().len() as f64 / 1e6
}

fn json(model: &Model) -> serde_json::Value {
    let manifest = model.manifest();
    serde_json::json!({
        "name": model.name,
        "network": manifest.architecture,
        "classes": manifest.classes,
        "data": model.data,
        "license": model.license,
        "test": model.figure,
        "bytes": model.weights().len(),
        "sha256": model.sha256(),
    })
}
