//! Writing a file with other columns, which are made of its points.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;

use super::blocks::{Ask, Block};
use super::columns::{Sorted, column_types, facts_of};
use super::encode::PART;
use super::facts::Facts;
use super::reader::Reader;
use super::replace::ReplaceFiles;
use super::streamed::Streamed;
use crate::cloud::PointCloud;
use crate::error::{Error, Malformed, Result};

/// Changes the columns of points that follow each other in a file; the number is that of the first of them.
pub(super) type Change<'a> = &'a (dyn Fn(PointCloud, usize) -> Result<PointCloud> + Sync);

impl Reader {
    /// Writes the file `from` as `to`, in the format of the extension of `to`, with other columns: those that `change` makes of the points
    /// that it is given, with the number of the first one. Returns what is lost. All points are written, whether or not points are
    /// chosen.
    ///
    /// `change` is called with no points, to tell the columns, and with points without columns: the columns that it makes of these
    /// have the same values whatever other columns there are, and every other column that keeps its name keeps its values.
    ///
    /// As in [`convert`](Self::convert), the points are not in memory together. `points` is how many there are, without those that are dropped.
    ///
    /// # Errors
    /// As [`convert`](Self::convert), those of `change`, and another number of points in the file.
    pub fn change_into(
        &self,
        files: &mut ReplaceFiles,
        from: &Path,
        to: &Path,
        points: usize,
        change: &(dyn Fn(PointCloud, usize) -> Result<PointCloud> + Sync),
    ) -> Result<Vec<String>> {
        self.clone().points(None).transfer(files, (from, to), false, Some((points, change)))
    }
}

/// Changes the columns of a cloud without points, and their facts. Returns whether these are known of all columns: those that `change`
/// makes, and those that keep their names.
pub(super) fn change_columns(empty: &mut Sorted, points: usize, change: Change<'_>) -> Result<bool> {
    let cloud = std::mem::take(&mut empty.contents.cloud);
    let names = |cloud: &PointCloud| -> Vec<String> {
        column_types(cloud).into_iter().map(|(name, _)| name.to_owned()).collect()
    };
    let before: HashMap<String, Facts> = names(&cloud).into_iter().zip(empty.facts.drain(..)).collect();
    let made_of = |first: usize| {
        let length = PART.min(points - first);
        let made = change(PointCloud::new(vec![[0.0; 3]; length]), first)?;
        // Without the coordinates.
        Ok((names(&made).split_off(3), facts_of(&made).split_off(3)))
    };
    let parts: Vec<(Vec<String>, Vec<Facts>)> =
        (0..points).into_par_iter().step_by(PART).map(made_of).collect::<Result<_>>()?;
    let mut made: HashMap<String, Facts> = HashMap::new();
    for (name, facts) in parts.into_iter().flat_map(|(names, facts)| names.into_iter().zip(facts)) {
        made.entry(name).and_modify(|all| *all = all.join(facts)).or_insert(facts);
    }
    empty.contents.cloud = change(cloud, 0)?;
    let mut known = true;
    empty.facts = names(&empty.contents.cloud)
        .iter()
        .map(|name| {
            let facts = made.get(name).or_else(|| before.get(name)).copied();
            known &= facts.is_some();
            facts.unwrap_or_default()
        })
        .collect();
    Ok(known)
}

/// Facts of the columns of all points; `empty` has the columns, and `part` makes the points of a block with its number.
pub(super) fn facts_of_all(
    streamed: &Streamed,
    ask: &Ask<'_>,
    empty: &PointCloud,
    part: &(dyn Fn(usize, Block) -> Result<PointCloud> + Sync),
) -> Result<Vec<Facts>> {
    let mut facts = facts_of(empty);
    let work = |_: &Vec<Facts>, number, block| Ok(facts_of(&part(number, block)?));
    streamed.for_each(ask, &mut facts, work, |all, part| {
        all.iter_mut().zip(part).for_each(|(all, part)| *all = all.join(part));
        Ok(())
    })?;
    Ok(facts)
}

/// A file that has other points than before.
pub(super) fn changed(path: &Path, found: usize, expected: usize) -> Error {
    let expected = format!("{expected}, as many as when it was read before");
    Malformed::new(path, format!("{found} points"), expected).into()
}
