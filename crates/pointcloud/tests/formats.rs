//! Files of every format: made by reference libraries, written and read back, damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pointcloud::dataset::list_files;
use pointcloud::io::{self, Contents, Format, Reader, column_types, writable_extensions};
use pointcloud::{Error, PointCloud, ScalarProperty, ScalarType};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats")
}

fn numbers(text: &str) -> Vec<f64> {
    text.split(',').filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect()
}

/// All values of a column by its name.
fn column(cloud: &PointCloud, name: &str) -> Vec<f64> {
    let normal = |axis: usize| cloud.normals().unwrap().iter().map(|n| f64::from(n[axis])).collect();
    let color = |channel: usize| cloud.colors().unwrap().iter().map(|c| f64::from(c[channel])).collect();
    match name {
        "nx" => normal(0),
        "ny" => normal(1),
        "nz" => normal(2),
        "red" => color(0),
        "green" => color(1),
        "blue" => color(2),
        _ if cloud.label_name() == Some(name) => {
            cloud.labels().unwrap().iter().map(|&label| f64::from(label)).collect()
        }
        _ => cloud.property(name).unwrap().values.clone(),
    }
}

#[test]
fn files_of_the_reference_libraries() {
    let manifest = fs::read_to_string(fixtures().join("manifest.tsv")).unwrap();
    assert!(manifest.lines().count() >= 20);
    for line in manifest.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let [name, points, triangles, last, sum, names, sums] = parts[..] else { panic!("{line}") };
        let Contents { cloud, faces, .. } = Reader::new().open(fixtures().join(name)).unwrap();
        assert_eq!(cloud.len().to_string(), points, "{name}");
        assert_eq!(faces.len().to_string(), triangles, "{name}");
        // Text of Open3D and trimesh has 8 to 10 digits, LAS of the fixture millimetres at f32 offsets.
        let close = |a: f64, b: f64| (a - b).abs() < 2e-6 + 1e-9 * b.abs();
        let exact = cloud.point(cloud.len() - 1);
        assert!(exact.iter().zip(numbers(last)).all(|(&a, b)| close(a, b)), "{name}: {exact:?}, not {last}");
        let total: f64 = (0..cloud.len()).flat_map(|i| cloud.point(i)).sum();
        assert!(close(total, sum.parse().unwrap()), "{name}: {total}, not {sum}");
        let types = column_types(&cloud);
        let found: Vec<&str> = types.iter().map(|&(name, _)| name).collect();
        assert_eq!(found.join(","), names, "{name}");
        for (column_name, wanted) in found[3..].iter().zip(numbers(sums)) {
            let total: f64 = column(&cloud, column_name).iter().sum();
            assert!(close(total, wanted), "{name}: {column_name} {total}, not {wanted}");
        }
    }
}

/// Nine points with every kind of column; `far` puts them into a UTM zone.
fn cloud(far: bool, rng: &mut impl Rng) -> PointCloud {
    let n = 9;
    let mut unit = || [(); 3].map(|()| rng.random_range(-1.0_f32..1.0));
    let mut cloud = PointCloud::new((0..n).map(|_| unit()).collect());
    if far {
        cloud.set_origin([501_237.0, 5_400_005.0, 0.0]);
    }
    cloud.set_normals(Some((0..n).map(|_| unit()).collect())).unwrap();
    cloud.set_colors(Some((0..n).map(|_| rng.random()).collect())).unwrap();
    cloud.set_labels(Some((0..n).map(|i| i * 20).collect())).unwrap();
    for (name, scalar_type) in [
        ("intensity", ScalarType::U16),
        ("return_number", ScalarType::U8),
        ("height", ScalarType::F32),
        ("time", ScalarType::F64),
        ("offset", ScalarType::I8),
    ] {
        let values =
            (1..=n).map(|i| if scalar_type.is_float() { i as f64 + 0.25 } else { i as f64 }).collect();
        cloud.push_property(ScalarProperty { name: name.into(), scalar_type, values }).unwrap();
    }
    cloud
}

