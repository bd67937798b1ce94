//! Which panics are findings.

use std::backtrace::Backtrace;
use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a target runs.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// Places in dependencies where a panic was contained.
static CONTAINED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Makes a panic in our code end the process, also where a reader would turn it into an error: only panics of dependencies may be
/// contained.
pub(crate) fn watch() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !RUNNING.load(Ordering::Relaxed) {
            usual(info);
        } else if is_in_dependency(info) {
            note(info);
        } else {
            fail(&format!("{info}\n{}", Backtrace::force_capture()));
        }
    }));
}

/// Runs a target. A panic of a dependency that nothing contains ends the process, too.
pub(crate) fn run(target: impl FnOnce()) {
    RUNNING.store(true, Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(target));
    RUNNING.store(false, Ordering::Relaxed);
    if result.is_err() {
        fail("a panic of a dependency, printed above, was not contained");
    }
}

fn is_in_dependency(info: &PanicHookInfo<'_>) -> bool {
    info.location().is_some_and(|place| place.file().contains("/registry/src/"))
}

/// Prints every place once.
fn note(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let is_new = CONTAINED.lock().is_ok_and(|mut places| places.insert(place));
    if is_new {
        let _ = writeln!(std::io::stderr(), "CONTAINED: {info}");
    }
}

fn fail(text: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "FINDING: {text}");
    std::process::abort();
}
