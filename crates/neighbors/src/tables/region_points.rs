//! [`RegionPoints`]: what the neighbours of large clouds are counted from.

use std::ops::Range;

/// The points in and near each region of a batch: the rows of a region count their neighbours from these.
#[derive(Debug)]
pub(crate) struct RegionPoints {
    /// The first row of each region, and the end of the last.
    row_offsets: Vec<u32>,
    /// Where the points of each region begin, and the end of the last.
    point_offsets: Vec<usize>,
    /// The points, counted from the first of their cloud, ascending within a region.
    points: Vec<u32>,
}

/// How the neighbours in the rows of a batch are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// Among the points of their cloud, in two bytes.
    Narrow,
    /// Among the points of their region, in two bytes.
    Regions(RegionSizes),
    /// Among the points of their cloud, in four bytes.
    Wide,
}

impl Numbering {
    /// Bytes of one index.
    pub(crate) fn index_bytes(self) -> u64 {
        match self {
            Self::Narrow | Self::Regions(_) => 2,
            Self::Wide => 4,
        }
    }

    /// Bytes of the lists of so many clouds and points.
    pub(crate) fn list_bytes(self, [clouds, points]: [usize; 2], runs: u64, edges: u64) -> u64 {
        let offsets = (clouds as u64 + 1) * size_of::<usize>() as u64;
        let regions = match self {
            Self::Regions(sizes) => sizes.bytes() as u64,
            Self::Narrow | Self::Wide => 0,
        };
        let index = self.index_bytes();
        // Centre and offsets of each row, and the ends of the last; sub-domain and end of each run; indices.
        offsets + regions + 12 * points as u64 + 8 + (2 + index) * runs + index * edges
    }
}

/// How many regions and points there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RegionSizes {
    pub(crate) regions: usize,
    pub(crate) points: usize,
}

impl RegionSizes {
    /// Memory of [`RegionPoints`] in bytes.
    pub(crate) fn bytes(self) -> usize {
        size_of::<u32>() * (self.regions + 1 + self.points) + size_of::<usize>() * (self.regions + 1)
    }
}

impl RegionPoints {
    /// Regions in the order of their rows: how many rows each has, and its points.
    pub(crate) fn new(
        sizes: RegionSizes,
        regions: impl Iterator<Item = (usize, impl Iterator<Item = u32>)>,
    ) -> Self {
        let mut all = Self {
            row_offsets: Vec::with_capacity(sizes.regions + 1),
            point_offsets: Vec::with_capacity(sizes.regions + 1),
            points: Vec::with_capacity(sizes.points),
        };
        all.row_offsets.push(0);
        all.point_offsets.push(0);
        let mut end = 0;
        for (rows, points) in regions {
            end += rows as u32;
            all.row_offsets.push(end);
            all.points.extend(points);
            all.point_offsets.push(all.points.len());
        }
        all
    }

    pub(crate) fn sizes(&self) -> RegionSizes {
        RegionSizes { regions: self.point_offsets.len() - 1, points: self.points.len() }
    }

    /// The region of a row.
    #[inline(always)]
    pub(crate) fn of_row(&self, row: usize) -> usize {
        self.row_offsets.partition_point(|&start| start as usize <= row) - 1
    }

    /// The rows of a region.
    #[inline(always)]
    pub(crate) fn rows(&self, region: usize) -> Range<usize> {
        self.row_offsets[region] as usize..self.row_offsets[region + 1] as usize
    }

    /// The points of a region.
    #[inline(always)]
    pub(crate) fn points(&self, region: usize) -> &[u32] {
        &self.points[self.point_offsets[region]..self.point_offsets[region + 1]]
    }
}
