//! The memory for reading files and for prediction: what does not fit is refused before it is taken.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use common::Workplace;

/// Points of the files: more than files that are read without a look at the memory have.
const POINTS: usize = 60_000;

/// The files that are read as a whole.
const WHOLE: [&str; 2] = ["tags.ply", "wide.xyz"];

/// Runs the program with so many megabytes.
fn pointwise(megabytes: u64, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointwise"));
    command.args(arguments).current_dir(folder).env("POINTWISE_MEMORY", megabytes.to_string());
    command.output().unwrap()
}

/// Checks that the command is refused with 5 MB, names both figures and the way out, and works with `--force`.
fn is_refused(folder: &Path, arguments: &[&str], parts: &[&str]) {
    let output = pointwise(5, folder, arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
    for part in ["takes about", "but 5 MB of memory are available (the variable POINTWISE_MEMORY)", "--force"]
        .iter()
        .chain(parts)
    {
        assert!(message.contains(part), "{arguments:?}: {message}\nlacks\n{part}");
    }
    let forced = pointwise(5, folder, &[arguments, &["--force"]].concat());
    assert!(forced.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&forced.stderr));
}

/// Files of the two kinds that are read as a whole, and one of every kind that needs a temporary file.
fn files(folder: &Path) -> Vec<&'static str> {
    let positions: Vec<[f32; 3]> =
        (0..POINTS).map(|i| [(i % 200) as f32, (i / 200) as f32, (i % 7) as f32 * 0.5]).collect();
    let vertices: Vec<String> = positions.iter().map(|[x, y, z]| format!("{x} {y} {z}")).collect();
    let off = format!("OFF\n{POINTS} 0 0\n{}\n", vertices.join("\n"));
    let obj: String = vertices.iter().map(|row| format!("v {row}\n")).collect();
    let mut stl = vec![0; 80];
    stl.extend((POINTS as u32 - 2).to_le_bytes());
    for corners in positions.windows(3) {
        stl.extend([0; 12]);
        stl.extend(corners.iter().flatten().flat_map(|v| v.to_le_bytes()));
        stl.extend([0; 2]);
    }
    let row = |[x, y, z]: &[f32; 3]| [*x, *y, *z, 0.25].map(f32::to_le_bytes).concat();
    let scan: Vec<u8> = positions.iter().flat_map(row).collect();
    // Columns one after the other, as Fortran stores an array.
    let columns: Vec<u8> =
        (0..3).flat_map(|axis| positions.iter().flat_map(move |p| p[axis].to_le_bytes())).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': True, 'shape': ({POINTS}, 3), }}\n");
    let npy = [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &columns]
        .concat();
    // A list among the properties of the points.
    let head = format!(
        "ply\nformat binary_little_endian 1.0\nelement vertex {POINTS}\nproperty float x\nproperty float y\nproperty float z\n\
         property list uchar uchar tags\nend_header\n"
    );
    let tagged = positions.iter().flat_map(|p| [p.map(f32::to_le_bytes).concat(), vec![1, 7]].concat());
    let ply: Vec<u8> = head.into_bytes().into_iter().chain(tagged).collect();
    let wide = vertices.iter().flat_map(|row| format!("{row}\n").encode_utf16().collect::<Vec<_>>());
    let wide = [0xfeff].into_iter().chain(wide).flat_map(u16::to_le_bytes).collect();
    let files: [(&str, Vec<u8>); 7] = [
        ("mesh.off", off.into_bytes()),
        ("a.obj", obj.into_bytes()),
        ("c.stl", stl),
        ("000000.bin", scan),
        ("columns.npy", npy),
        ("tags.ply", ply),
        ("wide.xyz", wide),
    ];
    files
        .map(|(name, bytes)| {
            fs::write(folder.join(name), bytes).unwrap();
            name
        })
        .to_vec()
}

#[test]
fn files_that_are_read_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in files(folder) {
        let to = format!("out/{name}.ply");
        if !WHOLE.contains(&name) {
            for arguments in [&["inspect", name][..], &["convert", name, &to]] {
                let output = pointwise(5, folder, arguments);
                assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            }
            is_refused(
                folder,
                &["convert", name, &to, "--points", "100", "--overwrite"],
                &["without --points"],
            );
            continue;
        }
        let parts = ["reading this", "as a whole", "is read block by block"];
        is_refused(folder, &["inspect", name], &[&parts[..], &[name]].concat());
        is_refused(folder, &["convert", name, &to], &parts);
        assert!(pointwise(500, folder, &["inspect", name]).status.success(), "{name}");
    }
    // A folder: the refused file is left out, or ends the work.
    let output = pointwise(5, folder, &["convert", "tags.ply", "a.obj", "all", "--skip-bad"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("skipped: tags.ply: reading this ply file"), "{message}");
    let all = pointwise(60, folder, &["convert", "tags.ply", "a.obj", "000000.bin", "every"]);
    assert!(all.status.success(), "{}", String::from_utf8_lossy(&all.stderr));
}

