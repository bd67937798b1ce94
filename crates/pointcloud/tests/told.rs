//! Nothing of a file is lost or changed without a word: tables of files and of what must be said of them.

mod common;

use std::io::Write;

use common::{parse, refusal, told};
use pointcloud::PointCloud;
use pointcloud::io::{self, Reader, column_types, writable_extensions};
use pointcloud::{ScalarProperty, ScalarType};

#[test]
fn counts_of_points_are_kept() {
    let more = |count: usize| format!("{count} points more than the counts in the file say, they are read");
    for (text, points, notes) in [
        ("2\n1 2 3\n4 5 6\n", 2, vec![]),
        ("2\r\n1 2 3 4\r\n4 5 6 4\r\n1\r\n7 8 9 4\r\n", 3, vec![]),
        ("# by hand\n2\n1 2 3\n# between\n\n4 5 6\n1\n7 8 9\n", 3, vec![]),
        ("0\n1\n1 2 3\n0\n", 1, vec![]),
        ("1\n1 2 3\n4 5 6\n", 2, vec![more(1)]),
        ("1\n1 2 3\n4 5 6\n1\n7 8 9\n7 8 9\n7 8 9\n", 5, vec![more(3)]),
    ] {
        let summary = told(text.as_bytes(), "a.pts").unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let notes_of_counts: Vec<&String> = summary.notes.iter().filter(|n| n.contains("counts")).collect();
        assert_eq!((summary.points, notes_of_counts), (points, notes.iter().collect()), "{text:?}");
    }
    for text in ["3\n1\n2\n", "5\n"] {
        assert!(refusal(text.as_bytes(), "labels.txt").contains("found no points"), "{text:?}");
    }
    for (text, message) in [
        (
            "3\n1 2 3\n4 5 6\n",
            "line 4: found the end of the file after 2 points, expected 3, the count in line 1",
        ),
        (
            "# a\n3\n1 2 3\n",
            "line 4: found the end of the file after 1 points, expected 3, the count in line 2",
        ),
        (
            "2\n1 2 3\n1\n4 5 6\n",
            "line 3: found another count after 1 points, expected 2, the count in line 1",
        ),
        (
            "1\n1 2 3\n2\n4 5 6\n",
            "line 5: found the end of the file after 1 points, expected 2, the count in line 3",
        ),
        ("2\n1\n4 5 6\n", "line 2: found another count after 0 points, expected 2, the count in line 1"),
    ] {
        for name in ["a.pts", "a.xyz", "a.txt"] {
            let error = refusal(text.as_bytes(), name);
            assert!(error.ends_with(message), "{error}\nlacks\n{message}");
        }
    }
}

/// Counts and their points in different blocks of a large file.
#[test]
fn counts_of_a_large_file() {
    let rows = "1.25 2.25 3.25 7\n".repeat(300_000);
    for (text, message) in [
        (format!("300000\n{rows}300000\n{rows}"), None),
        (
            format!("300000\n{rows}300001\n{rows}"),
            Some(
                "line 600003: found the end of the file after 300000 points, expected 300001, the count in line 300002",
            ),
        ),
        (
            format!("300001\n{rows}300000\n{rows}"),
            Some(
                "line 300002: found another count after 300000 points, expected 300001, the count in line 1",
            ),
        ),
    ] {
        match (told(text.as_bytes(), "a.pts"), message) {
            (Ok(summary), None) => assert_eq!(summary.points, 600_000),
            (Err(error), Some(message)) => assert!(error.ends_with(message), "{error}"),
            (found, expected) => panic!("{found:?} {expected:?}"),
        }
    }
}

/// Comments between the names and the first point that are longer than a block.
#[test]
fn long_comments_hide_no_point() {
    let comments = "; nothing but a comment\n".repeat(100_000);
    for (text, points) in [
        (format!("x,y,z\n{comments}1,2,3\n4,5,6\n"), 2),
        (format!("x,y,z\n{comments}"), 0),
        (format!("x,y,z\n{comments}2\n1,2,3\n{comments}4,5,6\n"), 2),
    ] {
        assert_eq!(told(text.as_bytes(), "a.csv").unwrap().points, points);
    }
    assert!(refusal(comments.as_bytes(), "a.csv").contains("found no points"));
}

