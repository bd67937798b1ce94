//! Labels in files of their own: every kind beside points of every format.

use std::fs;
use std::path::Path;

use pointcloud::io::{self, OnlyColumns, Reader};
use pointcloud::scene::SceneCache;
use pointcloud::{PointCloud, dataset};

/// Points of several blocks of text.
const POINTS: usize = 80_000;

fn label(i: usize) -> i32 {
    (i * i % 251) as i32
}

fn npy(kind: &str, shape: &str, numbers: Vec<u8>) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let start = [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat();
    [start, numbers].concat()
}

fn lines(format: impl Fn(i32) -> String) -> Vec<u8> {
    (0..POINTS).map(|i| format(label(i))).collect::<String>().into_bytes()
}

/// Every name of a label file, for points called `a`, and its contents.
fn label_files() -> Vec<(&'static str, Vec<u8>)> {
    let kitti: Vec<u8> = (0..POINTS).flat_map(|i| (label(i) as u32 | 7 << 16).to_le_bytes()).collect();
    let long: Vec<u8> = (0..POINTS).flat_map(|i| i64::from(label(i)).to_le_bytes()).collect();
    let short: Vec<u8> = (0..POINTS).map(|i| label(i) as u8).collect();
    vec![
        ("labels/a.label", kitti.clone()),
        ("points/a.label", kitti),
        ("points/a.label", lines(|label| format!("{label}\n"))),
        ("points/a.labels", lines(|label| format!("{label}\r\n"))),
        ("points_label/a.seg", lines(|label| format!("{label}\n"))),
        // As `numpy.savetxt` writes it.
        ("points/a.seg", lines(|label| format!("{label:.18e}\n"))),
        ("points/a_label.npy", npy("<i8", &format!("({POINTS},)"), long)),
        ("points/a_labels.npy", npy("|u1", &format!("({POINTS}, 1)"), short.clone())),
        ("points/a_label.txt", lines(|label| format!("{label}\n\n"))),
        (
            "points/a_labels.txt",
            [&b"\xef\xbb\xbf# class of every point\n"[..], &lines(|label| format!("{label} # {label}\n"))]
                .concat(),
        ),
        ("points/a_label.npy", npy("|u1", &format!("(1, {POINTS})"), short.clone())),
        ("points/a_lidarseg.bin", short),
    ]
}

/// The same points in files of several formats.
fn clouds(folder: &Path) -> Vec<std::path::PathBuf> {
    let points: Vec<[f32; 3]> = (0..POINTS).map(|i| [i as f32, (i % 311) as f32 * 0.5, 1.0]).collect();
    let cloud = PointCloud::new(points.clone());
    let mut files = Vec::new();
    for extension in ["ply", "pcd", "npy", "xyz", "csv"] {
        let file = folder.join(extension).join("points").join("a").with_extension(extension);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        io::write(&file, &cloud).unwrap();
        files.push(file);
    }
    let rows = |row: &dyn Fn(&[f32; 3]) -> String| points.iter().map(row).collect::<String>();
    let off = rows(&|[x, y, z]| format!("{x} {y} {z}\n"));
    let obj = rows(&|[x, y, z]| format!("v {x} {y} {z}\n"));
    // Lines that are no points.
    let txt = rows(&|[x, y, z]| format!("{x} {y} {z} 1 # a comment\n# none\n\n"));
    for (extension, text) in
        [("off", format!("OFF\n{POINTS} 0 0\n{off}")), ("obj", obj), ("txt", format!("{POINTS}\n{txt}"))]
    {
        let file = folder.join(extension).join("points").join("a").with_extension(extension);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        files.push(file);
    }
    files
}