#[test]
fn everything_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for far in [false, true] {
        let cloud = cloud(far, &mut rng);
        for extension in writable_extensions() {
            let path = folder.path().join(format!("a.{extension}"));
            io::write(&path, &cloud).unwrap();
            let back = io::read(&path).unwrap();
            assert_eq!(back.len(), cloud.len(), "{extension}");
            for i in 0..cloud.len() {
                for axis in 0..3 {
                    let (a, b) = (back.point(i)[axis], cloud.point(i)[axis]);
                    // f32 positions are kept; LAS rounds to its finest step, and only near an origin.
                    let bound = if far || extension.starts_with("la") { 1e-4 } else { 0.0 };
                    assert!((a - b).abs() <= bound, "{extension} far {far}: {a} {b}");
                    if extension.starts_with("la") && !far {
                        assert!((a - b).abs() < 1e-7, "{extension}: {a} {b}");
                    }
                }
            }
            assert_eq!(back.normals(), cloud.normals(), "{extension}");
            assert_eq!(back.colors(), cloud.colors(), "{extension}");
            assert_eq!(back.labels(), cloud.labels(), "{extension}");
            assert_eq!(back.properties().len(), cloud.properties().len(), "{extension}");
            for property in cloud.properties() {
                assert_eq!(back.property(&property.name).unwrap().values, property.values, "{extension}");
            }
        }
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), writable_extensions().len(), "nothing but the files: {left:?}");
    }
}

#[test]
fn bare_and_empty_clouds() {
    let folder = tempfile::tempdir().unwrap();
    for extension in writable_extensions() {
        let path = folder.path().join(format!("a.{extension}"));
        let bare = PointCloud::new(vec![[0.5, -1.0, 2.0]]);
        io::write(&path, &bare).unwrap();
        assert_eq!(io::read(&path).unwrap().positions(), bare.positions(), "{extension}");
        io::write(&path, &PointCloud::default()).unwrap();
        assert!(io::read(&path).unwrap().is_empty(), "{extension}");
    }
    let error = io::write(folder.path().join("a.obj"), &PointCloud::default()).unwrap_err();
    assert!(error.to_string().contains("found extension 'obj', expected one of: ply, pcd"), "{error}");
}

#[test]
fn content_decides_where_the_extension_lies() {
    let folder = tempfile::tempdir().unwrap();
    for (name, format) in [
        ("open3d_binary.pcd", "pcd"),
        ("trimesh.off", "off"),
        ("trimesh_ascii.stl", "stl"),
        ("plain_f4.npy", "npy"),
        ("stored.npz", "npz"),
        ("laspy_7.laz", "las"),
    ] {
        let path = folder.path().join("lie.ply");
        fs::copy(fixtures().join(name), &path).unwrap();
        assert_eq!(Format::detect(&path).unwrap().name(), format, "{name}");
        assert_eq!(io::read(&path).unwrap(), io::read(fixtures().join(name)).unwrap());
    }
    let bare = folder.path().join("binary");
    fs::copy(fixtures().join("trimesh.stl"), &bare).unwrap();
    assert_eq!(Reader::new().read_mesh(&bare).unwrap().faces().len(), 20);
    fs::write(folder.path().join("a.doc"), "words").unwrap();
    let error = io::read(folder.path().join("a.doc")).unwrap_err();
    assert!(matches!(error, Error::Extension { .. }), "{error}");
}

#[test]
fn notes_are_no_data() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("readme.txt"), "Scans of 2020\n1 2 3\n").unwrap();
    fs::write(folder.path().join("classes.csv"), "chair,table\n").unwrap();
    fs::write(folder.path().join("points.txt"), "# by hand\n1 2 3\n").unwrap();
    let files = list_files(folder.path()).unwrap();
    assert_eq!(files, [folder.path().join("points.txt")]);
}

