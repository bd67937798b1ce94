//! A batch as pieces to search and sections to write.

use std::ops::Range;

use rayon::prelude::*;

use crate::batch::cloud_ranges;
use crate::cut::{Whereabouts, cut};
use crate::piece::Piece;

/// Points of one section of an uncut cloud.
const SECTION: usize = 4096;

/// What is searched, and where the rows of the points are found.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    pub(crate) pieces: Vec<Piece<'a>>,
    /// Consecutive points, one section after the other, together all points of the batch.
    pub(crate) sections: Vec<Section>,
}

/// Consecutive points, whose rows are written by one thread.
#[derive(Debug)]
pub(crate) enum Section {
    /// Centres of one piece.
    Whole {
        /// The piece.
        piece: usize,
        /// The points, counted from the first centre of the piece.
        ranks: Range<usize>,
    },
    /// Centres of several pieces.
    Scattered {
        /// The first of the pieces of the cloud.
        first_piece: usize,
        /// In which of them the points are.
        whereabouts: Whereabouts,
    },
}

impl<'a> Pieces<'a> {
    /// Cuts the large clouds of a batch whose kernels reach no farther than `reach` into boxes of about
    /// `box_points`.
    pub(crate) fn of(positions: &'a [[f32; 3]], offsets: &[usize], reach: f64, box_points: usize) -> Self {
        let clouds: Vec<_> = cloud_ranges(offsets).filter(|cloud| !cloud.is_empty()).collect();
        let cuts: Vec<_> = clouds
            .par_iter()
            .map(|cloud| cut(&positions[cloud.clone()], cloud.start, reach, box_points))
            .collect();
        let (mut pieces, mut sections) = (Vec::new(), Vec::new());
        for (cloud, cut) in clouds.into_iter().zip(cuts) {
            let first_piece = pieces.len();
            match cut {
                Some(boxes) => {
                    pieces.extend(boxes.pieces);
                    let portions = boxes.portions.into_iter();
                    sections
                        .extend(portions.map(|whereabouts| Section::Scattered { first_piece, whereabouts }));
                }
                None => {
                    for start in (0..cloud.len()).step_by(SECTION) {
                        let ranks = start..cloud.len().min(start + SECTION);
                        sections.push(Section::Whole { piece: first_piece, ranks });
                    }
                    pieces.push(Piece::whole(&positions[cloud.clone()], cloud.start));
                }
            }
        }
        Self { pieces, sections }
    }
}

impl Section {
    pub(crate) fn points(&self) -> usize {
        match self {
            Self::Whole { ranks, .. } => ranks.len(),
            Self::Scattered { whereabouts, .. } => whereabouts.order.len(),
        }
    }

    /// Calls `visit` with each point, counted from the first of the section, its piece, and its place among
    /// the centres of the piece; piece by piece, so that the rows of each are read one after the other.
    #[inline(always)]
    pub(crate) fn visit(&self, mut visit: impl FnMut(usize, usize, usize)) {
        match self {
            Self::Whole { piece, ranks } => {
                ranks.clone().enumerate().for_each(|(point, rank)| visit(point, *piece, rank));
            }
            Self::Scattered { first_piece, whereabouts: Whereabouts { order, starts, ranks } } => {
                for (b, &first) in ranks.iter().enumerate() {
                    let points = &order[starts[b] as usize..starts[b + 1] as usize];
                    for (&point, rank) in points.iter().zip(first as usize..) {
                        visit(point as usize, first_piece + b, rank);
                    }
                }
            }
        }
    }
}
