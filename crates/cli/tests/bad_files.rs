//! A file that cannot be used is refused with the same words by every command, and leaves nothing behind.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::rooms::Rooms;
use common::{assert_plain, texts};
use pointcloud::PointCloud;
use pointcloud::io::write;

/// What a file lacks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lack {
    /// It is no file of its format, or not all of it.
    Whole,
    /// Positions that are finite: `inspect` describes the file.
    Finite,
    /// Points: `inspect` describes the file, and `convert` keeps its columns.
    Points,
    /// Coordinates in a header: `inspect` describes the file.
    Coordinates,
}

/// A file, what it lacks and what every message says.
struct Bad {
    name: String,
    bytes: Vec<u8>,
    lack: Lack,
    says: &'static str,
}

fn bad(name: impl Into<String>, bytes: impl Into<Vec<u8>>, lack: Lack, says: &'static str) -> Bad {
    Bad { name: name.into(), bytes: bytes.into(), lack, says }
}

/// A good file of every format that is read.
fn good() -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let cloud = PointCloud::new((0..40).map(|i| [i as f32 * 0.5, (i % 7) as f32, (i % 3) as f32]).collect());
    for extension in pointcloud::io::writable_extensions() {
        let path = folder.path().join(format!("good.{extension}"));
        write(&path, &cloud).unwrap();
        files.push((extension.to_owned(), fs::read(path).unwrap()));
    }
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pointcloud/tests");
    for name in [
        "cases/e_pye57.e57",
        "cases/k_000000.bin",
        "cases/o_concave.obj",
        "formats/h5py_gzip.h5",
        "formats/stored.npz",
        "formats/trimesh.off",
        "formats/trimesh.stl",
        "formats/open3d_compressed.pcd",
    ] {
        let path = stored.join(name);
        let extension = path.extension().unwrap().to_string_lossy().into_owned();
        files.push((extension, fs::read(path).unwrap()));
    }
    files
}

/// Replaces the first `from` of a file by `to`.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// Files of every format that are cut, begin with something else, are empty, or hold another format.
fn damaged() -> Vec<Bad> {
    let mut files = Vec::new();
    for (number, (extension, bytes)) in good().into_iter().enumerate() {
        let name = |kind: &str| format!("{kind}_{number}.{extension}");
        // Text has no end that could be missing, but in the middle of a row.
        let is_text = matches!(extension.as_str(), "xyz" | "txt" | "csv" | "obj");
        let cut = if is_text { &b"1 2 3\n1 2"[..] } else { &bytes[..bytes.len() * 3 / 5] };
        files.push(bad(name("cut"), cut, Lack::Whole, "expected"));
        // In a folder, such text is taken for notes beside the data.
        if matches!(extension.as_str(), "txt" | "csv") {
            continue;
        }
        files.push(bad(name("empty"), "", Lack::Whole, "expected"));
        let gltf = b"glTF\x02\x00\x00\x00\x0c\x00\x00\x00";
        files.push(bad(name("gltf"), gltf, Lack::Whole, "found a glTF scene, which is not read"));
        // The first bytes of a binary STL or KITTI file mean nothing.
        if !matches!(extension.as_str(), "stl" | "bin") {
            let mut wrong = bytes;
            wrong.iter_mut().take(16).for_each(|byte| *byte ^= 0xa5);
            files.push(bad(name("wrong"), wrong, Lack::Whole, "expected"));
        }
    }
    files
}

/// Files whose header promises more than there is.
fn promising() -> Vec<Bad> {
    let good: BTreeMap<String, Vec<u8>> = good().into_iter().collect();
    let more = |name: &str, from: &[u8], to: &[u8]| {
        let extension = Path::new(name).extension().unwrap().to_str().unwrap();
        let says = "expected";
        bad(name, replaced(&good[extension], from, to), Lack::Whole, says)
    };
    let mut las = good["las"].clone();
    las[247..255].copy_from_slice(&900_u64.to_le_bytes());
    let mut stl = good["stl"].clone();
    stl[80..84].copy_from_slice(&900_u32.to_le_bytes());
    let off = "OFF\n900 0 0\n0 0 0\n1 0 0\n";
    vec![
        more("more.ply", b"vertex 40", b"vertex 90"),
        more("more.npy", b"(40,", b"(90,"),
        bad("more.las", las, Lack::Whole, "expected 900"),
        bad("more.stl", stl, Lack::Whole, "expected"),
        bad("more.off", off, Lack::Whole, "expected"),
        bad("more.pcd", pcd("x y z", 9, "1 2 3\n"), Lack::Whole, "expected 9"),
    ]
}

fn pcd(fields: &str, points: usize, rows: &str) -> String {
    format!(
        "VERSION 0.7\nFIELDS {fields}\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH {points}\nHEIGHT 1\n\
         VIEWPOINT 0 0 0 1 0 0 0\nPOINTS {points}\nDATA ascii\n{rows}"
    )
}

fn ply(names: &str, points: usize, rows: &str) -> String {
    let properties: String = names.split(' ').map(|name| format!("property float {name}\n")).collect();
    format!("ply\nformat ascii 1.0\nelement vertex {points}\n{properties}end_header\n{rows}")
}

