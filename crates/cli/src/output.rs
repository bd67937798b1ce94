//! Text for people and pipes.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

pub(crate) use ::train::terminal::{line, note};

pub(crate) use train::terminal::with_causes as describe;

/// Whether `error` only says that the reader of the standard output is gone, as with `| head`.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Prints a line for every loss; those of several files once for each number of things lost.
pub(crate) fn tell_losses(lost: &BTreeMap<String, Vec<PathBuf>>) {
    const MOST_LINES: usize = 40;
    for (loss, files) in lost.iter().take(MOST_LINES) {
        match files.as_slice() {
            [file] => note(format_args!("{}: {loss}", file.display())),
            [first, ..] => note(format_args!("{loss} (in {} files, {} first)", files.len(), first.display())),
            [] => {}
        }
    }
    if lost.len() > MOST_LINES {
        note(format_args!("{} more kinds of losses", lost.len() - MOST_LINES));
    }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%\\".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn words_survive_a_shell() {
        for word in ["data.root=/data/ModelNet10", "augment.scale=[0.9, 1.1]", "it's", ""] {
            let script = format!("printf %s {}", quoted(word));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
        assert_eq!(quoted("runs/shapes10"), "runs/shapes10");
        assert_eq!(quoted("data.points=64 "), "'data.points=64 '");
    }
}
