//! Reading a large file into memory: block by block, so that only its points are there as a whole, or those that are chosen.

use std::path::Path;

use rayon::prelude::*;

use super::blocks::{Ask, Blocks, Keep, threads_of_blocks};
use super::columns::Sorted;
use super::contents::Contents;
use super::faces::Faces;
use super::formats::label_files_of;
use super::only::OnlyColumns;
use super::panic::guard;
use super::raw::Raw;
use super::reader::Reader;
use super::streamed::Streamed;
use super::survey::{Kept, Survey, finite};
use crate::cloud::{Gather, PointCloud};
use crate::error::{Error, Result};
use crate::transform::{count_indices, resample_columns};

/// Shorter files are read at once.
pub(super) const LARGE: u64 = 1 << 22;

impl Reader {
    /// Reads a large file, or one with labels in another file; `None` for one that is small or cannot be read in blocks.
    pub(super) fn read_large(&self, path: &Path, faces: bool) -> Result<Option<Contents>> {
        if goes_in_blocks(path)? { self.gather(path, faces, None) } else { Ok(None) }
    }

    /// Some columns of a large file, without faces; `None` as for [`read_large`](Self::read_large).
    pub(super) fn read_large_only(&self, path: &Path, only: &OnlyColumns) -> Result<Option<Contents>> {
        if goes_in_blocks(path)? { self.gather(path, false, Some(only)) } else { Ok(None) }
    }

    /// Chooses points of a large file, as the options say, so that the others are not in memory as points; `None` for a file
    /// that is small or cannot be read in blocks, and where no points are chosen.
    pub(super) fn choose_large(&self, path: &Path) -> Result<Option<Contents>> {
        if goes_in_blocks(path)? { self.gather_chosen(path) } else { Ok(None) }
    }

    /// All columns, or some, of a file of any length.
    fn gather(&self, path: &Path, faces: bool, only: Option<&OnlyColumns>) -> Result<Option<Contents>> {
        // All columns would be kept, of which only some are wanted.
        let keeps = only.is_none();
        let Some(large) = Large::open(self, path, faces, keeps)? else { return Ok(None) };
        match only {
            Some(only) => large.into_only(only).map(Some),
            None => large.into_contents(self.drops_invalid()).map(Some),
        }
    }

    /// [`choose_large`](Self::choose_large) for a file of any length.
    fn gather_chosen(&self, path: &Path) -> Result<Option<Contents>> {
        let Some(wanted) = self.wanted() else { return Ok(None) };
        let Some(mut large) = Large::open(self, path, self.draws_from_surfaces(), true)? else {
            return Ok(None);
        };
        if large.faces.len() > 0 {
            return self.choose_of(large.into_contents(self.drops_invalid())?, path).map(Some);
        }
        if !large.drop {
            large.survey.check_finite()?;
        }
        let (len, mut rng) = (large.points(), self.rng());
        if len == 0 && wanted > 0 {
            return Err(Error::EmptyCloud { path: Some(path.to_owned()), wanted });
        }
        let sampling = self.sampling_of_points();
        let indices = match count_indices(len, wanted, sampling, &mut rng) {
            Some(indices) => indices,
            None => resample_columns(large.columns()?, wanted, &mut rng),
        };
        large.into_chosen(&indices).map(Some)
    }
}

/// Whether a file is large, or has its labels in another file.
fn goes_in_blocks(path: &Path) -> Result<bool> {
    let metadata = std::fs::metadata(path).map_err(|source| Error::io(path, "read", source))?;
    Ok(metadata.len() >= LARGE || !label_files_of(path)?.is_empty())
}

/// A file of which all points were looked at, and what is kept of them.
struct Large<'a> {
    path: &'a Path,
    streamed: Streamed,
    ask: Ask<'a>,
    blocks: Box<dyn Blocks>,
    survey: Survey,
    faces: Faces,
    keep: Keep,
    /// Nothing, where the blocks are read again.
    kept: Vec<Kept>,
    /// Whether points that are not finite are left out.
    drop: bool,
}

