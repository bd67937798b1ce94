//! Arguments and commands: one file per command.

mod bench;
mod completions;
mod config;
mod convert;
mod devices;
mod eval;
mod evaluation;
mod inspect;
mod models;
mod predict;
mod report;
mod seeds;
mod start;
mod synth;
mod train;
mod train_all;
mod unpack;
mod weights;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::nearest::with_hint;

/// Deep learning on point clouds with pointwise convolution (Hua, Tran, Yeung, CVPR 2018).
#[derive(Debug, Parser)]
#[command(name = "pointwise", version, propagate_version = true)]
#[command(after_help = "First run, without any data:
  pointwise train configs/shapes10.toml

`pointwise COMMAND --help` has examples for every command.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

impl Arguments {
    /// Whether the command only reads files block by block, every one of which is another: there are no steps.
    pub(crate) fn reads_in_blocks(&self) -> bool {
        match &self.command {
            Some(Command::Inspect(_)) => true,
            Some(Command::Convert(command)) => !command.draws_points(),
            _ => false,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(train::Train),
    Eval(eval::Eval),
    Predict(predict::Predict),
    Report(report::Report),
    Inspect(inspect::Inspect),
    Convert(convert::Convert),
    Synth(synth::Synth),
    Bench(bench::Bench),
    Devices(devices::Devices),
    Models(models::Models),
    Config(config::Config),
    Completions(completions::Completions),
}

impl Command {
    /// What the command reads, as the arguments name it.
    fn paths(&self) -> Vec<PathBuf> {
        match self {
            Self::Train(command) => command.paths(),
            Self::Eval(command) => command.paths(),
            Self::Predict(command) => command.paths(),
            Self::Report(command) => command.runs.clone(),
            Self::Inspect(command) => vec![command.path.clone()],
            Self::Convert(command) => command.inputs().to_vec(),
            _ => Vec::new(),
        }
    }
}

/// The arguments of the program. Ends it where they ask for help, or are wrong.
pub(crate) fn parse() -> Arguments {
    Arguments::parse()
}

/// Runs the command that the arguments name.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Some(command) = arguments.command else { return Ok(start::tell()) };
    let paths = command.paths();
    let result = match command {
        Command::Train(command) => match command.seeds.clone() {
            Some(seeds) => train_all::train_all(&command, &seeds),
            None => command.run(),
        },
        Command::Eval(command) => command.run(),
        Command::Predict(command) => command.run(),
        Command::Report(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Convert(command) => command.run(),
        Command::Synth(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Devices(command) => command.run(),
        Command::Models(command) => command.run(),
        Command::Config(command) => command.run(),
        Command::Completions(command) => command.run(Arguments::command()),
    };
    with_hint(result, &paths)
}
