//! The full and the depthwise operator, so that one test body runs for both.

use pointconv::{depthwise_point_conv, pointwise_conv, reference};

use super::Op;

/// The sizes of a weight `[K, C_in, columns]`: input channels, and columns.
pub(crate) type Widths = (usize, usize);

/// An operator: what connects its channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Weight `[K, C_in, C_out]`: a column for each output channel.
    Full,
    /// Weight `[K, C_in, M]`: a column for each output of an input channel.
    Depthwise,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Full, Self::Depthwise];

    /// The operator under test.
    pub(crate) fn op(self) -> Op {
        match self {
            Self::Full => pointwise_conv,
            Self::Depthwise => depthwise_point_conv,
        }
    }

    /// The same from plain tensor operations.
    pub(crate) fn reference(self) -> Op {
        match self {
            Self::Full => reference::pointwise_conv,
            Self::Depthwise => reference::depthwise_point_conv,
        }
    }

    /// The name of the operator in messages, and that of its layer.
    pub(crate) fn names(self) -> [&'static str; 2] {
        match self {
            Self::Full => ["pointwise_conv", "PointwiseConv"],
            Self::Depthwise => ["depthwise_point_conv", "DepthwisePointConv"],
        }
    }

    pub(crate) fn channels_out(self, (channels_in, columns): Widths) -> usize {
        match self {
            Self::Full => columns,
            Self::Depthwise => channels_in * columns,
        }
    }

    /// The output channel to which a column of the weights of `channel` adds.
    pub(crate) fn output(self, channel: usize, column: usize, columns: usize) -> usize {
        match self {
            Self::Full => column,
            Self::Depthwise => channel * columns + column,
        }
    }

    /// The first or the second, for widths that a test chooses itself.
    pub(crate) fn choose<T>(self, full: T, depthwise: T) -> T {
        match self {
            Self::Full => full,
            Self::Depthwise => depthwise,
        }
    }

    /// A narrow width whose numbers all differ.
    pub(crate) fn narrow(self) -> Widths {
        self.choose((3, 5), (3, 2))
    }

    /// A narrow width and one of several blocks of lanes.
    pub(crate) fn narrow_and_wide(self) -> [Widths; 2] {
        [self.narrow(), self.choose((20, 33), (20, 3))]
    }

    /// The kernels differ for narrow and wide rows and pad them to blocks; these widths lie at and beside the borders, in
    /// features and in outputs.
    pub(crate) fn every_width(self) -> Vec<Widths> {
        let by_columns: &[(usize, &[usize])] = match self {
            Self::Full => &[
                (1, &[1, 5, 17]),
                (9, &[15]),
                (16, &[3, 4, 5, 16, 17]),
                (17, &[1, 4, 16]),
                (32, &[33]),
                (33, &[20]),
                (50, &[64]),
                (64, &[40]),
                (90, &[70]),
                (113, &[12]),
            ],
            Self::Depthwise => &[
                (1, &[1, 3, 4, 5, 9, 16, 17, 33, 40]),
                (2, &[1, 3, 9, 16, 17, 33, 40]),
                (3, &[1, 3, 9, 16, 17, 33]),
                (5, &[2]),
                (20, &[1]),
            ],
        };
        by_columns.iter().flat_map(|(columns, channels)| channels.iter().map(|c| (*c, *columns))).collect()
    }
}
