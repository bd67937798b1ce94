//! The layer between the program and the C library: how it is built, and what it is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The exit code of a program that the layer ends.
pub(crate) const ENDED: i32 = 99;

/// The layer as a library, built once for all tests.
static LIBRARY: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("layer.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/layer.c");
    let flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"];
    // Rust links with the same compiler.
    let built = Command::new("cc").args(flags).arg(&library).arg(source).arg("-ldl").output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    (folder, library)
});

/// A way in which an operation fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    mode: &'static str,
    errno: i32,
    /// The kinds of operations to which it happens; all if there are none.
    kinds: &'static str,
    /// Whether all later operations fail, too.
    pub(crate) stays: bool,
    /// Whether the program must not notice.
    pub(crate) is_harmless: bool,
}

const PERMISSION: i32 = 13;
const INTERRUPTED: i32 = 4;
const INPUT_OUTPUT: i32 = 5;
const NO_SPACE: i32 = 28;
pub(crate) const NO_LOCKS: i32 = 37;
pub(crate) const NOT_IMPLEMENTED: i32 = 38;

const fn fault(name: &'static str, mode: &'static str, errno: i32, kinds: &'static str) -> Fault {
    Fault { name, mode, errno, kinds, stays: false, is_harmless: false }
}

const WRITES: &str = ",create,write,mkdir,rename,sync,truncate,";

/// No space, for one operation.
pub(crate) const FULL: Fault = fault("no space", "fail", NO_SPACE, WRITES);

/// One operation fails on a bad disk.
pub(crate) const BAD: Fault = fault("a bad disk", "fail", INPUT_OUTPUT, "");

/// The program ends before an operation.
pub(crate) const EXIT: Fault = fault("end", "exit", 0, "");

/// The program ends before an operation that changes what a disk holds.
pub(crate) const CUT: Fault = fault("power cut", "exit", 0, ",write,rename,sync,remove,truncate,mkdir,");

/// All ways.
pub(crate) const FAULTS: [Fault; 9] = [
    FULL,
    fault("no permission", "fail", PERMISSION, ",open,create,mkdir,rename,remove,list,stat,lock,"),
    BAD,
    Fault {
        is_harmless: true,
        ..fault("interrupted", "fail", INTERRUPTED, ",open,create,read,write,sync,truncate,")
    },
    Fault { is_harmless: true, ..fault("short", "short", 0, ",read,write,") },
    EXIT,
    fault("a torn write", "torn", 0, ",write,"),
    Fault { stays: true, ..fault("no space from then on", "fail", NO_SPACE, ",create,write,mkdir,") },
    Fault { stays: true, ..fault("a dead disk", "fail", INPUT_OUTPUT, "") },
];

/// All locks fail with the error number.
pub(crate) const fn no_locks(errno: i32) -> Fault {
    Fault { stays: true, ..fault("no locks", "fail", errno, ",lock,") }
}

/// Nothing fails.
pub(crate) const NONE: Fault = fault("none", "fail", 0, "");

impl Fault {
    /// Makes the `number`-th operation of `command` below `place` fail. The operations are written to `trace`.
    pub(crate) fn strike(self, command: &mut Command, number: usize, place: &Path, trace: &Path) {
        command.env("LD_PRELOAD", &LIBRARY.1).env("FAULTS_BELOW", place).env("FAULTS_TRACE", trace);
        command.env(if self.stays { "FAULTS_FROM" } else { "FAULTS_AT" }, number.to_string());
        command.env("FAULTS_MODE", self.mode).env("FAULTS_ERRNO", self.errno.to_string());
        if !self.kinds.is_empty() {
            command.env("FAULTS_KINDS", self.kinds);
        }
    }

    /// The operations in `trace` to which it can happen.
    pub(crate) fn count(self, trace: &[Operation]) -> usize {
        let is_one = |operation: &&Operation| {
            self.kinds.is_empty() || self.kinds.contains(&format!(",{},", operation.kind))
        };
        trace.iter().filter(is_one).count()
    }
}

/// An operation that the layer has seen.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) kind: String,
    pub(crate) path: PathBuf,
    /// Whether it failed.
    pub(crate) is_chosen: bool,
}

/// The operations in the file `trace`.
pub(crate) fn operations(trace: &Path) -> Vec<Operation> {
    let text = fs::read_to_string(trace).unwrap_or_default();
    let parse = |line: &str| {
        let (line, is_chosen) = match line.strip_suffix(" CHOSEN") {
            Some(line) => (line, true),
            None => (line, false),
        };
        let mut words = line.splitn(3, ' ').skip(1);
        let kind = words.next().unwrap().to_owned();
        Operation { kind, path: PathBuf::from(words.next().unwrap()), is_chosen }
    };
    text.lines().map(parse).collect()
}
