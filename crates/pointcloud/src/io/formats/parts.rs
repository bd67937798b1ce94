//! Points whose columns are in several places: row `i` of every part belongs to point `i`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::binary::{Field, raw_records};
use crate::error::{Error, Position, Result};
use crate::io::block_rows::rows_of_block;
use crate::io::blocks::{Block, Blocks, Decode, Rest, Table, sort_all};
use crate::io::contents::Contents;
use crate::io::faces::Faces;
use crate::io::facts::Facts;
use crate::io::input::Input;
use crate::io::number::Number;
use crate::io::raw::{Raw, Stored};
use crate::io::spool::Spool;
use crate::io::summary::Summary;
use crate::scalar::ScalarType;

/// How the rows of a part are stored.
#[derive(Clone, Debug)]
pub(super) struct PartLayout {
    /// Bytes of a row.
    pub(super) size: usize,
    pub(super) fields: Vec<Field>,
    pub(super) big: bool,
}

/// The columns of a block that has the rows of one part after those of the other.
pub(super) fn columns_of_parts(block: &Block, layouts: &[PartLayout]) -> Vec<Raw> {
    let mut columns = Vec::new();
    let mut at = 0;
    for layout in layouts {
        let length = block.points * layout.size;
        let rows = block.bytes.get(at..at + length).unwrap_or_default();
        columns.extend(raw_records(rows, layout.size, &layout.fields, layout.big));
        at += length;
    }
    columns
}

/// Reads parts in step.
pub(super) struct Parts<'a> {
    /// The file that the parts belong to, for messages.
    path: PathBuf,
    inputs: Vec<(Input<'a>, usize)>,
    count: usize,
    row: usize,
    block: usize,
    decoder: Arc<dyn Decode>,
    rest: Rest,
    faces: Faces,
}

impl<'a> Parts<'a> {
    /// The first `count` rows of all parts; `decoder` makes columns of their blocks.
    pub(super) fn new(
        path: &Path,
        inputs: Vec<(Input<'a>, usize)>,
        count: usize,
        columns: usize,
        decoder: Arc<dyn Decode>,
    ) -> Self {
        let block = rows_of_block(columns);
        Self {
            path: path.to_owned(),
            inputs,
            count,
            row: 0,
            block,
            decoder,
            rest: Rest::default(),
            faces: Faces::default(),
        }
    }

    /// With what the file has beside its points.
    pub(super) fn with_rest(self, rest: Rest) -> Self {
        Self { rest, ..self }
    }

    /// With the faces of a mesh.
    pub(super) fn with_faces(self, faces: Faces) -> Self {
        Self { faces, ..self }
    }

    fn next_rows(&mut self, most: usize) -> Result<Option<Block>> {
        let points = most.min(self.count - self.row);
        if points == 0 {
            return Ok(None);
        }
        let (row, at) = (self.row, self.inputs.first().map_or(0, |(input, _)| input.at()));
        let mut bytes = Vec::new();
        for (input, size) in &mut self.inputs {
            let rows = input.take(points * *size)?;
            if rows.len() < points * *size {
                let end = Position::Byte(input.length());
                let complete = row + rows.len() / *size;
                return Err(Error::truncated(&self.path, end, "points", complete, self.count));
            }
            bytes = if bytes.is_empty() { rows } else { [bytes, rows].concat() };
        }
        self.row += points;
        Ok(Some(Block { bytes, row, points, at, ..Block::default() }))
    }

    /// All points at once, with the faces.
    pub(super) fn read(mut self) -> Result<Contents> {
        let block = self.next_rows(usize::MAX)?.unwrap_or_default();
        self.inputs.clear();
        let columns = self.decoder.columns(&block)?;
        let mut contents = sort_all(&self.path, self.decoder.as_ref(), columns)?;
        contents.left_out.extend(self.rest.left_out);
        contents.notes.extend(self.rest.notes);
        contents.faces = self.faces.triangles(&contents.cloud);
        Ok(contents)
    }
}

impl Parts<'_> {
    /// Describes a mesh in a format of this name.
    pub(super) fn summary_of_mesh(self, format: &str) -> Result<Summary> {
        let faces = self.rest.faces;
        Ok(Summary::of_contents(format, &self.read()?, true).with_faces(faces))
    }
}

