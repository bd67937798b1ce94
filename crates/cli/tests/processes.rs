//! One training by several processes: the bytes are those of one process, whatever their number and whatever happens to them.

mod common;
#[cfg(all(feature = "mpi", target_os = "linux"))]
#[allow(dead_code, reason = "one way to fail is enough here")]
#[path = "faults/layer.rs"]
mod layer;

#[cfg(not(feature = "mpi"))]
#[test]
fn a_launcher_is_refused_by_a_program_without_mpi() {
    let place = common::Workplace::new();
    for variable in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"] {
        let mut command = place.command(&["train", "tiny.toml", "--output", "run"]);
        let output = command.env(variable, "4").env_remove("SLURM_STEP_NUM_TASKS").output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{err}");
        for part in [variable, "4", "--features mpi"] {
            assert!(err.contains(part), "{part:?} is not in: {err}");
        }
        assert!(!place.path("run").exists());
    }
    // One process needs no MPI.
    let mut command = place.command(&["train", "tiny.toml", "--set", "train.epochs=1", "--output", "run"]);
    assert!(command.env("OMPI_COMM_WORLD_SIZE", "1").output().unwrap().status.success());
}

/// The script of the guide, with programs in place of those of Slurm: what was asked to stop is put into the queue again, and goes on.
#[cfg(unix)]
#[test]
fn the_script_for_slurm_goes_on_where_it_was_stopped() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    let place = common::Workplace::new();
    let bin = place.path("bin");
    fs::create_dir(&bin).unwrap();
    let program = |name: &str, text: &str| {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/bash\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    // Without its first argument, `--mpi=pmix`; the first time it is stopped after one epoch.
    program("srun", "shift; [ -f again ] && exec \"$@\"; touch again; \"$@\" --set train.epochs=1; exit 143");
    program("scontrol", "echo \"$@\" >> asked");
    let of_pointwise = std::path::Path::new(env!("CARGO_BIN_EXE_pointwise")).parent().unwrap();
    let path = format!("{}:{}:{}", bin.display(), of_pointwise.display(), std::env::var("PATH").unwrap());
    let run = || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/cluster/train.sbatch");
        let mut command = Command::new("bash");
        command.arg(script).current_dir(place.path("")).env("PATH", &path);
        command.envs([("CONFIG", "tiny.toml"), ("RUN", "run"), ("SLURM_JOB_ID", "17")]);
        let output = command.output().unwrap();
        (output.status.code(), common::texts(&output))
    };
    let (code, texts) = run();
    assert_eq!(code, Some(143), "{texts:?}");
    assert_eq!(fs::read_to_string(place.path("asked")).unwrap(), "requeue 17\n");
    let (code, texts) = run();
    assert_eq!(code, Some(0), "{texts:?}");
    place.train(&[], "whole", false).unwrap();
    common::assert_same_run(&place.path("whole"), &place.path("run"));
}

#[cfg(all(feature = "mpi", target_os = "linux"))]
mod with_mpi {
    use std::fs;
    use std::path::PathBuf;
    use std::process::{Child, Command, Output, Stdio};
    use std::time::{Duration, Instant};

    use super::common::rooms::Rooms;
    use super::common::{Workplace, assert_same_run, metrics, texts};

    /// Longest time until all processes are gone after one of them died.
    const GONE: Duration = Duration::from_secs(10);

    /// The program in `count` processes of one thread, also as root and with more processes than cores.
    fn mpirun(place: &Workplace, count: usize, arguments: &[&str]) -> Command {
        let mut command = launcher(place);
        command.args(["-n", &count.to_string(), env!("CARGO_BIN_EXE_pointwise")]).args(arguments);
        command
    }

    fn launcher(place: &Workplace) -> Command {
        let mut command = Command::new("mpirun");
        command.current_dir(place.path("")).env("RAYON_NUM_THREADS", "1").env("RUST_BACKTRACE", "0");
        for (name, value) in [
            ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
            ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
            ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
            ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ] {
            command.env(name, value);
        }
        command
    }

    fn succeed(mut command: Command) -> String {
        let output = command.output().expect("mpirun is installed");
        let (out, err) = texts(&output);
        assert!(output.status.success(), "{command:?}:\n{out}\n{err}");
        out
    }

