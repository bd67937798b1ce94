//! Folder data sets: listing, loading, and what is said about folders that are none.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use pointcloud::dataset::{FolderDataset, list_files, load_samples};
use pointcloud::io::{self, PlyFormat, Reader, readable_extensions, write_ply};
use pointcloud::transform::Sampling;
use pointcloud::{Error, PointCloud};

const TRIANGLE: &str = "OFF\n3 1 0\n0 0 0\n2 0 0\n0 2 0\n3 0 1 2\n";

fn put(path: &Path, contents: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

fn put_cloud(path: &Path, n: usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let positions = (0..n).map(|i| [i as f32, 1.0, 2.0]).collect();
    write_ply(path, &PointCloud::new(positions), PlyFormat::Ascii).unwrap();
}

/// Two classes; `b` has a mesh, a file that lies about its type and things to be left out.
fn dataset(root: &Path) {
    put_cloud(&root.join("a/train/a_2.ply"), 5);
    put_cloud(&root.join("a/train/a_1.PLY"), 7);
    put_cloud(&root.join("a/test/a_3.ply"), 3);
    put(&root.join("b/train/b_1.off"), TRIANGLE);
    put(&root.join("b/train/.b_0.off"), "hidden");
    put(&root.join("b/train/readme.txt"), "other type");
    put(&root.join("b/val/b_9.off"), TRIANGLE);
    put(&root.join("classes.txt"), "loose");
    put(&root.join(".cache/x/y.ply"), "hidden");
}

#[test]
fn listing_is_sorted_and_leaves_out_what_is_no_sample() {
    let folder = tempfile::tempdir().unwrap();
    dataset(folder.path());
    let dataset = FolderDataset::open(folder.path()).unwrap();
    assert_eq!(dataset.classes(), ["a", "b"]);
    assert_eq!(dataset.splits().collect::<Vec<_>>(), ["test", "train", "val"]);
    let names: Vec<_> = dataset
        .split("train")
        .unwrap()
        .iter()
        .map(|sample| (sample.path.file_name().unwrap().to_str().unwrap(), sample.class))
        .collect();
    assert_eq!(names, [("a_1.PLY", 0), ("a_2.ply", 0), ("b_1.off", 1)]);
    let error = dataset.split("trian").unwrap_err().to_string();
    assert!(error.ends_with("no split 'trian'; the data set has 'test', 'train', 'val'"), "{error}");
    assert_eq!(list_files(folder.path().join("a/train")).unwrap().len(), 2);
}

#[test]
fn folders_that_are_no_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    put(&at("file"), "");
    put(&at("half/bed/train/bed_1.ply"), "");
    put(&at("half/chair/chair_1.ply"), "");
    put(&at("useless/chair/train/chair_1.fbx"), "");
    fs::create_dir_all(at("hollow/chair")).unwrap();
    for (name, found) in [
        ("missing", "missing: found nothing, expected a folder of <class>/<split>/<file>"),
        ("file", "file: found a file, expected a folder of"),
        ("empty", "empty: found an empty folder, expected class folders: <class>/<split>/<file>"),
        (
            "half",
            "chair: found 0 folders, 1 readable files (first: chair_1.ply), 0 other files, expected split",
        ),
        ("hollow", "chair: found an empty folder, expected split folders such as train and test"),
        ("useless", "useless: found 1 classes with 1 files of other types, expected files of type ply, off"),
    ] {
        let error = FolderDataset::open(at(name)).unwrap_err().to_string();
        assert!(error.contains(found), "{error}\nlacks\n{found}");
    }
    assert!(matches!(list_files(at("empty")), Err(Error::Layout { .. })));
    assert!(matches!(list_files(at("missing")), Err(Error::Io { action: "list", .. })));
}

#[test]
fn loading_is_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    dataset(folder.path());
    let dataset = FolderDataset::open(folder.path()).unwrap();
    let samples = dataset.split("train").unwrap();
    for sampling in [Sampling::Random, Sampling::Farthest, Sampling::First] {
        let reader = Reader::new().points(6).sampling(sampling).seed(3);
        let load = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let calls = Mutex::new(Vec::new());
            let progress = |done| calls.lock().unwrap().push(done);
            let loaded = pool.install(|| load_samples(samples, &reader, false, &progress)).unwrap();
            let mut calls = calls.into_inner().unwrap();
            calls.sort_unstable();
            assert_eq!(calls, [1, 2, 3]);
            loaded.clouds
        };
        let clouds = load(1);
        assert_eq!(clouds, load(3));
        assert!(clouds.iter().all(|loaded| loaded.cloud.len() == 6));
        assert_eq!(clouds[2].class, 1);
        assert!(clouds[2].cloud.normals().is_some(), "drawn from the surface");
        let other = reader.clone().seed(4);
        assert_ne!(load_samples(samples, &other, false, &|_| {}).unwrap().clouds, clouds);
    }
    let all = load_samples(samples, &Reader::new(), false, &|_| {}).unwrap().clouds;
    assert_eq!(all.iter().map(|loaded| loaded.cloud.len()).collect::<Vec<_>>(), [7, 5, 3]);
    let vertices = Reader::new().points(3).surfaces(false);
    let drawn = load_samples(samples, &vertices, false, &|_| {}).unwrap().clouds;
    assert!(drawn[2].cloud.normals().is_none());
}

