//! Fuzzes the target that the variable `POINTWISE_FUZZ_TARGET` names; the arguments are those of libFuzzer. Without the variable, it prints the
//! names of the targets.
#![no_main]

use std::io::Write;
use std::sync::OnceLock;

use fuzz::{Target, start, targets};
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<Target> = OnceLock::new();

/// Finds the target, or ends the process.
fn prepare() {
    let name = std::env::var("POINTWISE_FUZZ_TARGET").unwrap_or_default();
    let Some(target) = targets().into_iter().find(|target| target.name == name) else {
        for target in targets() {
            let _ = writeln!(std::io::stdout(), "{}", target.name);
        }
        std::process::exit(i32::from(!name.is_empty()));
    };
    start();
    TARGET.get_or_init(|| target);
}

fuzz_target!(init: prepare(), |bytes: &[u8]| {
    if let Some(target) = TARGET.get() {
        target.run(bytes);
    }
});