impl<'a> Large<'a> {
    /// Looks at all points; `None` for a file that cannot be read in blocks. `keeps`: blocks may be kept until they are needed again.
    fn open(reader: &'a Reader, path: &'a Path, faces: bool, keeps: bool) -> Result<Option<Self>> {
        let ask = Ask { columns: reader.names(), convert: true, faces };
        let Some(streamed) = Streamed::open(path, ask.columns.is_some())? else { return Ok(None) };
        let Some(mut blocks) = streamed.blocks(&ask)? else { return Ok(None) };
        let keep = if keeps { blocks.decoder().keep() } else { Keep::Nothing };
        let (survey, kept) = Survey::keeping(path, streamed.format.library, blocks.as_mut(), keep)?;
        let faces = blocks.faces();
        // Faces name points by their number.
        let drop = reader.drops_invalid() && faces.len() == 0;
        Ok(Some(Self { path, streamed, ask, blocks, survey, faces, keep, kept, drop }))
    }

    /// Number of points, without those that are left out.
    fn points(&self) -> usize {
        self.survey.points - if self.drop { self.survey.non_finite } else { 0 }
    }

    /// Calls `take` with what `work` makes of the points of every block, in the order of the file. The `last` time, what is kept of a
    /// block is given back.
    fn each<T: Send>(
        &mut self,
        last: bool,
        work: impl Fn(PointCloud) -> T + Sync,
        mut take: impl FnMut(T),
    ) -> Result<()> {
        let (survey, path, library) = (&self.survey, self.path, self.streamed.format.library);
        let (decoder, drop) = (survey.decoder.as_ref(), self.drop && survey.non_finite > 0);
        let work = |columns: Vec<Raw>| {
            let Sorted { contents, .. } = survey.sort(columns)?;
            Ok(work(finite(contents.cloud, drop)))
        };
        if self.keep == Keep::Nothing {
            self.streamed.keep_again(self.blocks.as_ref());
            let work = |_: &(), _: usize, block| work(decoder.columns(&decoder.unpack(block)?)?);
            return self.streamed.for_each(&self.ask, &mut (), work, |_, result| {
                take(result);
                Ok(())
            });
        }
        for batch in self.kept.chunks_mut(threads_of_blocks()) {
            let work = |kept: &mut Kept| {
                guard(path, library, || {
                    work(if last { kept.take().columns(decoder) } else { kept.copied(decoder) }?)
                })
            };
            let results: Vec<Result<T>> = batch.par_iter_mut().map(work).collect();
            for result in results {
                take(result?);
            }
        }
        Ok(())
    }

    /// Everything that the file holds.
    fn into_contents(mut self, drop_invalid: bool) -> Result<Contents> {
        let mut contents = self.survey.empty()?.contents;
        let mut gather = Gather::new(std::mem::take(&mut contents.cloud), self.points());
        self.each(true, |cloud| cloud, |cloud| gather.add(cloud))?;
        contents.cloud = gather.finish();
        contents.faces = self.faces.triangles(&contents.cloud);
        if self.drop {
            contents.dropped = self.survey.non_finite;
        } else if drop_invalid {
            contents.drop_invalid();
        }
        Ok(contents)
    }

    /// Some columns of all points.
    fn into_only(mut self, only: &OnlyColumns) -> Result<Contents> {
        let (mut contents, origin) = (self.survey.empty()?.contents, self.survey.origin());
        let empty = only.of(std::mem::take(&mut contents.cloud), origin);
        let mut gather = Gather::new(empty, self.points());
        self.each(true, |cloud| only.of(cloud, origin), |cloud| gather.add(cloud))?;
        contents.cloud = gather.finish();
        contents.cloud.set_origin(origin);
        contents.dropped = if self.drop { self.survey.non_finite } else { 0 };
        Ok(contents)
    }

