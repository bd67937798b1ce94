//! Nothing of a file is lost or changed without a word: tables of files and of what must be said of them.

mod common;

use std::io::Write;

use common::parse;
use pointcloud::PointCloud;
use pointcloud::io::{self, Reader, Summary, column_types, writable_extensions};
use pointcloud::{ScalarProperty, ScalarType};

/// What the readers of files and of bytes say of a file: the same.
fn told(bytes: &[u8], name: &str) -> Result<Summary, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let clean =
        |error: pointcloud::Error| error.to_string().replace(&format!("{}/", folder.path().display()), "");
    let of_file = io::inspect(&path).map_err(clean);
    let of_bytes = Reader::new().inspect_bytes(bytes, &path).map_err(clean);
    assert_eq!(format!("{of_file:?}"), format!("{of_bytes:?}"), "{name}");
    let contents = Reader::new().parse(bytes, &path).map_err(clean);
    match (&of_file, &contents) {
        (Ok(summary), Ok(contents)) => {
            assert_eq!(summary.left_out, contents.left_out, "{name}");
            assert_eq!(summary.notes, contents.notes, "{name}");
        }
        (Err(inspected), Err(read)) => assert_eq!(inspected, read, "{name}"),
        (inspected, read) => panic!("{name}: {inspected:?} {read:?}"),
    }
    of_file
}

fn refusal(bytes: &[u8], name: &str) -> String {
    told(bytes, name).expect_err(name)
}

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

fn pcd(fields: &str, sizes: &str, types: &str, grid: &str, rows: &[&str]) -> String {
    let count = rows.len();
    format!(
        "FIELDS {fields}\nSIZE {sizes}\nTYPE {types}\n{grid}\nPOINTS {count}\nDATA ascii\n{}\n",
        rows.join("\n")
    )
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
        ("x y z label\n1 2 3 5\"\n", 1, &[]),
    ] {
        let cloud = parse(text, "a.txt").cloud;
        assert_eq!(
            (cloud.len(), cloud.label_words().unwrap_or_default()),
            (points, &words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()[..]),
            "{text:?}"
        );
        told(text.as_bytes(), "a.txt").unwrap();
    }
    // Where semicolons divide the values, a line that begins with one lacks its first value.
    for text in ["1;2;3\n;2;3\n", "x;y;z\n;2;3\n1;2;3\n"] {
        let error = refusal(text.as_bytes(), "a.csv");
        assert!(error.contains("found ''"), "{error}");
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