#[test]
fn refusals_name_place_found_and_expected() {
    for (name, text, message) in [
        ("t.xyz", "1 2 3\n4 5\n", "t.xyz: line 2: found 2 values, expected 3"),
        ("t.xyz", "1 2 3\n\n4 five 6\n", "t.xyz: line 3: found 'five', expected a number in column 2"),
        ("t.xyz", "# nothing\n", "found no points, expected lines 'x y z'"),
        ("t.obj", "v 0 0 0\nf 1 2 1\n", "t.obj: line 2: found vertex index 2, expected 1 to 1"),
        ("t.obj", "v 0 0 0\nf -2 1 1\n", "t.obj: line 2: found vertex index -2"),
        ("t.obj", "v 0 0 q\n", "t.obj: line 1: found 'q', expected a number"),
        (
            "t.stl",
            "solid a\nfacet normal 0 0 1\nvertex 0 0\n",
            "t.stl: line 3: found '', expected a coordinate",
        ),
        (
            "t.stl",
            "solid a\nfacet normal 0 0 1\nendfacet\n",
            "line 3: found a facet of 0 vertices, expected 3",
        ),
        (
            "t.pcd",
            "FIELDS x y\nSIZE 4 4\nTYPE F F\nPOINTS 0\nDATA ascii\n",
            "found columns 'x', 'y', expected columns",
        ),
        (
            "t.pcd",
            "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 2\nDATA ascii\n1 2 3\n",
            "t.pcd: line 7: found the end of the file after 1 points, expected 2",
        ),
        (
            "t.pcd",
            "FIELDS x\nSIZE 3\nTYPE F\nPOINTS 2\nDATA ascii\n",
            "line 5: found field 'x' of type F3, expected",
        ),
        ("t.npy", "nothing", "t.npy: byte 0: found 'nothin', expected the magic bytes of NPY"),
        ("t.npz", "nothing", "expected a ZIP archive of NPY arrays"),
        ("t.las", "LASF", "t.las: byte 0: found 4 bytes, expected 'LASF' and a header"),
    ] {
        let error = Reader::new().parse(text.as_bytes(), name).unwrap_err().to_string();
        assert!(error.contains(message), "{error}\nlacks\n{message}");
    }
}

#[test]
fn text_tables_of_many_kinds() {
    let parse = |text: &str| Reader::new().parse(text.as_bytes(), "t.xyz").unwrap().cloud;
    for text in
        ["1;2;3;4\n", "1\t2\t3\t4\n", "1, 2, 3, 4,\n", "// by hand\r\n1 2 3 4 # end\r\n", "1\n1 2 3 4\n"]
    {
        let cloud = parse(text);
        assert_eq!(cloud.positions(), [[1.0, 2.0, 3.0]], "{text}");
        assert_eq!(cloud.labels(), None, "{text}");
        assert_eq!(cloud.property("column_4").unwrap().values, [4.0], "{text}");
    }
    let cloud = parse("z,\"Y\",x,note\n3,2,1,0.5\n");
    assert_eq!(cloud.positions(), [[1.0, 2.0, 3.0]]);
    assert_eq!(cloud.property("note").unwrap().values, [0.5]);
    assert_eq!(parse("501234.567 5400010.123 1\n").point(0), [501_234.567, 5_400_010.123, 1.0]);
}

fn damage(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    for _ in 0..rng.random_range(1..4) {
        if bytes.is_empty() {
            return;
        }
        // Half of the damage hits the header.
        let end = if rng.random() { bytes.len() } else { bytes.len().min(400) };
        let at = rng.random_range(0..end);
        match rng.random_range(0..6) {
            0 => bytes.truncate(at),
            1 => bytes[at] = rng.random(),
            2 => bytes[at] ^= 1 << rng.random_range(0..8),
            3 => _ = bytes.remove(at),
            4 => bytes[at] = 0xff,
            _ => bytes.insert(at, b'0' + rng.random_range(0..10)),
        }
    }
}

#[test]
fn damaged_files_never_panic_hang_or_eat_memory() {
    // The decompressor of LAZ may panic inside, which is caught; its message would only be noise here.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        if !place.contains("laz-") {
            eprintln!("{info}");
        }
    }));
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    for path in list_files(fixtures()).unwrap() {
        let whole = fs::read(&path).unwrap();
        let check = |bytes: &[u8], what: &str| {
            let start = Instant::now();
            let _ = Reader::new().parse(bytes, &path);
            let took = start.elapsed();
            assert!(took < Duration::from_secs(2), "{} {what}: {took:?}", path.display());
        };
        for length in 0..whole.len() {
            check(&whole[..length], "cut");
        }
        for _ in 0..2000 {
            let mut bytes = whole.clone();
            damage(&mut bytes, &mut rng);
            check(&bytes, "damaged");
        }
    }
    let _ = std::panic::take_hook();
    // What the process ever held, where the system tells.
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap_or(0);
        assert!(kilobytes < 600_000, "{kilobytes} kB");
    }
}
