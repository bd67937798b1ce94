//! OFF meshes, the format of ModelNet.

use std::path::Path;

use crate::cloud::PointCloud;
use crate::error::{Error, Malformed, Position, Result};
use crate::io::contents::{Contents, Source};
use crate::io::format::Format;
use crate::io::lines::{Lines, quote};
use crate::io::summary::inspect_contents;
use crate::mesh::push_fan;

pub(super) const FORMAT: Format = Format {
    name: "off",
    extensions: &["off"],
    sniff: |head| head.begins_with_word(b"OFF") || head.begins_with_word(b"COFF"),
    plausible: None,
    read,
    inspect: |source| inspect_contents(source, &FORMAT, true),
    write: None,
};

/// Reads an ascii OFF file; polygons are split into fans.
///
/// Takes comments (`#`) and blank lines anywhere, counts on the line of the magic word
/// (`OFF490 518 0`, as in some ModelNet files), colours after vertices (`COFF`) and after faces,
/// which are skipped, and a missing magic word.
fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let mut rows = Rows { path, lines: Lines::new(bytes, 0, 1), length: bytes.len() };
    let [vertex_count, face_count] = read_counts(&mut rows)?;

    // Each row takes at least two bytes, so a false count cannot ask for more than the file's size.
    let mut coordinates = Vec::with_capacity(vertex_count.min(bytes.len() / 2));
    for row in 0..vertex_count {
        let at = rows.next("vertex", row, vertex_count)?;
        let tokens: Vec<&str> = at.text.split_ascii_whitespace().collect();
        // Three coordinates, or these and a colour of one to four numbers.
        if !(3..=7).contains(&tokens.len()) {
            return Err(at.refuse(format!("{} values", tokens.len()), "3 coordinates"));
        }
        let mut point = [0.0; 3];
        for (value, token) in point.iter_mut().zip(&tokens) {
            *value = token.parse::<f64>().map_err(|_| at.refuse(quote(token.as_bytes()), "a number"))?;
        }
        coordinates.push(point);
    }

    let mut faces = Vec::with_capacity(face_count.min(bytes.len() / 2));
    let mut polygon = Vec::new();
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
                _ => {
                    return Err(Error::face_index(path, row, index as f64, vertex_count));
                }
            }
        }
        push_fan(&mut faces, &polygon);
    }

    Ok(Contents::mesh(PointCloud::from_coordinates(&coordinates), faces))
}

/// Vertices and faces that the header announces.
fn read_counts(rows: &mut Rows<'_>) -> Result<[usize; 2]> {
    const EXPECTED: &str = "'OFF' and the numbers of vertices, faces and edges";
    let header =
        |path: &Path, line, found: String| Error::malformed(path, Position::Line(line), found, EXPECTED);
    let Some((line, first)) = rows.next_text() else {
        return Err(header(rows.path, 1, "an empty file".into()));
    };
    let magic = ["COFF", "OFF"].into_iter().find_map(|magic| first.strip_prefix(magic));
    let (line, counts) = match magic.map(str::trim) {
        Some("BINARY") => return Err(header(rows.path, line, "'OFF BINARY'".into())),
        Some("") => match rows.next_text() {
            Some(next) => next,
            None => return Err(header(rows.path, line, "the end of the file".into())),
        },
        Some(rest) => (line, rest),
        None if first.starts_with(|c: char| c.is_ascii_digit()) => (line, first),
        None => return Err(header(rows.path, line, quote(first.as_bytes()))),
    };
    let numbers: Vec<usize> = counts.split_ascii_whitespace().map_while(|token| token.parse().ok()).collect();
    match numbers[..] {
        [vertices, faces] | [vertices, faces, _] => Ok([vertices, faces]),
        _ => Err(header(rows.path, line, quote(counts.as_bytes()))),
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
            let bytes = bytes.split(|&b| b == b'#').next().unwrap_or_default();
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
    use crate::mesh::Mesh;

    fn parse(text: &str) -> Result<Mesh> {
        let source = Source { path: Path::new("t.off"), bytes: text.as_bytes(), faces: true };
        read(&source).map(Contents::into_mesh)
    }

    #[test]
    fn defects_that_are_read() {
        let body = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3\n";
        for head in
            ["OFF\n4 1 0\n", "OFF4 1 0\n", "OFF 4 1 0\r\n", "# made by\n\nOFF\n# counts\n4 1 0\n", "4 1\n"]
        {
            let mesh = parse(&format!("{head}{body}")).unwrap();
            assert_eq!(mesh.vertices().len(), 4, "{head}");
            assert_eq!(mesh.faces(), [[0, 1, 2], [0, 2, 3]], "{head}");
        }
        let colored =
            "COFF\n3 1 0\n0 0 0 255 0 0 255 # red\n1 0 0 0 255 0 255\n0 1 0 0 0 255 255\n3 0 1 2 10 20 30\n";
        assert_eq!(parse(colored).unwrap().faces(), [[0, 1, 2]]);
        assert!(parse("OFF\n1 0 0\n5 6 7\n").unwrap().faces().is_empty());
    }

    #[test]
    fn refusals_name_line_found_and_expected() {
        for (text, message) in [
            ("", "t.off: line 1: found an empty file, expected 'OFF' and"),
            ("ply\n", "t.off: line 1: found 'ply'"),
            ("OFF BINARY\n", "t.off: line 1: found 'OFF BINARY'"),
            ("OFF\nx 1 0\n", "t.off: line 2: found 'x 1 0'"),
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
