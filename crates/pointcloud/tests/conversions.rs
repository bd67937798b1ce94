//! Files of every format written in every other, compressed, and of formats that are only read.

mod common;

use std::path::PathBuf;

use common::{check_kept, file, first, open, parse};
use pointcloud::PointCloud;
use pointcloud::dataset::list_files;
use pointcloud::io::{self, Contents, Format, Reader, losses, writable_extensions};

/// The files of the cases that can be read.
fn cases() -> Vec<(PathBuf, Contents)> {
    let paths = std::fs::read_dir(file("")).unwrap().map(|entry| entry.unwrap().path());
    let open = |path: PathBuf| Some((path.clone(), Reader::new().drop_invalid(true).open(&path).ok()?));
    paths.filter_map(open).collect()
}

/// Every file of the cases, written in every format and read back.
#[test]
fn what_is_written_is_what_was_read_or_a_loss_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (path, contents) in cases() {
        for extension in writable_extensions() {
            let kept = check_kept(&contents, extension, folder.path());
            kept.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

/// A conversion block by block writes the same bytes and tells the same losses as one in memory.
#[test]
fn blocks_make_the_same_files_as_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let reader = Reader::new().drop_invalid(true);
    for (path, contents) in cases() {
        for extension in writable_extensions() {
            let [whole, blocks] =
                ["whole", "blocks"].map(|name| folder.path().join(name).with_extension(extension));
            io::write(&whole, &contents.cloud).unwrap();
            let mut lost = reader.convert(&path, &blocks, false).unwrap();
            let mut expected = losses(&contents, Format::of_extension(extension).unwrap());
            lost.sort();
            expected.sort();
            assert_eq!(lost, expected, "{} {extension}", path.display());
            let [whole, blocks] = [whole, blocks].map(|path| std::fs::read(path).unwrap());
            assert!(whole == blocks, "{} {extension}", path.display());
        }
    }
}

/// So does a description.
#[test]
fn blocks_say_the_same_as_the_whole() {
    let mut seen = 0;
    for (path, _) in cases() {
        let bytes = std::fs::read(&path).unwrap();
        let whole = Reader::new().inspect_bytes(&bytes, &path).unwrap();
        let blocks = Reader::new().inspect(&path).unwrap();
        // NaN is not equal to itself.
        assert_eq!(format!("{blocks:?}"), format!("{whole:?}"), "{}", path.display());
        seen += 1;
    }
    assert!(seen > 40);
}

/// Many blocks: types, ranges, words and large numbers are those of the whole file.
#[test]
fn many_blocks_are_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let rows = 150_000;
    let row = |i: usize| {
        let late = i > 140_000;
        let (z, t) = (if late { "0.123456789012" } else { "1" }, if late { 1_u64 << 60 } else { 5 });
        let class = if late { "zebra" } else { ["tree", "ground"][i % 2] };
        format!("{},{},{z},{},{t},{class},{}\n", i % 977, i / 977, if late { 700 } else { i % 7 }, i % 256)
    };
    let text: String = (0..rows).map(row).collect();
    let from = folder.path().join("a.csv");
    std::fs::write(&from, format!("x,y,z,intensity,t,class,u\n{text}")).unwrap();
    let contents = Reader::new().open(&from).unwrap();
    assert_eq!(contents.cloud.label_words().unwrap(), ["ground", "tree", "zebra"]);
    for extension in writable_extensions() {
        let [whole, blocks] =
            ["whole", "blocks"].map(|name| folder.path().join(name).with_extension(extension));
        io::write(&whole, &contents.cloud).unwrap();
        Reader::new().convert(&from, &blocks, false).unwrap();
        assert!(std::fs::read(&whole).unwrap() == std::fs::read(&blocks).unwrap(), "{extension}");
        // And from that file to the next format.
        let again = folder.path().join("again.laz");
        Reader::new().convert(&blocks, &again, false).unwrap();
        assert_eq!(io::read(&again).unwrap().len(), rows, "{extension}");
        let (whole, blocks) = (Reader::new().open(&blocks).unwrap(), io::inspect(&blocks).unwrap());
        assert_eq!(blocks.bounds, whole.cloud.bounds(), "{extension}");
    }
}