#[test]
fn every_kind_of_label_file_beside_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let expected: Vec<i32> = (0..POINTS).map(label).collect();
    for cloud in clouds(folder.path()) {
        let root = cloud.parent().unwrap().parent().unwrap();
        for (name, bytes) in label_files() {
            let what = format!("{} and {name}", cloud.display());
            let labels = root.join(name);
            fs::create_dir_all(labels.parent().unwrap()).unwrap();
            fs::write(&labels, bytes).unwrap();
            let contents = Reader::new().open(&cloud).unwrap();
            assert_eq!(contents.cloud.labels(), Some(expected.as_slice()), "{what}");
            let is_kitti = contents.cloud.property("instance").is_some();
            let columns = if is_kitti { "label and instance" } else { "label" };
            let file = labels.file_name().unwrap().to_string_lossy().into_owned();
            assert!(
                contents.notes.contains(&format!("{columns} from {file}")),
                "{what}: {:?}",
                contents.notes
            );
            let summary = io::inspect(&cloud).unwrap();
            assert!(summary.properties.contains(&"label".to_owned()), "{what}: {:?}", summary.properties);
            let only = OnlyColumns { labels: true, ..OnlyColumns::default() };
            let only = Reader::new().only(only).read(&cloud).unwrap();
            assert_eq!(only.labels(), Some(expected.as_slice()), "{what}");
            let chosen = Reader::new().points(100).surfaces(false).read(&cloud).unwrap();
            let of_point = |(point, found): (&[f32; 3], &i32)| *found == label(point[0] as usize);
            assert!(chosen.positions().iter().zip(chosen.labels().unwrap()).all(of_point), "{what}");
            let to = folder.path().join("out.ply");
            assert_eq!(Reader::new().convert(&cloud, &to, true).unwrap(), [""; 0], "{what}");
            assert_eq!(io::read(&to).unwrap().labels(), Some(expected.as_slice()), "{what}");
            // The labels are no file with points.
            assert_eq!(
                dataset::list_files(cloud.parent().unwrap()).unwrap(),
                std::slice::from_ref(&cloud),
                "{what}"
            );
            fs::remove_file(labels).unwrap();
        }
        assert_eq!(io::read(&cloud).unwrap().labels(), None);
    }
}

#[test]
fn wrong_label_files_are_refused_with_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.xyz"), "1 2 3\n4 5 6\n7 8 9\n").unwrap();
    fs::write(path("a.ply"), "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\nend_header\n1 2 3\n4 5 6\n7 8 9\n").unwrap();
    for (name, bytes, part) in [
        ("a.labels", &b"1\n2\n"[..], "found 2 labels, expected 3, one for every point of"),
        ("a.labels", b"1\n2\n3\n4\n", "found 4 labels, expected 3, one for every point of"),
        ("a.labels", b"", "found 0 labels, expected 3"),
        ("a.seg", b"1\ntree\n3\n", "line 2: found 'tree', expected a label, a whole number of 32 bits"),
        ("a.seg", b"1\n2\n3.5\n", "line 3: found '3.5', expected a label"),
        ("a.labels", b"1 2\n3 4\n5 6\n", "line 1: found '1 2', expected a label"),
        ("a.label", &[1, 0, 0, 0, 2, 0, 0, 0, 3], "found 9 bytes, expected text, or a multiple of 4"),
        ("a.labels", b"\xff\xfe1\0\n\x002\0\n\x003\0\n\0", "found text in UTF-16"),
        ("a_label.txt", b"1 0.9\n2 0.8\n3 0.7\n", "line 1: found '1 0.9', expected a label"),
        ("a_label.npy", &npy("<U1", "(3,)", vec![0; 12]), "a_label.npy"),
        ("a_label.npy", &npy("|u1", "(3, 2)", vec![0; 6]), "found 2 numbers for every point"),
        ("a_lidarseg.bin", &[1, 2], "found 2 labels, expected 3"),
        (
            "a_label.npy",
            &npy("<f4", "(3,)", [1.0_f32, 2.5, 3.0].map(f32::to_le_bytes).concat()),
            "found 2.5 as the label of point 1",
        ),
        ("a_label.npy", &npy("<f4", "(3,)", vec![0; 8]), "expected 3"),
    ] {
        fs::write(path(name), bytes).unwrap();
        for cloud in ["a.xyz", "a.ply"] {
            for message in [
                io::read(path(cloud)).unwrap_err().to_string(),
                io::inspect(path(cloud)).unwrap_err().to_string(),
                Reader::new().convert(path(cloud), path("out.csv"), false).unwrap_err().to_string(),
            ] {
                assert!(message.contains(part) && message.contains(name), "{name}: {message}");
            }
        }
        fs::remove_file(path(name)).unwrap();
    }
}

