//! Input by people who mean harm: nothing is written outside the output, no terminal obeys a name, nothing hangs or takes the memory.
#![cfg(unix)]

mod common;

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use common::Workplace;

/// Clears a terminal and turns its text red. The last sign is the one-character form of the escape sequence.
const ESCAPE: &str = "\u{1b}[2J\u{1b}[31m\u{9b}31m";
/// How [`ESCAPE`] is printed.
const ESCAPED: &str = "\\u001b[2J\\u001b[31m\\u009b31m";

const CLOUD: &str = "0 0 0\n1 0 0\n0 1 0\n";

/// Most seconds and bytes of a command that refuses its input. An undisturbed prediction takes about 1 s and 60 MB.
const SECONDS: u64 = 60;
const BYTES: u64 = 600 << 20;

/// What a command must say, and whether it must fail.
struct Case<'a> {
    arguments: &'a [&'a str],
    fails: bool,
    parts: &'a [&'a str],
}

const fn refused<'a>(arguments: &'a [&'a str], parts: &'a [&'a str]) -> Case<'a> {
    Case { arguments, fails: true, parts }
}

const fn accepted<'a>(arguments: &'a [&'a str], parts: &'a [&'a str]) -> Case<'a> {
    Case { arguments, fails: false, parts }
}

/// The most memory that a process has held, in bytes; 0 where the system does not say.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| 1024 * line.trim().trim_end_matches(" kB").parse::<u64>().unwrap())
}

/// Runs a command with a limit of time and memory; gives whether it succeeded, and its standard output and standard error.
fn limited(place: &Workplace, arguments: &[&str]) -> (bool, String, String) {
    let mut command = place.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let read = |mut pipe: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).unwrap();
            String::from_utf8(bytes).unwrap()
        })
    };
    let out = read(Box::new(child.stdout.take().unwrap()));
    let err = read(Box::new(child.stderr.take().unwrap()));
    let (started, mut most) = (Instant::now(), 0);
    let status = loop {
        most = peak(child.id()).max(most);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > Duration::from_secs(SECONDS) || most > BYTES {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{arguments:?}: {:?}, {} MB and no end", started.elapsed(), most >> 20);
        }
        thread::sleep(Duration::from_millis(2));
    };
    assert!(status.code().is_some_and(|code| code < 2), "{arguments:?}: {status}");
    (status.success(), out.join().unwrap(), err.join().unwrap())
}

