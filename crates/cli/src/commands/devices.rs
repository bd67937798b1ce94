//! `pointwise devices`, and the option `--device` of the other commands.

use std::process::ExitCode;

use ::train::{FoundDevice, RunError, device, devices};
use train::terminal::note;

use crate::output::line;

/// List the devices that `--device` takes on this machine
#[derive(Debug, clap::Args)]
pub(super) struct Devices {}

impl Devices {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let auto = device("auto");
        for found in devices() {
            let chosen =
                if auto.as_ref().is_ok_and(|auto| auto.name == found.name) { ", chosen by auto" } else { "" };
            line(format_args!("{:<8} {}{chosen}", found.name, found.description))?;
        }
        auto?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The device of the option `--device`; says on the standard error which card `auto` has picked.
pub(super) fn pick(name: &str, quiet: bool) -> Result<FoundDevice, RunError> {
    let found = device(name)?;
    if name == "auto" && found.is_gpu && !quiet {
        note(format_args!("device: {found}"));
    }
    Ok(found)
}
