//! The targets that need burn.

mod config;
mod operator;
mod run;

use crate::target::Target;

/// The targets that need burn.
pub(super) fn targets() -> [Target; 9] {
    [
        Target::new("config", config::text),
        Target::new("set", config::overrides),
        Target::new("manifest", run::manifest),
        Target::new("position", run::position),
        Target::new("metrics", run::metrics),
        Target::new("report", run::report),
        Target::new("split", run::split),
        Target::new("weights", run::weights),
        Target::new("operator", operator::agrees),
    ]
}
