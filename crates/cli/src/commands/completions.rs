//! `pointwise completions`

use std::io;
use std::process::ExitCode;

use clap_complete::{Shell, generate};

/// Print a script by which a shell completes commands, options and paths
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  bash        pointwise completions bash > ~/.local/share/bash-completion/completions/pointwise
  zsh         pointwise completions zsh > ~/.zfunc/_pointwise      (a folder of fpath, before compinit)
  fish        pointwise completions fish > ~/.config/fish/completions/pointwise.fish
  PowerShell  pointwise completions powershell >> $PROFILE")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script for `program`, the command line with all commands.
    pub(super) fn run(self, mut program: clap::Command) -> anyhow::Result<ExitCode> {
        // The generator panics where its output is gone, as with `| head`.
        let mut script = Vec::new();
        generate(self.shell, &mut program, "pointwise", &mut script);
        io::Write::write_all(&mut io::stdout(), &script)?;
        Ok(ExitCode::SUCCESS)
    }
}
