//! The one error type of the crate.

/// Why a neighbour search could not be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NeighborError {
    /// A coordinate is NaN or infinite.
    #[error("position {index} is not finite: [{}, {}, {}]", .position[0], .position[1], .position[2])]
    NonFinite {
        /// Index of the first such point in the packed positions.
        index: usize,
        /// The offending position.
        position: [f32; 3],
    },
    /// The first cloud offset is not zero, or there is no offset at all.
    #[error("cloud offsets must start with 0, found {}", .found.map_or("none".to_owned(), |v| v.to_string()))]
    OffsetsStart {
        /// The first offset, if any.
        found: Option<usize>,
    },
    /// The last cloud offset differs from the number of points.
    #[error("cloud offsets end at {found}, but there are {points} points")]
    OffsetsEnd {
        /// The last offset.
        found: usize,
        /// Number of packed positions.
        points: usize,
    },
    /// A cloud offset is smaller than the one before it.
    #[error("cloud offset {index} is {found}, less than the {previous} before it")]
    OffsetsDecrease {
        /// Index into the offsets.
        index: usize,
        /// The offset found there.
        found: usize,
        /// The offset before it.
        previous: usize,
    },
    /// Queries or centres, and the points around them, are batches of different numbers of clouds.
    #[error("the queries or centres have {found} clouds, the points that are searched have {expected}")]
    CloudCount {
        /// Clouds of the queries or centres.
        found: usize,
        /// Clouds of the points.
        expected: usize,
    },
    /// A number of dense coordinates that cannot be cut into clouds of equal size.
    #[error(
        "{found} coordinates cannot be cut into {clouds} clouds of the same number of points, 3 for each point"
    )]
    DenseLength {
        /// The number of coordinates.
        found: usize,
        /// The number of clouds asked for.
        clouds: usize,
    },
    /// A kernel or grid cell edge is not finite and positive.
    #[error("cell edge must be finite and positive, found {found}")]
    CellEdge {
        /// The edge asked for.
        found: f32,
    },
    /// A radius is not finite, is negative, or is too small to be cut into the shells asked for.
    #[error("radius {found} is not a usable length")]
    Radius {
        /// The radius asked for.
        found: f32,
    },
    /// A kernel has an even or zero number of cells along an axis.
    #[error("kernel sizes must be odd and at least 1, found {found:?}")]
    KernelSize {
        /// Cells along x, y and z.
        found: [usize; 3],
    },
    /// A dilation is zero.
    #[error("dilation must be at least 1")]
    Dilation,
    /// A ball without shells.
    #[error("a ball needs at least one shell")]
    NoShells,
    /// A custom kernel without sub-domains.
    #[error("a kernel needs at least one sub-domain")]
    NoSubdomains,
    /// A custom kernel whose rule gives the centre no sub-domain, or none that is its own mirror image.
    #[error(
        "the centre of a kernel must lie in a sub-domain that is its own mirror image, found {} of {subdomains}",
        .found.map_or("none".to_owned(), |k| format!("sub-domain {k}"))
    )]
    CentreSubdomain {
        /// The sub-domain of the difference zero, if any.
        found: Option<usize>,
        /// Number of sub-domains.
        subdomains: usize,
    },
    /// More sub-domains than a 16-bit number can name.
    #[error("kernel has too many sub-domains, at most {max} are possible")]
    TooManySubdomains {
        /// The largest possible number.
        max: usize,
    },
    /// A kernel whose half-width exceeds what single precision tells apart.
    #[error("kernel reaches {found} cells from its centre, at most {max} are possible")]
    KernelTooWide {
        /// Half-width in cells (`usize::MAX` when it cannot be represented).
        found: usize,
        /// The largest possible half-width.
        max: usize,
    },
    /// More points than a 32-bit index can name.
    #[error("{points} points exceed the {max} that 32-bit indices can name")]
    TooManyPoints {
        /// Number of packed positions.
        points: usize,
        /// The largest possible number.
        max: usize,
    },
    /// More neighbour pairs than a 32-bit index can name; found before the lists are allocated.
    #[error("the batch has more than {max} neighbour pairs; use a smaller batch, cell or radius")]
    TooManyEdges {
        /// The largest possible number.
        max: u64,
    },
}