/// The most memory that a conversion takes, in megabytes.
fn peak(folder: &Path, arguments: &[&str]) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointwise"));
    command.args(arguments).current_dir(folder).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(common::peak(&child).unwrap_or(0));
        thread::sleep(Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success(), "{arguments:?}");
    most as f64 / 1e6
}

#[test]
fn the_estimate_is_within_a_quarter_of_the_peak() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let n = 1_500_000_usize;
    let scan: Vec<u8> = (0..n)
        .flat_map(|i| [i % 1013, i % 977, i % 11, i % 7].map(|v| (v as f32 * 0.25).to_le_bytes()).concat())
        .collect();
    fs::write(folder.join("000000.bin"), &scan).unwrap();
    let rows = |start: &'static str, n: usize| {
        (0..n).map(move |i| format!("{start}{} {}.25 {}\n", i % 1013, i % 977, i % 11))
    };
    let faces = (1..n / 3 - 2).map(|i| format!("f {i} {} {}\n", i + 1, i + 2));
    fs::write(folder.join("a.obj"), rows("v ", n / 3).chain(faces).collect::<String>()).unwrap();
    fs::write(folder.join("a.xyz"), rows("", n).collect::<String>()).unwrap();
    assert!(pointwise(1000, folder, &["convert", "a.xyz", "a.laz"]).status.success());
    for input in ["000000.bin", "a.obj", "a.xyz", "a.laz"] {
        let arguments = ["convert", input, "out.ply", "--overwrite", "--quiet", "--points", "1000"];
        let refused = String::from_utf8(pointwise(1, folder, &arguments).stderr).unwrap();
        let (_, estimate) =
            refused.split_once("takes about ").unwrap_or_else(|| panic!("{input}: {refused}"));
        let estimate: f64 = estimate.split_once(" MB").unwrap().0.parse().unwrap();
        let found = peak(folder, &arguments);
        println!("{input}: {estimate} MB expected, {found:.0} MB found");
        assert!(
            (0.75..=1.25).contains(&(estimate / found)),
            "{input}: {estimate} MB expected, {found} MB found"
        );
    }
}

/// Columns that the network is not given pass through in blocks.
#[test]
fn a_labelled_scene_is_not_in_memory_as_a_whole() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let n = 1_500_000;
    let row = |i: usize| {
        let (x, y, t) = (i % 1225, i / 1225, i as f64 * 0.37);
        format!(
            "{}.{:03},{}.{:03},{},{},{t},{},{},{}\n",
            x / 200,
            x % 200 * 5,
            y / 200,
            y % 200 * 5,
            i % 3,
            i % 4000,
            i % 7,
            i % 5,
            i % 200
        )
    };
    let header = "x,y,z,intensity,gps_time,point_source_id,return_number,user_data\n";
    fs::write(folder.join("a.csv"), header.to_owned() + &(0..n).map(row).collect::<String>()).unwrap();
    assert!(pointwise(1000, folder, &["convert", "a.csv", "a.laz"]).status.success());
    for input in ["a.csv", "a.laz"] {
        let found = peak(
            folder,
            &[
                "predict",
                "rooms",
                input,
                "--output",
                input.trim_start_matches("a."),
                "--memory",
                "80",
                "--quiet",
            ],
        );
        // The program, the regions, some blocks, and 60 bytes for a point.
        let most = 40.0 + 80.0 + 50.0 + 60.0 * n as f64 / 1e6;
        println!("{input}: {found:.0} MB found, at most {most:.0} MB");
        assert!(found <= most, "{input}: {found} MB");
    }
    let labelled = pointcloud::io::read(folder.join("laz/a.pred.laz")).unwrap();
    let names: Vec<&str> = labelled.properties().iter().map(|property| property.name.as_str()).collect();
    assert_eq!(labelled.len(), n);
    for name in ["intensity", "gps_time", "point_source_id", "return_number", "user_data"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn files_that_are_read_block_by_block_pass_unless_points_are_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text: String = (0..POINTS)
        .map(|i| format!("{} {} {}\n", i * 7919 % 65_537, i * 104_729 % 65_521, i * 31 % 4093))
        .collect();
    fs::write(folder.join("a.xyz"), text).unwrap();
    for name in ["a.ply", "a.laz", "a.pcd", "a.npy", "a.csv", "b.ply"] {
        let output = pointwise(5, folder, &["convert", "a.xyz", name]);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let inspected = pointwise(5, folder, &["inspect", name]);
        assert!(inspected.status.success(), "{name}: {}", String::from_utf8_lossy(&inspected.stderr));
        // So few points in LAZ are a file that is read without a look at the memory.
        if name != "a.laz" {
            let few = format!("few/{name}");
            is_refused(folder, &["convert", name, &few, "--points", "100"], &["without --points"]);
        }
    }
}