fn npy(rows: &[[f32; 3]]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 3), }}\n", rows.len());
    let length = (header.len() as u16).to_le_bytes();
    let values = rows.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
    [b"\x93NUMPY\x01\x00".to_vec(), length.to_vec(), header.into_bytes(), values].concat()
}

/// Files that are whole and cannot be used.
fn unsuitable() -> Vec<Bad> {
    let finite = "found position (1, NaN, 3), expected finite coordinates";
    let mut files = Vec::new();
    let nan = "0 0 0\n1 nan 3\n";
    for (name, bytes) in [
        ("nan.ply", ply("x y z", 2, nan)),
        ("nan.pcd", pcd("x y z", 2, nan)),
        ("nan.xyz", nan.into()),
        ("nan.csv", nan.replace(' ', ",")),
        ("nan.off", format!("OFF\n2 0 0\n{nan}")),
        ("nan.obj", nan.lines().map(|row| format!("v {row}\n")).collect()),
    ] {
        files.push(bad(name, bytes, Lack::Finite, finite));
    }
    files.push(bad("nan.npy", npy(&[[0.0; 3], [1.0, f32::NAN, 3.0]]), Lack::Finite, finite));
    let scan = [0.0, 0.0, 0.0, 0.5, 1.0, f32::NAN, 3.0, 0.5].map(f32::to_le_bytes).concat();
    files.push(bad("000000.bin", scan, Lack::Finite, finite));
    files.push(bad("none.ply", ply("x y z", 0, ""), Lack::Points, "found no points, expected at least one"));
    files.push(bad("none.pcd", pcd("x y z", 0, ""), Lack::Points, "found no points, expected at least one"));
    files.push(bad("none.off", "OFF\n0 0 0\n", Lack::Points, "found no points, expected at least one"));
    files.push(bad("none.npy", npy(&[]), Lack::Points, "found no points, expected at least one"));
    files.push(bad("names.ply", ply("a b c", 1, "1 2 3\n"), Lack::Coordinates, "expected"));
    files.push(bad("names.pcd", pcd("a b c", 1, "1 2 3\n"), Lack::Whole, "expected"));
    files.push(bad("names.xyz", "a b c\n1 2 3\n", Lack::Whole, "expected"));
    files
}

/// Where the file is put, and a command that reads it there.
const COMMANDS: [(&str, &[&str]); 9] = [
    ("", &["inspect", "FILE"]),
    ("", &["convert", "FILE", "out.csv"]),
    ("", &["convert", "FILE", "out.csv", "--points", "5"]),
    ("", &["predict", "shapes_run", "FILE", "--output", "labelled"]),
    ("", &["predict", "rooms_run", "FILE", "--output", "labelled"]),
    ("set/helix/train/", &["train", "tiny.toml", "--output", "new"]),
    ("rooms/train/", &["train", "rooms.toml", "--output", "new"]),
    ("set/helix/test/", &["eval", "shapes_run"]),
    ("rooms/test/", &["eval", "rooms_run"]),
];

#[test]
fn every_command_says_the_same() {
    let rooms = Rooms::new();
    let place = &rooms.place;
    place.succeed(&["train", "tiny.toml", "--output", "shapes_run", "--quiet", "--set", "train.epochs=1"]);
    // Files without colours can be used.
    let config = fs::read_to_string(rooms.path("rooms.toml")).unwrap().replace(", \"room\", \"color\"", "");
    let config: Vec<&str> = config.lines().filter(|line| !line.starts_with("color_")).collect();
    fs::write(rooms.path("rooms.toml"), config.join("\n")).unwrap();
    rooms.train("rooms_run", &["train.epochs=1"]);
    let mut problems = Vec::new();
    for Bad { name, bytes, lack, says } in damaged().into_iter().chain(promising()).chain(unsuitable()) {
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (folder, arguments) in COMMANDS {
            let file = format!("{folder}{name}");
            fs::write(place.path(&file), &bytes).unwrap();
            let arguments: Vec<&str> =
                arguments.iter().map(|word| if *word == "FILE" { file.as_str() } else { word }).collect();
            let output = place.command(&arguments).output().unwrap();
            let (_, err) = texts(&output);
            fs::remove_file(place.path(&file)).unwrap();
            assert_plain(&err);
            let who = format!("{} {folder}", arguments[..2.min(arguments.len())].join(" "));
            let describes = match (lack, arguments[0]) {
                (Lack::Whole, _) => false,
                (_, "inspect") => true,
                (Lack::Points, "convert") => arguments.len() == 3,
                _ => false,
            };
            let refused = !output.status.success();
            if refused == describes || (refused && output.status.code() != Some(1)) {
                problems.push(format!("{name}: {who}: {:?} {err}", output.status));
            }
            if refused {
                // From the name of the file on, without what a command does about it.
                let message = err.split_once(&name).map_or(err.as_str(), |(_, rest)| rest);
                told.entry(message.lines().next().unwrap_or_default().to_owned()).or_default().push(who);
            }
            for new in ["out.csv", "new", "labelled/predictions.ply"] {
                if refused && place.path(new).exists() {
                    problems.push(format!("{name}: {arguments:?} left {new}"));
                }
            }
            let _ = fs::remove_file(place.path("out.csv"));
            let _ = fs::remove_dir_all(place.path("labelled"));
        }
        if told.len() != 1 || !told.keys().all(|message| message.contains(says)) {
            problems.push(format!("{name}: {told:#?}, expected one message with {says:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
