//! [`Survey`]: what all points of a file have in common, found by reading it block by block.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::blocks::{Block, Blocks, Decode, Keep, Known, Rest, for_each_block};
use super::columns::{Outline, Sorted, column_types};
use super::facts::Facts;
use super::format::Format;
use super::panic::guard;
use super::raw::Raw;
use super::summary::Summary;
use crate::bounds::Bounds;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::origin::Spread;
use crate::printable::shortest;
use crate::scalar::ScalarType;

/// What is kept of a block.
pub(crate) enum Kept {
    /// Its bytes, unpacked.
    Bytes(Block),
    /// Its columns.
    Columns(Vec<Raw>),
}

impl Kept {
    pub(crate) fn columns(self, decoder: &dyn Decode) -> Result<Vec<Raw>> {
        match self {
            Self::Bytes(block) => decoder.columns(&block),
            Self::Columns(columns) => Ok(columns),
        }
    }

    /// [`columns`](Self::columns) of what is needed again.
    pub(crate) fn copied(&self, decoder: &dyn Decode) -> Result<Vec<Raw>> {
        match self {
            Self::Bytes(block) => decoder.columns(block),
            Self::Columns(columns) => Ok(columns.clone()),
        }
    }

    /// What is kept, which is given back here.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Columns(Vec::new()))
    }
}

/// What one block says.
struct Part {
    known: Known,
    names: Vec<String>,
    points: usize,
    ends: Option<[[f64; 3]; 2]>,
    bounds: Option<Bounds>,
    spread: Spread,
    inexact: [bool; 3],
    off_steps: f64,
    non_finite: usize,
    first_invalid: Option<(usize, [f64; 3])>,
}

impl Part {
    fn of(decoder: &dyn Decode, columns: &[Raw]) -> Self {
        let mut part = Self {
            known: Known::of(columns),
            names: columns.iter().map(|raw| raw.name.clone()).collect(),
            points: columns.first().map_or(0, |raw| raw.values.len()),
            ends: None,
            bounds: None,
            spread: Spread::default(),
            inexact: [false; 3],
            off_steps: 0.0,
            non_finite: 0,
            first_invalid: None,
        };
        // Without coordinates, sorting the columns says what is missing.
        let Some(axes) = part.known.axes(decoder, &part.names) else { return part };
        let axes = axes.map(|index| columns[index].values.as_slice());
        let point = |i: usize| [axes[0][i], axes[1][i], axes[2][i]];
        let is_finite = |single: &[f32; 3]| single.iter().all(|v| v.is_finite());
        for i in 0..part.points {
            let point = point(i);
            let single = point.map(|v| v as f32);
            if !is_finite(&single) {
                part.non_finite += 1;
                part.first_invalid.get_or_insert((i, point));
                continue;
            }
            for (axis, inexact) in part.inexact.iter_mut().enumerate() {
                *inexact |= f64::from(single[axis]) != point[axis];
            }
        }
        part.ends = part.points.checked_sub(1).map(|last| [point(0), point(last)]);
        let finite = || (0..part.points).map(point).filter(|point| is_finite(&point.map(|v| v as f32)));
        part.bounds = Bounds::of_points(finite());
        part.spread = part.bounds.map(|bounds| Spread::of(finite(), &bounds)).unwrap_or_default();
        part.off_steps = decoder.off_steps(&mut finite());
        part
    }
}

/// What all points of a file have in common.
pub(crate) struct Survey {
    path: PathBuf,
    pub(crate) decoder: Arc<dyn Decode>,
    known: Option<Known>,
    /// Names of the columns as they are stored.
    names: Vec<String>,
    pub(crate) points: usize,
    /// The first and the last point.
    ends: Option<[[f64; 3]; 2]>,
    pub(crate) bounds: Option<Bounds>,
    spread: Spread,
    /// Whether singles do not hold a coordinate of a finite point, for every axis.
    inexact: [bool; 3],
    /// How far the finite points are from steps, see [`Decode::off_steps`].
    off_steps: f64,
    pub(crate) non_finite: usize,
    /// The first point whose position is not finite, and that position.
    first_invalid: Option<(usize, [f64; 3])>,
    /// Points before every block and after the last one, without those that are not finite.
    finite_before: Vec<usize>,
    pub(crate) rest: Rest,
}

impl Survey {
    /// Reads all points of a file; `library` is the library that reads the format.
    pub(crate) fn of(path: &Path, library: &'static str, blocks: &mut dyn Blocks) -> Result<Self> {
        Ok(Self::keeping(path, library, blocks, Keep::Nothing)?.0)
    }

    /// [`of`](Self::of), and what is kept of the blocks.
    pub(crate) fn keeping(
        path: &Path,
        library: &'static str,
        blocks: &mut dyn Blocks,
        keep: Keep,
    ) -> Result<(Self, Vec<Kept>)> {
        let decoder = blocks.decoder();
        let mut survey = Self {
            path: path.to_owned(),
            decoder: decoder.clone(),
            known: None,
            names: Vec::new(),
            points: 0,
            ends: None,
            bounds: None,
            spread: Spread::default(),
            inexact: [false; 3],
            off_steps: 0.0,
            non_finite: 0,
            first_invalid: None,
            finite_before: vec![0],
            rest: Rest::default(),
        };
        let mut all_kept = Vec::new();
        let work = |_: &Self, _: usize, block: Block| {
            let block = decoder.unpack(block)?;
            let mut columns = decoder.columns(&block)?;
            let part = Part::of(decoder.as_ref(), &columns);
            let kept = match keep {
                Keep::Nothing => None,
                Keep::Bytes => Some(Kept::Bytes(block)),
                Keep::Columns => {
                    columns.iter_mut().for_each(|column| column.values.shrink_to_fit());
                    Some(Kept::Columns(columns))
                }
            };
            Ok((part, kept))
        };
        for_each_block(path, library, blocks, &mut survey, work, |survey, (part, kept)| {
            survey.add(part);
            survey.finite_before.push(survey.points - survey.non_finite);
            all_kept.extend(kept);
            Ok(())
        })?;
        survey.rest = guard(path, library, || blocks.rest())?;
        if survey.known.is_none() {
            let none = Block::default();
            let columns = guard(path, library, || decoder.columns(&none))?;
            survey.add(Part::of(decoder.as_ref(), &columns));
        }
        Ok((survey, all_kept))
    }

