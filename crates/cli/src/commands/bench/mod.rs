//! `pointwise bench`: one file per measurement.

mod conv;
mod kinds;
mod load;
mod results;
mod search;
mod train;

use std::process::ExitCode;

use clap::Subcommand;

/// Measure how fast the parts are on this machine
#[derive(Debug, clap::Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Conv(conv::Conv),
    Search(search::Search),
    Load(load::Load),
    Train(train::Train),
    Kinds(kinds::Kinds),
}

impl Bench {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Conv(conv) => conv.run()?,
            What::Search(search) => search.run()?,
            What::Load(load) => load.run()?,
            What::Train(train) => train.run()?,
            What::Kinds(kinds) => kinds.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
