//! Odd and broken PLY files: read where the meaning is clear, refused with a place where not.

use std::time::{Duration, Instant};

use pointcloud::io::{Reader, Summary};
use pointcloud::{PointCloud, Result};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The points of a file in memory; its faces must be right, too.
fn parse(bytes: &[u8], name: &str) -> Result<PointCloud> {
    Reader::new().parse(bytes, name).map(|contents| contents.cloud)
}

fn summarize(bytes: &[u8], name: &str) -> Result<Summary> {
    Reader::new().inspect_bytes(bytes, name)
}

const HEADER: &str = "element vertex 2\nproperty float x\nproperty float y\nproperty float z\n";

fn ascii(rest: &str) -> Vec<u8> {
    format!("ply\nformat ascii 1.0\n{rest}").into_bytes()
}

fn refusal(bytes: &[u8]) -> String {
    parse(bytes, "t.ply").unwrap_err().to_string()
}

#[test]
fn line_ends_blanks_and_odd_numbers() {
    let text = format!("{HEADER}end_header\n\n 1 .5 5. \n\n-1e2\tnan -inf");
    for end in ["\n", "\r\n", "\r"] {
        let bytes = String::from_utf8(ascii(&text)).unwrap().replace('\n', end);
        let cloud = parse(bytes.as_bytes(), "t.ply").unwrap();
        assert_eq!(cloud.positions()[0], [1.0, 0.5, 5.0], "{end:?}");
        assert_eq!(cloud.positions()[1][0], -100.0);
        assert!(cloud.positions()[1][1].is_nan() && cloud.positions()[1][2] == f32::NEG_INFINITY);
    }
}

#[test]
fn comments_need_not_be_text() {
    let mut bytes = b"ply\nformat ascii 1.0\ncomment caf\xe9\n".to_vec();
    bytes.extend(format!("{HEADER}end_header\n1 2 3\n4 5 6\n").into_bytes());
    assert_eq!(parse(&bytes, "t.ply").unwrap().len(), 2);
    assert_eq!(summarize(&bytes, "t.ply").unwrap().comments, ["caf\u{fffd}"]);
}

#[test]
fn binary_bodies_may_begin_with_a_line_feed() {
    for (end, byte) in [("\r", 0x0a), ("\n", 0x0a), ("\r\n", 0x0d), ("\n", 0x0d)] {
        let text = "ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty uchar x\n\
                    property uchar y\nproperty uchar z\nend_header\n";
        let mut bytes = text.replace('\n', end).into_bytes();
        bytes.extend([byte, 0x0a, 7]);
        let cloud = parse(&bytes, "t.ply").unwrap();
        assert_eq!(cloud.positions(), [[f32::from(byte), 10.0, 7.0]], "{end:?} {byte}");
    }
}

#[test]
fn elements_around_the_vertices_and_lists_in_them() {
    let bytes = ascii(
        "element camera 1\nproperty list uchar float pose\nproperty int id\nelement empty 3\n\
         element vertex 2\nproperty list uchar int seen_by\nproperty double z\nproperty short y\n\
         property list int float weights\nproperty char x\nelement tail 1\nproperty int t\nend_header\n\
         3 0.5 1 2 9\n2 7 8 0.25 -300 0 5\n0 1.5 4 1 0.5 -6\n77\n",
    );
    let cloud = parse(&bytes, "t.ply").unwrap();
    assert_eq!(cloud.positions(), [[5.0, -300.0, 0.25], [-6.0, 4.0, 1.5]]);
    assert!(cloud.properties().is_empty());
}

#[test]
fn float_labels_and_float_colors() {
    let text = "element vertex 2\nproperty float x\nproperty float y\nproperty float z\nproperty float red\n\
                property float green\nproperty float blue\nproperty float scalar_Label\nend_header\n";
    let cloud = parse(&ascii(&format!("{text}0 0 0 1 .5 0 3\n0 0 0 0 0 0 4\n")), "t.ply").unwrap();
    assert_eq!(cloud.labels(), Some([3, 4].as_slice()));
    assert_eq!(cloud.colors(), Some([[255, 128, 0], [0, 0, 0]].as_slice()));
    assert_eq!(
        cloud.stored_colors().unwrap().1[0],
        [1.0, 0.5, 0.0],
        "colours that are not bytes are in the cloud, too"
    );
    let cloud = parse(&ascii(&format!("{text}0 0 0 1 .5 0 3.5\n0 0 0 0 0 0 4\n")), "t.ply").unwrap();
    assert!(cloud.labels().is_none());
    assert_eq!(cloud.property("scalar_Label").unwrap().values, [3.5, 4.0]);
}

