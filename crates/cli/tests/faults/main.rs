//! Every file operation of the program may fail, and the power may be cut: what was whole stays whole, and the same command again ends
//! in the same bytes.
//!
//! A library between the program and the C library counts the operations and makes one of them fail. By default the tests take a
//! sample, drawn from a seed that is printed (`POINTWISE_TEST_SEED` repeats it). With `POINTWISE_FAULTS=all` they take every
//! operation and every way to fail, with the name of a way (`POINTWISE_FAULTS="a bad disk"`) every operation and this way.
#![cfg(target_os = "linux")]

mod layer;
mod power_cut;
mod work;

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::sync::LazyLock;

use layer::{
    BAD, CUT, ENDED, FAULTS, FULL, Fault, NO_LOCKS, NONE, NOT_IMPLEMENTED, Operation, no_locks, operations,
};
use power_cut::PowerCut;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use work::{Place, Work, contents, differences, inputs};

/// Operations of each kind of work that fail in each way, where not all do.
const SAMPLE: usize = 6;

static SEED: LazyLock<u64> = LazyLock::new(|| {
    let given = std::env::var("POINTWISE_TEST_SEED").ok();
    given.map_or_else(|| RandomState::new().build_hasher().finish(), |seed| seed.parse().unwrap())
});

/// The way to fail that is asked for with every operation; `all` are.
fn wanted() -> Option<String> {
    std::env::var("POINTWISE_FAULTS").ok()
}

/// Numbers from 1 to `count`: all of them, or `most` that are drawn.
fn chosen(count: usize, most: usize, salt: &str) -> Vec<usize> {
    if wanted().is_some() || count <= most {
        return (1..=count).collect();
    }
    let salt = salt.bytes().fold(*SEED, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let mut rng = ChaCha8Rng::seed_from_u64(salt);
    let mut numbers: Vec<usize> = (0..most).map(|_| rng.random_range(1..=count)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Work that was not disturbed: what it leaves, and its operations.
struct Whole {
    contents: BTreeMap<String, Vec<u8>>,
    trace: Vec<Operation>,
}

fn whole(place: &Place, work: &Work) -> Whole {
    let folder = place.path("whole");
    let trace = place.path("whole.trace");
    let _ = fs::remove_file(&trace);
    work.begin(&folder);
    let mut command = work.first(place, &folder);
    NONE.strike(&mut command, 0, &place.root(), &trace);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}: {}", work.name, String::from_utf8_lossy(&output.stderr));
    work.finish(place, &folder);
    Whole { contents: contents(&folder), trace: operations(&trace) }
}

/// Makes the `number`-th operation fail; gives the problems, one sentence each.
fn disturb(place: &Place, work: &Work, whole: &Whole, fault: Fault, number: usize) -> Vec<String> {
    let folder = place.path(&format!("attempt-{}-{number}", fault.name));
    let trace = folder.with_extension("trace");
    work.begin(&folder);
    let before = contents(&folder);
    let mut command = work.first(place, &folder);
    fault.strike(&mut command, number, &place.root(), &trace);
    let output = command.output().unwrap();
    let seen = operations(&trace);
    let failed = seen.iter().find(|operation| operation.is_chosen);
    let mut problems = told(&output, fault, &seen);

    let left = contents(&folder);
    for (name, old) in &before {
        let (now, new) = (left.get(name), whole.contents.get(name));
        // The files of a run are written several times.
        if !name.starts_with("run/") && now != Some(old) && now != new {
            problems.push(format!("{name} was whole and is neither old nor new"));
        }
    }
    let is_result =
        |name: &str| name.starts_with("out/") && !name.contains("/.") && !name.contains("/shard-");
    for (name, bytes) in left.iter().filter(|(name, _)| is_result(name)) {
        if before.get(name) != Some(bytes) && whole.contents.get(name) != Some(bytes) {
            problems.push(format!("{name} is torn"));
        }
    }
    let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work.finish(place, &folder)));
    match again {
        Err(error) => problems.push(format!("again: {}", error.downcast_ref::<String>().unwrap())),
        Ok(()) => problems.extend(differences(&whole.contents, &contents(&folder))),
    }
    let operation = failed.map(|operation| format!("{} {}", operation.kind, operation.path.display()));
    let error = String::from_utf8_lossy(&output.stderr);
    if problems.is_empty() {
        fs::remove_dir_all(&folder).unwrap();
        fs::remove_file(&trace).unwrap();
    }
    let named = |problem| {
        format!("{}, {}, operation {number} ({operation:?}): {problem}\n    {error}", work.name, fault.name)
    };
    problems.into_iter().map(named).collect()
}