    /// Positions of all points in columns. None is there that is not finite, unless it is left out.
    fn columns(&mut self) -> Result<[Vec<f32>; 3]> {
        let (points, origin) = (self.points(), self.survey.origin());
        // Room for the padding, too.
        let mut columns = [const { Vec::new() }; 3];
        columns.iter_mut().for_each(|column: &mut Vec<f32>| column.reserve_exact(points + 64));
        let work = |cloud: PointCloud| match cloud.has_wide_coordinates() {
            true => cloud.with_origin(origin).into_positions(),
            false => cloud.into_positions(),
        };
        self.each(false, work, |block| {
            for (axis, column) in columns.iter_mut().enumerate() {
                column.extend(block.iter().map(|position| position[axis]));
            }
        })?;
        Ok(columns)
    }

    /// The points at `indices`, in that order and with repeats, and no faces.
    fn into_chosen(mut self, indices: &[usize]) -> Result<Contents> {
        let mut rows = indices.to_vec();
        rows.sort_unstable();
        rows.dedup();
        let mut contents = self.survey.empty()?.contents;
        let gather = Gather::new(std::mem::take(&mut contents.cloud), rows.len());
        let mut gather = gather.with_origin(self.survey.origin());
        let (mut from, mut left) = (0, rows.as_slice());
        self.each(
            true,
            |cloud| cloud,
            |cloud| {
                let (here, later) = left.split_at(left.partition_point(|&row| row < from + cloud.len()));
                let here: Vec<usize> = here.iter().map(|row| row - from).collect();
                gather.add(cloud.select(&here));
                (from, left) = (from + cloud.len(), later);
            },
        )?;
        let order: Vec<usize> = indices.iter().map(|index| rows.partition_point(|row| row < index)).collect();
        contents.cloud = gather.finish().select(&order);
        contents.dropped = if self.drop { self.survey.non_finite } else { 0 };
        Ok(contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::Sampling;

    /// Small files of every format, also with points that are not finite: the same as read at once.
    #[test]
    fn blocks_make_the_cloud_of_the_whole() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut seen = std::collections::BTreeSet::new();
        for entry in
            ["cases", "formats"].iter().flat_map(|name| std::fs::read_dir(folder.join(name)).unwrap())
        {
            let path = entry.unwrap().path();
            for (drop, faces) in [(false, false), (true, true)] {
                let reader = Reader::new().drop_invalid(drop);
                let bytes = std::fs::read(&path).unwrap();
                let whole = reader.parse_contents(&bytes, &path, faces);
                let gathered = reader.gather(&path, faces, None);
                match (whole, gathered) {
                    (_, Ok(None)) => {}
                    (Ok(whole), Ok(Some(gathered))) => {
                        // NaN is not equal to itself.
                        assert_eq!(format!("{gathered:?}"), format!("{whole:?}"), "{}", path.display());
                        seen.insert(Streamed::open(&path, false).unwrap().unwrap().format.name());
                    }
                    (Err(whole), Err(gathered)) => assert_eq!(gathered.to_string(), whole.to_string()),
                    (whole, gathered) => panic!("{}: {whole:?} {gathered:?}", path.display()),
                }
            }
        }
        let all = ["bin", "e57", "hdf5", "las", "npy", "npz", "obj", "off", "pcd", "ply", "stl", "text"];
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
    }

    /// Small files of every format: some columns, read in blocks and as a whole, are those of the cloud.
    #[test]
    fn only_some_columns() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut seen = std::collections::BTreeSet::new();
        for entry in
            ["cases", "formats"].iter().flat_map(|name| std::fs::read_dir(folder.join(name)).unwrap())
        {
            let path = entry.unwrap().path();
            let all = Reader::new().drop_invalid(true);
            let Ok((cloud, dropped)) = all.read_counted(&path) else { continue };
            let names: Vec<String> = cloud.properties().iter().map(|p| p.name.to_uppercase()).collect();
            for (normals, properties) in [(true, &names[..names.len() / 2]), (false, &names[..])] {
                let (colors, labels, properties) = (!normals, normals, properties.to_vec());
                let only = OnlyColumns { normals, colors, labels, properties };
                let reader = all.clone().only(only.clone());
                let (found, without) = reader.read_counted(&path).unwrap();
                if let Some(gathered) = reader.gather(&path, false, Some(&only)).unwrap() {
                    assert_eq!(format!("{:?}", gathered.cloud), format!("{found:?}"), "{}", path.display());
                    seen.insert(Streamed::open(&path, false).unwrap().unwrap().format.name());
                }
                assert_eq!(without, dropped);
                assert_eq!((found.positions(), found.origin()), (cloud.positions(), cloud.origin()));
                assert_eq!(found.normals(), cloud.normals().filter(|_| normals));
                assert_eq!(found.colors(), cloud.colors().filter(|_| colors));
                assert_eq!(found.labels(), cloud.labels().filter(|_| labels));
                for name in &only.properties {
                    let values = |cloud: &PointCloud| format!("{:?}", cloud.property(name));
                    assert_eq!(values(&found), values(&cloud), "{}", path.display());
                }
                assert!(found.properties().len() <= only.properties.len());
            }
        }
        assert_eq!(seen.len(), 12, "{seen:?}");
    }

