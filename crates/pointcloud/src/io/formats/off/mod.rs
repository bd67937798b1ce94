//! OFF meshes, the format of ModelNet and of Geomview: the family `[ST][C][N][4][n]OFF`.

mod kind;

use std::path::Path;

use self::kind::Kind;
use crate::error::{Error, Malformed, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, GROWTH, Start};
use crate::io::faces::{Faces, bytes_of_polygon};
use crate::io::format::{Format, Head, inspect_contents, never_written, nothing_lost};
use crate::io::lines::{Lines, before_comment, quote};
use crate::scalar::{ScalarProperty, ScalarType, is_single, parse_float};

pub(super) const FORMAT: Format = Format {
    name: "off",
    extensions: &["off"],
    sniff,
    plausible: None,
    names_columns: true,
    library: "pointcloud",
    read,
    inspect: |source| inspect_contents(source, &FORMAT, true),
    open: None,
    extent,
    words: false,
    long_integers: false,
    written: &[],
    encoder: never_written,
    lost: nothing_lost,
};

const EXPECTED: &str = "'OFF' and the numbers of vertices, faces and edges";

fn sniff(head: &Head<'_>) -> bool {
    let word = head.bytes.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let ended = word.len() < head.bytes.len();
    let kind = std::str::from_utf8(word).ok().and_then(Kind::of_magic);
    ended && kind.is_some_and(|(_, rest)| rest.is_empty())
}

/// Reads an ascii OFF file.
///
/// Takes comments (`#`) and blank lines anywhere, counts on the line of the magic word
/// (`OFF490 518 0`, as in some ModelNet files), and a missing magic word. Colours of the vertices are read where the magic
/// word announces them; those of faces, and texture coordinates, are left out.
fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let mut rows = Rows { path, lines: Lines::new(bytes, 0, 1), length: bytes.len() };
    let (kind, [vertex_count, face_count]) = read_header(&mut rows)?;
    let mut vertices = Vertices::new(kind);
    for row in 0..vertex_count {
        let at = rows.next("vertex", row, vertex_count)?;
        vertices.push(&at)?;
    }
    let mut faces = Faces::default();
    let (mut polygon, mut colored) = (Vec::new(), 0_usize);
    for row in 0..face_count {
        let at = rows.next("face", row, face_count)?;
        let mut tokens = at.text.split_ascii_whitespace();
        let corners = tokens.next().unwrap_or_default();
        let corners: usize =
            corners.parse().map_err(|_| at.refuse(quote(corners.as_bytes()), "the number of corners"))?;
        polygon.clear();
        for corner in 0..corners {
            let Some(token) = tokens.next() else {
                return Err(at.refuse(format!("{corner} indices"), format!("{corners}")));
            };
            let index: i64 =
                token.parse().map_err(|_| at.refuse(quote(token.as_bytes()), "a vertex index"))?;
            match u32::try_from(index) {
                Ok(index) if (index as usize) < vertex_count => polygon.push(index),
                _ => return Err(Error::face_index(path, row, index as f64, vertex_count)),
            }
        }
        colored += usize::from(tokens.next().is_some());
        faces.push(&polygon);
    }
    let mut contents = vertices.finish(path)?;
    if colored > 0 {
        contents.left_out.push(format!("colours of {colored} faces"));
    }
    Ok(Contents::of_faces(contents, faces))
}

/// The vertices and faces that the header announces.
fn extent(start: &Start<'_>) -> Option<Extent> {
    /// Vertices that tell whether the coordinates are doubles.
    const LOOKED_AT: usize = 100;
    let mut rows = Rows { path: start.path, lines: Lines::new(start.bytes, 0, 1), length: start.bytes.len() };
    let (kind, [vertices, faces]) = read_header(&mut rows).ok()?;
    let is_wide = |text: &str| {
        let mut words = text.split_ascii_whitespace().take(3);
        words.any(|word| parse_float(word).is_some_and(|value| !is_single(word, value)))
    };
    let wide = (0..vertices.min(LOOKED_AT)).any(|_| rows.next_text().is_some_and(|(_, text)| is_wide(text)));
    let columns = kind.columns().len() + if kind.color { 3 } else { 0 };
    // A digit and what divides it from the next.
    let extent = Extent::of_columns(vertices as u64, columns, wide, start.length / (2 * columns as u64));
    let faces = (faces as u64).min(start.length / 8);
    let grown = (GROWTH - 1.0) * 8.0 * columns as f64 * extent.points as f64;
    Some(extent.and((grown + GROWTH * bytes_of_polygon(3) as f64 * faces as f64) as u64))
}

