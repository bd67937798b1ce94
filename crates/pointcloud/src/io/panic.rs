//! Panics of libraries that read files, turned into errors.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;

use crate::error::{Error, Result};

thread_local! {
    /// Whether this thread is inside a reader.
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `read`, and makes an error of a panic in it. `library` is the library that reads the format.
pub(super) fn guard<T>(path: &Path, library: &'static str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    let outer = READING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(read));
    READING.set(outer);
    result.unwrap_or_else(|panic| {
        let message = text_of(panic.as_ref()).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Err(Error::Library { path: path.to_owned(), library, message })
    })
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Stops panics inside readers from being printed: they become errors, which name file and library.
///
/// It wraps the panic hook of the process, once. A program calls it at its start.
pub fn silence_reader_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !READING.get() {
                usual(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        silence_reader_panics();
        let empty: [u8; 0] = [];
        let error =
            guard(Path::new("a.laz"), "laz", || Ok(empty[std::hint::black_box(3)])).unwrap_err().to_string();
        assert!(error.starts_with("a.laz: the library laz failed: index out of bounds"), "{error}");
        assert_eq!(guard(Path::new("a"), "laz", || Ok(7)).unwrap(), 7);
        assert!(!READING.get());
    }
}
