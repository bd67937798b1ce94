//! OFF meshes, the format of ModelNet and of Geomview: the family `[ST][C][N][4][n]OFF`.

mod kind;
mod parse;
mod rows;
mod vertices;

use self::kind::Kind;
use self::parse::{parse, read_header};
use self::rows::Rows;
use crate::error::Result;
use crate::io::blocks::{Ask, Blocks};
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, GROWTH, Start};
use crate::io::faces::bytes_of_polygon;
use crate::io::format::{Format, Head, Writer};
use crate::io::input::Input;
use crate::scalar::{is_single, parse_float};

pub(super) const FORMAT: Format = Format {
    name: "off",
    extensions: &["off"],
    sniff,
    plausible: None,
    names_columns: true,
    library: "pointcloud",
    read,
    inspect: |source| parse(Input::of_bytes(source.path, source.bytes), false)?.summary_of_mesh(FORMAT.name),
    open,
    some_whole: false,
    extent,
    writer: Writer::NONE,
};

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
    parse(Input::of_bytes(source.path, source.bytes), source.faces)?.read()
}

/// Reads the file once, and keeps its vertices in a temporary file where they are many.
fn open(input: Input<'static>, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    Ok(Some(Box::new(parse(input, ask.faces)?)))
}

/// The vertices and faces that the header announces.
fn extent(start: &Start<'_>) -> Option<Extent> {
    /// Vertices that tell whether the coordinates are doubles.
    const LOOKED_AT: usize = 100;
    let mut rows = Rows::new(Input::of_bytes(start.path, start.bytes));
    let (kind, [vertices, faces]) = read_header(&mut rows).ok()?;
    let is_wide = |text: &str| {
        let mut words = text.split_ascii_whitespace().take(3);
        words.any(|word| parse_float(word).is_some_and(|value| !is_single(word, value)))
    };
    let wide = (0..vertices.min(LOOKED_AT))
        .any(|_| rows.next_text().is_ok_and(|row| row.is_some_and(|(_, text)| is_wide(text))));
    let columns = kind.columns().len() + if kind.color { 3 } else { 0 };
    // A digit and what divides it from the next.
    let extent = Extent::of_columns(vertices as u64, columns, wide, start.length / (2 * columns as u64));
    let faces = (faces as u64).min(start.length / 8);
    let grown = (GROWTH - 1.0) * 8.0 * columns as f64 * extent.points as f64;
    let faces = GROWTH * bytes_of_polygon(3) as f64 * faces as f64;
    Some(extent.and(grown as u64).and_faces(faces as u64))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

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
