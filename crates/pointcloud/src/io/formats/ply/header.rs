//! The header: format, elements and their properties, line by line.

use std::fmt;
use std::path::Path;

use ply_rs::parser::{Parser, Reader};
use ply_rs::ply::{
    Addable, ElementDef, Encoding, Header as StoredHeader, PropertyDef, PropertyType,
    ScalarType as StoredType,
};

use super::row::Row;
use crate::error::{Error, Position, Result};
use crate::io::input::Input;
use crate::io::lines::{Lines, quote};
use crate::scalar::ScalarType;

/// The three encodings of a PLY body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlyFormat {
    /// Numbers as text, one row per line.
    Ascii,
    /// Binary, least significant byte first.
    BinaryLittleEndian,
    /// Binary, most significant byte first.
    BinaryBigEndian,
}

impl PlyFormat {
    /// The name in a PLY header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ascii => "ascii",
            Self::BinaryLittleEndian => "binary_little_endian",
            Self::BinaryBigEndian => "binary_big_endian",
        }
    }
}

impl fmt::Display for PlyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a property is one number or a list of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PropertyKind {
    /// One number.
    Scalar(ScalarType),
    /// A count and that many numbers.
    List {
        /// Type of the count.
        count: ScalarType,
        /// Type of each number.
        item: ScalarType,
    },
}

/// A property as the header declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) struct PlyProperty {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: PropertyKind,
}

impl fmt::Display for PlyProperty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PropertyKind::Scalar(scalar) => write!(f, "{scalar} {}", self.name),
            PropertyKind::List { count, item } => write!(f, "list {count} {item} {}", self.name),
        }
    }
}

/// An element as the header declares it.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) count: usize,
    pub(crate) properties: Vec<PlyProperty>,
    /// The same for the row reader of `ply-rs-bw`.
    pub(crate) definition: ElementDef,
}

/// Everything before the body.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) format: PlyFormat,
    /// Comments and `obj_info` as they are, each with its keyword.
    pub(crate) comments: Vec<Vec<u8>>,
    pub(crate) elements: Vec<Element>,
    /// First byte of the body.
    pub(crate) body: usize,
    /// Line number of the first line of an ascii body.
    pub(crate) body_line: usize,
}

/// The last word of a header.
const END: &[u8] = b"end_header";

/// Bytes in which a header is read, and what no header exceeds.
const PIECE: usize = 1 << 14;
const LONGEST: usize = 1 << 24;

const STATEMENTS: &str = "format, comment, obj_info, element, property or end_header";
const TYPES: &str = "char, uchar, short, ushort, int, uint, float or double \
                     (or int8, uint8, int16, uint16, int32, uint32, float32, float64)";

impl Header {
    /// Reads the header at the start of `bytes`.
    ///
    /// Beyond the grammar of `ply-rs-bw`: any line end, blanks around and between words, blank
    /// lines, bytes that are not UTF-8 in comments, any name without white space, the short
    /// type names of NumPy, and `obj_info` anywhere. Names that occur twice are refused, since rows could not be told
    /// apart.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let mut lines = Lines::new(bytes, 0, 1);
        let lone_cr = lines.ends_in_lone_cr();
        let refuse = |line: usize, found: String, expected: &str| {
            Error::malformed(path, Position::Line(line), found, expected)
        };
        match lines.next_line(lone_cr) {
            Some((_, text)) if text.trim_ascii() == b"ply" => {}
            Some((line, text)) => return Err(refuse(line, quote(text), "'ply', the PLY magic word")),
            None => return Err(refuse(1, "an empty file".into(), "'ply', the PLY magic word")),
        }