/// Runs all cases. No output may have a control character, and none may panic.
fn check(place: &Workplace, cases: &[Case<'_>]) {
    for Case { arguments, fails, parts } in cases {
        let (succeeded, out, err) = limited(place, arguments);
        let text = format!("{out}{err}");
        assert_eq!(succeeded, !fails, "{arguments:?}: {text}");
        let bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        assert!(!text.contains(bad), "{arguments:?}: {text:?}");
        assert!(!text.contains("panicked"), "{arguments:?}: {text}");
        let told = err.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(told, usize::from(*fails), "{arguments:?}: {text}");
        for part in *parts {
            assert!(text.contains(part), "{arguments:?}: {part:?} is missing in:\n{text}");
        }
    }
}

fn write(place: &Workplace, path: &str, contents: impl AsRef<[u8]>) {
    let path = place.path(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

/// A place with the run `run` of the tiny config.
fn trained() -> Workplace {
    let place = Workplace::new();
    place.succeed(&["train", "tiny.toml", "--quiet", "--output", "run"]);
    place
}

#[test]
fn names_of_files_and_folders() {
    let place = trained();
    for class in ["cup", &format!("mug{ESCAPE}")] {
        write(&place, &format!("classes/{class}/train/a.xyz"), CLOUD);
        write(&place, &format!("classes/{class}/test/b.xyz"), CLOUD);
    }
    write(&place, "lines/a\nerror: disk full.xyz", CLOUD);
    let file = format!("scan{ESCAPE}.xyz");
    write(&place, &file, CLOUD);
    write(&place, &format!("bad{ESCAPE}.xyz"), "1 2\n");
    fs::rename(place.path("run"), place.path(&format!("run{ESCAPE}"))).unwrap();
    let (run, bad) = (format!("run{ESCAPE}"), format!("bad{ESCAPE}.xyz"));
    let classes: &[&str] =
        &["classes: found the name 'mug", ESCAPED, "expected names without control characters"];
    check(
        &place,
        &[
            refused(&["inspect", "classes"], classes),
            refused(&["train", "--data", "classes", "--output", "new"], classes),
            refused(&["train", "tiny.toml", "--set", "data.root=classes", "--output", "new"], classes),
            refused(&["convert", "classes", "out"], &["found the name", ESCAPED]),
            refused(&["convert", "lines", "out"], &["lines: found the name 'a\\u000aerror: disk full.xyz'"]),
            refused(&["predict", &run, "lines"], &["found the name 'a\\u000aerror"]),
            accepted(&["inspect", &file], &[ESCAPED]),
            accepted(&["predict", &run, &file], &[ESCAPED]),
            accepted(&["predict", &run, &file, "--json", "-"], &[ESCAPED]),
            refused(&["convert", &bad, "out.ply"], &[ESCAPED, "line 1"]),
            accepted(&["eval", &run], &[]),
            accepted(&["report", &run], &[ESCAPED]),
            accepted(&["inspect", &run], &[]),
        ],
    );
    assert!(!place.path("out").exists() && !place.path("new").exists());
    // The escapes of a printed name are those of JSON.
    let (_, json, _) = limited(&place, &["predict", &run, &file, "--json", "-"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json.to_string().contains(&serde_json::to_string(&file).unwrap()), "{json}");
}

#[test]
fn names_in_tables_lists_and_headers() {
    let place = Workplace::new();
    let row = |name: &str, class: &str, split: &str| format!("{name},{class},{split}\n");
    let files = ["a", "b", "c", "d"].map(|name| format!("{name}.xyz"));
    for folder in ["table", "away"] {
        files.iter().for_each(|file| write(&place, &format!("{folder}/{file}"), CLOUD));
    }
    write(&place, "secret.xyz", CLOUD);
    let secret = place.path("secret.xyz");
    let secret = secret.to_str().unwrap();
    let class = format!("cup{ESCAPE}");
    let good = [
        row(&files[0], &class, "train"),
        row(&files[1], "mug", "train"),
        row(&files[2], &class, "test"),
        row(&files[3], "mug", "test"),
    ];
    write(&place, "table/labels.csv", format!("file,class,split\n{}", good.concat()));
    let outside = [row("../secret.xyz", "cup", "train"), row(&files[1], "cup", "test")].concat();
    write(&place, "away/labels.csv", format!("file,class,split\n{outside}"));
    write(&place, "up.txt", format!("table/a.xyz\n../{ESCAPE}.xyz\n"));
    write(&place, "root.txt", "/etc/passwd\n");
    write(&place, "set/x_train.txt", format!("{secret}\n"));
    write(&place, "set/x_test.txt", format!("{ESCAPE}\n"));
    let names = format!("property float {ESCAPE}\n");
    let header = format!("ply\nformat ascii 1.0\ncomment {ESCAPE}\nelement vertex 1\n");
    let xyz = "property float x\nproperty float y\nproperty float z\n";
    write(&place, "names.ply", format!("{header}{xyz}{names}end_header\n1 2 3 4\n"));
    let tiny = |root: &'static str| ["train", "tiny.toml", "--output", "new", "--set", root];
    check(
        &place,
        &[
            accepted(&["inspect", "table"], &[ESCAPED]),
            refused(
                &tiny("data.root=table"),
                &["table: found the class 'cup", ESCAPED, "expected names without control characters"],
            ),
            refused(
                &tiny("data.root=away"),
                &["labels.csv: line 2: found '../secret.xyz', which is no such file"],
            ),
            refused(&["inspect", "away"], &["labels.csv: line 2"]),
            refused(
                &[&tiny("data.lists=x_{split}.txt")[..]].concat(),
                &["x_train.txt: line 1: found '/", "which is no such file"],
            ),
            refused(
                &["convert", "--list", "up.txt", "out"],
                &["up.txt, line 2", "../\\u001b", "expected a file below"],
            ),
            refused(&["convert", "--list", "root.txt", "out"], &["root.txt, line 1", "'/etc/passwd'"]),
            accepted(&["inspect", "names.ply"], &[ESCAPED]),
            accepted(&["convert", "names.ply", "names.csv"], &[]),
        ],
    );
    assert!(!place.path("out").exists() && !place.path("new").exists());
}

/// A LAS file of version 1.4 whose header says that it has `points` points.
fn las(points: u64) -> Vec<u8> {
    let mut header = vec![0; 375];
    header[..4].copy_from_slice(b"LASF");
    header[24..26].copy_from_slice(&[1, 4]);
    header[94..96].copy_from_slice(&375_u16.to_le_bytes());
    header[96..100].copy_from_slice(&375_u32.to_le_bytes());
    header[104] = 6;
    header[105..107].copy_from_slice(&30_u16.to_le_bytes());
    for axis in 0..3 {
        header[131 + 8 * axis..139 + 8 * axis].copy_from_slice(&0.01_f64.to_le_bytes());
    }
    header[247..255].copy_from_slice(&points.to_le_bytes());
    header.extend([0; 60]);
    header
}

/// A Zstandard frame of `blocks` blocks; each has 4 bytes and becomes 128 KiB of the same byte.
fn zstd(byte: u8, blocks: usize) -> Vec<u8> {
    // Magic number; a header without the length of the contents; a window of 128 KiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3];
    for at in 0..blocks {
        let header = (128 << 10 << 3) | (1 << 1) | u32::from(at + 1 == blocks);
        frame.extend(&header.to_le_bytes()[..3]);
        frame.push(byte);
    }
    frame
}

#[test]
fn files_that_claim_or_become_too_much() {
    let place = trained();
    write(&place, "huge.las", las(1 << 63));
    // 32 KB that become 1 GB, as one line and as empty lines.
    write(&place, "line.xyz.zst", zstd(b'1', 8192));
    write(&place, "lines.ply.zst", zstd(b'\n', 8192));
    let ply = "ply\nformat binary_little_endian 1.0\nelement vertex 4611686018427387904\n\
               property float x\nproperty float y\nproperty float z\nend_header\n";
    write(&place, "huge.ply", ply);
    write(&place, "huge.off", "OFF\n9223372036854775807 9223372036854775807 0\n0 0 0\n");
    let pcd = "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 9223372036854775807\nHEIGHT 1\n\
               VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 9223372036854775807\nDATA binary\n";
    write(&place, "huge.pcd", pcd);
    let stl = [&[0; 80][..], &u32::MAX.to_le_bytes(), &[0; 50]].concat();
    write(&place, "huge.stl", stl);
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 3), }}\n", 1_u64 << 62);
    let length = (header.len() as u16).to_le_bytes();
    write(&place, "huge.npy", [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes()].concat());
    for file in [
        "huge.las",
        "line.xyz.zst",
        "lines.ply.zst",
        "huge.ply",
        "huge.off",
        "huge.pcd",
        "huge.stl",
        "huge.npy",
    ] {
        check(
            &place,
            &[
                refused(&["convert", file, "out.csv"], &[file, "expected"]),
                refused(&["predict", "run", file], &[file]),
                refused(&["inspect", file], &[file]),
            ],
        );
    }
    assert!(!place.path("out.csv").exists());
}

#[test]
fn deep_nesting() {
    let place = trained();
    const DEEP: usize = 200_000;
    let deep = "[".repeat(DEEP);
    write(&place, "deep.toml", format!("name = {deep}"));
    write(&place, "keys.toml", format!("{} = 1", vec!["a"; DEEP].join(".")));
    let set = format!("data.root={}", "[".repeat(50_000));
    let nested = ["train", "tiny.toml", "--set", &set, "--output", "new"];
    let cases = [
        refused(&["train", "deep.toml"], &["deep.toml, line 1"]),
        refused(&["train", "keys.toml"], &["keys.toml"]),
        refused(&nested, &["[[[["]),
    ];
    check(&place, &cases);
    let objects = "{\"a\":".repeat(DEEP);
    for name in ["manifest.json", "evaluation.json", "report.json"] {
        let before = fs::read(place.path("run").join(name)).unwrap();
        for text in [&deep, &objects] {
            write(&place, &format!("run/{name}"), text);
            let told = if name == "manifest.json" { "run/manifest.json" } else { "" };
            for arguments in [&["inspect", "run"][..], &["report", "run"]] {
                let (_, out, err) = limited(&place, arguments);
                assert!(err.contains(told) && !err.contains("panicked"), "{name} {arguments:?}: {out}{err}");
            }
        }
        fs::write(place.path("run").join(name), before).unwrap();
    }
    place.succeed(&["report", "run"]);
}

#[test]
fn runs_of_strangers() {
    let place = trained();
    let manifest = fs::read_to_string(place.path("run/manifest.json")).unwrap();
    for (class, shown) in [("\\u001b[2J", "\\u001b[2J"), ("a\\nerror: b", "a\\u000aerror: b")] {
        write(&place, "run/manifest.json", manifest.replacen("\"block\"", &format!("\"{class}\""), 1));
        assert_ne!(fs::read_to_string(place.path("run/manifest.json")).unwrap(), manifest);
        let parts: &[&str] =
            &["run/manifest.json: found the class", shown, "expected names without control characters"];
        check(
            &place,
            &[
                refused(&["predict", "run", "set/ring/test"], parts),
                refused(&["eval", "run"], parts),
                refused(&["inspect", "run"], parts),
            ],
        );
    }
    write(&place, "run/manifest.json", &manifest);

    // Links to files of the user: what is replaced loses its link, and a training does not begin.
    for name in ["report.html", "report.json", "evaluation.json", ".lock", "metrics.jsonl"] {
        write(&place, &format!("mine/{name}"), fs::read(place.path("run").join(name)).unwrap());
        fs::remove_file(place.path("run").join(name)).unwrap();
        symlink(place.path("mine").join(name), place.path("run").join(name)).unwrap();
    }
    write(&place, "mine/.lock", "mine");
    let read = |name: &str| fs::read(place.path("mine").join(name)).unwrap();
    let names = ["report.html", "report.json", "evaluation.json", ".lock", "metrics.jsonl"];
    let before = names.map(read);
    let resume = ["train", "tiny.toml", "--output", "run", "--resume", "--set", "train.epochs=3"];
    check(&place, &[refused(&resume, &["found a link, expected a file or folder of the run"])]);
    check(&place, &[accepted(&["eval", "run", "--weights", "last"], &[]), accepted(&["report", "run"], &[])]);
    assert!(names.map(read) == before, "a file outside the run was written");
}

#[test]
fn links_and_pipes_in_a_tree() {
    let place = Workplace::new();
    symlink(place.path("set"), place.path("set/ring/loop")).unwrap();
    symlink(place.path("nowhere"), place.path("set/ring/train/dead.ply")).unwrap();
    let pipe = place.path("set/ring/train/pipe.ply");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    check(
        &place,
        &[
            accepted(&["convert", "set", "out", "--quiet"], &[]),
            accepted(&["train", "tiny.toml", "--quiet", "--output", "run"], &[]),
        ],
    );
    assert!(place.path("out/ring/train").is_dir() && !place.path("out/ring/loop").exists());
}
