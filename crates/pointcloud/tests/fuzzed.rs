//! Kinds of faults that fuzzing found in the readers and writers; `crates/fuzz` has the inputs themselves.

use std::path::{Path, PathBuf};

use pointcloud::PointCloud;
use pointcloud::io::{self, Contents, Format, Reader, losses, writable_extensions};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The summary of a file as a whole and in blocks, or the errors of both.
fn summaries(path: &Path) -> [Result<String, String>; 2] {
    let bytes = std::fs::read(path).unwrap();
    let whole = Reader::new().inspect_bytes(&bytes, path);
    [whole, Reader::new().inspect(path)]
        .map(|summary| summary.map(|summary| format!("{summary:?}")).map_err(|error| error.to_string()))
}

/// Damaged layers make `laz` call itself as often as they say: once, that was the end of the process.
#[test]
fn layers_that_ask_for_much_stack_are_an_error() {
    let path = cases().join("damaged/deep_layers.laz");
    for summary in summaries(&path) {
        let error = summary.unwrap_err();
        assert!(error.contains("found the end of the file after") || error.contains("damaged"), "{error}");
    }
    assert!(io::read(&path).is_err());
}

/// Records before the points that reach into the points.
#[test]
fn records_of_las_end_before_the_points() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(cases().join("cases/l_two_eb_vlrs.las")).unwrap();
    let data = u32::from_le_bytes(bytes[96..100].try_into().unwrap());
    bytes[96..100].copy_from_slice(&(data - 1).to_le_bytes());
    let path = folder.path().join("a.las");
    std::fs::write(&path, &bytes).unwrap();
    for summary in summaries(&path) {
        assert!(summary.unwrap_err().contains("expected one that ends before the points"));
    }
}

/// Items of a LAZ file whose sizes add up to that of a point only in 16 bits.
#[test]
fn sizes_of_compressed_items_are_added_in_full() {
    let mut bytes = std::fs::read(cases().join("formats/laspy_3.laz")).unwrap();
    let name = b"laszip encoded";
    let record = bytes.windows(name.len()).position(|window| window == name).unwrap() - 2;
    // Behind a head of 54 bytes and 34 bytes about the compression: type, size and version of each item.
    for item in 0..2 {
        let at = record + 54 + 34 + 6 * item + 2;
        let size = u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        bytes[at..at + 2].copy_from_slice(&(size + 0x8000).to_le_bytes());
    }
    let error = Reader::new().parse(&bytes, "a.laz").unwrap_err().to_string();
    assert!(error.contains("compressed items of 65"), "{error}");
}

/// Coordinates in double precision that single precision does not reach are not finite, whatever the origin is.
#[test]
fn coordinates_beyond_single_precision_are_left_out_alike() {
    let folder = tempfile::tempdir().unwrap();
    let header = "ply\nformat ascii 1.0\nelement vertex 3\nproperty double x\nproperty double y\nproperty double z\nend_header\n";
    for far in ["3.1e170", "-1e39"] {
        for others in [["637177.981", "637178.5"], ["3.1e170", "3.1e170"]] {
            let rows: String = [far, others[0], others[1]].map(|y| format!("1 {y} 2\n")).concat();
            let path = folder.path().join("a.ply");
            std::fs::write(&path, format!("{header}{rows}")).unwrap();
            let [whole, blocks] = summaries(&path).map(Result::unwrap);
            assert_eq!(whole, blocks);
            let reader = Reader::new().drop_invalid(true);
            let to = folder.path().join("a.las");
            reader.convert(&path, &to, false).unwrap();
            let (cloud, dropped) = reader.read_counted(&path).unwrap();
            let back = io::read(&to).unwrap();
            assert_eq!((cloud.len() + dropped, back.len()), (3, cloud.len()));
            for i in 0..cloud.len() {
                assert!(
                    (0..3).all(|axis| (cloud.point(i)[axis] - back.point(i)[axis]).abs() < 1e-9),
                    "{back:?}"
                );
            }
        }
    }
}