#[test]
fn faces_and_strips_of_one_file() {
    let head = "ply\nformat ascii 1.0\ncomment a\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n";
    let both = format!(
        "{head}element face 1\nproperty list uchar int vertex_indices\nelement tristrips 1\n\
         property list int int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n1 1 0\n3 0 1 2\n8 0 1 2 3 -1 1 2 3\n"
    );
    let contents = parse(&both, "a.ply");
    assert_eq!(contents.faces, [[0, 1, 2], [0, 1, 2], [2, 1, 3], [1, 2, 3]]);
    assert_eq!(Reader::new().inspect_bytes(both.as_bytes(), "a.ply").unwrap().faces, 4);
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("a.ply");
    std::fs::write(&from, &both).unwrap();
    assert_eq!(io::inspect(&from).unwrap().faces, 4);
    let lost = Reader::new().convert(&from, folder.path().join("b.xyz"), false).unwrap();
    assert_eq!(
        lost,
        [
            "1 comments: dropped, not read from the file",
            "faces: 4 triangles dropped, text files are written without faces"
        ]
    );
    let strict = Reader::new().convert(&from, folder.path().join("c.xyz"), true).unwrap_err().to_string();
    assert!(
        strict.contains("a.ply: --strict: 1 comments") && !folder.path().join("c.xyz").exists(),
        "{strict}"
    );
}

#[test]
fn digits_beyond_single_precision_are_told() {
    let text = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n\
                property double nx\nproperty double ny\nproperty double nz\nend_header\n0 0 0 0.1234567890123 0.25 0.5\n";
    let lost = losses(&parse(text, "a.ply"), Format::of_extension("ply").unwrap());
    assert_eq!(lost, ["digits of the normals beyond single precision: dropped, not read from the file"]);
    let short = text.replace("0.1234567890123", "0.125");
    assert!(losses(&parse(&short, "a.ply"), Format::of_extension("ply").unwrap()).is_empty());
}

#[test]
fn large_integers_stay_different_numbers() {
    let pcd = "FIELDS x y z t\nSIZE 4 4 4 8\nTYPE F F F U\nPOINTS 2\nDATA ascii\n\
               1 2 3 1600000000123456789\n1 2 3 1600000000123456790\n";
    let csv = "x,y,z,t\n1,2,3,1600000000123456789\n1,2,3,1600000000123456790\n";
    for contents in [open("c_time_u8.pcd"), parse(pcd, "a.pcd"), parse(csv, "a.csv")] {
        let half = |name: &str, i: usize| contents.cloud.property(name).unwrap().values[i] as i128;
        for i in 0..2 {
            assert_eq!(
                (half("t_high32", i) << 32) + half("t_low32", i),
                1_600_000_000_123_456_789 + i as i128
            );
        }
        assert!(contents.notes[0].contains("t_high32 · 2^32 + t_low32"), "{:?}", contents.notes);
    }
    let small = parse("x,y,z,t\n1,2,3,1600000000123\n", "a.csv");
    assert_eq!(small.cloud.property("t").unwrap().values, [1_600_000_000_123.0]);
}

#[test]
fn words_are_written_as_words() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = open("t_class_names.csv").cloud;
    io::write(folder.path().join("a.csv"), &cloud).unwrap();
    let back = io::read(folder.path().join("a.csv")).unwrap();
    assert_eq!((back.labels(), back.label_words()), (cloud.labels(), cloud.label_words()));
    let contents = open("t_class_names.csv");
    assert!(losses(&contents, Format::of_extension("csv").unwrap()).is_empty());
    let lost = losses(&contents, Format::of_extension("ply").unwrap());
    assert_eq!(lost, ["label: words become numbers, 0 = ground, 1 = tree"]);
}