    fn add(&mut self, part: Part) {
        if self.names.is_empty() {
            self.names = part.names;
        }
        let before = self.points;
        let invalid = part.first_invalid.map(|(row, position)| (before + row, position));
        self.first_invalid = self.first_invalid.or(invalid);
        self.points += part.points;
        self.non_finite += part.non_finite;
        self.inexact = [0, 1, 2].map(|axis| self.inexact[axis] | part.inexact[axis]);
        self.off_steps = self.off_steps.max(part.off_steps);
        self.ends = match (self.ends, part.ends) {
            (Some([first, _]), Some([_, last])) => Some([first, last]),
            (ends, more) => ends.or(more),
        };
        self.bounds = match (self.bounds, part.bounds) {
            (Some(all), Some(more)) => Some(all.union(&more)),
            (all, more) => all.or(more),
        };
        self.spread = std::mem::take(&mut self.spread).join(part.spread);
        self.known = Some(match self.known.take() {
            Some(known) => known.join(part.known),
            None => part.known,
        });
    }

    /// The columns of a block, sorted as those of the whole file.
    pub(crate) fn sort(&self, columns: Vec<Raw>) -> Result<Sorted> {
        let known = self.known.as_ref();
        known.map_or_else(
            || unreachable!("a survey adds a part at least"),
            |known| known.sort(&self.path, self.decoder.as_ref(), columns),
        )
    }

    /// The columns without points.
    pub(crate) fn empty(&self) -> Result<Sorted> {
        let columns = self.known.as_ref().map(|known| known.without_rows(&self.names));
        let mut sorted = self.sort(columns.unwrap_or_default())?;
        sorted.contents.left_out.extend(self.rest.left_out.iter().cloned());
        sorted.contents.notes.extend(self.rest.notes.iter().cloned());
        if let Some(las) = self.decoder.las() {
            sorted.contents.cloud.set_las(las);
        }
        sorted.contents.cloud.set_comments(self.decoder.comments());
        Ok(sorted)
    }

    /// The origin of the points that are finite, where their coordinates are doubles.
    pub(crate) fn origin(&self) -> [f64; 3] {
        self.spread.origin(self.inexact)
    }

    /// What a writer must know of the points that are finite.
    pub(crate) fn outline<'a>(&self, empty: &'a Sorted) -> Outline<'a> {
        let (cloud, points) = (&empty.contents.cloud, self.points - self.non_finite);
        // Text has more digits than the singles that are made of it.
        let single = |v: f64| f64::from(v as f32);
        let mut facts = empty.facts.clone();
        for (facts, (_, kind)) in facts.iter_mut().zip(column_types(cloud)) {
            if kind == ScalarType::F32 {
                *facts =
                    Facts { least: single(facts.least), most: single(facts.most), single: true, ..*facts };
            }
        }
        let rounded = |bounds: Bounds| match cloud.has_wide_coordinates() {
            true => bounds,
            false => Bounds { min: bounds.min.map(single), max: bounds.max.map(single) },
        };
        let (bounds, off_steps) = (self.bounds.map(rounded), Some(self.off_steps));
        Outline { cloud, points, bounds, off_steps, facts }
    }

    /// The points that are finite of block `number`, as numbers among all such points; empty where there was no such block.
    pub(crate) fn finite_of(&self, number: usize) -> std::ops::Range<usize> {
        match self.finite_before.get(number..number + 2) {
            Some(&[first, end]) => first..end,
            _ => 0..0,
        }
    }

    /// Refuses a file with positions that are not finite.
    pub(crate) fn check_finite(&self) -> Result<()> {
        match self.first_invalid {
            None => Ok(()),
            Some((row, position)) => Err(Error::NotFinite { path: Some(self.path.clone()), row, position }),
        }
    }

    /// Describes the file.
    pub(crate) fn summary(&self, format: &Format) -> Result<Summary> {
        let Sorted { contents, .. } = self.empty()?;
        let mut summary =
            Summary::of_contents(format.name(), &contents, self.rest.mesh || self.rest.triangles > 0);
        let wide = contents.cloud.has_wide_coordinates();
        let short = |point: [f64; 3]| if wide { point } else { point.map(|v| shortest(v as f32)) };
        summary.points = self.points;
        summary.elements.iter_mut().for_each(|element| element.count = self.points);
        let mut summary = summary.with_faces(self.rest.faces);
        (summary.first, summary.last) = (self.ends.map(|[p, _]| short(p)), self.ends.map(|[_, p]| short(p)));
        summary.bounds = self.bounds.map(|bounds| Bounds { min: short(bounds.min), max: short(bounds.max) });
        summary.non_finite = self.non_finite;
        debug_assert_eq!(column_types(&contents.cloud).len(), summary.properties.len());
        self.decoder.describe(&mut summary);
        Ok(summary)
    }
}

/// The points whose position is finite, where some may not be.
pub(crate) fn finite(cloud: PointCloud, some_may_not_be: bool) -> PointCloud {
    let finite = if some_may_not_be { cloud.finite_indices() } else { return cloud };
    if finite.len() == cloud.len() { cloud } else { cloud.select(&finite) }
}
