//! [`Encode`]: how points become the bytes of a file, in parts and on all threads.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::columns::Outline;
use super::replace::ReplaceFiles;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};

/// Points that one thread encodes at once.
pub(crate) const PART: usize = 1 << 14;

/// The file that is written.
pub(crate) type Out = BufWriter<File>;

/// A writer of one file.
pub(crate) trait Encode: Send + Sync {
    /// The bytes of the points `rows` of `cloud`, which has the columns of the [`Outline`] that the writer was made for.
    fn rows(&self, cloud: &PointCloud, rows: Range<usize>) -> Vec<u8>;

    /// Writes what comes before the points.
    fn begin(&mut self, out: &mut Out) -> io::Result<()>;

    /// Writes what [`rows`](Self::rows) made, in the order of the points.
    fn put(&mut self, out: &mut Out, rows: Vec<u8>) -> io::Result<()> {
        out.write_all(&rows)
    }

    /// Writes what comes after the points.
    fn end(&mut self, _out: &mut Out) -> io::Result<()> {
        Ok(())
    }

    /// What the file does not hold of the points that were written, one sentence each.
    fn lost(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Makes the writer of a format.
pub(crate) type MakeEncoder = fn(&Path, &Outline<'_>) -> Result<Box<dyn Encode>>;

/// A writer whose file is a header and the bytes of the points.
pub(crate) struct Plain<F> {
    pub(crate) header: Vec<u8>,
    /// Appends the points `rows` of a cloud.
    pub(crate) rows: F,
}

impl<F: Fn(&PointCloud, Range<usize>, &mut Vec<u8>) + Send + Sync> Encode for Plain<F> {
    fn rows(&self, cloud: &PointCloud, rows: Range<usize>) -> Vec<u8> {
        let mut bytes = Vec::new();
        (self.rows)(cloud, rows, &mut bytes);
        bytes
    }

    fn begin(&mut self, out: &mut Out) -> io::Result<()> {
        out.write_all(&self.header)
    }
}

/// Writes a cloud in memory, as one more of `files`.
pub(crate) fn write_cloud(
    files: &mut ReplaceFiles,
    path: &Path,
    cloud: &PointCloud,
    mut encoder: Box<dyn Encode>,
) -> Result<()> {
    files.write_with(path, |out| {
        let fail = |source| Error::io(path, "write", source);
        encoder.begin(out).map_err(fail)?;
        let batch = PART * rayon::current_num_threads();
        for start in (0..cloud.len()).step_by(batch) {
            let end = cloud.len().min(start + batch);
            let parts: Vec<Vec<u8>> = (start..end)
                .into_par_iter()
                .step_by(PART)
                .map(|first| encoder.rows(cloud, first..end.min(first + PART)))
                .collect();
            parts.into_iter().try_for_each(|part| encoder.put(out, part)).map_err(fail)?;
        }
        encoder.end(out).map_err(fail)
    })
}
