//! Columns as files name them: sorted into a cloud, and listed for writers.

mod color;
mod sort;
mod write;

pub(crate) use sort::{Entry, Sorted, axes_of, cloud_of_entries, cloud_of_table};
pub use write::column_types;
pub(crate) use write::{Column, Joined, Outline, columns_of, distinct_columns_of, facts_of};
