//! Text for people: the only place where this library and the program write to the standard output and standard error.
//!
//! Names of files and classes may hold anything, also what a terminal obeys. So all text is escaped here.

use std::fmt::Display;
use std::io::{self, Write};

use pointcloud::printable;

/// Prints a line to the standard output.
///
/// # Errors
/// A reader that is gone, as with `| head`.
pub fn line(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{}", printable(&text.to_string()))
}

/// Prints a line to the standard error: a note, a warning or an error. If nobody reads it, nothing happens.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{}", printable(&text.to_string()));
}

/// An error with its causes, each printed once.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        cause = error.source();
    }
    text
}
