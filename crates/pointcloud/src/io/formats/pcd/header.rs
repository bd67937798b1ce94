//! The header of a PCD file: fields, number of points, encoding.

use std::path::Path;

use super::super::binary::Field;
use super::lzf::RATIO;
use crate::error::{Error, Position, Result};
use crate::io::extent::{Extent, Start};
use crate::io::lines::{Lines, quote};
use crate::io::number::Number;
use crate::scalar::{ScalarType, parse_float};

/// Everything before the points.
pub(super) struct Header {
    pub(super) layouts: Vec<Layout>,
    pub(super) points: usize,
    /// `ascii`, `binary` or `binary_compressed`, unless the file is wrong.
    pub(super) encoding: String,
    /// Line of `DATA`.
    pub(super) line: usize,
    /// Whether there is a viewpoint other than the usual one.
    pub(super) moved: bool,
    /// Columns and rows of the points, where the header has both.
    pub(super) grid: Option<[usize; 2]>,
    /// First byte of the points.
    pub(super) body: usize,
}

/// One field of the header: its numbers lie one after the other.
pub(super) struct Layout {
    pub(super) name: String,
    pub(super) number: Number,
    pub(super) count: usize,
    pub(super) offset: usize,
    /// Whether the bits of a float are a colour in one number.
    pub(super) float_color: bool,
}

/// The lines of the header as they are.
#[derive(Debug, Default)]
struct Declared {
    fields: Vec<String>,
    sizes: Vec<usize>,
    kinds: Vec<String>,
    counts: Vec<usize>,
    width: Option<usize>,
    height: Option<usize>,
    points: Option<usize>,
    moved: bool,
}

impl Header {
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let refuse = |line: usize, found: String, expected: &str| {
            Error::malformed(path, Position::Line(line), found, expected)
        };
        let mut lines = Lines::new(bytes, 0, 1);
        let mut declared = Declared::default();
        let (line, encoding) = loop {
            let Some((line, text)) = lines.next_line(false) else {
                return Err(refuse(lines.line, "the end of the file".into(), "'DATA'"));
            };
            let text = String::from_utf8_lossy(text);
            let mut words = text.split_ascii_whitespace();
            let Some(key) = words.next().map(str::to_ascii_uppercase) else { continue };
            let key = key.as_str();
            let words: Vec<&str> = words.collect();
            if key == "DATA" {
                break (line, words.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default());
            }
            declared.set(key, &words).map_err(|(found, expected)| refuse(line, found, &expected))?;
        };
        let grid = declared.width.zip(declared.height).map(|(width, height)| [width, height]);
        let product = match (declared.width, declared.height) {
            (None, None) => None,
            (width, height) => Some(width.unwrap_or(1).saturating_mul(height.unwrap_or(1))),
        };
        let points = declared.points.or(product);
        let points = points.ok_or_else(|| refuse(line, "no POINTS".into(), "POINTS, or WIDTH and HEIGHT"))?;
        let layouts = declared.layouts().map_err(|found| {
            refuse(line, found, "FIELDS with as many SIZE (1, 2, 4, 8), TYPE (I, U, F) and COUNT")
        })?;
        let body = lines.offset.min(bytes.len());
        Ok(Self { layouts, points, encoding, line, moved: declared.moved, grid, body })
    }

    /// Whether a field is a colour with an opacity.
    pub(super) fn packs_opacity(&self) -> bool {
        self.layouts.iter().any(|layout| packs_opacity(&layout.name) && layout.count == 1)
    }

    /// Bytes of a point.
    pub(super) fn size(&self) -> usize {
        self.layouts.last().map_or(0, |last| last.offset + last.number.size() * last.count)
    }
}

impl Declared {
    /// Takes in one line; else what was found and expected.
    fn set(&mut self, key: &str, words: &[&str]) -> std::result::Result<(), (String, String)> {
        let numbers = || -> std::result::Result<Vec<usize>, (String, String)> {
            let expected = || format!("a whole number for {key}");
            let parse = |word: &&str| word.parse().map_err(|_| (quote(word.as_bytes()), expected()));
            words.iter().map(parse).collect()
        };
        let owned = || words.iter().map(|&word| word.to_owned()).collect();
        match key {
            "FIELDS" | "COLUMNS" => self.fields = owned(),
            "TYPE" => self.kinds = words.iter().map(|word| word.to_ascii_uppercase()).collect(),
            "SIZE" => self.sizes = numbers()?,
            "COUNT" => self.counts = numbers()?,
            "WIDTH" => self.width = Some(numbers()?.first().copied().unwrap_or(0)),
            "HEIGHT" => self.height = Some(numbers()?.first().copied().unwrap_or(0)),
            "POINTS" => self.points = numbers()?.first().copied(),
            "VERSION" => {}
            "VIEWPOINT" => {
                let usual = ["0", "0", "0", "1", "0", "0", "0"];
                let same = |(word, usual): (&&str, &str)| parse_float(word) == parse_float(usual);
                self.moved = !words.iter().zip(usual).all(same);
            }
            _ if key.starts_with('#') => {}
            _ => {
                let expected = "VERSION, FIELDS, SIZE, TYPE, COUNT, WIDTH, HEIGHT, VIEWPOINT, POINTS or DATA";
                return Err((quote(key.as_bytes()), expected.into()));
            }
        }
        Ok(())
    }

