//! [`Survey`]: what all points of a file have in common, found by reading it block by block.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::blocks::{Ask, Block, Blocks, Decode, Known, Rest, for_each_block};
use super::columns::{Outline, Sorted, column_types};
use super::compression;
use super::format::{Format, HEAD};
use super::input::Input;
use super::panic::guard;
use super::raw::Raw;
use super::summary::{Summary, shortest};
use crate::bounds::Bounds;
use crate::error::{Error, Result};

/// A file that may be read block by block, as often as needed.
#[derive(Debug)]
pub(crate) struct Streamed {
    path: PathBuf,
    file: File,
    /// Bytes of the byte order mark.
    start: u64,
    pub(crate) format: &'static Format,
}

impl Streamed {
    /// Opens a file; what is compressed is unpacked into a temporary file. `None` for a file that is read as a whole.
    pub(crate) fn open(path: &Path, named: bool) -> Result<Option<Self>> {
        let fail = |source| Error::io(path, "read", source);
        let mut file = File::open(path).map_err(fail)?;
        let mut head = head_of(&mut file).map_err(fail)?;
        let mut inner = path.to_owned();
        if let Some(compressed) = compression::of(&head) {
            inner = compression::inner_path(path).into_owned();
            let mut unpacked = tempfile::tempfile().map_err(fail)?;
            guard(path, "of the compression", || compressed.unpack_file(path, file, &mut unpacked))?;
            unpacked.flush().map_err(fail)?;
            file = unpacked;
            head = head_of(&mut file).map_err(fail)?;
        }
        let start = if head.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
        if matches!(head[..], [0xff, 0xfe, 1..=127, 0, ..] | [0xfe, 0xff, 0, 1..=127, ..]) {
            return Ok(None);
        }
        let length = file.metadata().map_err(fail)?.len();
        let format = Format::of_head(&inner, &head[start as usize..], length - start)?;
        if named && format.names_columns {
            return Err(Error::NamedColumns { path: path.to_owned(), format: format.name() });
        }
        Ok(format.open.map(|_| Self { path: path.to_owned(), file, start, format }))
    }

    /// The points from the first one on.
    fn blocks(&self, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
        let file = self.file.try_clone().map_err(|source| Error::io(&self.path, "read", source))?;
        let input = Input::new(&self.path, file, self.start)?;
        guard(&self.path, self.format.library, || self.format.open.map_or(Ok(None), |open| open(input, ask)))
    }

    /// Calls `work` for every block, on all threads, and `take` with the results in the order of the file.
    pub(crate) fn for_each<C: Sync, T: Send>(
        &self,
        ask: &Ask<'_>,
        context: &mut C,
        work: impl Fn(&C, Block) -> Result<T> + Sync,
        take: impl FnMut(&mut C, T) -> Result<()>,
    ) -> Result<()> {
        match self.blocks(ask)? {
            Some(mut blocks) => {
                for_each_block(&self.path, self.format.library, blocks.as_mut(), context, work, take)
            }
            None => Ok(()),
        }
    }

    /// Reads all points once; `None` for a file of a kind that is read as a whole.
    pub(crate) fn survey(&self, ask: &Ask<'_>) -> Result<Option<Survey>> {
        let Some(mut blocks) = self.blocks(ask)? else { return Ok(None) };
        let (path, library) = (self.path.as_path(), self.format.library);
        let decoder = blocks.decoder();
        let mut survey = Survey {
            path: self.path.clone(),
            decoder: decoder.clone(),
            known: None,
            names: Vec::new(),
            points: 0,
            ends: None,
            bounds: None,
            non_finite: 0,
            first_invalid: None,
            rest: Rest::default(),
        };
        let work = |_: &Survey, block: Block| Ok(Part::of(decoder.as_ref(), &decoder.columns(block)?));
        for_each_block(path, library, blocks.as_mut(), &mut survey, work, |survey, part| {
            survey.add(part);
            Ok(())
        })?;
        survey.rest = guard(path, library, || blocks.rest())?;
        if survey.known.is_none() {
            let none = Block { bytes: Vec::new(), row: 0, points: 0, at: 0 };
            let columns = guard(path, library, || decoder.columns(none))?;
            survey.add(Part::of(decoder.as_ref(), &columns));
        }
        Ok(Some(survey))
    }
}