        let mut format = None;
        let mut comments = Vec::new();
        let mut elements: Vec<Element> = Vec::new();
        loop {
            let Some((line, text)) = lines.next_line(lone_cr) else {
                return Err(refuse(lines.line, "the end of the file".into(), "'end_header'"));
            };
            let found = || quote(text);
            let words: Vec<String> = text
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect();
            match words.first().map(String::as_str) {
                None => {}
                Some("end_header") => break,
                Some("comment" | "obj_info") => comments.push(text.trim_ascii().to_vec()),
                Some("format") => {
                    let parsed = parse_format(&words).ok_or_else(|| {
                        refuse(
                            line,
                            found(),
                            "'format ascii 1.0', 'format binary_little_endian 1.0' or \
                             'format binary_big_endian 1.0'",
                        )
                    })?;
                    if format.replace(parsed).is_some() {
                        return Err(refuse(line, format!("a second format, {}", found()), "one"));
                    }
                }
                Some("element") => {
                    let element = parse_element(&words)
                        .ok_or_else(|| refuse(line, found(), "'element NAME COUNT' with a whole COUNT"))?;
                    if elements.iter().any(|other| other.name == element.name) {
                        let found = format!("a second element '{}'", element.name);
                        return Err(refuse(line, found, "element names that differ"));
                    }
                    elements.push(element);
                }
                Some("property") => {
                    let Some(element) = elements.last_mut() else {
                        return Err(refuse(line, found(), "an element before its properties"));
                    };
                    let property =
                        parse_property(&words).map_err(|expected| refuse(line, found(), &expected))?;
                    if element.definition.properties.contains_key(&property.name) {
                        let found = format!("a second property '{}'", property.name);
                        return Err(refuse(line, found, "property names that differ"));
                    }
                    element.push(property);
                }
                Some(_) => return Err(refuse(line, found(), STATEMENTS)),
            }
        }
        let Some(format) = format else {
            return Err(refuse(lines.line - 1, "the end of the header".into(), "a format line in it"));
        };
        Ok(Self { format, comments, elements, body: lines.offset, body_line: lines.line })
    }

    /// Reads the header of a file.
    pub(crate) fn read(input: &mut Input<'_>) -> Result<Self> {
        let mut start = Vec::new();
        loop {
            let more = input.take(PIECE)?;
            let ends = more.len() < PIECE || start.len() > LONGEST;
            start.extend(more);
            let ended = start.windows(END.len()).any(|window| window == END);
            if ended || ends {
                let header = Self::parse(input.path(), &start)?;
                input.seek(header.body as u64)?;
                return Ok(header);
            }
        }
    }
}

impl Element {
    /// Bytes of every row of a binary file; `None` where rows have lists.
    pub(super) fn fixed_size(&self) -> Option<usize> {
        let size = |property: &PlyProperty| match property.kind {
            PropertyKind::Scalar(scalar) => Some(scalar.size()),
            PropertyKind::List { .. } => None,
        };
        self.properties.iter().map(size).sum()
    }

    fn push(&mut self, definition: PropertyDef) {
        let kind = match &definition.data_type {
            PropertyType::Scalar(scalar) => PropertyKind::Scalar(from_stored(scalar)),
            PropertyType::List(count, item) => {
                PropertyKind::List { count: from_stored(count), item: from_stored(item) }
            }
        };
        self.properties.push(PlyProperty { name: definition.name.clone(), kind });
        self.definition.properties.add(definition);
    }

    /// Fewest bytes that one row takes.
    pub(crate) fn smallest_row(&self, format: PlyFormat) -> usize {
        match format {
            // One digit and one blank or line end per number.
            PlyFormat::Ascii => 2 * self.properties.len(),
            _ => self
                .properties
                .iter()
                .map(|property| match property.kind {
                    PropertyKind::Scalar(scalar) => scalar.size(),
                    PropertyKind::List { count, .. } => count.size(),
                })
                .sum(),
        }
    }
}

/// What the grammar of the library makes of a header of these lines; `None` if it refuses them.
fn declared(lines: &str) -> Option<StoredHeader> {
    let text = format!("ply\n{lines}\nend_header\n");
    Parser::<Row>::new().read_header(&mut Reader::new(text.as_bytes())).ok()
}

fn parse_format(words: &[String]) -> Option<PlyFormat> {
    Some(match declared(&words.join(" "))?.encoding {
        Encoding::Ascii => PlyFormat::Ascii,
        Encoding::BinaryLittleEndian => PlyFormat::BinaryLittleEndian,
        Encoding::BinaryBigEndian => PlyFormat::BinaryBigEndian,
    })
}

/// The grammar of the library accepts identifiers only, so it is given another name.
fn parse_element(words: &[String]) -> Option<Element> {
    let [_, name, count] = words else { return None };
    let header = declared(&format!("format ascii 1.0\nelement stand_in {count}"))?;
    let mut definition = header.elements.values().next()?.clone();
    definition.name.clone_from(name);
    let count = definition.count;
    Some(Element { name: name.clone(), count, properties: Vec::new(), definition })
}

