//! The option `--weights`.

use clap::ValueEnum;

/// Which weights of a run.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum WeightsArgument {
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
