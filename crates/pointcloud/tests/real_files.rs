//! Real PLY files and data sets. `POINTWISE_DATA` names their folder; unset, these tests are skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pointcloud::Error;
use pointcloud::dataset::{FolderDataset, load_samples};
use pointcloud::io::{self, Reader};

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("POINTWISE_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("POINTWISE_DATA is not set: skipped");
    }
    folder
}

/// One file as `MANIFEST.txt` describes it.
#[derive(Debug, Default)]
struct Expected {
    name: String,
    /// Whether any reference reader takes the file.
    readable: bool,
    vertices: Option<usize>,
    first_last: Option<[[f64; 3]; 2]>,
    /// `name[count](property, ..)`, one per element.
    elements: Option<Vec<(String, usize, Vec<String>)>>,
}

fn numbers(text: &str) -> [f64; 3] {
    let inside = text.split(['(', ')']).nth(1).expect("a bracket");
    let values: Vec<f64> = inside.split(", ").map(|v| v.parse().expect("a number")).collect();
    values.try_into().expect("three numbers")
}

fn parse_elements(text: &str) -> Vec<(String, usize, Vec<String>)> {
    let mut elements = Vec::new();
    for part in text.split("), ").map(|part| part.trim_end_matches(')')).filter(|part| !part.is_empty()) {
        let (head, properties) = part.split_once('(').expect("an opening bracket");
        let (name, count) = head.trim_end_matches(']').split_once('[').expect("a count");
        let mut list = Vec::new();
        let mut words = properties.split(' ').peekable();
        while let Some(word) = words.next() {
            list.push(if word == "list" {
                format!("list {}", words.next().expect("a name"))
            } else {
                word.into()
            });
        }
        elements.push((name.to_owned(), count.parse().expect("a count"), list));
    }
    elements
}

fn manifest(folder: &Path) -> Vec<Expected> {
    let text = fs::read_to_string(folder.join("MANIFEST.txt")).expect("a manifest");
    let mut files: Vec<Expected> = Vec::new();
    for line in text.lines() {
        if line.ends_with(".ply") && !line.starts_with(' ') {
            files.push(Expected { name: line.to_owned(), ..Expected::default() });
        }
        let (Some(file), Some(line)) = (files.last_mut(), line.strip_prefix("  ")) else { continue };
        if let Some(read) = line.strip_prefix("read by ") {
            file.readable = !read.starts_with("none");
            let vertices = read.split("vertices ").nth(1).and_then(|v| v.split([';', ' ']).next());
            file.vertices = vertices.and_then(|v| v.parse().ok());
            if let Some((first, last)) = read.split_once(" last ").filter(|_| read.contains("first (")) {
                file.first_last = Some([numbers(first), numbers(last)]);
            }
        } else if let Some(elements) = line.strip_prefix("elements") {
            file.elements = Some(parse_elements(elements.trim()));
        }
    }
    assert!(files.len() > 40, "{} files in the manifest", files.len());
    files
}

/// `float x` as the manifest writes it, `x:f4`, and `list uchar int seen` as `list seen:i4`.
fn short(property: &str) -> String {
    let words: Vec<&str> = property.split(' ').collect();
    let name = words[words.len() - 1];
    let kind = match words[words.len() - 2] {
        "char" => "i1",
        "uchar" => "u1",
        "short" => "i2",
        "ushort" => "u2",
        "int" => "i4",
        "uint" => "u4",
        "float" => "f4",
        "double" => "f8",
        other => panic!("{other}"),
    };
    let list = if words[0] == "list" { "list " } else { "" };
    format!("{list}{name}:{kind}")
}