/// A cloud without points in every format that is written: it comes back with its columns.
#[test]
fn empty_clouds_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut full = PointCloud::default();
    full.set_normals(Some(Vec::new())).unwrap();
    full.set_colors(Some(Vec::new())).unwrap();
    full.set_labels(Some(Vec::new())).unwrap();
    let scalar =
        |name: &str| ScalarProperty { name: name.into(), scalar_type: ScalarType::F32, values: Vec::new() };
    full.push_property(scalar("intensity")).unwrap();
    full.push_property(scalar("height")).unwrap();
    for extension in writable_extensions() {
        for (kind, cloud) in [("bare", PointCloud::default()), ("full", full.clone())] {
            let path = folder.path().join(format!("{kind}.{extension}"));
            io::write(&path, &cloud).unwrap();
            let back = io::read(&path).unwrap_or_else(|error| panic!("{error}"));
            assert!(back.is_empty(), "{extension} {kind}");
            // LAS leaves out a field that is 0 everywhere.
            if !extension.starts_with("la") {
                let names = |cloud: &PointCloud| -> Vec<String> {
                    column_types(cloud).iter().map(|(name, _)| (*name).to_owned()).collect()
                };
                assert_eq!(names(&back), names(&cloud), "{extension} {kind}");
            }
            let other = folder.path().join(format!("{kind}-{extension}.csv"));
            Reader::new().convert(&path, &other, false).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(io::inspect(&other).unwrap().points, 0, "{extension} {kind}");
        }
    }
    for (text, name) in [("", "a.csv"), ("# nothing\n", "a.xyz"), ("\n\n", "a.txt"), ("a,b,c\n", "a.csv")] {
        refusal(text.as_bytes(), name);
    }
}

#[test]
fn a_grid_of_another_size_is_told() {
    for (grid, notes) in [
        ("WIDTH 2\nHEIGHT 1", vec![]),
        ("WIDTH 3\nHEIGHT 1", vec!["the 2 points of POINTS are read, WIDTH x HEIGHT is 3 x 1"]),
    ] {
        let text = pcd("x y z", "4 4 4", "F F F", grid, &["1 2 3", "4 5 6"]);
        assert_eq!(told(text.as_bytes(), "a.pcd").unwrap().notes, notes);
    }
}

fn pcd(fields: &str, sizes: &str, types: &str, grid: &str, rows: &[&str]) -> String {
    let count = rows.len();
    format!(
        "FIELDS {fields}\nSIZE {sizes}\nTYPE {types}\n{grid}\nPOINTS {count}\nDATA ascii\n{}\n",
        rows.join("\n")
    )
}

#[test]
fn opacity_is_kept_where_it_says_something() {
    let rgba = |alphas: [u32; 2]| {
        let rows = alphas.map(|alpha| format!("1 2 3 {}", alpha << 24 | 0x102030));
        pcd("x y z rgba", "4 4 4 4", "F F F U", "", &[&rows[0], &rows[1]])
    };
    let coff = |colors: [&str; 2]| format!("COFF\n2 0 0\n1 2 3 {}\n4 5 6 {}\n", colors[0], colors[1]);
    let obj = |colors: [&str; 2]| format!("v 1 2 3 {}\nv 4 5 6 {}\n", colors[0], colors[1]);
    for (text, name, alpha) in [
        (rgba([255, 255]), "a.pcd", None),
        (rgba([0, 0]), "a.pcd", None),
        (rgba([0, 255]), "a.pcd", Some([0.0, 255.0])),
        (rgba([128, 128]), "a.pcd", Some([128.0, 128.0])),
        (coff(["255 0 0 255", "0 255 0 255"]), "a.off", None),
        (coff(["255 0 0 255", "0 255 0"]), "a.off", None),
        (coff(["1.0 0.0 0.0 1.0", "0.0 1.0 0.0 1"]), "a.off", None),
        (coff(["255 0 0 255", "0 255 0 17"]), "a.off", Some([255.0, 17.0])),
        (coff(["255 0 0 0", "0 255 0 17"]), "a.off", Some([0.0, 17.0])),
        (coff(["1.0 0.0 0.0 0.5", "0.0 1.0 0.0 1"]), "a.off", Some([0.5, 1.0])),
        (obj(["1 0 0 1", "0 1 0 1"]), "a.obj", None),
        (obj(["0.5 0 0 1", "0 1 0 0.25"]), "a.obj", Some([1.0, 0.25])),
        (obj(["255 0 0 255", "0 255 0 17"]), "a.obj", Some([255.0, 17.0])),
    ] {
        let contents = parse(&text, name);
        assert_eq!(contents.cloud.colors().unwrap().len(), 2, "{text}");
        let found = contents.cloud.property("alpha").map(|alpha| alpha.values.clone());
        assert_eq!(found, alpha.map(Vec::from), "{text}");
        assert!(contents.left_out.is_empty(), "{text}: {:?}", contents.left_out);
        told(text.as_bytes(), name).unwrap();
    }
}

