//! Files of every format written in every other, compressed, and of formats that are only read.

mod common;

use common::{file, first, open, parse};
use pointcloud::PointCloud;
use pointcloud::dataset::list_files;
use pointcloud::io::{self, Format, Reader, losses, writable_extensions};

/// Every file of the cases, written in every format and read back.
#[test]
fn what_is_written_is_what_was_read_or_a_loss_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(file("")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(contents) = Reader::new().drop_invalid(true).open(&path) else { continue };
        for extension in writable_extensions() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let to = folder.path().join(format!("{name}.{extension}"));
            let lost = losses(&contents, Format::of_extension(extension).unwrap());
            io::write(&to, &contents.cloud).unwrap_or_else(|error| panic!("{name} to {extension}: {error}"));
            if contents.cloud.is_empty() {
                continue;
            }
            let back = io::read(&to).unwrap_or_else(|error| panic!("{name} to {extension}: {error}"));
            assert_eq!(back.len(), contents.cloud.len(), "{name} {extension}");
            let told = |what: &str| lost.iter().any(|line| line.starts_with(what));
            let las = extension.starts_with("la");
            // Files of singles have no more exact coordinates than LAS writes.
            let bound = if las { 1e-9 } else { 0.0 };
            let off = |i: usize| {
                let (a, b) = (contents.cloud.point(i), back.point(i));
                (0..3).map(|axis| (a[axis] - b[axis]).abs()).fold(0.0, f64::max)
            };
            let most = (0..back.len()).map(off).fold(0.0, f64::max);
            assert!(most <= bound || told("coordinates"), "{name} {extension}: {most} off, {lost:?}");
            assert_eq!(back.colors(), contents.cloud.colors(), "{name} {extension}");
            assert_eq!(back.normals(), contents.cloud.normals(), "{name} {extension}");
            assert_eq!(back.labels(), contents.cloud.labels(), "{name} {extension}");
            for property in contents.cloud.properties() {
                // LAS leaves out a field that is 0 everywhere.
                let zero = las && property.values.iter().all(|&v| v == 0.0);
                let found = back
                    .property(&property.name)
                    .or_else(|| back.property(&format!("original_{}", property.name)));
                let same =
                    |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()));
                let kept = found.is_some_and(|found| same(&found.values, &property.values));
                assert!(
                    kept || zero || told(&property.name),
                    "{name} {extension}: {}, {lost:?}",
                    property.name
                );
            }
        }
    }
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
        for (extension, packed) in [("gz", gzip.finish().unwrap()), ("zst", zstd)] {
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
    assert_eq!(list_files(folder.path()).unwrap().len(), 12);
    let error = io::write(folder.path().join("a.ply.gz"), &PointCloud::default()).unwrap_err().to_string();
    assert!(error.contains("found extension 'gz'"), "{error}");
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
