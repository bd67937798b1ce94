//! Every instruction set of this machine gives the same lists, bit for bit.
//!
//! The choice is made once in a process, so this program runs itself again with each.

mod common;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::{Command, Output};

use common::{Layout, cloud, shapes};
use neighbors::{InstructionSet, PackedClouds, RadiusLists, Search, SubdomainLists};

/// This program, to be run once more: in the emulator, with its arguments, that `POINTWISE_TEST_EMULATOR` names.
fn this_program() -> Command {
    let path = std::env::current_exe().expect("the path of this program");
    let emulator = std::env::var("POINTWISE_TEST_EMULATOR").unwrap_or_default();
    let mut words = emulator.split_whitespace();
    let Some(emulator) = words.next() else { return Command::new(path) };
    let mut command = Command::new(emulator);
    command.args(words).arg(path);
    command
}

/// Runs one test of this program with an instruction set.
fn run_with(set: &str, test: &str) -> Output {
    let mut program = this_program();
    program.args(["--exact", test, "--ignored", "--nocapture"]).env("POINTWISE_SIMD", set);
    program.output().expect("this program runs")
}

#[test]
fn the_instruction_set_does_not_matter() {
    let digests: Vec<String> = InstructionSet::available()
        .into_iter()
        .map(|set| {
            let output = run_with(&set.to_string(), "digest");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let line = text.lines().find_map(|line| line.split_once("digest of "));
            let (_, digest) = line.unwrap_or_else(|| panic!("{set}: {output:?}"));
            let digest = digest.strip_prefix(&set.to_string());
            digest.unwrap_or_else(|| panic!("{set} was asked for: {text}")).to_owned()
        })
        .collect();
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{digests:?}");
}

#[test]
fn an_unknown_set_is_refused() {
    let output = run_with("sse9", "digest");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(text.contains("POINTWISE_SIMD is \"sse9\""), "{text}");
}

/// Prints one number for all lists of several clouds.
#[test]
#[ignore = "a part of the other tests, which run it with each instruction set"]
fn digest() {
    let mut hasher = DefaultHasher::new();
    let layouts = [
        Layout::Cube,
        Layout::Snapped(0.1),
        Layout::Plane,
        Layout::Line,
        Layout::Duplicates,
        Layout::Outlier,
    ];
    let clouds: Vec<_> =
        layouts.into_iter().zip(0..).map(|(layout, seed)| cloud(layout, 1500, seed)).collect();
    let clouds = PackedClouds::from_clouds(&clouds).unwrap();
    for lists in SubdomainLists::build_all(&clouds, &shapes(0.1), Search::Grid).unwrap() {
        (lists.centres(), lists.run_offsets(), lists.edge_offsets(), lists.run_subdomains())
            .hash(&mut hasher);
        (lists.narrow(), lists.wide()).hash(&mut hasher);
    }
    // All of them as one cloud.
    let clouds = PackedClouds::single(clouds.positions()).unwrap();
    for radius in [0.0, 0.05, 0.2, 1.0] {
        let lists = RadiusLists::build(&clouds, radius, Search::Grid).unwrap();
        (lists.centres(), lists.offsets(), lists.indices()).hash(&mut hasher);
    }
    println!("\ndigest of {} {:x}", InstructionSet::current(), hasher.finish());
}
