//! What tells the full convolution from the depthwise one.

use neighbors::KernelShape;

use crate::neighborhood::Neighborhood;

/// How the weights connect the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ConvKind {
    /// Every output channel reads every input channel: weight `[K, C_in, C_out]`.
    Full,
    /// Every input channel has `M` output channels of its own: weight `[K, C_in, M]`, output `[P, C_in · M]`.
    Depthwise,
}

impl ConvKind {
    /// The name of the operator in messages.
    pub(crate) fn op(self) -> &'static str {
        match self {
            Self::Full => "pointwise_conv",
            Self::Depthwise => "depthwise_point_conv",
        }
    }

    /// Output channels of a weight.
    pub(crate) fn channels_out(self, weight: [usize; 3]) -> usize {
        let [_, channels_in, columns] = weight;
        match self {
            Self::Full => columns,
            Self::Depthwise => channels_in * columns,
        }
    }

    /// Panics with both values where two shapes disagree.
    pub(crate) fn check_shapes(
        self,
        features: [usize; 2],
        weight: [usize; 3],
        bias: Option<[usize; 1]>,
        neighborhood: &Neighborhood,
    ) {
        let op = self.op();
        let [points, channels_in] = features;
        let [subdomains, weight_in, columns] = weight;
        let (listed, kernel) = (neighborhood.points(), KernelShape::subdomains(neighborhood.shape()));
        assert_eq!(points, listed, "{op}: features have {points} rows, the neighborhood has {listed} points");
        assert_eq!(
            subdomains, kernel,
            "{op}: the weight has {subdomains} sub-domains, the neighborhood's kernel has {kernel}"
        );
        assert_eq!(
            channels_in, weight_in,
            "{op}: features have {channels_in} channels, the weight expects {weight_in}"
        );
        if let Some([bias]) = bias {
            let given = self.channels_out(weight);
            let product = match self {
                Self::Full => String::new(),
                Self::Depthwise => format!("{channels_in} x {columns} = "),
            };
            assert_eq!(bias, given, "{op}: the bias has {bias} channels, the weight gives {product}{given}");
        }
    }
}

/// What one call of the operator has beside its tensors.
#[derive(Debug, Clone)]
pub(crate) struct Convolution {
    pub(crate) kind: ConvKind,
    pub(crate) neighborhood: Neighborhood,
}
