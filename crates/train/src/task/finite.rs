//! Outputs of a network that are not numbers.

use std::path::Path;

use crate::error::RunError;

/// Refuses outputs for `path` that are not finite. No class follows from them, and JSON has no such numbers, so a file with them
/// could not be read again.
///
/// # Errors
/// [`RunError::BadFile`].
pub(crate) fn ensure_finite(outputs: &[f32], path: &Path) -> Result<(), RunError> {
    if outputs.iter().all(|output| output.is_finite()) {
        return Ok(());
    }
    let problem = "found outputs of the network that are not finite, expected numbers: the weights are damaged or too large, or \
                   values in this file are; take the weights of another epoch with --weights, or another run"
        .into();
    Err(RunError::BadFile { path: path.to_owned(), problem })
}