/// What a vertex is, and the vertices and faces that the header announces.
fn read_header(rows: &mut Rows<'_>) -> Result<(Kind, [usize; 2])> {
    let header =
        |path: &Path, line, found: String| Error::malformed(path, Position::Line(line), found, EXPECTED);
    let Some((line, first)) = rows.next_text() else {
        return Err(header(rows.path, 1, "an empty file".into()));
    };
    let end = |rows: &Rows<'_>| header(rows.path, line, "the end of the file".into());
    let (mut kind, rest) = match Kind::of_magic(first) {
        Some((kind, rest)) => (kind, rest.trim()),
        None if first.starts_with(|c: char| c.is_ascii_digit()) => (Kind::default(), first),
        None => return Err(header(rows.path, line, quote(first.as_bytes()))),
    };
    if rest.to_ascii_uppercase().starts_with("BINARY") {
        let expected = "ascii OFF; binary OFF is not read";
        return Err(Error::malformed(rows.path, Position::Line(line), quote(first.as_bytes()), expected));
    }
    let (mut line, mut counts) = match rest {
        "" => rows.next_text().ok_or_else(|| end(rows))?,
        rest => (line, rest),
    };
    // `noff` in small letters may mean either: only dimensions are one number.
    let lone = counts.split_ascii_whitespace().count() == 1;
    if lone && kind.normal && first.starts_with('n') {
        (kind.normal, kind.dimensions) = (false, true);
    }
    if kind.dimensions {
        let mut words = counts.split_ascii_whitespace();
        let dimensions = words.next().unwrap_or_default();
        if dimensions != "3" {
            let found = format!("{dimensions} dimensions");
            return Err(Error::malformed(rows.path, Position::Line(line), found, "3"));
        }
        (line, counts) = match counts[1..].trim() {
            "" => rows.next_text().ok_or_else(|| end(rows))?,
            rest => (line, rest),
        };
    }
    let numbers: Vec<usize> = counts.split_ascii_whitespace().map_while(|token| token.parse().ok()).collect();
    match numbers[..] {
        [vertices, faces] | [vertices, faces, _] => Ok((kind, [vertices, faces])),
        _ => Err(header(rows.path, line, quote(counts.as_bytes()))),
    }
}

/// The columns of the vertices while they come in.
struct Vertices {
    kind: Kind,
    names: Vec<&'static str>,
    columns: Vec<Vec<f64>>,
    colors: Vec<Vec<f64>>,
    surplus: bool,
    /// Whether singles hold the coordinates.
    single: bool,
    /// Whether the colours are written as shares of 1.
    shares: bool,
}

impl Vertices {
    fn new(kind: Kind) -> Self {
        let names = kind.columns();
        let columns = vec![Vec::new(); names.len()];
        Self {
            kind,
            names,
            columns,
            colors: vec![Vec::new(); 3],
            surplus: false,
            single: true,
            shares: false,
        }
    }

    fn push(&mut self, at: &RowText<'_>) -> Result<()> {
        let tokens: Vec<&str> = at.text.split_ascii_whitespace().collect();
        let wanted = self.names.len() + if self.kind.color { 3 } else { 0 };
        // Colours may have a fourth channel; files without `C` may have a colour of one to four numbers all the same.
        let most = self.names.len() + if self.kind.texture { 6 } else { 4 };
        if !(wanted..=most).contains(&tokens.len()) {
            let expected = match wanted {
                3 => "3 coordinates".to_owned(),
                _ => format!("{wanted}, {}", self.names.join(" ")),
            };
            return Err(at.refuse(format!("{} values", tokens.len()), expected));
        }
        let number =
            |token: &str| parse_float(token).ok_or_else(|| at.refuse(quote(token.as_bytes()), "a number"));
        for (column, token) in self.columns.iter_mut().zip(&tokens) {
            let value = number(token)?;
            self.single = self.single && is_single(token, value);
            column.push(value);
        }
        let rest = &tokens[self.names.len()..];
        if self.kind.color {
            self.shares |= rest.iter().any(|token| token.contains('.'));
            for (channel, token) in self.colors.iter_mut().zip(rest) {
                channel.push(number(token)?);
            }
        }
        self.surplus |= !self.kind.color && !rest.is_empty();
        Ok(())
    }

