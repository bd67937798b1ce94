//! Converting a file: block by block where both formats can, else as a whole.

use std::path::Path;

use super::blocks::{Ask, Block};
use super::columns::Sorted;
use super::contents::Contents;
use super::encode::Encode;
use super::loss::{losses, losses_of};
use super::reader::Reader;
use super::replace::replace_with;
use super::survey::{Streamed, Survey};
use super::write::{format_of, write};
use crate::cloud::PointCloud;
use crate::error::{Error, Result};

impl Reader {
    /// Converts the file `from` to the format of the extension of `to`; returns what is lost, one sentence each.
    ///
    /// Where the formats allow it, the points are read twice in blocks and never are in memory together: LAS, LAZ, PLY, PCD,
    /// NPY and tables of text, compressed or not, to all formats that are written. `strict`: nothing is written where
    /// something would be lost.
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
        let (from, to) = (from.as_ref(), to.as_ref());
        format_of(to)?;
        let refuse = |lost: &[String]| match strict && !lost.is_empty() {
            true => Err(Error::Lossy { path: from.to_owned(), lost: lost.join("; ") }),
            false => Ok(()),
        };
        if !self.chooses()
            && let Some(streamed) = Streamed::open(from, self.names().is_some())?
            && let ask = (Ask { columns: self.names(), convert: true })
            && let Some(survey) = streamed.survey(&ask)?
        {
            return self.convert_blocks(&streamed, &ask, &survey, to, &refuse);
        }
        let contents = self.open(from)?;
        let contents = if self.chooses() {
            // The points are drawn from the faces, which are not wanted themselves.
            let (dropped, left_out) = (contents.dropped, contents.left_out.clone());
            let split = contents.split.clone();
            let cloud = self.choose(contents).map_err(|error| error.in_file(from))?;
            Contents { dropped, left_out, split, ..Contents::from(cloud) }
        } else {
            contents
        };
        contents.cloud.check_finite().map_err(|error| error.in_file(from))?;
        let lost = losses(&contents, format_of(to)?);
        refuse(&lost)?;
        write(to, &contents.cloud)?;
        Ok(lost)
    }

    /// The second time: writes every block.
    fn convert_blocks(
        &self,
        streamed: &Streamed,
        ask: &Ask<'_>,
        survey: &Survey,
        to: &Path,
        refuse: &dyn Fn(&[String]) -> Result<()>,
    ) -> Result<Vec<String>> {
        if !self.drops_invalid() {
            survey.check_finite()?;
        }
        let format = format_of(to)?;
        let mut empty = survey.empty()?;
        empty.contents.dropped = survey.non_finite;
        let outline = survey.outline(&empty);
        let told = losses_of(&empty.contents, survey.rest.triangles, format);
        let before = [told.clone(), (format.lost)(&outline)].concat();
        refuse(&before)?;
        let mut writing = Writing { encoder: (format.encoder)(to, &outline)? };
        let fail = |source| Error::io(to, "write", source);
        replace_with(to, |out| {
            writing.encoder.begin(out).map_err(fail)?;
            let work = |writing: &Writing, block: Block| {
                let Sorted { contents, .. } = survey.sort(survey.decoder.columns(block)?)?;
                let cloud = finite(contents.cloud, survey.non_finite > 0);
                Ok(writing.encoder.rows(&cloud, 0..cloud.len()))
            };
            streamed.for_each(ask, &mut writing, work, |writing, rows| {
                writing.encoder.put(out, rows).map_err(fail)
            })?;
            writing.encoder.end(out).map_err(fail)?;
            // Some losses are known only now.
            let found = writing.encoder.lost();
            let lost = [told, if found.is_empty() { (format.lost)(&outline) } else { found }].concat();
            refuse(&lost)?;
            Ok(lost)
        })
    }
}

/// The file that is written, for which every thread makes bytes.
struct Writing {
    encoder: Box<dyn Encode>,
}

/// The points whose position is finite, where some may not be.
fn finite(cloud: PointCloud, some_may_not_be: bool) -> PointCloud {
    let finite = if some_may_not_be { cloud.finite_indices() } else { return cloud };
    if finite.len() == cloud.len() { cloud } else { cloud.select(&finite) }
}
