//! A tiny data set, a tiny network, and the binary at work on both.
#![allow(dead_code, reason = "every test file uses its own part")]

pub(crate) mod rooms;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use pointcloud::synth::{SynthConfig, generate};
use tempfile::TempDir;
use train::config::Config;
use train::{RunError, TrainOptions, TrainOutcome, device};

/// Classes of the synthetic set.
pub(crate) const CLASSES: usize = 10;
/// Training files of a class; one of them goes to validation.
pub(crate) const TRAIN: usize = 4;
/// Test files of a class: with a batch of 8 the last batch is not full.
pub(crate) const TEST: usize = 3;

/// A folder with a synthetic data set `set` and a config `tiny.toml` for it.
pub(crate) struct Workplace {
    folder: TempDir,
}

impl Workplace {
    /// 64 points per file.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = SynthConfig {
            train_per_class: TRAIN,
            test_per_class: TEST,
            points: 64,
            ..SynthConfig::default()
        };
        generate(folder.path().join("set"), &settings, &|_| ()).unwrap();
        let place = Self { folder };
        fs::write(place.path("tiny.toml"), place.text()).unwrap();
        fs::write(place.path("levels.toml"), place.levels()).unwrap();
        place
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// Dropout and all augmentation are on; a file has more points than the network takes.
    fn text(&self) -> String {
        format!(
            "name = \"tiny\"\nseed = 5\n\
             [data]\nroot = {:?}\npoints = 48\nvalidation_fraction = 0.25\n\
             [model]\nkind = \"paper-classifier\"\ncell = 0.25\ndilations = [1, 2]\nchannels = 4\nhidden = 16\ndropout = 0.3\n\
             [optimizer]\nkind = \"adam\"\nlr = 0.003\n\
             [augment]\nrotate = \"up\"\njitter_sigma = 0.01\nscale = [0.9, 1.1]\ntranslate = 0.05\n\
             [train]\nepochs = 2\nbatch_size = 8\n",
            self.path("set")
        )
    }

    /// A network of several resolutions with running statistics, averaged weights, and a kernel size and a rotation that the
    /// data decide.
    fn levels(&self) -> String {
        let text = self.text();
        let (before, rest) = text.split_once("[model]").unwrap();
        let after = &rest[rest.find("[optimizer]").unwrap()..];
        let model = "[model]\nkind = \"pointwise-classifier\"\nwidths = [4, 6]\nhidden = 16\ndropout = 0.3\n";
        let after = after.replace("rotate = \"up\"", "rotate = \"auto\"");
        format!("{before}{model}{after}average = 0.9\n[schedule]\nkind = \"cosine\"\nwarmup_epochs = 1\n")
    }

    /// The tiny config with `overrides`.
    pub(crate) fn config(&self, overrides: &[&str]) -> Config {
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        Config::load(self.path("tiny.toml"), &overrides).unwrap()
    }

    /// Trains with the library, on the CPU, into the folder `output`.
    pub(crate) fn train(
        &self,
        overrides: &[&str],
        output: &str,
        resume: bool,
    ) -> Result<TrainOutcome, RunError> {
        self.train_on("cpu", overrides, output, resume)
    }

    /// As [`train`](Self::train), on another device.
    pub(crate) fn train_on(
        &self,
        name: &str,
        overrides: &[&str],
        output: &str,
        resume: bool,
    ) -> Result<TrainOutcome, RunError> {
        let options = TrainOptions {
            output: Some(self.path(output)),
            resume,
            ..TrainOptions::new(device(name)?.device)
        };
        train::train(&self.config(overrides), &options)
    }

    /// The binary with `arguments`, in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointwise"));
        // A backtrace would hide in the text whether an error was a panic.
        command.current_dir(self.folder.path()).args(arguments).env("RUST_BACKTRACE", "0");
        command
    }

    /// Starts the binary, sends it `signal` (a name such as `INT`) after `delay`, and waits for its end.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self, arguments: &[&str], signal: &str, delay: Duration) -> Output {
        let mut command = self.command(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(delay);
        // It may be over; then there is nothing to send.
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).output();
        kill.unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs the binary, which must succeed, and gives its standard output.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let (out, err) = texts(&output);
        assert!(output.status.success(), "{arguments:?} failed:\n{out}\n{err}");
        assert_plain(&out);
        assert_plain(&err);
        out
    }

    /// Runs the binary, which must fail with exit code 1 and one message that has all of `parts`; gives the message.
    pub(crate) fn fail(&self, arguments: &[&str], parts: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}:\n{out}\n{err}");
        assert_plain(&err);
        let messages = err.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(messages.count(), 1, "{arguments:?}: {err}");
        for part in parts {
            assert!(err.contains(part), "{arguments:?}: the message lacks {part:?}:\n{err}");
        }
        err
    }
}

/// Standard output and standard error.
pub(crate) fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// No panic, and nothing that only makes sense on a terminal.
pub(crate) fn assert_plain(text: &str) {
    for bad in ["panicked at", "RUST_BACKTRACE", "\u{1b}", "\r"] {
        assert!(!text.contains(bad), "{bad:?} in:\n{text}");
    }
}

/// The lines of `metrics.jsonl` without the times, which differ from run to run.
pub(crate) fn metrics(run: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let row = |line: &str| {
        let mut row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(row.as_object_mut().unwrap().remove("seconds").is_some());
        row
    };
    text.lines().map(row).collect()
}

pub(crate) fn json(path: impl AsRef<Path>) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The values in a file of JSON lines.
pub(crate) fn json_lines(path: impl AsRef<Path>) -> serde_json::Value {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect()
}

/// The last and the best weights of a run, byte for byte.
pub(crate) fn weights(run: &Path) -> Vec<Vec<u8>> {
    let read = |name| fs::read(run.join(format!("{name}.safetensors")));
    // Only trainings with `train.average` have the third one.
    let average = read("average").ok();
    ["last", "best"].into_iter().map(|name| read(name).unwrap()).chain(average).collect()
}

/// Asserts that two runs have the same weights, byte for byte, and the same metrics.
pub(crate) fn assert_same_run(a: &Path, b: &Path) {
    assert_eq!(metrics(a), metrics(b), "metrics of {} and {}", a.display(), b.display());
    assert!(weights(a) == weights(b), "weights of {} and {} differ", a.display(), b.display());
}

/// The most memory that the process has held until now, in bytes; `None` once it has ended.
pub(crate) fn peak(child: &std::process::Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(1024 * line.trim().trim_end_matches(" kB").parse::<u64>().ok()?)
}
