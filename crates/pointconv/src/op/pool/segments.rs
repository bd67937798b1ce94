//! Which points belong together.

use std::sync::{Arc, OnceLock};

use crate::{PackedClouds, VoxelMap};

/// Most chunks that one segment is cut into.
const MOST_CHUNKS: usize = 512;

/// The points of a batch in segments: clouds, whose points follow each other, or voxels, which list theirs.
#[derive(Clone, Debug)]
pub(crate) enum Segments {
    Clouds(Arc<Clouds>),
    Voxels(VoxelMap),
}

/// The tables of clouds as segments.
#[derive(Debug)]
pub(crate) struct Clouds {
    offsets: Vec<u32>,
    segment_from_point: OnceLock<Vec<u32>>,
    /// The tables on devices.
    #[cfg(feature = "cube")]
    pub(crate) copies: Arc<crate::op::cube::PoolCopies>,
}

/// The segments cut into chunks of points, each of which one thread adds up.
///
/// The cuts follow from the sizes of the segments alone, so that sums are the same for any number of threads.
#[derive(Debug)]
pub(crate) struct Chunks {
    /// Where each chunk starts among the members, `[N + 1]`.
    pub(crate) starts: Vec<u32>,
    /// The first chunk of each segment, `[S + 1]`. A segment has at least one chunk, which may be empty.
    pub(crate) of_segment: Vec<u32>,
}

impl Segments {
    pub(crate) fn clouds(clouds: &PackedClouds) -> Self {
        Self::Clouds(Arc::new(Clouds {
            offsets: clouds.offsets().iter().map(|&offset| offset as u32).collect(),
            segment_from_point: OnceLock::new(),
            #[cfg(feature = "cube")]
            copies: Arc::default(),
        }))
    }

    pub(crate) fn voxels(map: &VoxelMap) -> Self {
        Self::Voxels(map.clone())
    }

    /// Number of segments `S`.
    pub(crate) fn len(&self) -> usize {
        self.offsets().len() - 1
    }

    /// Number of points `P`.
    pub(crate) fn points(&self) -> usize {
        self.offsets().last().map_or(0, |&end| end as usize)
    }

    /// Where the members of each segment start, `[S + 1]`.
    pub(crate) fn offsets(&self) -> &[u32] {
        match self {
            Self::Clouds(clouds) => &clouds.offsets,
            Self::Voxels(map) => map.point_offsets(),
        }
    }

    /// The points, segment by segment, `[P]`; nothing where they are in this order already.
    pub(crate) fn members(&self) -> Option<&[u32]> {
        match self {
            Self::Clouds(_) => None,
            Self::Voxels(map) => Some(map.points()),
        }
    }

    /// The segment of each point, `[P]`.
    pub(crate) fn segment_from_point(&self) -> &[u32] {
        match self {
            Self::Clouds(clouds) => clouds.segment_from_point.get_or_init(|| {
                let mut segments = vec![0; self.points()];
                for (segment, range) in clouds.offsets.windows(2).enumerate() {
                    segments[range[0] as usize..range[1] as usize].fill(segment as u32);
                }
                segments
            }),
            Self::Voxels(map) => map.voxel_from_point(),
        }
    }

    /// Chunks of `least` points, and of more where a segment would have too many chunks.
    pub(crate) fn chunks(&self, least: usize) -> Chunks {
        let offsets = self.offsets();
        let mut starts = Vec::with_capacity(self.len() + 1);
        let mut of_segment = Vec::with_capacity(self.len() + 1);
        for range in offsets.windows(2) {
            let (begin, end) = (range[0] as usize, range[1] as usize);
            of_segment.push(starts.len() as u32);
            let size = least.max((end - begin).div_ceil(MOST_CHUNKS));
            starts.push(begin as u32);
            starts.extend((begin + size..end).step_by(size).map(|start| start as u32));
        }
        of_segment.push(starts.len() as u32);
        starts.push(self.points() as u32);
        Chunks { starts, of_segment }
    }
}

impl Chunks {
    /// Number of chunks.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_segment() {
        let clouds = PackedClouds::new(vec![[0.0; 3]; 3010], [0, 0, 10, 10, 3010]).unwrap();
        let segments = Segments::clouds(&clouds);
        let chunks = segments.chunks(4);
        assert_eq!(chunks.starts[..6], [0, 0, 4, 8, 10, 10]);
        assert_eq!(chunks.of_segment, [0, 1, 4, 5, 505]);
        assert_eq!((chunks.len(), chunks.starts[505]), (505, 3010), "500 chunks of 6 points for the last");
        assert_eq!(segments.segment_from_point()[9..11], [1, 3]);
    }
}
