//! Batch and layer normalisation on the CPU.

mod batch;
mod host;
mod layer;

/// Points of a work item. A constant of the problem: sums must not depend on the number of threads.
const CHUNK: usize = 512;

/// The gradients of features `[P, C]`, `γ [C]` and `β [C]`.
struct Gradients<T> {
    features: Vec<T>,
    gamma: Vec<T>,
    beta: Vec<T>,
}