/// What is wrong with what the program says.
fn told(output: &std::process::Output, fault: Fault, seen: &[Operation]) -> Vec<String> {
    let error = String::from_utf8_lossy(&output.stderr);
    let mut problems = Vec::new();
    if error.contains("panicked") {
        problems.push("it panicked".to_owned());
    }
    match output.status.code() {
        Some(0) => {}
        Some(ENDED) if fault.name == "end" || fault.name == "a torn write" => {}
        Some(1) if !fault.is_harmless => {
            if !error.contains("error: ") {
                problems.push("there is no message".to_owned());
            }
            let mut failed = seen.iter().filter(|operation| operation.is_chosen);
            if !failed.any(|operation| names(&error, &operation.path)) {
                problems.push("the message names neither the file nor its folder".to_owned());
            }
        }
        code => problems.push(format!("exit code {code:?}")),
    }
    problems
}

/// Whether a message names a file or its folder.
fn names(error: &str, path: &Path) -> bool {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let own = name(path);
    // An unfinished file is told by the name that it will get.
    let finished = own.trim_start_matches('.').split_once(".partial-").map(|(name, _)| name.to_owned());
    // The folder in which the program is started is called `.`.
    let is_here = own.starts_with("attempt-") && error.contains("error: .: cannot sync");
    let folder = path.parent().map(name).unwrap_or_default();
    is_here || [finished.unwrap_or(own), folder].iter().any(|name| error.contains(name))
}