/// The property of a header line, or what was expected instead.
fn parse_property(words: &[String]) -> std::result::Result<PropertyDef, String> {
    let (types, name) = match words {
        [_, list, count, item, name] if list == "list" => {
            (format!("list {} {}", standard_name(count), standard_name(item)), name)
        }
        [_, scalar, name] if scalar != "list" => (standard_name(scalar).to_owned(), name),
        _ => return Err("'property TYPE NAME' or 'property list COUNT_TYPE TYPE NAME'".into()),
    };
    let header = declared(&format!("format ascii 1.0\nelement e 0\nproperty {types} stand_in"));
    let property = header.and_then(|h| h.elements.values().next()?.properties.values().next().cloned());
    let Some(mut definition) = property else {
        return Err(format!("a type among {TYPES}"));
    };
    if let PropertyType::List(count, _) = &definition.data_type
        && from_stored(count).is_float()
    {
        return Err("a whole-number type for the count of a list".into());
    }
    definition.name.clone_from(name);
    Ok(definition)
}

fn standard_name(name: &str) -> &str {
    match name {
        "i1" => "char",
        "u1" | "b1" => "uchar",
        "i2" => "short",
        "u2" => "ushort",
        "i4" => "int",
        "u4" => "uint",
        "f4" => "float",
        "f8" => "double",
        other => other,
    }
}

fn from_stored(stored: &StoredType) -> ScalarType {
    match stored {
        StoredType::Char => ScalarType::I8,
        StoredType::UChar => ScalarType::U8,
        StoredType::Short => ScalarType::I16,
        StoredType::UShort => ScalarType::U16,
        StoredType::Int => ScalarType::I32,
        StoredType::UInt => ScalarType::U32,
        StoredType::Float => ScalarType::F32,
        StoredType::Double => ScalarType::F64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Header> {
        Header::parse(Path::new("t.ply"), text.as_bytes())
    }

    #[test]
    fn blanks_names_and_short_types() {
        let header = parse(
            "ply \n format   ascii 1.0\t\ncomment  two  words\n\n\telement vertex\t3\n\
             property f4 scalar_Dip(degrees)\nproperty list u1 int 2d\n end_header \n1",
        )
        .unwrap();
        assert_eq!(header.format, PlyFormat::Ascii);
        assert_eq!(header.comments, [b"comment  two  words"]);
        let vertex = &header.elements[0];
        assert_eq!(vertex.count, 3);
        assert_eq!(vertex.properties[0].to_string(), "float scalar_Dip(degrees)");
        assert_eq!(vertex.properties[1].to_string(), "list uchar int 2d");
        assert_eq!(header.body_line, 9);
    }

    #[test]
    fn refusals_name_line_found_and_expected() {
        for (text, message) in [
            ("", "t.ply: line 1: found an empty file, expected 'ply', the PLY magic word"),
            ("OFF\n", "t.ply: line 1: found 'OFF', expected 'ply', the PLY magic word"),
            ("ply\nformat ascii 1.0\n", "line 3: found the end of the file, expected 'end_header'"),
            ("ply\nend_header\n", "line 2: found the end of the header, expected a format line"),
            ("ply\nformat asci 1.0\n", "line 2: found 'format asci 1.0', expected 'format ascii"),
            ("ply\nformat ascii 1.0\nproperty int x\n", "line 3: found 'property int x', expected an"),
            ("ply\nelement v -1\n", "line 2: found 'element v -1', expected 'element NAME COUNT'"),
            ("ply\nelement v 1\nproperty bool x\n", "line 3: found 'property bool x', expected a type"),
            ("ply\nelement v 1\nproperty list float int x\n", "expected a whole-number type"),
            ("ply\nelement v 1\nelement v 2\n", "line 3: found a second element 'v'"),
            ("ply\nelement v 1\nproperty int x\nproperty int x\n", "line 4: found a second property"),
            ("ply\nvertex 3\n", "line 2: found 'vertex 3', expected format, comment"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}\nlacks\n{message}");
        }
    }

    #[test]
    fn body_starts_after_the_line_end_of_the_header() {
        for (end, body) in [("\n", 47), ("\r\n", 50), ("\r", 47)] {
            let text = format!("ply{end}format binary_little_endian 1.0{end}end_header{end}\n\n");
            assert_eq!(parse(&text).unwrap().body, body, "{end:?}");
        }
    }
}
