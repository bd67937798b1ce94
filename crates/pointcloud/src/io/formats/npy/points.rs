//! Points whose columns are one array, or several of as many rows.

use std::sync::Arc;

use super::super::naming::{name_columns, rename};
use super::super::parts::{PartLayout, Parts, columns_of_parts};
use super::array::Array;
use crate::error::{Error, Position, Result};
use crate::io::blocks::{Ask, Block, Blocks, Decode, Table};
use crate::io::contents::{Contents, Source};
use crate::io::input::Input;
use crate::io::raw::Raw;

/// How the columns of arrays are named.
#[derive(Default)]
pub(crate) struct Naming {
    /// Names that the caller gives.
    pub(crate) given: Option<Vec<String>>,
    /// An array that has the coordinates without a name that says so: its index and its name.
    pub(crate) taken: Option<(usize, String)>,
}

/// Reads an array `[N, 3+]` of numbers or a structured array `[N]` with fields `x`, `y`, `z` or `xyz`.
pub(super) fn read(source: &Source<'_>) -> Result<Contents> {
    parts_of_file(Input::of_bytes(source.path, source.bytes), source.columns)?.read()
}

pub(super) fn open(input: Input<'static>, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    Ok(Some(Box::new(parts_of_file(input, ask.columns)?)))
}

fn parts_of_file<'a>(input: Input<'a>, given: Option<&[String]>) -> Result<Parts<'a>> {
    const EXPECTED: &str = "[N, 3] or more columns, or fields x, y and z";
    let array = Array::read(&input, "positions", given.map(<[String]>::len))?;
    if let Some(found) = array.too_narrow() {
        return Err(Error::malformed(input.path(), Position::Byte(10), found, EXPECTED));
    }
    let naming = Naming { given: given.map(<[String]>::to_vec), taken: None };
    points_of(&input, vec![(array, input.again())], naming, Position::Byte(10), EXPECTED)
}

/// Points with the columns of all arrays, each in a file of its own; `file`, `place` and `expected` are for messages.
pub(crate) fn points_of<'a>(
    file: &Input<'_>,
    members: Vec<(Array, Input<'a>)>,
    naming: Naming,
    place: Position,
    expected: &'static str,
) -> Result<Parts<'a>> {
    // Arrays without points may differ in length; then their names are told.
    let rows = members.iter().map(|(array, _)| array.rows()).min().unwrap_or(0);
    let (mut arrays, mut inputs, mut layouts) = (Vec::new(), Vec::new(), Vec::new());
    for (array, input) in members {
        for (part, layout) in array.parts(&input)? {
            inputs.push((part, layout.size));
            layouts.push(layout);
        }
        arrays.push(array);
    }
    let columns = layouts.iter().map(|layout| layout.fields.len()).sum();
    let decoder = Arc::new(OfArrays { arrays, layouts, naming, place, expected });
    Ok(Parts::new(file.path(), inputs, rows, columns, decoder))
}

struct OfArrays {
    arrays: Vec<Array>,
    layouts: Vec<PartLayout>,
    naming: Naming,
    place: Position,
    expected: &'static str,
}

impl Decode for OfArrays {
    fn place(&self) -> Position {
        self.place
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        Ok(columns_of_parts(block, &self.layouts))
    }

    fn arrange(&self, table: &mut Table) -> std::result::Result<(), (String, String)> {
        table.notes = table.with_columns(|columns, shape| {
            let (mut first, mut notes) = (0, Vec::new());
            for (index, array) in self.arrays.iter().enumerate() {
                let (count, assumed) = array.name(&mut columns[first..], &shape.from(first));
                notes.extend(assumed);
                if let Some((_, name)) = self.naming.taken.as_ref().filter(|(taken, _)| *taken == index) {
                    notes.extend(name_columns(&mut columns[first..first + count], &shape.from(first)));
                    notes.push(format!("member '{name}' is taken for the points"));
                }
                first += count;
            }
            notes
        });
        if let Some(given) = &self.naming.given {
            table.notes.clear();
            rename(&mut table.entries, given, |entry| &mut entry.column.name)?;
        }
        Ok(())
    }

    fn expected(&self) -> &'static str {
        self.expected
    }
}
