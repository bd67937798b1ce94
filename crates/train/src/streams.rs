//! The streams of random numbers of a run: everything that draws numbers derives its seed from a stream of its own.

use pointcloud::derive_seed;

/// What random numbers are for. The compiler refuses two streams with one number; the numbers never change, so that a seed
/// means the same in every version.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Stream {
    /// The points of a file that has too many.
    Sampling = 1,
    /// The files that are held back for validation.
    Validation = 2,
    /// The order of the items of an epoch.
    Shuffle = 3,
    /// The augmentation of a cloud.
    CloudAugmentation = 4,
    /// The network within a step: dropout.
    Step = 5,
    /// The first weights.
    Weights = 6,
    /// The centres of the regions of an epoch.
    RegionCentres = 7,
    /// The points and the augmentation of a region.
    RegionAugmentation = 8,
    /// The points of the examples of an evaluation.
    Examples = 9,
    /// The points of a cloud that are drawn and dropped in an epoch.
    CloudPoints = 10,
    /// The changes of a vote.
    Votes = 11,
    /// The files that become the split `test` of a data set without splits.
    TestFiles = 12,
}

impl Stream {
    /// The seed of this stream in a run with `seed`; `indices` (epoch and item, say) select one of its parts.
    pub(crate) fn seed(self, seed: u64, indices: &[u64]) -> u64 {
        let mut stream = vec![self as u64];
        stream.extend(indices);
        derive_seed(seed, &stream)
    }
}