fn report(problems: Vec<String>, tried: usize) {
    println!("{tried} attempts; POINTWISE_TEST_SEED={}", *SEED);
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn every_operation_may_fail_in_every_way() {
    let place = Place::new();
    let (mut problems, mut tried) = (Vec::new(), 0);
    let all = place.all_work();
    let read_only = inputs(&place);
    for work in all {
        let whole = whole(&place, &work);
        let is_wanted = |fault: &Fault| wanted().is_none_or(|name| name == "all" || name == fault.name);
        for fault in FAULTS.into_iter().filter(is_wanted) {
            let count = fault.count(&whole.trace);
            // All writes of the trainings, since they have the most to lose; everything once of the rest, which is short.
            let whole_of = if work.name.starts_with("training") { FULL } else { BAD };
            let most = if fault.name == whole_of.name { count } else { SAMPLE };
            let numbers = chosen(count, most, &format!("{} {}", work.name, fault.name));
            tried += numbers.len();
            let found = numbers.par_iter().flat_map(|&number| disturb(&place, &work, &whole, fault, number));
            problems.extend(found.collect::<Vec<_>>());
        }
        println!("{}: {} operations", work.name, whole.trace.len());
    }
    assert!(read_only == inputs(&place));
    report(problems, tried);
}

/// Cuts the power before the `number`-th operation; gives the problems, one sentence each.
fn cut(place: &Place, work: &Work, whole: &Whole, number: usize) -> Vec<String> {
    let folder = place.path(&format!("cut-{number}"));
    let (trace, kept) = (folder.with_extension("trace"), folder.with_extension("kept"));
    fs::create_dir_all(&kept).unwrap();
    work.begin(&folder);
    let mut power = PowerCut::begin(&folder);
    let mut command = work.first(place, &folder);
    CUT.strike(&mut command, number, &place.root(), &trace);
    let output = command.env("FAULTS_DURABLE", &kept).output().unwrap();
    let is_done = output.status.success();
    let mix = |inode: u64, is_folder: bool| {
        let hash = (inode ^ *SEED ^ u64::from(is_folder)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash >> 63 == 1
    };
    let mut problems = Vec::new();
    let ways: [(&str, power_cut::HasUnsynced<'_>); 3] =
        [("nothing unsynced", &|_, _| false), ("only the names", &|_, is_folder| is_folder), ("some", &mix)];
    for (way, has) in ways {
        let left = place.path(&format!("left-{number}"));
        power.strike(&kept, &left, has);
        if is_done {
            // What the program reported as done needs no second time.
            let found = contents(&left);
            let lost = differences(&whole.contents, &found)
                .into_iter()
                .filter(|_| work.name.contains("raining") || work.name.contains("conversion"));
            problems.extend(lost.map(|problem| format!("{way}, after the end: {problem}")));
        }
        let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work.finish(place, &left)));
        match again {
            Err(error) => problems.push(format!("{way}, again: {}", error.downcast_ref::<String>().unwrap())),
            Ok(()) => {
                let differences = differences(&whole.contents, &contents(&left));
                problems.extend(differences.into_iter().map(|problem| format!("{way}: {problem}")));
            }
        }
        fs::remove_dir_all(&left).unwrap();
    }
    let seen = operations(&trace);
    let operation = seen.iter().find(|operation| operation.is_chosen);
    for folder in [folder, kept] {
        fs::remove_dir_all(folder).unwrap();
    }
    let named = |problem| format!("{}, power cut {number} before {operation:?}: {problem}", work.name);
    problems.into_iter().map(named).collect()
}

#[test]
fn the_power_may_be_cut_before_every_operation() {
    let place = Place::new();
    let (mut problems, mut tried) = (Vec::new(), 0);
    for work in place.all_work() {
        let whole = whole(&place, &work);
        let count = CUT.count(&whole.trace);
        let mut numbers = chosen(count, 2 * SAMPLE, work.name);
        // After the last one the program ends.
        numbers.push(count + 1);
        tried += numbers.len();
        problems.extend(
            numbers.par_iter().flat_map(|&number| cut(&place, &work, &whole, number)).collect::<Vec<_>>(),
        );
    }
    report(problems, tried);
}

#[test]
fn without_locks_the_work_goes_on_and_says_so() {
    let place = Place::new();
    for work in place.all_work() {
        let whole = whole(&place, &work);
        for errno in [NO_LOCKS, NOT_IMPLEMENTED] {
            let (folder, trace) = (place.path("unlocked"), place.path("unlocked.trace"));
            work.begin(&folder);
            let mut command = work.first(&place, &folder);
            no_locks(errno).strike(&mut command, 1, &place.root(), &trace);
            let output = command.output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {error}", work.name);
            let locks = work.name.starts_with("training") || work.name.contains("shards");
            assert_eq!(error.contains("cannot lock"), locks, "{}: {error}", work.name);
            work.finish(&place, &folder);
            assert_eq!(differences(&whole.contents, &contents(&folder)), [""; 0], "{}", work.name);
        }
    }
}

#[test]
fn a_clock_that_goes_back_changes_nothing() {
    let place = Place::new();
    for work in place.all_work() {
        let whole = whole(&place, &work);
        let (folder, trace) = (place.path("back"), place.path("back.trace"));
        work.begin(&folder);
        let mut command = work.first(&place, &folder);
        NONE.strike(&mut command, 0, &place.root(), &trace);
        let output = command.env("FAULTS_CLOCK", "back").output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !error.contains("panicked"), "{}: {error}", work.name);
        work.finish(&place, &folder);
        assert_eq!(differences(&whole.contents, &contents(&folder)), [""; 0], "{}", work.name);
    }
}
