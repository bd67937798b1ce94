//! Short work of every kind that writes files, and what it leaves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pointcloud::PointCloud;
use pointcloud::io::{PlyFormat, write_ply};
use pointcloud::synth::{SynthConfig, generate};
use tempfile::TempDir;

/// Inputs and trained runs that all work reads, and a folder for every attempt.
pub(crate) struct Place {
    folder: TempDir,
}

/// A kind of work.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// The commands, one after the other. The first one is disturbed.
    commands: Vec<Vec<String>>,
    /// What an attempt begins with.
    before: Option<PathBuf>,
    /// What is appended when the work goes on, and the file that must exist for that.
    again: Option<(&'static str, &'static str)>,
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Random numbers that are good enough for points.
fn points(number: usize, seed: usize) -> Vec<[f32; 3]> {
    let mut state = seed as u64 * 7919 + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    (0..number).map(|_| [next(), next(), next()]).collect()
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        place.write_shapes();
        place.write_rooms();
        for number in 0..5 {
            let path = place.path(&format!("in/{}/{number}.ply", number % 2));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            write_ply(path, &PointCloud::new(points(40, number)), PlyFormat::Ascii).unwrap();
        }
        let list = ["0/0.ply", "1/1.ply", "0/2.ply", "1/3.ply", "0/4.ply"].join("\n");
        fs::write(place.path("list.txt"), list).unwrap();
        place
    }

    /// The folder itself, without links.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.root().join(inside)
    }

    fn write_shapes(&self) {
        let settings =
            SynthConfig { train_per_class: 2, test_per_class: 1, points: 24, ..SynthConfig::default() };
        generate(self.path("all"), &settings, &|_| ()).unwrap();
        fs::create_dir(self.path("set")).unwrap();
        for class in ["cone", "ring"] {
            fs::rename(self.path("all").join(class), self.path("set").join(class)).unwrap();
        }
        fs::remove_dir_all(self.path("all")).unwrap();
        let text = format!(
            "name = \"tiny\"\nseed = 5\n[data]\nroot = {:?}\npoints = 16\nvalidation_fraction = 0.25\n\
             [model]\nkind = \"pointwise-classifier\"\nwidths = [4, 6]\nhidden = 8\ndropout = 0.3\n\
             [optimizer]\nkind = \"adam\"\nlr = 0.003\n[train]\nepochs = 2\nbatch_size = 2\naverage = 0.9\n",
            self.path("set")
        );
        fs::write(self.path("tiny.toml"), text).unwrap();
    }

    fn write_rooms(&self) {
        for (number, split) in ["train", "val", "test"].into_iter().enumerate() {
            let mut cloud = PointCloud::new(points(80, number + 50));
            cloud.set_labels(Some((0..80).map(|point| point % 2).collect())).unwrap();
            fs::create_dir_all(self.path("rooms").join(split)).unwrap();
            write_ply(
                self.path(&format!("rooms/{split}/{number}.ply")),
                &cloud,
                PlyFormat::BinaryLittleEndian,
            )
            .unwrap();
        }
        fs::write(self.path("rooms/classes.txt"), "floor\nwall\n").unwrap();
        let text = format!(
            "name = \"rooms\"\nseed = 3\n[data]\nroot = {:?}\n\
             [scenes]\ninputs = [\"xyz\", \"room\"]\nvoxel = 0.1\nsize = 2.0\npoints = 60\nregions = 2\ncache = \"cache\"\n\
             [model]\nkind = \"paper-segmenter\"\ncell = 0.3\nchannels = 2\ndilations = [1]\n\
             [optimizer]\nkind = \"adam\"\nlr = 0.01\n[train]\nepochs = 2\nbatch_size = 1\n",
            self.path("rooms")
        );
        fs::write(self.path("rooms.toml"), text).unwrap();
    }

    /// The program in the folder `inside`.
    pub(crate) fn command(&self, inside: &Path, arguments: &[String]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointwise"));
        command.current_dir(inside).args(arguments).env("RUST_BACKTRACE", "0").env("RAYON_NUM_THREADS", "1");
        command
    }

    /// Does `text`, which must succeed, in the new folder `name`.
    pub(crate) fn prepare(&self, name: &str, text: &str) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir_all(&folder).unwrap();
        succeed(&mut self.command(&folder, &words(text)));
        folder
    }

    /// All kinds of work.
    pub(crate) fn all_work(&self) -> Vec<Work> {
        let train = "train ../tiny.toml --quiet --tensorboard --output run";
        let scenes = "train ../rooms.toml --quiet --output run";
        let shard = |run: &str, part: usize| {
            words(&format!(
                "predict ../{run}/run --quiet --list ../list.txt --base ../in --output out --shard {part}/2"
            ))
        };
        let halfway = self.prepare("halfway", &format!("{train} --set train.epochs=1"));
        let older = self.prepare("older", "convert ../in out --format ply --points 7 --quiet");
        self.prepare("labeller", scenes);
        let work = |name, commands: &[Vec<String>]| Work {
            name,
            commands: commands.to_vec(),
            before: None,
            again: None,
        };
        let resume = Some(("--resume", "run/config.toml"));
        vec![
            Work { again: resume, ..work("training", &[words(train)]) },
            Work {
                before: Some(halfway),
                ..work("training that is resumed", &[words(&format!("{train} --resume"))])
            },
            Work { again: resume, ..work("training on scenes with a cache", &[words(scenes)]) },
            Work {
                again: Some(("--resume", "out")),
                ..work("conversion", &[words("convert ../in out --format xyz --quiet")])
            },
            Work {
                before: Some(older),
                ..work(
                    "conversion over files",
                    &[words("convert ../in out --format ply --quiet --overwrite")],
                )
            },
            work("prediction in shards", &[shard("halfway", 0), shard("halfway", 1)]),
            work("labels in shards", &[shard("labeller", 0), shard("labeller", 1)]),
        ]
    }
}