#[test]
fn what_is_left_out_is_listed() {
    let xyz = |grid: &str, rows: &[&str]| pcd("x y z", "4 4 4", "F F F", grid, rows);
    let obj = |lines: &str| format!("v 0 0 0\nv 1 0 0\nv 0 1 0\n{lines}f 1 2 3\n");
    for (text, name, left_out) in [
        (xyz("WIDTH 2\nHEIGHT 1", &["1 2 3", "4 5 6"]), "a.pcd", vec![]),
        (xyz("WIDTH 1\nHEIGHT 2", &["1 2 3", "4 5 6"]), "a.pcd", vec!["the grid of 1 x 2 points"]),
        (xyz("WIDTH 2\nHEIGHT 2", &["1 2 3"; 4]), "a.pcd", vec!["the grid of 2 x 2 points"]),
        (obj(""), "a.obj", vec![]),
        (obj("s off\ns 0\n"), "a.obj", vec![]),
        (obj("o A\ng a b\n"), "a.obj", vec!["2 names of objects and groups"]),
        (obj("s 1\ns off\n"), "a.obj", vec!["1 smoothing groups"]),
        (
            obj("mtllib a.mtl\nusemtl red\nusemtl blue\n"),
            "a.obj",
            vec!["2 uses of materials", "1 libraries of materials and textures"],
        ),
        (
            obj("vp 0.3 0.4\ncstype bspline\ndeg 2\ncurv 0 1 1 2 3\nparm u 0 0 0 1 1 1\nend\n"),
            "a.obj",
            vec!["6 lines of curves and surfaces"],
        ),
        (obj("bevel on\nlod 3\n"), "a.obj", vec!["2 settings of the display"]),
        (obj("csh -ls\nfoo 3\nfoo 4\n"), "a.obj", vec!["3 lines of other keywords, such as 'csh'"]),
        (obj("v 1 2 3 0.5\nv 1 2 3 1.0\n"), "a.obj", vec!["1 weights of vertices"]),
        (
            "v 1 2 3 255 0 0 7\nv 1 2 3 255 0 0\n".into(),
            "a.obj",
            vec!["1 opacities, since some colours have none"],
        ),
        (
            "COFF\n2 0 0\n1 2 3 255 0 0 7\n1 2 3 255 0 0\n".into(),
            "a.off",
            vec!["1 opacities, since some colours have none"],
        ),
        (
            "v 1 2 3 255 0 0 9 9\n".into(),
            "a.obj",
            vec!["1 vertices with numbers after the colour, which are not read"],
        ),
        (obj("v 1 2 3 1 2\n"), "a.obj", vec!["refused"]),
    ] {
        match told(text.as_bytes(), name) {
            Ok(summary) => assert_eq!(summary.left_out, left_out, "{text}"),
            Err(error) => assert_eq!(left_out, ["refused"], "{text}: {error}"),
        }
    }
}

#[test]
fn truncated_compression_is_told_with_the_byte() {
    let text: String = (0..5000).map(|i| format!("{i} {} {}\n", i * i % 97, i * 7 % 31)).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let zstd =
        ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    for (name, extension, packed) in [("gzip", "gz", gzip.finish().unwrap()), ("zstd", "zst", zstd)] {
        let file = format!("a.xyz.{extension}");
        assert_eq!(told(&packed, &file).unwrap().points, 5000);
        for length in [6, 9, 100, packed.len() / 2, packed.len() - 5, packed.len() - 1] {
            let error = refusal(&packed[..length], &file);
            let expected = format!(
                "byte {length}: found the end of the file inside the {name} data, expected the rest of them"
            );
            assert!(error.ends_with(&expected), "{error}");
        }
        let mut wrong = packed.clone();
        wrong[packed.len() / 2..packed.len() / 2 + 40].fill(0x5a);
        let error = refusal(&wrong, &file);
        assert!(!error.contains("the end of the file"), "{error}");
    }
}

