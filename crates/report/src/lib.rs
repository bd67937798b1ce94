//! The report of a run: one HTML page that shows what was trained and how well it does, and opens without any other file.
//!
//! [`RunRecord`] reads and writes `report.json`, [`RunReport`] makes the page of a run, [`comparison`] that of several,
//! and [`spread`] their mean and spread as text.
#![forbid(unsafe_code)]

mod compare;
mod contents;
mod page;
mod record;
mod spread;

pub use compare::comparison;
pub use contents::RunReport;
pub use record::{EvaluationRecord, RunRecord, TrainingFacts};
pub use spread::spread;