    /// Small files of every format, with every kind of choice: the points are those that are chosen of the whole.
    #[test]
    fn chosen_points_are_those_of_the_whole() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        // Coordinates beyond singles, in doubles, and one point that is not finite.
        let wide = tempfile::tempdir().unwrap();
        let rows: String =
            (0..90).map(|i| format!("{}.25 5400{i:03}.125 {} {i}\n", 500_000 + i, i % 7)).collect();
        std::fs::write(wide.path().join("utm.xyz"), format!("{rows}nan 5400000.1 1 7\n")).unwrap();
        let folders = [folder.join("cases"), folder.join("formats"), wide.path().to_owned()];
        let mut seen = std::collections::BTreeSet::new();
        for entry in folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()) {
            let path = entry.unwrap().path();
            for (sampling, points, drop, surfaces) in [
                (Sampling::Random, 3, true, false),
                (Sampling::Random, 100, false, true),
                (Sampling::First, 2, true, false),
                (Sampling::Farthest, 4, true, false),
                (Sampling::Farthest, 0, false, true),
            ] {
                let reader = Reader::new().points(points).sampling(sampling).drop_invalid(drop).seed(5);
                let reader = reader.surfaces(surfaces).stream(2);
                let bytes = std::fs::read(&path).unwrap();
                let whole = reader.parse_contents(&bytes, &path, surfaces);
                let whole = whole.and_then(|contents| reader.choose_of(contents, &path));
                match (whole, reader.gather_chosen(&path)) {
                    (_, Ok(None)) => {}
                    (Ok(mut whole), Ok(Some(mut chosen))) => {
                        let points = |contents: &Contents| -> Vec<[f64; 3]> {
                            (0..contents.cloud.len()).map(|i| contents.cloud.point(i)).collect()
                        };
                        assert_eq!(points(&chosen), points(&whole), "{}", path.display());
                        // The doubles were compared; the whole has some also where the chosen points need none.
                        whole.cloud.positions_mut();
                        chosen.cloud.positions_mut();
                        assert_eq!(format!("{chosen:?}"), format!("{whole:?}"), "{}", path.display());
                        seen.insert(Streamed::open(&path, false).unwrap().unwrap().format.name());
                    }
                    (Err(whole), Err(chosen)) => assert_eq!(chosen.to_string(), whole.to_string()),
                    (whole, chosen) => panic!("{} {sampling:?}: {whole:?} {chosen:?}", path.display()),
                }
            }
        }
        assert_eq!(seen.len(), 12, "{seen:?}");
    }
}
