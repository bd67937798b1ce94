//! `pointwise` without arguments.

use std::process::ExitCode;

use train::terminal::note;

/// The three things that people come for.
const TEXT: &str = "Deep learning on point clouds. Three things to start with:

  pointwise train configs/shapes10.toml     try it: trains on synthetic shapes in a few minutes, without any data
  pointwise inspect FOLDER                  your own data: says what is in it, and how to train on it
  pointwise predict modelnet10-s FILE       a trained network on a file of yours (`pointwise models` lists all)

`pointwise --help` lists all commands, `pointwise COMMAND --help` has examples.";

/// Says what one can do; no command is no success.
pub(super) fn tell() -> ExitCode {
    note(TEXT);
    ExitCode::from(2)
}
