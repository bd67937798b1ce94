//! Files of every format written in every other, compressed, and of formats that are only read.

mod common;

use common::{cases, check_kept, file, first, open, parse};
use pointcloud::PointCloud;
use pointcloud::dataset::list_files;
use pointcloud::io::{self, Format, Reader, losses, writable_extensions};

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
            "faces: 4 triangles dropped, text files are written without faces",
            "comments: 1 dropped, text files are written without comments"
        ]
    );
    let strict = Reader::new().convert(&from, folder.path().join("c.xyz"), true).unwrap_err().to_string();
    assert!(
        strict.contains("a.ply: --strict: faces: 4") && !folder.path().join("c.xyz").exists(),
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
    // No type of 64 bits holds both.
    let both = parse("x,y,z,t\n1,2,3,-1\n1,2,3,18446744073709551615\n", "a.csv");
    assert_eq!(both.left_out, ["digits of 't' beyond double precision"]);
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
    assert!(
        io::read(&scan).unwrap_err().to_string().contains("found 2 bytes, expected text, or a multiple of 4")
    );

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
            assert!(error.contains("the end of the file inside the "), "{error}");
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
        for to in ["e.ply", "e.laz"] {
            assert_eq!(convert("a.pcd", to), [told], "{to}");
        }
        // Columns that are two already lose nothing, and become one again where the format has such numbers.
        for (from, to) in [("e.ply", "f.ply"), ("f.ply", "g.npy"), ("a.pcd", "g.csv"), ("g.csv", "h.npy")] {
            assert!(convert(from, to).is_empty(), "{from} to {to}");
        }
        let text = std::fs::read_to_string(path("g.csv")).unwrap();
        assert_eq!(text, format!("x,y,z,t,u\n1,2,3,{a},5\n4,5,6,{b},7\n"));
        for name in ["g.npy", "h.npy"] {
            let columns = io::column_types(&io::read(path(name)).unwrap())
                .iter()
                .map(|c| c.0.to_owned())
                .collect::<Vec<_>>();
            assert_eq!(columns[3..], ["t_high32", "t_low32", "u"], "{name}");
            let [read, expected] = [name, "a.pcd"].map(|name| io::read(path(name)).unwrap());
            assert_eq!(read.properties()[..2], expected.properties()[..2], "{name}");
        }
    }
}

/// Comments stay as they are from PLY to PLY; every other format says that they go.
#[test]
fn comments_of_ply_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let text = b"ply\ncomment  of M\xfcller,  two  blanks \nformat ascii 1.0\nobj_info num_cols 3\nelement vertex 1\n\
                 property float x\ncomment obj_info is a word\nproperty float y\nproperty float z\nend_header\n1 2 3\n";
    std::fs::write(path("a.ply"), text).unwrap();
    let head =
        b"ply\nformat binary_little_endian 1.0\ncomment  of M\xfcller,  two  blanks\nobj_info num_cols 3\n\
                 comment obj_info is a word\nelement vertex 1\n";
    assert!(Reader::new().convert(path("a.ply"), path("b.ply"), true).unwrap().is_empty());
    io::write(path("c.ply"), &io::read(path("b.ply")).unwrap()).unwrap();
    let [blocks, whole] = ["b.ply", "c.ply"].map(|name| std::fs::read(path(name)).unwrap());
    assert!(blocks.starts_with(head), "{}", String::from_utf8_lossy(&blocks));
    assert_eq!(blocks, whole);
    let shown = ["of M\u{fffd}ller,  two  blanks", "obj_info num_cols 3", "obj_info is a word"];
    assert_eq!(io::inspect(path("b.ply")).unwrap().comments, shown);
    let format = Format::of_extension("las").unwrap();
    let told = "comments: 3 dropped, las files are written without comments";
    assert_eq!(losses(&Reader::new().open(path("b.ply")).unwrap(), format)[0], told);
    assert_eq!(Reader::new().convert(path("b.ply"), path("d.las"), false).unwrap()[0], told);
}