#[test]
fn comments_and_words_of_text() {
    for (text, points, words) in [
        ("; by hand\n1 2 3\n;4 5 6\n7 8 9\n", 2, &[][..]),
        ("% x y z\n1 2 3\n% end\n", 1, &[]),
        ("  ; made by a, version 2; see b\n1,2,3\n", 1, &[]),
        (";x y z label\n1 2 3 tree\n4 5 6 car\n", 2, &["car", "tree"]),
        ("x y z label\n1 2 3 \"traffic sign\"\n4 5 6 car\n", 2, &["car", "traffic sign"]),
        ("x\ty\tz\tlabel\n1\t2\t3\t\"a\tb\"\n", 1, &["a\tb"]),
        (
            "x,y,z,label\n1,2,3,\"a, b\"\n1,2,3,\"c; d\"\n1,2,3,\"#3 // e\" # sign\n",
            3,
            &["#3 // e", "a, b", "c; d"],
        ),
        ("x;y;z;label\n1,5;2;3;\"a;b\"\n", 1, &["a;b"]),
    ] {
        let cloud = parse(text, "a.txt").cloud;
        assert_eq!(
            (cloud.len(), cloud.label_words().unwrap_or_default()),
            (points, &words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()[..]),
            "{text:?}"
        );
        told(text.as_bytes(), "a.txt").unwrap();
    }
    for text in ["x y z label\n1 2 3 5\"\n", "1 2 3\n4 5 \"6\n", "x,y,z,label\n1,2,3,\"a, b\n"] {
        assert!(
            refusal(text.as_bytes(), "a.txt")
                .ends_with("found a quote that does not end, expected quotes in pairs")
        );
    }
    // Where semicolons divide the values, a line that begins with one lacks its first value.
    for text in ["1;2;3\n;2;3\n", "x;y;z\n;2;3\n1;2;3\n"] {
        let error = refusal(text.as_bytes(), "a.csv");
        assert!(error.contains("found an empty cell"), "{error}");
    }
}

/// Words that hold what divides words are written between quotes.
#[test]
fn words_with_blanks_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let text = "x,y,z,label\n1,2,3,\"traffic sign\"\n1,2,3,\"a, b; c\"\n1,2,3,\" #5 // d\"\n1,2,3,car\n";
    let from = folder.path().join("from.csv");
    std::fs::write(&from, text).unwrap();
    let cloud = io::read(&from).unwrap();
    assert_eq!(cloud.label_words().unwrap(), [" #5 // d", "a, b; c", "car", "traffic sign"]);
    for extension in ["csv", "txt", "xyz"] {
        let to = folder.path().join(format!("a.{extension}"));
        assert!(Reader::new().convert(&from, &to, true).unwrap().is_empty(), "{extension}");
        let back = io::read(&to).unwrap();
        assert_eq!((back.labels(), back.label_words()), (cloud.labels(), cloud.label_words()), "{extension}");
    }
}

fn npy(shape: &str, bytes: usize) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(vec![0; bytes]);
    file
}

#[test]
fn shapes_of_arrays_that_are_no_points() {
    for (shape, bytes, found) in
        [("(6,)", 24, "shape [6], one number per row"), ("(6, 2)", 48, "shape [6, 2], 2 numbers per row")]
    {
        let error = refusal(&npy(shape, bytes), "a.npy");
        let expected = format!("found {found}, expected [N, 3] or more columns, or fields x, y and z");
        assert!(error.contains(&expected), "{error}");
    }
}

/// Two squares and a face of two corners are three faces and four triangles, whatever the format.
#[test]
fn faces_are_counted_as_the_file_has_them() {
    let square = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n";
    let ply = format!(
        "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n\
         element face 3\nproperty list uchar int vertex_indices\nend_header\n{square}4 0 1 2 3\n4 1 2 3 0\n2 0 1\n"
    );
    let off = format!("OFF\n4 3 0\n{square}4 0 1 2 3\n4 1 2 3 0\n2 0 1\n");
    let rows: String = square.lines().map(|row| format!("v {row}\n")).collect();
    let obj = format!("{rows}f 1 2 3 4\nf 2 3 4 1\nf 1 2\n");
    for (text, name) in [(ply, "a.ply"), (off, "a.off"), (obj, "a.obj")] {
        let summary = told(text.as_bytes(), name).unwrap();
        assert_eq!(summary.faces, 3, "{name}");
        assert_eq!(summary.elements.last().unwrap().count, 3, "{name}");
        assert_eq!(parse(&text, name).faces.len(), 4, "{name}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, &text).unwrap();
        let lost = Reader::new().convert(&path, folder.path().join("b.csv"), false).unwrap();
        assert!(lost.iter().any(|line| line.starts_with("faces: 4 triangles")), "{name}: {lost:?}");
    }
}