#[test]
fn scans_of_kitti_and_nuscenes() {
    let kitti = open("k_000000.bin");
    assert!(
        kitti.cloud.property("intensity").is_some() && kitti.notes[0].contains("KITTI"),
        "{:?}",
        kitti.notes
    );
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("velodyne/000007.bin");
    std::fs::create_dir_all(folder.path().join("velodyne")).unwrap();
    std::fs::create_dir_all(folder.path().join("labels")).unwrap();
    let values: Vec<u8> = (0..8).flat_map(|i| (i as f32).to_le_bytes()).collect();
    std::fs::write(&scan, &values).unwrap();
    std::fs::write(folder.path().join("labels/000007.label"), [40, 0, 5, 0, 252, 0, 1, 0]).unwrap();
    let cloud = io::read(&scan).unwrap();
    assert_eq!(cloud.labels(), Some([40, 252].as_slice()));
    assert_eq!(cloud.property("instance").unwrap().values, [5.0, 1.0]);
    std::fs::write(folder.path().join("labels/000007.label"), [40, 0]).unwrap();
    assert!(io::read(&scan).unwrap_err().to_string().contains("found 2 bytes, expected 8"));

    let five: Vec<u8> = (0..5).flat_map(|i| (i as f32).to_le_bytes()).collect();
    let contents = Reader::new().parse(&five, "n__LIDAR_TOP__1.pcd.bin").unwrap();
    assert_eq!(first(&contents.cloud), "0,1,2 intensity=3 ring=4");
    let error = Reader::new().parse(&five, "scan.bin").unwrap_err().to_string();
    assert!(error.contains("--columns x,y,z,intensity"), "{error}");
    let error = Reader::new().columns("x,y,z,i").parse(&five, "scan.bin").unwrap_err().to_string();
    assert!(error.contains("found 20 bytes, expected a multiple of 16"), "{error}");
}

#[test]
fn compressed_files_of_every_format() {
    assert!(!open("p_gz.ply.gz").cloud.is_empty());
    let folder = tempfile::tempdir().unwrap();
    for name in ["t_pdal.csv", "p_dales.ply", "l_pf7.las", "o_concave.obj", "n_3xN_1024.npy", "s_upper.stl"] {
        let bytes = std::fs::read(file(name)).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &bytes).unwrap();
        let zstd =
            ruzstd::encoding::compress_to_vec(bytes.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
        // Two frames, with one of other data between.
        let half = |bytes: &[u8]| {
            ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
        };
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let frames = [half(first), vec![0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3], half(second)].concat();
        for (extension, packed) in [("gz", gzip.finish().unwrap()), ("zst", zstd), ("ZST", frames)] {
            let path = folder.path().join(format!("{name}.{extension}"));
            std::fs::write(&path, &packed).unwrap();
            assert_eq!(io::read(&path).unwrap(), open(name).cloud, "{name} {extension}");
            assert_eq!(
                Format::detect(&path).unwrap(),
                Format::detect(file(name)).unwrap(),
                "{name} {extension}"
            );
            let torn = Reader::new().parse(&packed[..packed.len() / 2], &path);
            let error = torn.unwrap_err().to_string();
            assert!(error.contains("what cannot be unpacked"), "{error}");
        }
    }
    assert_eq!(list_files(folder.path()).unwrap().len(), 18);
    let error = io::write(folder.path().join("a.ply.gz"), &PointCloud::default()).unwrap_err().to_string();
    assert!(error.contains("found extension 'gz'"), "{error}");
}