/// Integers beyond `i32`, beyond singles and beyond doubles, in columns of every standard name: there and back nothing changes, or it is
/// told.
#[test]
fn long_integers_under_standard_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let convert = |from: &str, to: &str| Reader::new().convert(path(from), path(to), false).unwrap();
    let names = [
        "nx,ny,nz",
        "normal_x,normal_y,normal_z",
        "r,g,b",
        "red,green,blue",
        "label",
        "classification",
        "intensity",
        "gps_time",
        "return_number",
        "time",
    ];
    for value in [
        "3000000001",
        "-3000000001",
        "9007199254740993",
        "-9007199254740993",
        "1600000000123456789",
        "18446744073709551615",
    ] {
        let split = value.len() > 12;
        for names in names {
            let columns: Vec<&str> = names.split(',').collect();
            let row = |word: &str| vec![word; columns.len()].join(",");
            let other = if value.starts_with('-') { "-1" } else { "1" };
            let text = format!("x,y,z,{names}\n1,2,3,{}\n4,5,6,{}\n", row(value), row(other));
            std::fs::write(path("a.csv"), &text).unwrap();
            for to in ["b.xyz", "b.npy", "b.pcd", "b.ply", "b.las", "b.laz"] {
                let lost = [convert("a.csv", to), convert(to, "c.csv")].concat();
                let halves = split && (to == "b.ply" || to.starts_with("b.la"));
                let renamed = to.starts_with("b.la") && !split;
                let told = |line: &String| {
                    (halves && line.contains("become two columns"))
                        || (renamed && line.contains("written as extra bytes"))
                };
                assert!(lost.iter().all(told), "{value} {names} {to}: {lost:?}");
                assert_eq!(
                    lost.len(),
                    if halves { columns.len() } else { lost.len() },
                    "{value} {names} {to}"
                );
                let back = std::fs::read_to_string(path("c.csv")).unwrap();
                if lost.is_empty() || halves {
                    assert_eq!(back, text, "{value} {names} {to}");
                } else {
                    let (rows, expected) =
                        (back.split_once('\n').unwrap().1, text.split_once('\n').unwrap().1);
                    assert_eq!(rows, expected, "{value} {names} {to}");
                }
            }
        }
    }
}

/// Dialects in which a file says less than it seems to, or more.
#[test]
fn columns_of_other_programs_are_found_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // A scan of KITTI, compressed, with its labels.
    let scan: Vec<u8> = (0..8).flat_map(|i| (i as f32).to_le_bytes()).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, &scan).unwrap();
    std::fs::write(path("000000.bin.gz"), packed.finish().unwrap()).unwrap();
    std::fs::write(path("000000.label"), [7, 0, 0, 0, 9, 0, 0, 0]).unwrap();
    let cloud = io::read(path("000000.bin.gz")).unwrap();
    assert_eq!(cloud.property("intensity").unwrap().values, [3.0, 7.0]);
    assert_eq!(cloud.labels(), Some([7, 9].as_slice()));

    // Names of columns say along which axis of an array the points are.
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 5), }\n";
    let mut array = b"\x93NUMPY\x01\x00".to_vec();
    array.extend((header.len() as u16).to_le_bytes());
    array.extend(header.as_bytes());
    array.extend(0..20);
    let named = |names: &str| Reader::new().columns(names).parse(&array, "a.npy").unwrap().cloud;
    assert_eq!((named("x,y,z,i").len(), named("x,y,z,i,j").len()), (5, 4));
    assert_eq!(named("x,y,z,i").point(1), [1.0, 6.0, 11.0]);

    // The columns of PTS files have no names, whatever their values are.
    let pts = Reader::new().parse(b"2\n1 2 3 7 255 0 0\n4 5 6 80 0 255 0\n", "a.pts").unwrap();
    assert_eq!(pts.cloud.colors(), Some([[255, 0, 0], [0, 255, 0]].as_slice()));
    assert_eq!(pts.cloud.property("intensity").unwrap().values, [7.0, 80.0]);
    assert_eq!(pts.notes, ["columns are taken for x y z intensity red green blue of PTS files"]);

    // Rows beyond those that the header of a PCD file announces.
    let pcd = "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 1\nHEIGHT 1\nPOINTS 1\n\
               DATA ASCII\n1 2 3\n4 5 6\n\n7 8 9\n";
    std::fs::write(path("a.pcd"), pcd).unwrap();
    let told = ["2 rows after the 1 of the header"];
    assert_eq!(Reader::new().open(path("a.pcd")).unwrap().left_out, told);
    let lost = Reader::new().convert(path("a.pcd"), path("a.ply"), false).unwrap();
    assert!(lost[0].starts_with(told[0]), "{lost:?}");

    // LAS has a point format with a near infrared channel, and says where a format has no such field.
    std::fs::write(path("a.csv"), "x,y,z,nir,scan_angle_rank\n1,2,3,500,4\n4,5,6,600,5\n").unwrap();
    let lost = Reader::new().convert(path("a.csv"), path("a.las"), false).unwrap();
    assert_eq!(
        lost,
        [
            "scan_angle_rank: written as extra bytes 'original_scan_angle_rank', point format 8 of LAS has no such field"
        ]
    );
    let bytes = std::fs::read(path("a.las")).unwrap();
    assert_eq!(bytes[104], 8);
    assert_eq!(io::read(path("a.las")).unwrap().property("nir").unwrap().values, [500.0, 600.0]);

    // A channel alone is no colour, also in a point format that has colours.
    std::fs::write(path("b.csv"), "x,y,z,nir,red\n1,2,3,500,9\n").unwrap();
    let lost = Reader::new().convert(path("b.csv"), path("b.las"), false).unwrap();
    assert_eq!(
        lost,
        ["red: written as extra bytes 'original_red', LAS holds colours of three channels only"]
    );
    assert_eq!(io::read(path("b.las")).unwrap().colors(), None);
}