#[test]
fn a_list_goes_on_after_a_file_that_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    files(folder);
    fs::write(folder.join("small.off"), "OFF\n3 0 0\n0 0 0\n1 0 0\n0 1 0\n").unwrap();
    fs::write(folder.join("list.txt"), "tags.ply\nsmall.off\nwide.xyz\n").unwrap();
    let output = pointwise(5, folder, &["convert", "--list", "list.txt", "out", "--shard", "0/1"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(folder.join("out/small.ply").exists() && !folder.join("out/tags.ply").exists(), "{message}");
    let rows = fs::read_dir(folder.join("out")).unwrap().flatten();
    let journal: Vec<PathBuf> = rows
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    let journal = fs::read_to_string(&journal[0]).unwrap();
    assert!(journal.contains("but 5 MB of memory are available"), "{journal}");
}

#[test]
fn predictions() {
    let place = Workplace::new();
    place.train(&["train.epochs=1"], "run", false).unwrap();
    let root = place.path("");
    files(&root);
    // A classifier goes on with the other files.
    let small = "set/block/test";
    let small = fs::read_dir(place.path(small)).unwrap().flatten().next().unwrap().path();
    let output = pointwise(5, &root, &["predict", "run", "a.obj", small.to_str().unwrap()]);
    let (message, text) =
        (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(message.contains("error: a.obj: reading this obj file as a whole takes about"), "{message}");
    assert!(message.contains("cut it into smaller files") && message.contains("1 of 2 files"), "{message}");
    assert!(text.contains(".ply  "), "{text}");
    is_refused(&root, &["predict", "run", "a.obj"], &["cut it into smaller files"]);

    // A scene is refused before it is read, or before its parts are labelled.
    is_refused(
        &root,
        &["predict", "rooms", "tags.ply", "--overwrite"],
        &["reading this ply file as a whole"],
    );
    let output = pointwise(60, &root, &["predict", "rooms", "tags.ply", "--overwrite"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("tags.ply: labelling 60000 points takes about"), "{message}");
    assert!(message.contains("allow less for the parts of the scene with --memory"), "{message}");

    // A network on so many points does not fit, however small the files are.
    place.train(&["train.epochs=1", "model.head=pooled", "data.order=none"], "pooled", false).unwrap();
    let config = fs::read_to_string(place.path("pooled/config.toml")).unwrap();
    let many = config.replace("points = 48", "points = 50000000");
    assert_ne!(config, many);
    fs::write(place.path("pooled/config.toml"), many).unwrap();
    let output = pointwise(5, &root, &["predict", "pooled", small.to_str().unwrap()]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("the network on 50000000 points of each file (data.points of the run) takes about"),
        "{message}"
    );
}

#[test]
fn misspelt_names_get_the_nearest_one() {
    let place = Workplace::new();
    place.train(&["train.epochs=1"], "runs/tiny", false).unwrap();
    fs::write(place.path("scan.xyz"), "0 0 1\n0 2 0\n").unwrap();
    let root = place.path("");
    for (arguments, near) in [
        (&["train", "tinny.toml"][..], "tiny.toml"),
        (&["train", "tiny"], "tiny.toml"),
        (&["train", "--data", "sett"], "set"),
        (&["train", "tiny.toml", "--from", "runs/tinny"], "runs/tiny"),
        (&["inspect", "scan.xzy"], "scan.xyz"),
        (&["inspect", "runs/tinny"], "runs/tiny"),
        (&["inspect", "run/tiny"], "runs/tiny"),
        (&["predict", "runs/tinny", "scan.xyz"], "runs/tiny"),
        (&["predict", "runs/tiny", "scann.xyz"], "scan.xyz"),
        (&["predict", "shape10", "scan.xyz"], "shapes10"),
        (&["eval", "runs/tinny"], "runs/tiny"),
        (&["eval", "runs/tiny", "--data", "sett"], "set"),
        (&["report", "runs/tiny", "runs/tniy"], "runs/tiny"),
        (&["convert", "scam.xyz", "out.ply"], "scan.xyz"),
    ] {
        let output = pointwise(100_000, &root, arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        assert!(message.contains(&format!("did you mean {near}?")), "{arguments:?}: {message}");
    }
    let output = pointwise(100_000, &root, &["inspect", "elsewhere.ply"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!message.contains("did you mean"), "{message}");
}