    /// Expects that a training is refused, with one message of the program that has all of `parts`.
    fn refused(mut command: Command, parts: &[&str]) {
        let start = Instant::now();
        let output = command.output().expect("mpirun is installed");
        let (out, err) = texts(&output);
        assert!(!output.status.success(), "{out}{err}");
        assert_eq!(err.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{err}");
        for part in parts {
            assert!(err.contains(part), "{part:?} is not in: {err}");
        }
        assert!(start.elapsed() < GONE + GONE, "{err}");
    }

    /// The same bytes with 1, 2, 3, 4 and 8 processes.
    fn same_bytes(place: &Workplace, config: &str, more: &[&str]) {
        let overrides = [&["train.shards=8", "train.batch_size=8"], more].concat();
        let set: Vec<&str> = overrides.iter().flat_map(|text| ["--set", text]).collect();
        let arguments = |output: &'static str| [&["train", config, "--output", output], &set[..]].concat();
        place.succeed(&arguments("1"));
        for (count, output) in [(1, "one"), (2, "2"), (3, "3"), (4, "4"), (8, "8")] {
            let out = succeed(mpirun(place, count, &arguments(output)));
            assert_same_run(&place.path("1"), &place.path(output));
            assert_eq!(out.matches("\nrun: ").count(), 1, "one process prints: {out}");
            let evaluation = |run: &str| fs::read(place.path(run).join("evaluation.json")).unwrap();
            assert!(evaluation("1") == evaluation(output), "the evaluations differ");
        }
    }

    #[test]
    #[ignore = "needs mpirun"]
    fn the_classifier_of_the_paper_with_dropout() {
        same_bytes(&Workplace::new(), "tiny.toml", &[]);
    }

    #[test]
    #[ignore = "needs mpirun"]
    fn a_classifier_with_running_statistics_and_averaged_weights() {
        same_bytes(&Workplace::new(), "levels.toml", &[]);
    }

    #[test]
    #[ignore = "needs mpirun"]
    fn a_segmenter_of_several_resolutions() {
        let Rooms { place } = Rooms::new();
        let text = fs::read_to_string(place.path("rooms.toml")).unwrap();
        let (before, rest) = text.split_once("[model]").unwrap();
        let after = &rest[rest.find("[optimizer]").unwrap()..];
        let model = "[model]\nkind = \"pointwise-segmenter\"\nwidths = [4, 6]\nhidden = 16\ndropout = 0.3\ncell = 0.3\n";
        fs::write(place.path("levels-rooms.toml"), format!("{before}{model}{after}")).unwrap();
        same_bytes(&place, "levels-rooms.toml", &["scenes.regions=18"]);
    }

    /// A training that takes some seconds.
    const LONG: [&str; 8] = [
        "train",
        "levels.toml",
        "--set",
        "train.epochs=60",
        "--set",
        "train.shards=8",
        "--set",
        "train.batch_size=8",
    ];

    fn long<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&LONG[..], more].concat()
    }

    /// Starts a training, waits until it has written some rows, and gives the launcher and the processes by their rank.
    fn started(place: &Workplace, count: usize, arguments: &[&str], log: PathBuf) -> (Child, Vec<u32>) {
        let rows = || fs::read_to_string(&log).map_or(0, |text| text.lines().count());
        let before = rows();
        let mut command = mpirun(place, count, arguments);
        let child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("mpirun is installed");
        let start = Instant::now();
        while rows() < before + 6 {
            assert!(start.elapsed() < Duration::from_secs(300), "the training does not start");
            std::thread::sleep(Duration::from_millis(2));
        }
        let processes = (0..count).map(|rank| process(child.id(), rank)).collect();
        (child, processes)
    }

    /// The process of the launcher `parent` with this rank.
    fn process(parent: u32, rank: usize) -> u32 {
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let of_rank = |process: &u32| {
            let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
            let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            let wanted = format!("OMPI_COMM_WORLD_RANK={rank}");
            read("stat")
                .rsplit(')')
                .next()
                .is_some_and(|rest| rest.split_whitespace().nth(1) == Some(&parent.to_string()))
                && environment.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes())
        };
        numbers.into_iter().find(of_rank).expect("a child of the launcher has the rank")
    }

    fn signal(name: &str, process: u32) {
        let status = Command::new("kill").args(["-s", name, &process.to_string()]).status().unwrap();
        assert!(status.success());
    }

    fn ended(child: Child, processes: &[u32]) -> Output {
        let start = Instant::now();
        let output = child.wait_with_output().unwrap();
        assert!(start.elapsed() < GONE, "the launcher took {:?}", start.elapsed());
        for process in processes {
            assert!(!fs::exists(format!("/proc/{process}/exe")).unwrap(), "process {process} is still there");
        }
        output
    }

    #[test]
    #[ignore = "needs mpirun"]
    fn a_signal_to_any_process_stops_all_and_another_number_goes_on() {
        let place = Workplace::new();
        place.succeed(&long(&["--output", "whole"]));
        let log = place.path("cut/metrics.jsonl");
        let mut resume: &[&str] = &[];
        // The launcher passes the last one on to all.
        for (count, rank, name) in
            [(2, Some(1), "TERM"), (3, Some(0), "INT"), (4, Some(2), "INT"), (2, None, "USR1")]
        {
            let arguments = [&long(&["--output", "cut"])[..], resume].concat();
            let (child, processes) = started(&place, count, &arguments, log.clone());
            signal(name, rank.map_or(child.id(), |rank| processes[rank]));
            let (out, err) = texts(&ended(child, &processes));
            assert!(out.contains("go on with") && out.contains("--resume --output cut"), "{out}{err}");
            assert!(!err.contains("error: "), "{err}");
            resume = &["--resume"];
        }
        assert!(metrics(&place.path("cut")).len() < 120, "it was stopped before its end");
        succeed(mpirun(&place, 3, &long(&["--output", "cut", "--resume"])));
        assert_same_run(&place.path("whole"), &place.path("cut"));
    }

    #[test]
    #[ignore = "needs mpirun"]
    fn a_killed_process_ends_all_and_the_run_goes_on() {
        let place = Workplace::new();
        place.succeed(&long(&["--output", "whole"]));
        let log = place.path("cut/metrics.jsonl");
        for (count, rank) in [(3, 2), (2, 0), (2, 1)] {
            let resume: &[&str] = if place.path("cut/checkpoint").exists() { &["--resume"] } else { &[] };
            let arguments = [&long(&["--output", "cut"])[..], resume].concat();
            let (child, processes) = started(&place, count, &arguments, log.clone());
            signal("KILL", processes[rank]);
            assert!(!ended(child, &processes).status.success());
        }
        place.succeed(&long(&["--output", "cut", "--resume"]));
        assert_same_run(&place.path("whole"), &place.path("cut"));
    }

    #[test]
    #[ignore = "needs mpirun"]
    fn an_error_in_one_process_ends_all() {
        let place = Workplace::new();
        // A write of the first checkpoint fails as on a full disk.
        #[cfg(target_os = "linux")]
        {
            let mut command = mpirun(&place, 3, &long(&["--output", "run"]));
            let folder = place.path("").canonicalize().unwrap();
            super::layer::FULL.strike(&mut command, 24, &folder, &place.path("trace"));
            refused(command, &["process 0 of 3"]);
        }
        refused(mpirun(&place, 2, &["train", "missing.toml"]), &["missing.toml"]);
        refused(
            mpirun(&place, 2, &["train", "tiny.toml", "--output", "few"]),
            &["train.shards", "found 1", "2"],
        );
        refused(mpirun(&place, 2, &long(&["--seeds", "0..2"])), &["--seeds", "one process"]);
        let diverges = ["optimizer.kind=sgd", "optimizer.lr=1e6", "train.shards=8", "train.epochs=60"];
        let set: Vec<&str> = diverges.iter().flat_map(|text| ["--set", text]).collect();
        refused(
            mpirun(&place, 3, &[&["train", "tiny.toml", "--output", "nan"], &set[..]].concat()),
            &["the loss is"],
        );
        assert!(!place.path("nan").exists(), "a run without a whole epoch leaves nothing behind");
    }

    #[test]
    #[ignore = "needs mpirun"]
    fn processes_that_differ_are_refused() {
        let place = Workplace::new();
        let two = |first: &[&str], second: &[&str]| {
            let mut command = launcher(&place);
            let program = env!("CARGO_BIN_EXE_pointwise");
            command.args(["-n", "2", program]).args(first).args([":", "-n", "1", "env"]).args(second);
            command
        };
        let train = long(&["--output", "run"]);
        let program = env!("CARGO_BIN_EXE_pointwise");
        let other_seed = [&[program], &train[..], &["--set", "seed=9"]].concat();
        refused(two(&train, &other_seed), &["process 2", "seed", "9", "5"]);
        let other_instructions = [&["POINTWISE_SIMD=portable", program], &train[..]].concat();
        refused(two(&train, &other_instructions), &["process 2", "instruction set", "portable"]);
        assert!(!place.path("run").exists());
    }
}