    fn finish(mut self, path: &Path) -> Result<Contents> {
        let mut weighted = 0_usize;
        if self.kind.weight {
            let weights = self.columns.remove(3);
            self.names.remove(3);
            for (i, &weight) in weights.iter().enumerate().filter(|&(_, &weight)| weight != 1.0) {
                weighted += 1;
                self.columns.iter_mut().take(3).for_each(|column| column[i] /= weight);
            }
        }
        let mut columns: Vec<ScalarProperty> = self
            .names
            .iter()
            .zip(self.columns)
            .map(|(name, values)| {
                let wide = name.len() == 1 && !(self.single && weighted == 0);
                let scalar_type = if wide { ScalarType::F64 } else { ScalarType::F32 };
                ScalarProperty { name: (*name).into(), scalar_type, values }
            })
            .collect();
        if self.kind.color {
            let scalar_type = if self.shares { ScalarType::F32 } else { ScalarType::U8 };
            let named = ["red", "green", "blue"].into_iter().zip(self.colors);
            columns.extend(named.map(|(name, values)| ScalarProperty {
                name: name.into(),
                scalar_type,
                values,
            }));
        }
        let mut contents = cloud_of_table(columns)
            .map_err(|found| Error::malformed(path, Position::Line(1), found, "x, y and z"))?;
        if weighted > 0 {
            contents.notes.push(format!("{weighted} vertices are divided by their fourth coordinate"));
        }
        if self.kind.texture {
            contents.left_out.push("texture coordinates".into());
        }
        if self.surplus {
            contents.left_out.push("numbers of the vertices after x y z".into());
        }
        Ok(contents)
    }
}

/// Lines without comments and blanks.
struct Rows<'a> {
    path: &'a Path,
    lines: Lines<'a>,
    length: usize,
}

impl<'a> Rows<'a> {
    /// The next line with text, without its comment. Bytes that are not UTF-8 end the text.
    fn next_text(&mut self) -> Option<(usize, &'a str)> {
        loop {
            let (line, bytes) = self.lines.next_row()?;
            let bytes = before_comment(bytes);
            let text = match std::str::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
            };
            let text = text.trim();
            if !text.is_empty() {
                return Some((line, text));
            }
        }
    }

    fn next(&mut self, section: &'static str, row: usize, rows: usize) -> Result<RowText<'a>> {
        match self.next_text() {
            Some((line, text)) => Ok(RowText { path: self.path, line, text, section, row, rows }),
            None => {
                let position =
                    if self.length == 0 { Position::Byte(0) } else { Position::Line(self.lines.line) };
                Err(Error::truncated(self.path, position, &format!("rows of element '{section}'"), row, rows))
            }
        }
    }
}

struct RowText<'a> {
    path: &'a Path,
    line: usize,
    text: &'a str,
    section: &'static str,
    row: usize,
    rows: usize,
}