#[test]
fn bad_files_end_the_load_or_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    dataset(folder.path());
    let at = |name: &str| folder.path().join("b/train").join(name);
    put(&at("b_2.off"), "OFF\n1 0 0\n0 nan 0\n");
    put(&at("b_3.ply"), "ply\n");
    put(&at("b_4.off"), "OFF\n0 0 0\n");
    put(&at("b_5.off"), "OFF\n3 1 0\n0 0 0\n1 1 1\n2 2 2\n3 0 1 2\n");
    let dataset = FolderDataset::open(folder.path()).unwrap();
    let samples = dataset.split("train").unwrap();

    let reader = Reader::new().points(4);
    let error = load_samples(samples, &reader, false, &|_| {}).unwrap_err().to_string();
    assert!(
        error.contains(
            "b_2.off: point 0: found position (0, NaN, 0), expected finite coordinates; --drop-invalid"
        ),
        "{error}"
    );

    let loaded = load_samples(samples, &reader, true, &|_| {}).unwrap();
    assert_eq!(loaded.clouds.len(), 3);
    let reasons: Vec<String> = loaded.skipped.iter().map(|skipped| skipped.error.to_string()).collect();
    for (reason, (name, part)) in reasons.iter().zip([
        ("b_2.off", "found position (0, NaN, 0)"),
        ("b_3.ply", "line 2: found the end of the file, expected 'end_header'"),
        ("b_4.off", "found no points, expected at least one"),
        ("b_5.off", "mesh has no surface to sample: 1 faces, total area 0"),
    ]) {
        assert!(reason.contains(name) && reason.contains(part), "{reason}");
    }
    assert_eq!(loaded.skipped.len(), 4);
    assert_eq!(loaded.skipped[0].path, at("b_2.off"));
}

#[test]
fn geometry_follows_extension_and_content() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    put(&at("mesh.OFF"), TRIANGLE);
    put(&at("points.off"), "OFF\n2 0 0\n0 0 0\n1 1 1\n");
    put(&at("cloud.xyz"), "0 0 0\n");
    put(&at("cloud.abc"), "0 0 0\n");
    put(
        &at("mesh.ply"),
        "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n\
         element face 1\nproperty list uchar int vertex_index\nend_header\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3\n",
    );
    let read_mesh = |name: &str| Reader::new().read_mesh(at(name));
    assert_eq!(read_mesh("mesh.OFF").unwrap().faces().len(), 1);
    let points = read_mesh("points.off").unwrap();
    assert_eq!((points.vertices().len(), points.faces().len()), (2, 0));
    assert_eq!(read_mesh("mesh.ply").unwrap().faces(), [[0, 1, 2], [0, 2, 3]]);
    assert_eq!(io::read(at("mesh.ply")).unwrap().len(), 4);
    assert_eq!(io::read(at("cloud.xyz")).unwrap().len(), 1);
    let error = io::read(at("cloud.abc")).unwrap_err().to_string();
    let known = readable_extensions().join(", ");
    assert!(
        error.ends_with(&format!("cloud.abc: found extension 'abc', expected one of: {known}")),
        "{error}"
    );
    let error = io::read(at("none.ply")).unwrap_err().to_string();
    assert!(error.contains("none.ply: cannot read: "), "{error}");

    let text = fs::read_to_string(at("mesh.ply")).unwrap().replace("4 0 1 2 3", "4 0 1 2 4");
    put(&at("broken.ply"), &text);
    let error = read_mesh("broken.ply").unwrap_err().to_string();
    assert!(error.ends_with("face 0: found vertex index 4, expected 0 to 3 (4 vertices)"), "{error}");
    assert_eq!(io::read(at("broken.ply")).unwrap().len(), 4, "points do not need the faces");
}
