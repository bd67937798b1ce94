//! What is searched at once: a small cloud, or the part of a large one in and near a box.

use std::borrow::Cow;

/// Points in the order of their indices, some of which are centres.
#[derive(Debug)]
pub(crate) struct Region<'a> {
    points: Cow<'a, [[f32; 3]]>,
    names: Names,
}

#[derive(Debug)]
enum Names {
    /// All points are centres, with packed indices from this one on.
    Consecutive(u32),
    /// Packed indices, and which points are centres.
    Listed { indices: Vec<u32>, own: Vec<bool>, centres: usize },
}

impl<'a> Region<'a> {
    /// The points of a cloud, with packed indices from `first` on.
    pub(crate) fn whole(points: &'a [[f32; 3]], first: usize) -> Self {
        Self { points: Cow::Borrowed(points), names: Names::Consecutive(first as u32) }
    }

    /// Points with their packed indices, and whether they are centres.
    pub(crate) fn part(points: Vec<[f32; 3]>, indices: Vec<u32>, own: Vec<bool>) -> Self {
        let centres = own.iter().filter(|&&own| own).count();
        Self { points: Cow::Owned(points), names: Names::Listed { indices, own, centres } }
    }

    pub(crate) fn points(&self) -> &[[f32; 3]] {
        &self.points
    }

    /// Number of centres.
    pub(crate) fn centres(&self) -> usize {
        match &self.names {
            Names::Consecutive(_) => self.points.len(),
            Names::Listed { centres, .. } => *centres,
        }
    }

    /// The packed index of a point.
    #[inline(always)]
    pub(crate) fn index(&self, i: usize) -> u32 {
        match &self.names {
            Names::Consecutive(first) => first + i as u32,
            Names::Listed { indices, .. } => indices[i],
        }
    }

    /// Whether a point is a centre.
    #[inline(always)]
    pub(crate) fn is_own(&self, i: usize) -> bool {
        match &self.names {
            Names::Consecutive(_) => true,
            Names::Listed { own, .. } => own[i],
        }
    }
}