impl Blocks for Parts<'static> {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    fn next(&mut self) -> Result<Option<Block>> {
        self.next_rows(self.block)
    }

    fn faces(&mut self) -> Faces {
        std::mem::take(&mut self.faces)
    }

    fn rest(&mut self) -> Result<Rest> {
        Ok(self.rest.clone())
    }

    fn again(&self) -> Option<Box<dyn Blocks>> {
        let inputs = self.inputs.iter().map(|(input, size)| (input.again(), *size)).collect();
        let (path, decoder, rest) = (self.path.clone(), self.decoder.clone(), self.rest.clone());
        let (count, block, faces) = (self.count, self.block, Faces::default());
        Some(Box::new(Self { path, inputs, count, row: 0, block, decoder, rest, faces }))
    }
}

/// Columns that have names.
pub(super) struct NamedParts {
    pub(super) layouts: Vec<PartLayout>,
    /// The type of every column, where it is another than that of its numbers.
    pub(super) types: Vec<ScalarType>,
    pub(super) place: Position,
    /// What was assumed.
    pub(super) notes: Vec<String>,
}

impl Decode for NamedParts {
    fn place(&self) -> Position {
        self.place
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        let mut columns = columns_of_parts(block, &self.layouts);
        for (column, scalar_type) in columns.iter_mut().zip(&self.types) {
            // Text has more digits than a single holds.
            if *scalar_type == ScalarType::F32 {
                column.values.iter_mut().for_each(|v| *v = scalar_type.round(*v));
            }
            column.stored = Stored::Number(Number::Scalar(*scalar_type));
        }
        Ok(columns)
    }

    fn arrange(&self, table: &mut Table) -> std::result::Result<(), (String, String)> {
        table.notes.clone_from(&self.notes);
        Ok(())
    }
}

/// Rows of numbers with the name and the type of each.
pub(super) type Named = (Spool, Vec<(&'static str, ScalarType)>);

/// Adds the opacities of `count` colours as a column, unless all colours are opaque, and tells where some colours have none.
pub(super) fn add_opacities(
    (opacities, facts): (Spool, Facts),
    count: usize,
    spools: &mut Vec<Named>,
    left_out: &mut Vec<String>,
) {
    let found = opacities.rows();
    let opaque = facts.within(1.0, 1.0) || facts.within(255.0, 255.0);
    if found == 0 || opaque {
        return;
    }
    if found < count {
        left_out.push(format!("{found} opacities, since some colours have none"));
        return;
    }
    let is_byte = facts.is_u8() && !facts.within(0.0, 1.0);
    let kind = if is_byte { ScalarType::U8 } else { ScalarType::F32 };
    spools.push((opacities, vec![("alpha", kind)]));
}

/// Points whose columns were kept in spools; `path` and `place` are for messages.
pub(super) fn parts_of_spools(
    path: &Path,
    spools: Vec<Named>,
    place: Position,
    rest: Rest,
) -> Result<Parts<'static>> {
    let count = spools.first().map_or(0, |(spool, _)| spool.rows());
    let types: Vec<ScalarType> =
        spools.iter().flat_map(|(_, columns)| columns).map(|(_, kind)| *kind).collect();
    let (mut inputs, mut layouts) = (Vec::new(), Vec::new());
    for (spool, columns) in spools {
        debug_assert_eq!((spool.columns(), spool.rows()), (columns.len(), count));
        let number = Number::Scalar(ScalarType::F64);
        let field = |(i, (name, _)): (usize, (&str, ScalarType))| Field {
            name: name.to_owned(),
            number,
            offset: 8 * i,
        };
        let size = 8 * columns.len();
        layouts.push(PartLayout {
            size,
            fields: columns.into_iter().enumerate().map(field).collect(),
            big: false,
        });
        inputs.push((spool.into_input()?, size));
    }
    let columns = types.len();
    Ok(Parts::new(
        path,
        inputs,
        count,
        columns,
        Arc::new(NamedParts { layouts, types, place, notes: Vec::new() }),
    )
    .with_rest(rest))
}