impl Work {
    /// A new folder for an attempt, with what the work begins with.
    pub(crate) fn begin(&self, folder: &Path) {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        if let Some(before) = &self.before {
            copy_tree(before, folder);
        }
    }

    /// The command to disturb.
    pub(crate) fn first(&self, place: &Place, folder: &Path) -> Command {
        place.command(folder, &self.commands[0])
    }

    /// Does the work to its end, from wherever it is.
    pub(crate) fn finish(&self, place: &Place, folder: &Path) {
        for command in &self.commands {
            let mut command = command.clone();
            if let Some((option, needs)) = self.again
                && folder.join(needs).exists()
            {
                command.push(option.to_owned());
            }
            succeed(&mut place.command(folder, &command));
        }
    }
}

fn succeed(command: &mut Command) {
    let output: Output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}:\n{}{}", text(&output.stdout), text(&output.stderr));
}

/// Copies the files of a folder and those below.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target)
        } else {
            _ = fs::copy(entry.path(), target).unwrap()
        }
    }
}

/// The files below a folder with their bytes, without what differs from run to run: times, the random numbers that burn gives to tensors,
/// and which earlier checkpoint is kept.
pub(crate) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for path in fs::read_dir(&inside).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.contains("checkpoint/position") {
                let last = found.entry("last checkpoint".to_owned()).or_insert_with(Vec::new);
                *last = name.into_bytes().max(std::mem::take(last));
            } else if !(name.contains("checkpoint/") && !name.contains("/.")
                || name.contains("tensorboard/")
                || name.ends_with("lock"))
            {
                found.insert(name, without_times(&path));
            }
        }
    }
    found
}

fn without_times(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let value = |line: &[u8]| -> Option<Vec<u8>> {
        let mut value: serde_json::Value = serde_json::from_slice(line).ok()?;
        remove_times(&mut value);
        Some(value.to_string().into_bytes())
    };
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => Vec::new(),
        Some("json") => value(&bytes).unwrap_or(bytes),
        Some("jsonl") => {
            let lines = bytes.split_inclusive(|&byte| byte == b'\n');
            let mut lines: Vec<Vec<u8>> =
                lines.map(|line| value(line).unwrap_or_else(|| line.to_vec())).collect();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("shard-")) {
                lines.sort();
            }
            lines.join(&b'\n')
        }
        _ => bytes,
    }
}

fn remove_times(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(object) => {
            object.retain(|key, _| key != "seconds" && key != "finished");
            object.values_mut().for_each(remove_times);
        }
        serde_json::Value::Array(array) => array.iter_mut().for_each(remove_times),
        _ => {}
    }
}

/// What differs between two folders, one sentence each.
pub(crate) fn differences(
    expected: &BTreeMap<String, Vec<u8>>,
    found: &BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    let missing =
        expected.keys().filter(|name| !found.contains_key(*name)).map(|name| format!("{name} is missing"));
    let more =
        found.keys().filter(|name| !expected.contains_key(*name)).map(|name| format!("{name} is left over"));
    let other = expected.iter().filter(|(name, bytes)| found.get(*name).is_some_and(|found| found != *bytes));
    missing.chain(more).chain(other.map(|(name, _)| format!("{name} differs"))).collect()
}

/// The files that work only reads.
pub(crate) fn inputs(place: &Place) -> Vec<(PathBuf, Vec<u8>)> {
    let mut left =
        ["in", "set", "rooms", "halfway", "labeller", "older"].map(|name| place.path(name)).to_vec();
    let mut files = vec![place.path("list.txt")];
    while let Some(folder) = left.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { left.push(path) } else { files.push(path) }
        }
    }
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}
