//! Ctrl-C, and the signal by which systems end programs: files are written whole or not at all, and a message says which.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use ::train::Stop;
use train::terminal::note;

/// Exit code after Ctrl-C, as shells give it: 128 and the number of the signal.
const CTRL_C: u8 = 130;

/// The request that stops a training.
static STOP: LazyLock<Stop> = LazyLock::new(Stop::default);

/// The exit code of the signal that came.
static CODE: AtomicU8 = AtomicU8::new(CTRL_C);

/// The message about what is written, when the program ends at once.
type Remains = Box<dyn Fn() -> String + Send>;

static REMAINS: Mutex<Option<Remains>> = Mutex::new(None);

/// For trainings: the request that Ctrl-C makes.
pub(crate) fn stop() -> Stop {
    STOP.clone()
}

/// The exit code of a training that was stopped.
pub(crate) fn exit_code() -> ExitCode {
    CODE.load(Ordering::SeqCst).into()
}

/// From now on `remains` gives the message about what is written, when the program is ended.
pub(crate) fn leaves(remains: impl Fn() -> String + Send + 'static) {
    *REMAINS.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(remains));
}

/// Ends the program at Ctrl-C in order. A training ends by itself, after its step; a second Ctrl-C ends also that at once.
pub(crate) fn install() {
    if let Err(error) = on_signal(handle) {
        // Then Ctrl-C ends the program as it does any other.
        note(format_args!("Ctrl-C will not be handled: {error}"));
    }
}

fn handle(code: u8) {
    CODE.store(code, Ordering::SeqCst);
    if STOP.is_requested() {
        end("stopped at once, without the steps since the last checkpoint".into(), code);
    }
    if STOP.request() {
        note(format_args!("\nstopping after this step; once more ends at once"));
        return;
    }
    let remains = REMAINS.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|remains| remains());
    end(remains.map_or_else(|| "stopped".into(), |remains| format!("stopped: {remains}")), code);
}

fn end(text: String, code: u8) -> ! {
    pointcloud::io::remove_unfinished();
    note(format_args!("\n{text}"));
    std::process::exit(code.into())
}

#[cfg(unix)]
fn on_signal(handle: fn(u8)) -> std::io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
    use signal_hook::iterator::Signals;

    // The third one is what `mpirun` passes on to its processes; after the others it kills them, perhaps before the step is over.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGUSR1])?;
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
