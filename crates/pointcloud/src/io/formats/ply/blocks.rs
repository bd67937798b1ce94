//! PLY files read block by block.

use std::path::Path;
use std::sync::Arc;

use super::body::ascii_row;
use super::faces::{FaceElement, FaceRows, face_elements};
use super::header::{Element, Header, PlyFormat};
use super::skip::{Counted, skip_binary};
use super::summary::describe;
use super::vertices::{VertexLayout, vertex_element};
use crate::error::{Error, Position, Result};
use crate::io::beyond::lines_beyond;
use crate::io::block_rows::Records;
use crate::io::blocks::{Ask, Block, Blocks, Decode, Keep, Rest};
use crate::io::faces::Faces;
use crate::io::input::Input;
use crate::io::lines::Lines;
use crate::io::raw::Raw;
use crate::io::summary::Summary;

/// Opens a file; `None` for one without points, and for a binary one whose points have lists.
pub(super) fn open(mut input: Input<'static>, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    let header = Header::read(&mut input)?;
    let Some(vertex) = vertex_element(&header) else { return Ok(None) };
    let element = &header.elements[vertex];
    let Ok(layout) = VertexLayout::of_element(element, header.format) else { return Ok(None) };
    let rows = format!("rows of element '{}'", element.name);
    let points = match (header.format, element.fixed_size()) {
        (PlyFormat::Ascii, _) => Points::Lines,
        (_, Some(size)) => {
            Points::Records(Records::new(size, element.count, element.properties.len(), &rows))
        }
        (_, None) => return Ok(None),
    };
    let (row, line) = (0, header.body_line);
    let faces = FaceRows::new(face_elements(&header), element.count).with_room(&header, input.length());
    let faces = ask.faces.then_some(faces);
    let decoder = Arc::new(Decoder { path: input.path().into(), header, vertex, layout });
    let mut blocks = PlyBlocks { input, points, row, line, counted: Counted::default(), faces, decoder };
    blocks.skip(0..vertex)?;
    Ok(Some(Box::new(blocks)))
}

enum Points {
    Records(Records),
    Lines,
}

struct PlyBlocks {
    input: Input<'static>,
    points: Points,
    /// The next point.
    row: usize,
    /// Number of the next line of a file of text.
    line: usize,
    counted: Counted,
    /// The faces, where they are wanted.
    faces: Option<FaceRows>,
    decoder: Arc<Decoder>,
}

struct Decoder {
    path: Box<Path>,
    header: Header,
    vertex: usize,
    layout: VertexLayout,
}

impl PlyBlocks {
    /// Passes over elements, counts their faces and keeps them where they are wanted.
    fn skip(&mut self, elements: std::ops::Range<usize>) -> Result<()> {
        let decoder = self.decoder.clone();
        let faces = face_elements(&decoder.header);
        for index in elements {
            let element = &decoder.header.elements[index];
            if element.properties.is_empty() {
                continue;
            }
            let face = faces.iter().find(|face| face.index == index);
            match decoder.header.format {
                PlyFormat::Ascii => self.skip_lines(element, face)?,
                format => {
                    let big = format == PlyFormat::BinaryBigEndian;
                    let (counted, kept) = (&mut self.counted, &mut self.faces);
                    let strips = face.is_some_and(|face| face.strips);
                    let numbers = strips || kept.is_some();
                    skip_binary(&mut self.input, element, big, face, numbers, |row, list| {
                        counted.add(list, strips);
                        kept.iter_mut().try_for_each(|kept| kept.add(&decoder.path, strips, row, list))
                    })?;
                }
            }
        }
        Ok(())
    }