#[test]
fn refusals_name_the_place() {
    let body = |rest: &str| ascii(&format!("{HEADER}end_header\n{rest}"));
    for (bytes, message) in [
        (
            body("1 2 3\n4 5\n"),
            "line 9: element 'vertex' row 1 of 2: found 2 values, expected a value for property 'z'",
        ),
        (body("1 2 3 4\n4 5 6\n"), "line 8: element 'vertex' row 0 of 2: found 4 values, expected 3"),
        (
            body("1 two 3\n4 5 6\n"),
            "line 8: element 'vertex' row 0 of 2: found 'two', expected float for property 'y'",
        ),
        (body("1 2 3\n"), "line 9: found the end of the file after 1 rows of element 'vertex', expected 2"),
        (body(""), "line 8: found the end of the file after 0 rows of element 'vertex', expected 2"),
        (body("1 2 \u{e9}\n1 2 3\n"), "found '\u{e9}', expected float for property 'z'"),
        (
            ascii("element vertex 1\nproperty float x\nproperty float y\nend_header\n1 2\n"),
            "t.ply: element 'vertex': found properties 'float x', 'float y', expected a scalar property 'z'",
        ),
        (
            ascii(
                "element vertex 1\nproperty list uchar float x\nproperty float y\nproperty float z\nend_header\n",
            ),
            "found properties 'list uchar float x', 'float y', 'float z', expected a scalar property 'x'",
        ),
        (
            ascii("element points 1\nproperty float x\nend_header\n1\n"),
            "found element 'points', expected an element 'vertex'",
        ),
        (
            ascii(
                "element vertex 1\nproperty list char int l\nproperty float x\nproperty float y\nproperty float z\n\
                end_header\n-1 0 0 0\n",
            ),
            "found list length -1, expected a length of 0 or more",
        ),
    ] {
        let error = refusal(&bytes);
        assert!(error.contains(message), "{error}\nlacks\n{message}");
    }
    let mut binary = format!("ply\nformat binary_big_endian 1.0\n{HEADER}end_header\n").into_bytes();
    binary.extend([0; 23]);
    let end = binary.len();
    let expected =
        format!("t.ply: byte {end}: found the end of the file after 1 rows of element 'vertex', expected 2");
    assert_eq!(refusal(&binary), expected);
}

#[test]
fn billions_of_declared_rows_fail_at_once() {
    let start = Instant::now();
    for format in ["ascii", "binary_little_endian", "binary_big_endian"] {
        for properties in [
            "property float x\nproperty float y\nproperty float z\n",
            "property list uint double l\nproperty float x\nproperty float y\nproperty float z\n",
            "",
        ] {
            for count in ["4294967295", "18446744073709551615"] {
                let mut bytes =
                    format!("ply\nformat {format} 1.0\nelement vertex {count}\n{properties}end_header\n")
                        .into_bytes();
                bytes.extend([0xff; 29]);
                let _ = refusal(&bytes);
                let _ = summarize(&bytes, "t.ply");
            }
        }
    }
    let error = parse(b"OFF\n4294967295 4294967295 0\n0 0 0\n", "t.off").unwrap_err().to_string();
    assert!(error.contains("after 1 rows of element 'vertex', expected 4294967295"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

/// Small files of every kind, to be damaged.
fn seeds() -> Vec<Vec<u8>> {
    let header = |format: &str| {
        format!(
            "ply\nformat {format} 1.0\ncomment c\nelement vertex 3\nproperty double x\nproperty float y\n\
             property short z\nproperty uchar label\nproperty list uchar int seen\nelement face 1\n\
             property list uchar uint vertex_indices\nend_header\n"
        )
    };
    let text = format!("{}1 2 3 4 0\n5 6 7 8 1 9\n-1 -2 -3 0 2 1 2\n3 0 1 2\n", header("ascii"));
    let mut files = vec![text.into_bytes(), b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n".to_vec()];
    for (format, big) in [("binary_little_endian", false), ("binary_big_endian", true)] {
        let order = |mut bytes: Vec<u8>| {
            if !big {
                bytes.reverse();
            }
            bytes
        };
        let mut file = header(format).into_bytes();
        for row in 0..3_u8 {
            file.extend(order(f64::from(row).to_be_bytes().into()));
            file.extend(order(f32::from(row).to_be_bytes().into()));
            file.extend(order(i16::from(row).to_be_bytes().into()));
            file.extend([row, 1]);
            file.extend(order(i32::from(row).to_be_bytes().into()));
        }
        file.push(3);
        (0..3_u32).for_each(|corner| file.extend(order(corner.to_be_bytes().into())));
        files.push(file);
    }
    files
}

fn damage(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    for _ in 0..rng.random_range(1..4) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.random_range(0..bytes.len());
        match rng.random_range(0..5) {
            0 => bytes.truncate(at),
            1 => bytes[at] = rng.random(),
            2 => bytes[at] ^= 1 << rng.random_range(0..8),
            3 => _ = bytes.remove(at),
            _ => bytes.insert(at, b'0' + rng.random_range(0..10)),
        }
    }
}

#[test]
fn damaged_files_never_panic_and_never_hang() {
    let start = Instant::now();
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    for seed in seeds() {
        let is_off = seed.starts_with(b"OFF");
        let name = if is_off { "damaged.off" } else { "damaged.ply" };
        assert_eq!(parse(&seed, name).unwrap().len(), 3);
        for length in 0..seed.len() {
            let _ = parse(&seed[..length], "cut.ply");
            let _ = parse(&seed[..length], "cut.off");
        }
        for _ in 0..4000 {
            let mut bytes = seed.clone();
            damage(&mut bytes, &mut rng);
            let _ = parse(&bytes, name);
            let _ = summarize(&bytes, name);
        }
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
