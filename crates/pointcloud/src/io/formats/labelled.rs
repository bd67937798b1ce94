//! [`Labelled`]: points from one file, and their labels from another.

use std::path::PathBuf;
use std::sync::Arc;

use super::label_file::{LabelDecoder, LabelFile};
use crate::error::{Error, Position, Result};
use crate::io::blocks::{Block, Blocks, Decode, Keep, Rest, Table};
use crate::io::columns::Entry;
use crate::io::faces::Faces;
use crate::io::raw::Raw;
use crate::io::summary::Summary;
use crate::metadata::LasMetadata;
use crate::names::{self, Role};

/// Reads both files in step.
pub(crate) struct Labelled {
    /// The file with the points.
    path: PathBuf,
    points: Box<dyn Blocks>,
    labels: LabelFile,
    decoder: Arc<dyn Decode>,
    /// The first point of the next block.
    row: usize,
}

impl Labelled {
    /// The points at `path`, from the first one on, with labels.
    pub(crate) fn new(path: PathBuf, points: Box<dyn Blocks>, labels: &LabelFile) -> Self {
        let decoder = Arc::new(LabelledDecoder { points: points.decoder(), labels: labels.decoder() });
        Self { path, points, labels: labels.again(), decoder, row: 0 }
    }

    /// The number of labels is not that of the points.
    fn wrong_number(&self, points: usize) -> Error {
        let path = &self.labels.path;
        let found = format!("{} labels", self.labels.rows);
        let expected = format!("{points}, one for every point of {}", self.path.display());
        Error::malformed(path, self.labels.end, found, expected)
    }
}

impl Blocks for Labelled {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    fn next(&mut self) -> Result<Option<Block>> {
        let decoder = self.points.decoder();
        let Some(block) = self.points.next()? else {
            return if self.labels.is_at_end() { Ok(None) } else { Err(self.wrong_number(self.row)) };
        };
        let points = decoder.points_of(&block);
        let labels = self.labels.take(points)?;
        if self.labels.labels_in(labels.len()) < points {
            let mut all = self.row + points;
            while let Some(block) = self.points.next()? {
                all += decoder.points_of(&block);
            }
            return Err(self.wrong_number(all));
        }
        let row = self.row;
        self.row += points;
        Ok(Some(Block { labels: Some((row, labels)), ..block }))
    }

    fn faces(&mut self) -> Faces {
        self.points.faces()
    }

    fn rest(&mut self) -> Result<Rest> {
        let mut rest = self.points.rest()?;
        rest.left_out.extend(self.labels.left_out());
        Ok(rest)
    }

    fn again(&self) -> Option<Box<dyn Blocks>> {
        let points = self.points.again()?;
        Some(Box::new(Self::new(self.path.clone(), points, &self.labels)))
    }
}

/// Makes the columns of both files.
struct LabelledDecoder {
    points: Arc<dyn Decode>,
    labels: LabelDecoder,
}

impl Decode for LabelledDecoder {
    fn keep(&self) -> Keep {
        self.points.keep()
    }

    fn bytes_of(&self, block: &Block) -> usize {
        self.points.bytes_of(block) + block.labels.as_ref().map_or(0, |(_, labels)| labels.len())
    }

    fn points_of(&self, block: &Block) -> usize {
        self.points.points_of(block)
    }

    fn unpack(&self, block: Block) -> Result<Block> {
        self.points.unpack(block)
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        let mut columns = self.points.columns(block)?;
        let (row, labels) = block.labels.as_ref().map_or((0, &[][..]), |(row, labels)| (*row, labels));
        columns.extend(self.labels.columns(labels, row)?);
        Ok(columns)
    }

    fn off_steps(&self, points: &mut dyn Iterator<Item = [f64; 3]>) -> f64 {
        self.points.off_steps(points)
    }

    /// The columns of the points have their names and types whether or not there are labels.
    fn arrange(&self, table: &mut Table) -> std::result::Result<(), (String, String)> {
        let count = table.entries.len() - self.labels.count();
        let labels = table.entries.split_off(count);
        table.shape = table.shape.of_first(count);
        self.points.arrange(table)?;
        let is_label =
            |entry: &Entry| names::role_of(&entry.column.name).0 == Role::Label && entry.facts.is_i32();
        let (names, file) = (self.labels.names().collect::<Vec<_>>().join(" and "), self.labels.file());
        if table.entries.iter().any(is_label) {
            table.left_out.push(format!("the labels of {file}, because the points have labels of their own"));
        } else {
            table.notes.push(format!("{names} from {file}"));
            // A column of the points with the same name gets another one.
            table.entries.splice(0..0, labels);
        }
        Ok(())
    }

    fn place(&self) -> Position {
        self.points.place()
    }

    fn expected(&self) -> &'static str {
        self.points.expected()
    }

    fn las(&self) -> Option<LasMetadata> {
        self.points.las()
    }

    fn comments(&self) -> Vec<Vec<u8>> {
        self.points.comments()
    }

    fn describe(&self, summary: &mut Summary) {
        self.points.describe(summary);
        for name in self.labels.names() {
            // A header lists only the properties of its own file.
            if summary.columns.iter().any(|column| column.name == name)
                && !summary.properties.iter().any(|property| property == name)
            {
                summary.properties.push(name.to_owned());
            }
        }
    }
}