/// Two scans that libE57 wrote by pye57; the second is turned and moved by its pose.
#[test]
fn e57_of_another_library() {
    let cloud = open("e_pye57.e57").cloud;
    assert_eq!(cloud.len(), 7);
    assert_eq!(
        (cloud.point(0), cloud.point(4)),
        ([637_000.25, 5_400_000.5, 0.0], [637_002.25, 5_399_996.5, 4.0])
    );
    assert_eq!(cloud.colors().unwrap()[3..5], [[10, 30, 50], [20, 40, 60]]);
    assert_eq!(cloud.property("intensity").unwrap().values[1..3], [0.25, 0.5]);
    assert_eq!(cloud.property("scan").unwrap().values, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
    for (i, point) in [(5, [10.0, 21.0, 30.0]), (6, [10.0, 22.0, 33.0])] {
        assert!((0..3).all(|axis| (cloud.point(i)[axis] - point[axis]).abs() < 1e-9), "{:?}", cloud.point(i));
    }
}

#[test]
fn e57_scans() {
    let error = Reader::new().open(file("e_head.e57")).unwrap_err().to_string();
    assert!(error.contains("expected an E57 file"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.e57");
    let mut writer = e57::E57Writer::from_file(&path, "file").unwrap();
    let prototype = vec![
        e57::Record::CARTESIAN_X_F64,
        e57::Record::CARTESIAN_Y_F64,
        e57::Record::CARTESIAN_Z_F64,
        e57::Record::COLOR_RED_U8,
        e57::Record::COLOR_GREEN_U8,
        e57::Record::COLOR_BLUE_U8,
    ];
    let mut points = writer.add_pointcloud("cloud", prototype).unwrap();
    for i in 0..3 {
        let mut values: Vec<_> = [637_012.245, 849_028.3, i as f64].map(e57::RecordValue::Double).into();
        values.extend([255, 128, i].map(e57::RecordValue::Integer));
        points.add_point(values).unwrap();
    }
    points.finalize().unwrap();
    writer.finalize().unwrap();
    let cloud = io::read(&path).unwrap();
    assert_eq!(cloud.point(2), [637_012.245, 849_028.3, 2.0]);
    assert_eq!(cloud.colors().unwrap(), [[255, 128, 0], [255, 128, 1], [255, 128, 2]]);
    assert_eq!(cloud.stored_colors(), None);
}

/// Integers of 64 bits are written as such where the format has them; else a loss is told.
#[test]
fn integers_of_64_bits_are_kept_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let told = "t: integers of 64 bits become two columns, t_high32 \u{b7} 2^32 + t_low32";
    for (kind, values) in
        [("U", ["18446744073709551615", "3"]), ("I", ["-9223372036854775807", "1600000000123456790"])]
    {
        let [a, b] = values;
        let text = format!(
            "FIELDS x y z t u\nSIZE 4 4 4 8 1\nTYPE F F F {kind} U\nPOINTS 2\nDATA ascii\n1 2 3 {a} 5\n4 5 6 {b} 7\n"
        );
        std::fs::write(path("a.pcd"), text).unwrap();
        let convert = |from: &str, to: &str| Reader::new().convert(path(from), path(to), false).unwrap();
        for (from, to) in [("a.pcd", "b.npy"), ("b.npy", "c.pcd"), ("c.pcd", "d.npy")] {
            assert!(convert(from, to).is_empty(), "{from} to {to}");
        }
        let bytes = std::fs::read(path("b.npy")).unwrap();
        let letter = kind.to_lowercase().replace('i', "i8").replace('u', "u8");
        let header = String::from_utf8_lossy(&bytes[..128]).into_owned();
        assert!(header.contains(&format!("('t', '<{letter}')")), "{header}");
        for (row, value) in values.iter().enumerate() {
            let at = bytes.len() - 2 * 21 + row * 21 + 12;
            let raw = <[u8; 8]>::try_from(&bytes[at..at + 8]).unwrap();
            let found = if kind == "U" {
                u64::from_le_bytes(raw).to_string()
            } else {
                i64::from_le_bytes(raw).to_string()
            };
            assert_eq!(found, *value, "{kind}");
        }
        assert!(bytes == std::fs::read(path("d.npy")).unwrap());
        for to in ["e.ply", "e.csv", "e.laz"] {
            assert_eq!(convert("a.pcd", to), [told], "{to}");
        }
        // Columns that are two already lose nothing.
        assert!(convert("e.ply", "f.ply").is_empty());
    }
}
