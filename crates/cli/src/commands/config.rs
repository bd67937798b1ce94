//! `pointwise config`

use std::process::ExitCode;

use train::config::{json_schema, reference};

use crate::output::line;

/// Print the reference of the config file: every key with its type, default and meaning
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise config | less
  pointwise config --schema > pointwise.schema.json      (for editors: see the guide)")]
pub(super) struct Config {
    /// Print a JSON Schema, by which editors complete and check keys
    #[arg(long)]
    schema: bool,
}

impl Config {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.schema {
            true => line(serde_json::to_string_pretty(&json_schema())?)?,
            false => line(reference().trim_end())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