impl RowText<'_> {
    fn refuse(&self, found: impl Into<Box<str>>, expected: impl Into<Box<str>>) -> Error {
        let part = format!("element '{}' row {} of {}", self.section, self.row, self.rows);
        Malformed::new(self.path, found, expected).at(Position::Line(self.line)).part(part).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Contents> {
        read(&Source::new(Path::new("t.off"), text.as_bytes()))
    }

    #[test]
    fn defects_that_are_read() {
        let body = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3\n";
        for head in
            ["OFF\n4 1 0\n", "OFF4 1 0\n", "OFF 4 1 0\r\n", "# made by\n\nOFF\n# counts\n4 1 0\n", "4 1\n"]
        {
            let mesh = parse(&format!("{head}{body}")).unwrap();
            assert_eq!(mesh.cloud.len(), 4, "{head}");
            assert_eq!(mesh.faces, [[0, 1, 2], [0, 2, 3]], "{head}");
        }
        assert!(parse("OFF\n1 0 0\n5 6 7\n").unwrap().faces.is_empty());
        let surplus = parse("OFF\n1 0 0\n5 6 7 255 0 0 1\n").unwrap();
        assert_eq!(surplus.left_out, ["numbers of the vertices after x y z"]);
    }

    #[test]
    fn the_whole_family() {
        let red = Some([255, 0, 0]);
        let up = Some([0.0, 0.0, 1.0]);
        for (magic, vertex, color, normal) in [
            ("OFF", "1 2 3", None, None),
            ("coff", "1 2 3 255 0 0 255", red, None),
            ("COFF", "1 2 3 1.0 0.0 0.0", red, None),
            ("NOFF", "1 2 3 0 0 1", None, up),
            ("noff", "1 2 3 0 0 1", None, up),
            ("CNOFF", "1 2 3 0 0 1 255 0 0", red, up),
            ("STOFF", "1 2 3 0.5 0.5", None, None),
            ("STCN4OFF", "2 4 6 2 0 0 1 255 0 0 255 0.5 0.5", red, up),
            ("4OFF", "2 4 6 2", None, None),
            ("nOFF\n3", "1 2 3", None, None),
            ("noff 3", "1 2 3", None, None),
            ("Noff", "1 2 3 0 0 1", None, up),
        ] {
            let contents =
                parse(&format!("{magic}\n1 0 0\n{vertex}\n")).unwrap_or_else(|e| panic!("{magic}: {e}"));
            let cloud = contents.cloud;
            assert_eq!(cloud.positions(), [[1.0, 2.0, 3.0]], "{magic}");
            assert_eq!(cloud.colors().map(|colors| colors[0]), color, "{magic}");
            assert_eq!(cloud.normals().map(|normals| normals[0]), normal, "{magic}");
            assert_eq!(contents.left_out.is_empty(), !magic.contains("ST"), "{magic}");
        }
    }

    #[test]
    fn refusals_name_line_found_and_expected() {
        for (text, message) in [
            ("", "t.off: line 1: found an empty file, expected 'OFF' and"),
            ("ply\n", "t.off: line 1: found 'ply'"),
            ("OFF BINARY\n", "t.off: line 1: found 'OFF BINARY', expected ascii OFF; binary OFF is not read"),
            ("COFF binary\n", "found 'COFF binary', expected ascii OFF"),
            ("OFF\nx 1 0\n", "t.off: line 2: found 'x 1 0'"),
            ("nOFF\n4\n1 0 0\n1 2 3 4\n", "line 2: found 4 dimensions, expected 3"),
            ("NOFF\n1 0 0\n1 2 3\n", "found 3 values, expected 6, x y z nx ny nz"),
            (
                "OFF\n2 0 0\n\n0 0 0\n0 b 0\n",
                "t.off: line 5: element 'vertex' row 1 of 2: found 'b', expected a number",
            ),
            ("OFF\n2 0 0\n0 0\n", "line 3: element 'vertex' row 0 of 2: found 2 values, expected 3"),
            (
                "OFF\n2 0 0\n0 0 0\n",
                "line 4: found the end of the file after 1 rows of element 'vertex', expected 2",
            ),
            ("OFF\n1 1 0\n0 0 0\n3 0 0\n", "line 4: element 'face' row 0 of 1: found 2 indices, expected 3"),
            ("OFF\n1 1 0\n0 0 0\n3 0 0 1\n", "t.off: face 0: found vertex index 1, expected 0 to 0 (1 vert"),
            ("OFF\n1 1 0\n0 0 0\n3 0 0 -1\n", "t.off: face 0: found vertex index -1"),
            ("OFF\n4000000000 1 0\n0 0 0\n", "after 1 rows of element 'vertex', expected 4000000000"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}\nlacks\n{message}");
        }
    }
}
