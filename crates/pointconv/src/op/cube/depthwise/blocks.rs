//! The channels of one thread.

use crate::op::cube::sizes::Sizes;

/// Output channels that a thread holds in registers.
const BLOCK: usize = 16;

/// Some channels, and for each of them some of its outputs: several channels with all of their outputs, or one channel
/// with some, so that the outputs follow each other in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Blocks {
    /// Channels of a block.
    pub(super) channels: usize,
    /// Outputs of each of these channels.
    pub(super) outputs: usize,
    /// Blocks along the channels.
    pub(super) along_channels: usize,
    /// Blocks along the outputs of a channel.
    pub(super) along_outputs: usize,
}

impl Blocks {
    pub(super) fn new(sizes: Sizes) -> Self {
        let (channels, outputs) = (sizes.channels_in, sizes.channels_out);
        let block = (BLOCK / outputs).clamp(1, channels);
        Self {
            channels: block,
            outputs: outputs.min(BLOCK),
            along_channels: channels.div_ceil(block),
            along_outputs: outputs.div_ceil(BLOCK),
        }
    }

    /// Outputs of a block.
    pub(super) fn width(&self) -> usize {
        self.channels * self.outputs
    }
}
