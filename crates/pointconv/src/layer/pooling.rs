//! What pooling takes of several points.

use burn::config::Config;

/// What a pooling layer takes of the features of several points, channel by channel.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The largest value.
    Max,
    /// The mean.
    Mean,
    /// The largest values of all channels, followed by the means of all channels.
    Both,
}

impl Pooling {
    /// Channels of the output for `channels` of the input.
    pub fn channels_out(self, channels: usize) -> usize {
        match self {
            Self::Max | Self::Mean => channels,
            Self::Both => 2 * channels,
        }
    }

    pub(crate) fn has_max(self) -> bool {
        self != Self::Mean
    }

    pub(crate) fn has_mean(self) -> bool {
        self != Self::Max
    }
}