/// Text: decimals that singles do not reach, single numbers beyond 2^24 and 2^53, and those next to zero.
#[test]
fn numbers_of_any_size_come_back_from_text() {
    let folder = tempfile::tempdir().unwrap();
    let singles = [
        1.5e-45_f32,
        2.1e-43,
        1.2e-38,
        16_777_218.0,
        152_039_456.0,
        2.118_897_5e11,
        -1.914_243_9e38,
        f32::MAX,
    ];
    let doubles = [4.8e-321, 1e-50, 1e-300, 0.1, 152_039_457.0];
    let clouds = [
        PointCloud::new(singles.iter().flat_map(|&a| singles.map(|b| [a, b, 1.0])).collect()),
        PointCloud::from_coordinates(doubles.iter().flat_map(|&a| doubles.map(|b| [a, b, 1.0])).collect()),
    ];
    for cloud in clouds {
        for extension in ["csv", "xyz"] {
            let path = folder.path().join(format!("a.{extension}"));
            io::write(&path, &cloud).unwrap();
            let back = io::read(&path).unwrap();
            for i in 0..cloud.len() {
                assert_eq!(back.point(i), cloud.point(i), "{extension}");
            }
        }
    }
    let huge = Reader::new().parse(b"x,y,z,intensity\n1,2,3,1e300\n", "a.csv").unwrap();
    assert_eq!(huge.cloud.property("intensity").unwrap().values, [1e300]);
}

/// The bounds in the header of a LAS file are those of the points, whether it is written in blocks or as a whole.
#[test]
fn bounds_are_those_of_the_points_that_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "x,y,z\n1.5,2.7,3.5\n4.5,5.5,6.5\n").unwrap();
    let [blocks, whole] = ["blocks.las", "whole.las"].map(|name| folder.path().join(name));
    Reader::new().convert(&path, &blocks, false).unwrap();
    io::write(&whole, &io::read(&path).unwrap()).unwrap();
    assert!(std::fs::read(blocks).unwrap() == std::fs::read(whole).unwrap());
}

/// Whole coordinates beyond 2^53 are doubles, not the two halves of an integer.
#[test]
fn large_whole_coordinates_are_coordinates() {
    let large = -83_691_441_629_288_077_i64;
    let text = format!("{large} 5 0.5 {large}\n");
    let mut array = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    array.extend(
        format!("{:<117}\n", "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 4), }").into_bytes(),
    );
    array.extend([large, 5, 6, large].iter().flat_map(|v| v.to_le_bytes()));
    for (name, bytes) in [("a.xyz", text.as_bytes()), ("a.npy", &array)] {
        let cloud = Reader::new().parse(bytes, name).unwrap().cloud;
        assert_eq!(cloud.point(0)[..2], [large as f64, 5.0], "{name}");
        // Other columns keep every digit.
        let halves: Vec<f64> = cloud.properties().iter().map(|property| property.values[0]).collect();
        assert_eq!((halves[0] as i64) << 32 | halves[1] as i64, large, "{name}: {cloud:?}");
    }
}

/// Items that are not those of the point format: their layers would be checked by the wrong rule.
#[test]
fn compressed_items_are_those_of_the_point_format() {
    let mut bytes = std::fs::read(cases().join("formats/laspy_7.laz")).unwrap();
    // Format 7 has colours; 6 of the same size has six extra bytes instead.
    bytes[104] -= 1;
    let error = Reader::new().parse(&bytes, "a.laz").unwrap_err().to_string();
    assert!(error.contains("compressed items of 14 layers, expected 19"), "{error}");
}

#[test]
fn normals_of_any_size_come_back_or_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        [[0.0, 0.0, 1.0], [0.0, -1.0, 0.0]],
        [[0.5, 0.25, 1e-38], [0.0, 1.0, 0.0]],
        [[8_454_400.0, 9.4e-38, 2e-8], [0.0; 3]],
        [[127.0, -128.0, 3.0], [0.0; 3]],
        [[3e9, 0.5, 0.5], [1.0, 0.5, 0.5]],
        [[1e30, f32::MAX, 1.0], [2.0, 0.0, 0.0]],
    ];
    for (normals, extension) in
        rows.iter().flat_map(|rows| writable_extensions().into_iter().map(move |to| (rows, to)))
    {
        let mut cloud = PointCloud::new(vec![[0.0, 0.5, 1.0], [2.0, 3.0, 4.0]]);
        cloud.set_normals(Some(normals.to_vec())).unwrap();
        let path = folder.path().join(format!("a.{extension}"));
        io::write(&path, &cloud).unwrap();
        let lost = losses(&Contents::from(cloud), Format::of_extension(extension).unwrap());
        let told = lost.iter().any(|line| line.starts_with("normals: "));
        let read = io::read(&path).unwrap();
        assert_eq!(
            read.normals() == Some(&normals[..]),
            !told,
            "{extension}, {normals:?}: {lost:?}, {read:?}"
        );
    }
}
