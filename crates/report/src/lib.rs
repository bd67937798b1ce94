//! The report: one page that shows what a run did and how well, and opens without anything else.

mod compare;
mod contents;
mod page;
mod record;

pub use compare::comparison;
pub use contents::RunReport;
pub use record::{EvaluationRecord, RunRecord, TrainingFacts};