#[test]
fn labels_that_are_not_read_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("own.csv"), "x,y,z,class\n1,2,3,8\n").unwrap();
    fs::write(path("own.labels"), "5\n").unwrap();
    let own = Reader::new().open(path("own.csv")).unwrap();
    assert_eq!(own.cloud.labels(), Some([8].as_slice()));
    assert_eq!(own.left_out, ["the labels of own.labels, because the points have labels of their own"]);
    let strict = Reader::new().convert(path("own.csv"), path("out.ply"), true);
    assert!(strict.unwrap_err().to_string().contains("own.labels"));
    // A column with the name of a label that is none.
    fs::write(path("half.csv"), "x,y,z,label\n1,2,3,1.5\n").unwrap();
    fs::write(path("half.labels"), "5\n").unwrap();
    let half = Reader::new().open(path("half.csv")).unwrap();
    assert_eq!(half.cloud.labels(), Some([5].as_slice()));
    assert_eq!(half.cloud.property("label_2").unwrap().values, [1.5]);

    fs::write(path("two.xyz"), "1 2 3\n").unwrap();
    fs::write(path("two.labels"), "5\n").unwrap();
    fs::write(path("two.seg"), "6\n").unwrap();
    let two = Reader::new().open(path("two.xyz")).unwrap();
    assert_eq!(two.cloud.labels(), Some([5].as_slice()));
    assert_eq!(two.left_out, ["the labels of two.seg, because those of two.labels are read"]);

    // nuScenes, whose files have two extensions.
    fs::write(path("n.pcd.bin"), [0; 40]).unwrap();
    fs::write(path("n_lidarseg.bin"), [3, 9]).unwrap();
    assert_eq!(io::read(path("n.pcd.bin")).unwrap().labels(), Some([3, 9].as_slice()));
    let files = dataset::list_files(folder.path()).unwrap();
    assert!(files.contains(&path("n.pcd.bin")) && !files.contains(&path("n_lidarseg.bin")), "{files:?}");

    // Text in UTF-16 is read as a whole.
    let wide: Vec<u8> = "\u{feff}1 2 3\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(path("wide.xyz"), wide).unwrap();
    fs::write(path("wide.labels"), "5\n").unwrap();
    let wide = Reader::new().open(path("wide.xyz")).unwrap();
    assert!(wide.left_out[0].contains("wide.labels"), "{:?}", wide.left_out);
    assert_eq!(io::inspect(path("wide.xyz")).unwrap().left_out, wide.left_out);

    // A name like that of a label file, but points in the file.
    fs::write(path("two_labels.txt"), "1 2 3 4\n").unwrap();
    assert!(dataset::list_files(folder.path()).unwrap().contains(&path("two_labels.txt")));
    assert_eq!(Reader::new().open(path("two.xyz")).unwrap().left_out, two.left_out);
}

/// The folder beside that of the points is found, however the path is written.
#[test]
fn folders_beside_that_of_the_points() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["velodyne/deeper", "labels"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("velodyne/a.xyz"), "1 2 3\n").unwrap();
    fs::write(folder.path().join("labels/a.label"), "4\n").unwrap();
    for path in ["velodyne/a.xyz", "velodyne/./a.xyz", "velodyne/deeper/../a.xyz"] {
        let cloud = io::read(folder.path().join(path)).unwrap();
        assert_eq!(cloud.labels(), Some([4].as_slice()), "{path}");
    }
}

/// A scene whose labels have changed is prepared again.
#[test]
fn the_cache_of_scenes_looks_at_the_labels() {
    let folder = tempfile::tempdir().unwrap();
    let (scene, labels) = (folder.path().join("a.xyz"), folder.path().join("a.labels"));
    fs::write(&scene, "1 2 3\n").unwrap();
    let cache = SceneCache::new(folder.path().join("cache"));
    let labels_of = |text: Option<&str>| {
        text.iter().for_each(|text| fs::write(&labels, text).unwrap());
        let cloud = cache.get_or_prepare(&scene, "", |path: &Path| io::read(path)).unwrap();
        cloud.labels().map(<[i32]>::to_vec)
    };
    assert_eq!(labels_of(None), None);
    assert_eq!(labels_of(Some("4\n")), Some(vec![4]));
    assert_eq!(labels_of(Some("5\n")), Some(vec![5]));
}
