//! Ctrl-C, and the signal by which systems end programs: what is written is whole, and it is said what there is.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use ::train::Stop;

/// Exit code after Ctrl-C, as shells give it: 128 and the number of the signal.
const CTRL_C: u8 = 130;

/// What trainings listen to.
static STOP: LazyLock<Stop> = LazyLock::new(Stop::default);

/// The exit code of the signal that came.
static CODE: AtomicU8 = AtomicU8::new(CTRL_C);

/// Says what there is when the program ends at once.
type Kept = Box<dyn Fn() -> String + Send>;

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// For trainings: the request that Ctrl-C makes.
pub(super) fn stop() -> Stop {
    STOP.clone()
}

/// The exit code of a training that was stopped.
pub(super) fn exit_code() -> ExitCode {
    CODE.load(Ordering::SeqCst).into()
}

/// From now on `kept` tells what is left when the program is ended.
pub(super) fn leaves(kept: impl Fn() -> String + Send + 'static) {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(kept));
}

/// Ends the program at Ctrl-C in order. A training ends by itself, after its step; a second Ctrl-C ends also that at once.
pub(crate) fn install() {
    if let Err(error) = on_signal(handle) {
        // Then Ctrl-C ends the program as it does any other.
        eprintln!("Ctrl-C will not be handled: {error}");
    }
}

fn handle(code: u8) {
    CODE.store(code, Ordering::SeqCst);
    if STOP.is_requested() {
        end("stopped at once, without the steps since the last checkpoint".into(), code);
    }
    if STOP.request() {
        eprintln!("\nstopping after this step; once more ends at once");
        return;
    }
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|kept| kept());
    end(kept.map_or_else(|| "stopped".into(), |kept| format!("stopped: {kept}")), code);
}

fn end(text: String, code: u8) -> ! {
    pointcloud::remove_unfinished();
    eprintln!("\n{text}");
    std::process::exit(code.into())
}

#[cfg(unix)]
fn on_signal(handle: fn(u8)) -> std::io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            handle(128 + signal as u8);
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn on_signal(handle: fn(u8)) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || handle(CTRL_C))
}
