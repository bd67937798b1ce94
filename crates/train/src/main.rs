//! The command line of `pointwise`.
#![deny(unsafe_code)]

mod allocator;
mod cli;
#[cfg(all(feature = "wgpu", target_os = "linux"))]
mod vulkan_layer;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::keep_memory_between_steps();
    #[cfg(all(feature = "wgpu", target_os = "linux"))]
    vulkan_layer::ask_no_desktop();
    cli::handle_interrupts();
    pointcloud::io::silence_reader_panics();
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
