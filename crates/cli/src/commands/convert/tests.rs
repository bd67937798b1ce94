//! Conversions without the binary.

use std::fs;

use super::*;

const TRIANGLE: &str = "OFF\n3 1 0\n0 0 0\n2 0 0\n0 2 0\n3 0 1 2\n";

fn command(input: PathBuf, output: PathBuf) -> Convert {
    Convert {
        paths: vec![input, output],
        list: ListOptions::default(),
        existing: Existing { overwrite: true, resume: false },
        points: None,
        sampling: SamplingArgument::Random,
        seed: 1,
        skip_bad: false,
        format: None,
        test_rooms: "Area_5".into(),
        columns: String::new(),
        drop_invalid: false,
        strict: false,
        force: false,
        quiet: true,
    }
}

fn tree(root: &Path) -> PathBuf {
    let input = root.join("in");
    fs::create_dir_all(input.join("a/train")).unwrap();
    fs::write(input.join("a/train/1.off"), TRIANGLE).unwrap();
    fs::write(input.join("b.csv"), "x,y,z,intensity\n1,2,3,0.5\n4,5,6,1.5\n").unwrap();
    fs::write(input.join("notes.txt"), "words").unwrap();
    input
}

#[test]
fn a_tree_keeps_its_folders_and_columns() {
    let root = tempfile::tempdir().unwrap();
    let (input, output) = (tree(root.path()), root.path().join("out"));
    command(input.clone(), output.clone()).run().unwrap();
    let cloud = pointcloud::io::read(output.join("b.ply")).unwrap();
    assert_eq!(cloud.property("intensity").unwrap().values, [0.5, 1.5]);
    assert_eq!(pointcloud::io::read(output.join("a/train/1.ply")).unwrap().len(), 3);
    assert!(!output.join("notes.ply").exists());

    let sampled = Convert { points: Some(50), ..command(input, output.clone()) };
    sampled.run().unwrap();
    let cloud = pointcloud::io::read(output.join("a/train/1.ply")).unwrap();
    assert_eq!((cloud.len(), cloud.normals().unwrap()[0]), (50, [0.0, 0.0, 1.0]));
}

#[test]
fn bad_files_end_the_work_or_are_skipped() {
    let root = tempfile::tempdir().unwrap();
    let (input, output) = (tree(root.path()), root.path().join("out"));
    fs::write(input.join("a/bad.ply"), "ply\nformat\n").unwrap();
    let error = command(input.clone(), output.clone()).run().unwrap_err();
    assert!(error.to_string().contains("bad.ply: line 2: found 'format'"), "{error}");
    let skip = Convert { skip_bad: true, ..command(input, output.clone()) };
    assert_eq!(format!("{:?}", skip.run().unwrap()), format!("{:?}", ExitCode::SUCCESS));
    assert!(output.join("b.ply").exists() && !output.join("a/bad.ply").exists());
}

#[test]
fn inputs_are_never_overwritten() {
    let root = tempfile::tempdir().unwrap();
    let input = tree(root.path());
    let csv = input.join("b.csv");
    let before = fs::read(&csv).unwrap();
    let same = command(csv.clone(), input.join("a/../b.csv")).run().unwrap_err().to_string();
    assert!(same.contains("is an input and would be overwritten"), "{same}");
    let folder = Convert { format: Some("csv".into()), ..command(input.clone(), input.clone()) };
    assert!(folder.run().unwrap_err().to_string().contains("is an input"));
    assert_eq!(fs::read(&csv).unwrap(), before);

    fs::write(input.join("b.off"), TRIANGLE).unwrap();
    let twice = command(input.clone(), root.path().join("out")).run().unwrap_err().to_string();
    assert!(twice.contains("would both become"), "{twice}");
    let odd = command(csv, root.path().join("a.doc")).run().unwrap_err().to_string();
    assert!(odd.contains("found extension 'doc', expected one of: ply"), "{odd}");
}
