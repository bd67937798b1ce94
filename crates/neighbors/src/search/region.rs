//! What is searched at once: a small cloud, or the part of a large one in and near a box.

use std::borrow::Cow;

/// Points in the order of their indices, some of which are centres.
#[derive(Debug)]
pub(crate) struct Region<'a> {
    points: Cow<'a, [[f32; 3]]>,
    names: Names,
    /// The first point of the cloud in the batch.
    first: u32,
}

#[derive(Debug)]
enum Names {
    /// All points of the cloud, which are centres.
    All,
    /// Their indices in the cloud, and which points are centres.
    Listed { indices: Vec<u32>, own: Vec<bool>, centres: usize },
}

impl<'a> Region<'a> {
    /// The points of the cloud that begins with the point `first` of the batch.
    pub(crate) fn whole(points: &'a [[f32; 3]], first: usize) -> Self {
        Self { points: Cow::Borrowed(points), names: Names::All, first: first as u32 }
    }

    /// Points of such a cloud with their indices in it, and whether they are centres.
    pub(crate) fn part(points: Vec<[f32; 3]>, indices: Vec<u32>, own: Vec<bool>, first: usize) -> Self {
        let centres = own.iter().filter(|&&own| own).count();
        let names = Names::Listed { indices, own, centres };
        Self { points: Cow::Owned(points), names, first: first as u32 }
    }

    pub(crate) fn points(&self) -> &[[f32; 3]] {
        &self.points
    }

    /// Number of centres.
    pub(crate) fn centres(&self) -> usize {
        match &self.names {
            Names::All => self.points.len(),
            Names::Listed { centres, .. } => *centres,
        }
    }

    /// The index of a point in its cloud.
    #[inline(always)]
    pub(crate) fn index(&self, i: usize) -> u32 {
        match &self.names {
            Names::All => i as u32,
            Names::Listed { indices, .. } => indices[i],
        }
    }

    /// The index of a point in the batch.
    #[inline(always)]
    pub(crate) fn packed(&self, i: usize) -> u32 {
        self.first + self.index(i)
    }

    /// Whether a point is a centre.
    #[inline(always)]
    pub(crate) fn is_own(&self, i: usize) -> bool {
        match &self.names {
            Names::All => true,
            Names::Listed { own, .. } => own[i],
        }
    }
}