    fn skip_lines(&mut self, element: &Element, face: Option<&FaceElement>) -> Result<()> {
        let mut row = 0;
        while row < element.count {
            let (bytes, line) = self.lines(element, row)?;
            let mut lines = Lines::new(&bytes, 0, line);
            for _ in 0..self.row {
                let (_, values) = ascii_row(&self.decoder.path, element, row, &mut lines)?;
                if let Some(face) = face {
                    let list = values.lists().get(face.list).map_or(&[][..], Vec::as_slice);
                    self.counted.add(list, face.strips);
                    if let Some(kept) = &mut self.faces {
                        kept.add(&self.decoder.path, face.strips, row, list)?;
                    }
                }
                row += 1;
            }
        }
        self.row = 0;
        Ok(())
    }

    /// The next lines of an element of which `row` rows are read, and the number of the first; `self.row` is then the number
    /// of rows in them.
    fn lines(&mut self, element: &Element, row: usize) -> Result<(Vec<u8>, usize)> {
        let (start, line) = (self.input.at(), self.line);
        let mut bytes = self.input.take_lines()?;
        let mut lines = Lines::new(&bytes, 0, line);
        self.row = std::iter::from_fn(|| lines.next_row()).take(element.count - row).count();
        if self.row == 0 {
            let rows = format!("rows of element '{}'", element.name);
            let at = Position::Line(lines.line);
            return Err(Error::truncated(&self.decoder.path, at, &rows, row, element.count));
        }
        self.line = lines.line;
        let read = lines.offset;
        self.input.seek((start + read) as u64)?;
        bytes.truncate(read);
        Ok((bytes, line))
    }
}

impl Blocks for PlyBlocks {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    fn next(&mut self) -> Result<Option<Block>> {
        if let Points::Records(records) = &mut self.points {
            return records.next(&mut self.input);
        }
        let decoder = self.decoder.clone();
        let element = &decoder.header.elements[decoder.vertex];
        let row = self.row;
        if row >= element.count {
            return Ok(None);
        }
        let (bytes, at) = self.lines(element, row)?;
        let points = std::mem::take(&mut self.row);
        self.row = row + points;
        Ok(Some(Block { bytes, row, points, at, ..Block::default() }))
    }

    fn faces(&mut self) -> Faces {
        self.faces.take().map(|rows| rows.faces).unwrap_or_default()
    }

    fn rest(&mut self) -> Result<Rest> {
        let decoder = self.decoder.clone();
        self.skip(decoder.vertex + 1..decoder.header.elements.len())?;
        let faces: Vec<usize> = face_elements(&decoder.header).iter().map(|face| face.index).collect();
        let mut left_out = decoder.header.left_out(Some(decoder.vertex), &faces);
        left_out.extend(match decoder.header.format {
            PlyFormat::Ascii => decoder.header.lines_beyond(lines_beyond(&mut self.input, self.line)?),
            _ => decoder.header.bytes_beyond(&self.input, self.input.at())?,
        });
        left_out.extend(self.counted.left_out());
        let Counted { triangles, faces, .. } = self.counted;
        let notes = self.faces.iter().filter_map(|rows| rows.faces.note()).collect();
        Ok(Rest { triangles, faces, left_out, notes, ..Rest::default() })
    }
}

impl Decode for Decoder {
    fn place(&self) -> Position {
        Position::Line(1)
    }

    fn keep(&self) -> Keep {
        if self.header.format == PlyFormat::Ascii { Keep::Columns } else { Keep::Nothing }
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        if self.header.format != PlyFormat::Ascii {
            return Ok(self.layout.records(&block.bytes));
        }
        let mut columns = self.layout.columns();
        let mut lines = Lines::new(&block.bytes, 0, block.at);
        for row in block.row..block.row + block.points {
            let element = &self.header.elements[self.vertex];
            let (_, values) = ascii_row(&self.path, element, row, &mut lines)?;
            columns.iter_mut().zip(values.scalars()).for_each(|(column, v)| column.values.push(*v));
        }
        Ok(columns)
    }

    fn comments(&self) -> Vec<Vec<u8>> {
        self.header.comments.clone()
    }

    fn describe(&self, summary: &mut Summary) {
        describe(&self.header, summary);
    }
}