    /// What the fields are; else what does not fit.
    fn layouts(&self) -> std::result::Result<Vec<Layout>, String> {
        let n = self.fields.len();
        let or_all =
            |stored: &Vec<usize>, usual| if stored.is_empty() { vec![usual; n] } else { stored.clone() };
        // Before version .7 every field was a float.
        let old = self.sizes.is_empty() && self.kinds.is_empty();
        let (counts, sizes) = (or_all(&self.counts, 1), if old { vec![4; n] } else { self.sizes.clone() });
        let kinds = if old { vec!["F".to_owned(); n] } else { self.kinds.clone() };
        let lengths = [n, sizes.len(), kinds.len(), counts.len()];
        if n == 0 || lengths != [n; 4] {
            return Err(format!(
                "{n} fields, {} sizes, {} types, {} counts",
                lengths[1], lengths[2], lengths[3]
            ));
        }
        let mut offset = 0_usize;
        let mut layouts = Vec::new();
        for (((name, &size), kind), &count) in self.fields.iter().zip(&sizes).zip(&kinds).zip(&counts) {
            // Packed colours are bits, whatever type they are said to have.
            let number = match (kind.as_str(), size) {
                ("F" | "U" | "I", 4) if is_packed(name) && count == 1 => Number::Scalar(ScalarType::U32),
                ("I", 1) => Number::Scalar(ScalarType::I8),
                ("I", 2) => Number::Scalar(ScalarType::I16),
                ("I", 4) => Number::Scalar(ScalarType::I32),
                ("I", 8) => Number::I64,
                ("U", 1) => Number::Scalar(ScalarType::U8),
                ("U", 2) => Number::Scalar(ScalarType::U16),
                ("U", 4) => Number::Scalar(ScalarType::U32),
                ("U", 8) => Number::U64,
                ("F", 4) => Number::Scalar(ScalarType::F32),
                ("F", 8) => Number::Scalar(ScalarType::F64),
                _ => return Err(format!("field '{name}' of type {kind}{size}")),
            };
            if count > 1024 {
                return Err(format!("field '{name}' of {count} numbers"));
            }
            let float_color = is_packed(name) && kind == "F";
            layouts.push(Layout { name: name.clone(), number, count, offset, float_color });
            offset += number.size() * count;
        }
        Ok(layouts)
    }
}

/// The points that the header announces.
pub(super) fn extent(start: &Start<'_>) -> Option<Extent> {
    let header = Header::parse(start.path, start.bytes).ok()?;
    let columns: usize = header.layouts.iter().map(|layout| fields_of(layout, 0).len()).sum();
    let is_coordinate = |name: &str| matches!(name.to_ascii_lowercase().as_str(), "x" | "y" | "z");
    let wide = header.layouts.iter().any(|layout| is_coordinate(&layout.name) && !layout.number.is_single());
    let size = header.size() as u64;
    let (least, copies) = match header.encoding.as_str() {
        "ascii" => (2 * columns as u64, 0),
        "binary_compressed" => (size / RATIO as u64, size),
        _ => (size, 0),
    };
    let extent = Extent::of_columns(header.points as u64, columns, wide, start.length / least.max(1));
    Some(extent.and(extent.points.saturating_mul(copies)))
}

/// Whether a field is a colour in one number.
pub(super) fn is_packed(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "rgb" | "rgba")
}

/// Whether a colour in one number has an opacity.
pub(super) fn packs_opacity(name: &str) -> bool {
    name.eq_ignore_ascii_case("rgba")
}

/// The numbers of a field that starts at `offset`, none for padding.
pub(super) fn fields_of(layout: &Layout, offset: usize) -> Vec<Field> {
    let count = if layout.name == "_" { 0 } else { layout.count };
    let field = |i: usize| Field {
        name: if count == 1 { layout.name.clone() } else { format!("{}_{i}", layout.name) },
        number: layout.number,
        offset: offset + i * layout.number.size(),
    };
    (0..count).map(field).collect()
}
