//! Arguments and commands: one file per command.

mod bench;
mod completions;
mod config;
mod convert;
mod devices;
mod eval;
mod evaluation;
mod inspect;
mod interrupt;
mod models;
mod output;
mod predict;
mod report;
mod seeds;
mod start;
mod synth;
mod train;
mod unpack;

use std::process::ExitCode;

pub(crate) use self::interrupt::{install as handle_interrupts, leaves};
pub(crate) use self::output::{describe, is_closed_pipe, line};
pub(crate) use self::train::quoted;
use clap::{Parser, Subcommand, ValueEnum};

/// Deep learning on point clouds with pointwise convolution (Hua, Tran, Yeung, CVPR 2018).
#[derive(Debug, Parser)]
#[command(name = "pointwise", version, propagate_version = true)]
#[command(after_help = "First run, without any data:
  pointwise train configs/shapes10.toml

`pointwise COMMAND --help` has examples for every command.")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
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

/// Which weights of a run.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum WeightsArgument {
    /// Of the epoch that did best on the validation files
    #[default]
    Best,
    /// Of the last epoch
    Last,
    /// The average over the training, where the config has train.average
    Average,
}

impl From<WeightsArgument> for ::train::Weights {
    fn from(weights: WeightsArgument) -> Self {
        match weights {
            WeightsArgument::Best => Self::Best,
            WeightsArgument::Last => Self::Last,
            WeightsArgument::Average => Self::Average,
        }
    }
}

/// Runs the command that the arguments name.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let Some(command) = Arguments::parse().command else { return Ok(start::tell()) };
    match command {
        Command::Train(command) => command.run(),
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
        Command::Completions(command) => command.run(),
    }
}
