//! Clouds into PLY files.

use std::cell::Cell;
use std::ops::Range;
use std::path::Path;

use ply_rs::ply::{
    Addable, ElementDef, Encoding, Header, PropertyAccess, PropertyDef, PropertyType,
    ScalarType as StoredType,
};
use ply_rs::writer::Writer;

use super::super::binary::put_records;
use super::header::PlyFormat;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::ReplaceFiles;
use crate::io::columns::{Outline, columns_of, distinct_columns_of};
use crate::io::encode::{Encode, Plain, write_cloud};
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
    let path = path.as_ref();
    let mut files = ReplaceFiles::default();
    write_cloud(&mut files, path, cloud, encoder(path, &Outline::of(cloud), format)?)?;
    files.finish()
}

/// The writer of a PLY file.
pub(super) fn encoder(path: &Path, outline: &Outline<'_>, format: PlyFormat) -> Result<Box<dyn Encode>> {
    let columns = distinct_columns_of(outline.cloud)?;
    let mut vertex = ElementDef::new("vertex".into());
    vertex.count = outline.points;
    for column in &columns {
        let data_type = PropertyType::Scalar(to_stored(column.scalar_type));
        vertex.properties.add(PropertyDef::new(column.name.to_owned(), data_type));
    }
    let mut header = Header::new();
    header.encoding = match format {
        PlyFormat::Ascii => Encoding::Ascii,
        PlyFormat::BinaryLittleEndian => Encoding::BinaryLittleEndian,
        PlyFormat::BinaryBigEndian => Encoding::BinaryBigEndian,
    };
    header.elements.add(vertex.clone());
    let mut start = Vec::new();
    let written = Writer::<OutRow>::new().write_header(&mut start, &header);
    written.map_err(|source| Error::io(path, "write", source))?;
    let start = with_comments(&start, outline.cloud.comments());
    if format == PlyFormat::BinaryLittleEndian {
        return Ok(Box::new(Plain { header: start, rows: put_records }));
    }
    let rows = move |cloud: &PointCloud, rows: Range<usize>, out: &mut Vec<u8>| {
        let (columns, writer) = (columns_of(cloud), Writer::<OutRow>::new());
        let mut row = OutRow::new();
        for i in rows {
            row.next.set(0);
            row.values.clear();
            row.values.extend(columns.iter().map(|column| (column.value)(i)));
            let written = match format {
                PlyFormat::Ascii => writer.write_ascii_element(out, &row, &vertex),
                _ => writer.write_big_endian_element(out, &row, &vertex),
            };
            debug_assert!(written.is_ok(), "memory takes every byte");
        }
    };
    Ok(Box::new(Plain { header: start, rows }))
}

/// A header with comments after its first two lines, the magic word and the format. The library writes text in UTF-8 only.
fn with_comments(header: &[u8], comments: &[Vec<u8>]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = header.split_inclusive(|&b| b == b'\n').collect();
    let comments: Vec<Vec<u8>> = comments.iter().map(|line| [line, &b"\n"[..]].concat()).collect();
    lines.splice(2..2, comments.iter().map(Vec::as_slice));
    lines.concat()
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
