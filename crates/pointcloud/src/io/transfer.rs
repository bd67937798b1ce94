//! Converting a file: block by block where both formats can, else as a whole.

use std::path::Path;

use super::blocks::{Ask, Block};
use super::change::{Change, change_columns, changed, facts_of_all};
use super::columns::{Sorted, column_types};
use super::encode::Encode;
use super::loss::{losses, losses_of, words_lost};
use super::raw::HALVES;
use super::reader::Reader;
use super::replace::ReplaceFiles;
use super::streamed::Streamed;
use super::survey::{Survey, finite};
use super::write::{format_of, write_into};
use crate::error::{Error, Result};

impl Reader {
    /// Converts the file `from` to the format of the extension of `to`; returns what is lost, one sentence each.
    ///
    /// The points are read twice in blocks and never are in memory together, except those of PLY with lists in its vertices and
    /// of text in UTF-16, and where points are chosen. `strict`: nothing is written where something would be lost.
    ///
    /// ```
    /// use pointcloud::io::Reader;
    ///
    /// let folder = std::env::temp_dir();
    /// let (from, to) = (folder.join("pointcloud-convert.csv"), folder.join("pointcloud-convert.ply"));
    /// std::fs::write(&from, "x,y,z,intensity\n1,2,3,17\n").unwrap();
    /// assert!(Reader::new().convert(&from, &to, true)?.is_empty());
    /// assert_eq!(pointcloud::io::read(&to)?, pointcloud::io::read(&from)?);
    /// # std::fs::remove_file(from).unwrap();
    /// # std::fs::remove_file(to).unwrap();
    /// # Ok::<(), pointcloud::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`write`](crate::io::write()); [`Error::NotFinite`]; [`Error::Lossy`] where `strict` asks
    /// for it.
    pub fn convert(&self, from: impl AsRef<Path>, to: impl AsRef<Path>, strict: bool) -> Result<Vec<String>> {
        let mut files = ReplaceFiles::default();
        let lost = self.convert_into(&mut files, from.as_ref(), to.as_ref(), strict)?;
        files.finish()?;
        Ok(lost)
    }

    /// [`convert`](Self::convert) for one of several `files` that get their names together.
    ///
    /// # Errors
    /// As [`convert`](Self::convert).
    pub fn convert_into(
        &self,
        files: &mut ReplaceFiles,
        from: &Path,
        to: &Path,
        strict: bool,
    ) -> Result<Vec<String>> {
        self.transfer(files, (from, to), strict, None)
    }

    pub(super) fn transfer(
        &self,
        files: &mut ReplaceFiles,
        (from, to): (&Path, &Path),
        strict: bool,
        change: Option<(usize, Change<'_>)>,
    ) -> Result<Vec<String>> {
        format_of(to)?;
        let refuse = |lost: &[String]| match strict && !lost.is_empty() {
            true => Err(Error::Lossy { path: from.to_owned(), lost: lost.join("; ") }),
            false => Ok(()),
        };
        let ensure_points = |found: usize| match change {
            Some((points, _)) if points != found => Err(changed(from, found, points)),
            _ => Ok(()),
        };
        let change = change.map(|(_, change)| change);
        if !self.chooses()
            && let Some(streamed) = Streamed::open(from, self.names().is_some())?
            && let ask = (Ask { columns: self.names(), convert: true, faces: false })
            && let Some(survey) = streamed.survey(&ask)?
        {
            ensure_points(survey.points - survey.non_finite)?;
            return self.transfer_blocks((&streamed, &ask, &survey), files, (from, to), &refuse, change);
        }
        let mut contents = if self.chooses() { self.read_chosen(from)? } else { self.open(from)? };
        contents.cloud.check_finite().map_err(|error| error.in_file(from))?;
        ensure_points(contents.cloud.len())?;
        let mut lost = Vec::new();
        if let Some(change) = change {
            let words = contents.cloud.label_words().map(words_lost);
            contents.cloud = change(contents.cloud, 0)?;
            lost.extend(words.filter(|_| contents.cloud.label_words().is_none()));
        }
        lost.extend(losses(&contents, format_of(to)?));
        refuse(&lost)?;
        write_into(files, to, &contents.cloud)?;
        Ok(lost)
    }

    /// The second time: writes every block.
    fn transfer_blocks(
        &self,
        (streamed, ask, survey): (&Streamed, &Ask<'_>, &Survey),
        files: &mut ReplaceFiles,
        (from, to): (&Path, &Path),
        refuse: &dyn Fn(&[String]) -> Result<()>,
        change: Option<Change<'_>>,
    ) -> Result<Vec<String>> {
        if !self.drops_invalid() {
            survey.check_finite()?;
        }
        let format = format_of(to)?;
        let mut empty = survey.empty()?;
        empty.contents.dropped = survey.non_finite;
        let part = |number: usize, block: Block| {
            let Sorted { contents, .. } =
                survey.sort(survey.decoder.columns(&survey.decoder.unpack(block)?)?)?;
            let cloud = finite(contents.cloud, survey.non_finite > 0);
            let Some(change) = change else { return Ok(cloud) };
            let points = survey.finite_of(number);
            if cloud.len() != points.len() {
                return Err(changed(from, points.start + cloud.len(), points.end));
            }
            change(cloud, points.start)
        };
        let mut told = Vec::new();
        if let Some(change) = change {
            let words = empty.contents.cloud.label_words().map(words_lost);
            let points = survey.points - survey.non_finite;
            let known = change_columns(&mut empty, points, change)?;
            let halves =
                column_types(&empty.contents.cloud).iter().any(|(name, _)| name.ends_with(HALVES[0]));
            told.extend(words.filter(|_| empty.contents.cloud.label_words().is_none()));
            if !known && (format.writer.needs_facts || halves) {
                empty.facts = facts_of_all(streamed, ask, &empty.contents.cloud, &part)?;
            }
        }
        let outline = survey.outline(&empty);
        told.extend(losses_of(&empty.contents, survey.rest.triangles, format));
        let before = [told.clone(), (format.writer.lost)(&outline)].concat();
        refuse(&before)?;
        let mut writing = Writing { encoder: (format.writer.encoder)(to, &outline)? };
        let fail = |source| Error::io(to, "write", source);
        files.write_with(to, |out| {
            writing.encoder.begin(out).map_err(fail)?;
            let work = |writing: &Writing, number: usize, block: Block| {
                let cloud = part(number, block)?;
                Ok(writing.encoder.rows(&cloud, 0..cloud.len()))
            };
            streamed.for_each(ask, &mut writing, work, |writing, rows| {
                writing.encoder.put(out, rows).map_err(fail)
            })?;
            writing.encoder.end(out).map_err(fail)?;
            // Some losses are known only now.
            let found = writing.encoder.lost();
            let lost = [told, if found.is_empty() { (format.writer.lost)(&outline) } else { found }].concat();
            refuse(&lost)?;
            Ok(lost)
        })
    }
}

/// The file that is written, for which every thread makes bytes.
struct Writing {
    encoder: Box<dyn Encode>,
}
