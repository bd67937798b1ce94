//! The command line of `pointwise`.
#![deny(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)] // `train::terminal` escapes what it prints

mod allocator;
mod commands;
mod files;
mod inspect;
mod interrupt;
mod memory;
mod nearest;
mod output;
mod progress;
#[cfg(all(feature = "wgpu", target_os = "linux"))]
mod vulkan_layer;

use std::process::ExitCode;

use train::terminal::note;

fn main() -> ExitCode {
    let arguments = commands::parse();
    allocator::hold_memory(!arguments.reads_in_blocks());
    #[cfg(all(feature = "wgpu", target_os = "linux"))]
    vulkan_layer::ask_no_desktop();
    interrupt::install();
    pointcloud::io::silence_reader_panics();
    match commands::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            if output::is_closed_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            // The process that failed says why and fails. Launchers end all others as soon as one fails, perhaps before it has said so.
            if matches!(error.downcast_ref(), Some(train::RunError::OtherProcess { .. })) {
                return ExitCode::SUCCESS;
            }
            note(format!("error: {}", output::describe(error.as_ref())));
            ExitCode::FAILURE
        }
    }
}