fn head_of(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.rewind()?;
    file.take(HEAD as u64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(head)
}

/// What one block says.
struct Part {
    known: Known,
    names: Vec<String>,
    points: usize,
    ends: Option<[[f64; 3]; 2]>,
    bounds: Option<Bounds>,
    non_finite: usize,
    first_invalid: Option<(usize, [f32; 3])>,
}

impl Part {
    fn of(decoder: &dyn Decode, columns: &[Raw]) -> Self {
        let mut part = Self {
            known: Known::of(columns),
            names: columns.iter().map(|raw| raw.name.clone()).collect(),
            points: columns.first().map_or(0, |raw| raw.values.len()),
            ends: None,
            bounds: None,
            non_finite: 0,
            first_invalid: None,
        };
        // Without coordinates, sorting the columns says what is missing.
        let Some(axes) = part.known.axes(decoder, &part.names) else { return part };
        let axes = axes.map(|index| columns[index].values.as_slice());
        let point = |i: usize| [axes[0][i], axes[1][i], axes[2][i]];
        for i in 0..part.points {
            let single = point(i).map(|v| v as f32);
            if !single.iter().all(|v| v.is_finite()) {
                part.non_finite += 1;
                part.first_invalid.get_or_insert((i, single));
            }
        }
        part.ends = part.points.checked_sub(1).map(|last| [point(0), point(last)]);
        part.bounds = Bounds::of_points((0..part.points).map(point));
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
    pub(crate) non_finite: usize,
    /// The first point whose position is not finite, and that position.
    first_invalid: Option<(usize, [f32; 3])>,
    pub(crate) rest: Rest,
}

impl Survey {
    fn add(&mut self, part: Part) {
        if self.names.is_empty() {
            self.names = part.names;
        }
        let before = self.points;
        let invalid = part.first_invalid.map(|(row, position)| (before + row, position));
        self.first_invalid = self.first_invalid.or(invalid);
        self.points += part.points;
        self.non_finite += part.non_finite;
        self.ends = match (self.ends, part.ends) {
            (Some([first, _]), Some([_, last])) => Some([first, last]),
            (ends, more) => ends.or(more),
        };
        self.bounds = match (self.bounds, part.bounds) {
            (Some(all), Some(more)) => Some(all.union(&more)),
            (all, more) => all.or(more),
        };
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
        if let Some(las) = self.decoder.las() {
            sorted.contents.cloud.set_las(las);
        }
        Ok(sorted)
    }

    /// What a writer must know of the points that are finite.
    pub(crate) fn outline<'a>(&self, empty: &'a Sorted) -> Outline<'a> {
        let points = self.points - self.non_finite;
        Outline { cloud: &empty.contents.cloud, points, bounds: self.bounds, facts: empty.facts.clone() }
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
        let mut summary = Summary::of_contents(format.name(), &contents, self.rest.triangles > 0);
        let wide = contents.cloud.has_wide_coordinates();
        let short = |point: [f64; 3]| if wide { point } else { point.map(|v| shortest(v as f32)) };
        summary.points = self.points;
        summary.faces = self.rest.faces;
        for element in &mut summary.elements {
            element.count = if element.name == "face" { self.rest.triangles } else { self.points };
        }
        (summary.first, summary.last) = (self.ends.map(|[p, _]| short(p)), self.ends.map(|[_, p]| short(p)));
        summary.bounds = self.bounds.map(|bounds| Bounds { min: short(bounds.min), max: short(bounds.max) });
        summary.non_finite = self.non_finite;
        debug_assert_eq!(column_types(&contents.cloud).len(), summary.properties.len());
        self.decoder.describe(&mut summary);
        Ok(summary)
    }
}
