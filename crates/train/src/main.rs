//! The command line of `pointwise`.
#![deny(unsafe_code)]

mod allocator;
mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::keep_memory_between_steps();
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
