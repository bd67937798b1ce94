//! The command line of `pointwise`.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Tensors of tens of megabytes come and go in every step. The system's allocator gives them back each time and takes
/// a page fault for every page of the next one.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            if cli::is_closed_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            eprintln!("error: {}", cli::describe(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
