//! Pooling over segments on the CPU.

mod backward;
mod forward;
mod host;
