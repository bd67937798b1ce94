//! What is searched at once: a small cloud, or the part of a large one in and near a box.

use std::borrow::Cow;

/// Which points of a cloud a region has, and which of them are centres.
#[derive(Debug)]
pub(crate) struct Outline<'a> {
    /// All points of the cloud.
    cloud: &'a [[f32; 3]],
    /// The first of them in the batch.
    first: u32,
    members: Members,
}

#[derive(Debug)]
enum Members {
    /// All points of the cloud, which are centres.
    All,
    /// Their indices in the cloud, ascending, and which points are centres.
    Listed { indices: Vec<u32>, own: Vec<bool>, centres: usize },
}

impl<'a> Outline<'a> {
    /// All points of the cloud that begins with the point `first` of the batch.
    pub(crate) fn whole(cloud: &'a [[f32; 3]], first: usize) -> Self {
        Self { cloud, first: first as u32, members: Members::All }
    }

    /// Some points of such a cloud by their ascending indices in it, and whether they are centres.
    pub(crate) fn part(cloud: &'a [[f32; 3]], indices: Vec<u32>, own: Vec<bool>, first: usize) -> Self {
        let centres = own.iter().filter(|&&own| own).count();
        Self { cloud, first: first as u32, members: Members::Listed { indices, own, centres } }
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        match &self.members {
            Members::All => self.cloud.len(),
            Members::Listed { indices, .. } => indices.len(),
        }
    }

    /// Number of centres.
    pub(crate) fn centres(&self) -> usize {
        match &self.members {
            Members::All => self.cloud.len(),
            Members::Listed { centres, .. } => *centres,
        }
    }

    /// Number of centres, and the indices of all points in their cloud.
    pub(crate) fn centres_and_points(&self) -> (usize, impl Iterator<Item = u32>) {
        (self.centres(), (0..self.len()).map(|i| self.index(i)))
    }

    /// The index of a point in its cloud.
    #[inline(always)]
    fn index(&self, i: usize) -> u32 {
        match &self.members {
            Members::All => i as u32,
            Members::Listed { indices, .. } => indices[i],
        }
    }

    /// Collects the points. The rows will count neighbours among these if `count_its_points`, otherwise in their cloud.
    pub(crate) fn gather(&self, count_its_points: bool) -> Region<'_> {
        let points = match &self.members {
            Members::All => Cow::Borrowed(self.cloud),
            Members::Listed { indices, .. } => {
                Cow::Owned(indices.iter().map(|&index| self.cloud[index as usize]).collect())
            }
        };
        Region { outline: self, points, count_its_points }
    }
}

/// Points in the order of their indices, some of which are centres.
#[derive(Debug)]
pub(crate) struct Region<'a> {
    outline: &'a Outline<'a>,
    points: Cow<'a, [[f32; 3]]>,
    count_its_points: bool,
}

impl Region<'_> {
    pub(crate) fn points(&self) -> &[[f32; 3]] {
        &self.points
    }

    /// What the rows call a neighbour.
    #[inline(always)]
    pub(crate) fn number(&self, i: usize) -> u32 {
        if self.count_its_points { i as u32 } else { self.outline.index(i) }
    }

    /// The index of a point in the batch.
    #[inline(always)]
    pub(crate) fn packed(&self, i: usize) -> u32 {
        self.outline.first + self.outline.index(i)
    }

    /// Whether a point is a centre.
    #[inline(always)]
    pub(crate) fn is_own(&self, i: usize) -> bool {
        match &self.outline.members {
            Members::All => true,
            Members::Listed { own, .. } => own[i],
        }
    }
}
