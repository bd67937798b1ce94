//! Hours of training, evaluating, predicting and converting in one process: memory, threads and open files must not grow.
//!
//! `POINTWISE_SOAK_MINUTES=360 cargo test --release --workspace --test soak -- --ignored --nocapture` prints a line for each minute.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use common::Workplace;
use common::rooms::Rooms;
use mimalloc::MiMalloc;
use pointcloud::io;
use train::config::Config;
use train::{LabelColumns, LabelOptions, ProgressMode, TrainOptions, TrainedRun, Weights, device, train};

/// That of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Most growth of the memory that is in use, in bytes per hour.
const MOST_PER_HOUR: f64 = 1e6;

/// What the process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    seconds: f64,
    bytes: f64,
    threads: usize,
    files: usize,
}

impl Held {
    /// Without what the allocator keeps of freed memory, which depends on how fast the work goes.
    fn now(since: Instant) -> Self {
        // SAFETY: only tells the allocator to give freed memory back to the system.
        unsafe { libmimalloc_sys::mi_collect(true) };
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
        };
        Self {
            seconds: since.elapsed().as_secs_f64(),
            bytes: 1024.0 * number("VmRSS:") as f64,
            threads: number("Threads:"),
            files: fs::read_dir("/proc/self/fd").unwrap().count(),
        }
    }
}

/// The growth of the memory in bytes per hour: the slope of the line with the least squares.
fn slope(samples: &[Held]) -> f64 {
    let mean = |of: &dyn Fn(&Held) -> f64| samples.iter().map(of).sum::<f64>() / samples.len() as f64;
    let (time, bytes) = (mean(&|held| held.seconds), mean(&|held| held.bytes));
    let both = mean(&|held| (held.seconds - time) * (held.bytes - bytes));
    3600.0 * both / mean(&|held| (held.seconds - time).powi(2))
}

/// Trains `config` into a new run, resumes it, evaluates it, and predicts every file of `inputs`.
fn work(place: &Workplace, config: &str, data: &str, inputs: &[&Path]) {
    let run = place.path("run");
    let _ = fs::remove_dir_all(&run);
    let device = device("cpu").unwrap().device;
    for (resume, epochs) in [(false, 2), (true, 3)] {
        let config = Config::load(place.path(config), &[format!("train.epochs={epochs}")]).unwrap();
        let options = TrainOptions {
            output: Some(run.clone()),
            resume,
            tensorboard: true,
            ..TrainOptions::new(device.clone())
        };
        train(&config, &options).unwrap();
    }
    let trained = TrainedRun::open(&run, Weights::Best, &device).unwrap();
    trained.evaluate(&place.path(data), "test", ProgressMode::Quiet).unwrap();
    for input in inputs {
        let cloud = io::read(input).unwrap();
        let output = place.path("out.ply");
        match &trained {
            TrainedRun::Classifier(classifier) => {
                classifier.classify(&cloud).unwrap();
                io::Reader::new().convert(input, &output, false).unwrap();
            }
            TrainedRun::Segmenter(segmenter) => {
                let options = LabelOptions::default();
                let votes = segmenter.label(&cloud, input, &options, ProgressMode::Quiet).unwrap();
                let mut files = io::ReplaceFiles::default();
                segmenter.write_votes(&mut files, (input, &output), &votes, &LabelColumns::Own).unwrap();
                files.finish().unwrap();
            }
        }
    }
}

#[test]
#[ignore = "takes as many minutes as POINTWISE_SOAK_MINUTES says"]
fn memory_threads_and_files_stay_as_they_are() {
    let minutes: f64 = std::env::var("POINTWISE_SOAK_MINUTES").map_or(2.0, |text| text.parse().unwrap());
    let Rooms { place } = Rooms::new();
    // The cosine schedule depends on the number of epochs, which changes on resume.
    let text = fs::read_to_string(place.path("levels.toml")).unwrap();
    fs::write(place.path("average.toml"), text.split_once("[schedule]").unwrap().0).unwrap();
    let room = place.path("rooms/val/room.ply");
    let shapes = pointcloud::dataset::list_tree(place.path("set")).unwrap();
    let shapes: Vec<&Path> = shapes.iter().map(AsRef::as_ref).collect();
    let started = Instant::now();
    let (mut samples, mut rounds) = (Vec::new(), 0);
    while started.elapsed() < Duration::from_secs_f64(60.0 * minutes) {
        work(&place, "average.toml", "set", &shapes);
        work(&place, "rooms.toml", "rooms", &[&room]);
        rounds += 1;
        if started.elapsed().as_secs() / 60 >= samples.len() as u64 {
            let held = Held::now(started);
            let Held { seconds, bytes, threads, files } = held;
            println!(
                "{seconds:6.0} s  {:7.2} MB  {threads} threads  {files} files  {rounds} rounds",
                bytes / 1e6
            );
            samples.push(held);
        }
    }
    // The first part fills pools and caches: half an hour of six, a third of a short run.
    let settled = started.elapsed().as_secs_f64().min(5400.0) / 3.0;
    samples.retain(|held| held.seconds >= settled);
    let growth = slope(&samples);
    println!(
        "{rounds} rounds, {} samples after {settled:.0} s: {:.3} MB per hour",
        samples.len(),
        growth / 1e6
    );
    let same = |of: &dyn Fn(&Held) -> usize| samples.iter().all(|held| of(held) == of(&samples[0]));
    assert!(same(&|held| held.threads) && same(&|held| held.files), "{samples:?}");
    // A short run does not show a slope.
    assert!(minutes < 60.0 || growth < MOST_PER_HOUR, "{growth} bytes per hour");
}