#[test]
fn every_file_reads_as_the_manifest_says() {
    let Some(folder) = data().map(|data| data.join("ply")) else { return };
    for expected in manifest(&folder).iter().filter(|expected| expected.readable) {
        let name = &expected.name;
        let path = folder.join(name);
        let summary = io::inspect(&path).unwrap_or_else(|error| panic!("{error}"));
        if let Some(elements) = &expected.elements {
            let found: Vec<_> = summary
                .elements
                .iter()
                .map(|element| {
                    let properties = element.properties.iter().map(|property| short(property));
                    (element.name.clone(), element.count, properties.collect::<Vec<_>>())
                })
                .collect();
            assert_eq!(&found, elements, "{name}");
            let faces = elements.iter().find(|element| element.0 == "face").map_or(0, |element| element.1);
            assert_eq!(summary.faces, faces, "{name}");
        }
        assert_eq!(summary.points, expected.vertices.unwrap_or(0), "{name}");
        assert_eq!(summary.first.zip(summary.last).map(|(a, b)| [a, b]), expected.first_last, "{name}");

        let Some([first, last]) = expected.first_last else {
            match io::read(&path) {
                // Coordinates that are declared, but no vertices.
                Ok(cloud) => assert!(cloud.is_empty(), "{name}"),
                Err(Error::Malformed(_)) => {}
                Err(error) => panic!("{error}"),
            }
            continue;
        };
        let cloud = io::read(&path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(cloud.len(), summary.points, "{name}");
        for (found, expected) in [(cloud.point(0), first), (cloud.point(cloud.len() - 1), last)] {
            for axis in 0..3 {
                let (found, expected) = (found[axis], expected[axis]);
                // Half a unit in the last place of a float, which is all that a column keeps.
                let near = (found - expected).abs() <= 6e-8 * expected.abs().max(1e-30);
                assert!(near || found == expected, "{name}: {found} {expected}");
            }
        }
        if summary.faces > 0 {
            let mesh = Reader::new().read_mesh(&path).unwrap_or_else(|error| panic!("{error}"));
            assert!(mesh.faces().len() >= summary.faces, "{name}");
        }
    }
}

#[test]
fn files_that_both_references_refuse_are_refused() {
    let Some(folder) = data().map(|data| data.join("ply")) else { return };
    for expected in manifest(&folder).iter().filter(|expected| !expected.readable) {
        let path = folder.join(&expected.name);
        if expected.name == "plyrs__empty_ok_ascii.ply" {
            // `obj_info` after an element does no harm.
            assert!(io::read(&path).unwrap().is_empty());
            continue;
        }
        let message = io::read(&path).unwrap_err().to_string();
        let part = match expected.name.as_str() {
            "pyntcloud__diamond_with_bool.ply" => "line 13: found 'property bool is_green', expected a type",
            "pdal__no_vertex.ply" => "found no element, expected an element 'vertex'",
            "plyrs__single_elements_err_ascii.ply" => {
                // The cloud reader stops at the missing vertices, the summary at the missing row.
                let message = io::inspect(&path).unwrap_err().to_string();
                assert!(message.contains("after 1 rows of element 'point', expected 2"), "{message}");
                "found element 'point', expected an element 'vertex'"
            }
            other => panic!("{other}: no expectation written down"),
        };
        assert!(message.contains(&expected.name) && message.contains(part), "{message}");
    }
}

#[test]
fn columns_of_mixed_files() {
    let Some(folder) = data().map(|data| data.join("ply")) else { return };
    let little = io::read(folder.join("derived/mixed_le.ply")).unwrap();
    assert_eq!(little, io::read(folder.join("derived/mixed_be.ply")).unwrap());
    let names: Vec<_> = little.properties().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["flag", "confidence"]);
    assert_eq!((little.colors().unwrap().len(), little.labels().unwrap().len()), (2000, 2000));

    let bunny = io::read(folder.join("draco__bun_zipper.ply")).unwrap();
    assert_eq!(bunny, io::read(folder.join("derived/bun_zipper_be.ply")).unwrap());

    let infinite = io::read(folder.join("draco__float_inf_point_cloud.ply")).unwrap();
    assert!(matches!(infinite.check_finite(), Err(Error::NotFinite { row: 0, .. })));

    let far = io::read(folder.join("pdal__issue_2421.ply")).unwrap();
    assert_eq!(far.origin()[1..], [12345.0, 1_234_567_890.0]);
    assert!((far.point(0)[2] - 1_234_567_890.123_45).abs() < 1e-7);

    let cube = Reader::new().read_mesh(folder.join("draco__cube_att.ply")).unwrap();
    assert_eq!((cube.vertices().len(), cube.faces().len()), (24, 12), "texcoord is not taken for indices");
}

#[test]
fn modelnet10_loads() {
    let Some(root) = data().map(|data| data.join("modelnet10")) else { return };
    let start = Instant::now();
    let dataset = FolderDataset::open(&root).unwrap();
    assert_eq!(dataset.classes().len(), 10);
    let counts = ["train", "test"].map(|split| dataset.split(split).unwrap().len());
    assert_eq!(counts, [3991, 908]);
    for split in ["train", "test"] {
        let reader = Reader::new().points(1024);
        let loaded = load_samples(dataset.split(split).unwrap(), &reader, false, &|_| {}).unwrap();
        assert!(loaded.skipped.is_empty());
        assert!(loaded.clouds.iter().all(|loaded| loaded.cloud.len() == 1024));
    }
    eprintln!("modelnet10: 4899 files in {:.2} s", start.elapsed().as_secs_f64());
}

#[test]
fn office_has_labels() {
    let Some(root) = data().map(|data| data.join("s3dis_office")) else { return };
    let start = Instant::now();
    let office = io::read(root.join("train/office.ply")).unwrap();
    eprintln!("office: {} points in {:.3} s", office.len(), start.elapsed().as_secs_f64());
    assert_eq!(office.labels().unwrap().len(), office.len());
    assert_eq!(office.properties()[0].name, "instance");
    let error = FolderDataset::open(&root).unwrap_err().to_string();
    assert!(error.contains("files directly in test, train, without folders of classes"), "{error}");
}
