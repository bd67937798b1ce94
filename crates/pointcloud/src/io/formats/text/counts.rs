//! Counts of points in a table: a number that stands alone before the points of a scan, as in PTS files.

use std::path::Path;

use crate::error::{Error, Position, Result};

/// The number of points that a line of words announces.
pub(super) fn count_of<S: AsRef<str>>(words: &[S]) -> Option<u64> {
    match words {
        [word] => word.as_ref().parse().ok(),
        _ => None,
    }
}

/// A count and the points after it.
#[derive(Clone, Copy, Debug)]
struct Scan {
    line: usize,
    declared: u64,
    points: u64,
}

impl Scan {
    /// The points that are more than the count, once the scan has `end`ed in a line.
    fn finish(&self, path: &Path, line: usize, end: &str) -> Result<u64> {
        let Self { line: start, declared, points } = self;
        points.checked_sub(*declared).ok_or_else(|| {
            let found = format!("{end} after {points} points");
            let expected = format!("{declared}, the count in line {start}");
            Error::malformed(path, Position::Line(line), found, expected)
        })
    }
}

/// The counts in a part of a table, of which parts that follow each other can be joined.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// Points before the first count.
    before: u64,
    /// Line of the first count.
    first: Option<usize>,
    /// The scan that has not ended.
    last: Option<Scan>,
    /// Points that are more than their count.
    surplus: u64,
}

impl Counts {
    pub(super) fn push_point(&mut self) {
        match &mut self.last {
            Some(scan) => scan.points += 1,
            None => self.before += 1,
        }
    }

    /// Adds a count, which ends the scan before it.
    ///
    /// # Errors
    /// [`Error::Malformed`] where that scan has fewer points than its count.
    pub(super) fn push_count(&mut self, path: &Path, line: usize, declared: u64) -> Result<()> {
        if let Some(scan) = self.last.replace(Scan { line, declared, points: 0 }) {
            self.surplus += scan.finish(path, line, "another count")?;
        }
        self.first.get_or_insert(line);
        Ok(())
    }

    /// Adds the part of the table that follows.
    ///
    /// # Errors
    /// As [`push_count`](Self::push_count).
    pub(super) fn join(&mut self, path: &Path, next: &Self) -> Result<()> {
        match &mut self.last {
            Some(scan) => scan.points += next.before,
            None => self.before += next.before,
        }
        if let (Some(scan), Some(line)) = (&self.last, next.first) {
            self.surplus += scan.finish(path, line, "another count")?;
        }
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
        self.surplus += next.surplus;
        Ok(())
    }

    /// What is to be said of a table that ends in a line.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the last scan has fewer points than its count.
    pub(super) fn finish(&self, path: &Path, line: usize) -> Result<Option<String>> {
        let more = self.last.map(|scan| scan.finish(path, line, "the end of the file")).transpose()?;
        let surplus = self.surplus + more.unwrap_or(0);
        Ok((surplus > 0)
            .then(|| format!("{surplus} points more than the counts in the file say, they are read")))
    }
}
