//! Clouds into PLY files.

use std::cell::Cell;
use std::io::{self, Write};
use std::path::Path;

use ply_rs::ply::{
    Addable, ElementDef, Encoding, Header, PropertyAccess, PropertyDef, PropertyType,
    ScalarType as StoredType,
};
use ply_rs::writer::Writer;

use super::header::PlyFormat;
use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::columns::{Column, distinct_columns_of};
use crate::io::replace::replace_file;
use crate::scalar::ScalarType;

/// Writes all columns of `cloud` as element `vertex` of a PLY file.
///
/// Order of the properties: `x y z`, `nx ny nz`, `red green blue`, the labels under the name and in
/// the type that the file had which they were read from (else `label`, `int`), then the further
/// properties in their own types. Positions are `float`; where the origin is not zero they are
/// `double` and hold the true coordinates. The file is written beside `path` and renamed at the
/// end, so an interrupted run leaves no half file under that name.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io); [`Error::PropertyName`](crate::Error::PropertyName) when a further property has the name of a column that is
/// written too, such as `nx` beside normals.
pub fn write_ply(path: impl AsRef<Path>, cloud: &PointCloud, format: PlyFormat) -> Result<()> {
    let columns = distinct_columns_of(cloud)?;
    let mut vertex = ElementDef::new("vertex".into());
    vertex.count = cloud.len();
    for column in &columns {
        let data_type = PropertyType::Scalar(to_stored(column.scalar_type));
        vertex.properties.add(PropertyDef::new(column.name.to_owned(), data_type));
    }
    replace_file(path.as_ref(), |out| write_rows(out, &vertex, &columns, format))
}

fn write_rows(
    out: &mut dyn Write,
    vertex: &ElementDef,
    columns: &[Column<'_>],
    format: PlyFormat,
) -> io::Result<()> {
    let mut out = out;
    let writer = Writer::<OutRow>::new();
    let mut header = Header::new();
    header.encoding = match format {
        PlyFormat::Ascii => Encoding::Ascii,
        PlyFormat::BinaryLittleEndian => Encoding::BinaryLittleEndian,
        PlyFormat::BinaryBigEndian => Encoding::BinaryBigEndian,
    };
    header.elements.add(vertex.clone());
    writer.write_header(&mut out, &header)?;

    let mut row = OutRow::new();
    for i in 0..vertex.count {
        row.next.set(0);
        row.values.clear();
        row.values.extend(columns.iter().map(|column| (column.value)(i)));
        match format {
            PlyFormat::Ascii => writer.write_ascii_element(&mut out, &row, vertex)?,
            PlyFormat::BinaryLittleEndian => writer.write_little_endian_element(&mut out, &row, vertex)?,
            PlyFormat::BinaryBigEndian => writer.write_big_endian_element(&mut out, &row, vertex)?,
        };
    }
    Ok(())
}

/// One row to write. The writer asks in header order, so names need not be looked at.
struct OutRow {
    values: Vec<f64>,
    next: Cell<usize>,
}

impl OutRow {
    fn take(&self) -> Option<f64> {
        let index = self.next.get();
        self.next.set(index + 1);
        self.values.get(index).copied()
    }
}

impl PropertyAccess for OutRow {
    fn new() -> Self {
        Self { values: Vec::new(), next: Cell::new(0) }
    }
    fn get_char(&self, _name: &str) -> Option<i8> {
        self.take().map(|v| v as i8)
    }
    fn get_uchar(&self, _name: &str) -> Option<u8> {
        self.take().map(|v| v as u8)
    }
    fn get_short(&self, _name: &str) -> Option<i16> {
        self.take().map(|v| v as i16)
    }
    fn get_ushort(&self, _name: &str) -> Option<u16> {
        self.take().map(|v| v as u16)
    }
    fn get_int(&self, _name: &str) -> Option<i32> {
        self.take().map(|v| v as i32)
    }
    fn get_uint(&self, _name: &str) -> Option<u32> {
        self.take().map(|v| v as u32)
    }
    fn get_float(&self, _name: &str) -> Option<f32> {
        self.take().map(|v| v as f32)
    }
    fn get_double(&self, _name: &str) -> Option<f64> {
        self.take()
    }
}

fn to_stored(scalar: ScalarType) -> StoredType {
    match scalar {
        ScalarType::I8 => StoredType::Char,
        ScalarType::U8 => StoredType::UChar,
        ScalarType::I16 => StoredType::Short,
        ScalarType::U16 => StoredType::UShort,
        ScalarType::I32 => StoredType::Int,
        ScalarType::U32 => StoredType::UInt,
        ScalarType::F32 => StoredType::Float,
        ScalarType::F64 => StoredType::Double,
    }
}
