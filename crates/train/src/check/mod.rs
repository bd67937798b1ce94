//! Checks of the keys of a config: the errors that name a key, and range checks that make them.
//!
//! Lies below the modules `config` and `network`, which both check keys.

mod error;
mod range;
mod scale;

pub use error::{ConfigError, Hint, KeySource};
pub(crate) use range::{
    ensure, ensure_change, ensure_count, ensure_fraction, ensure_not_negative, ensure_positive, ensure_some,
};
pub use scale::Scale;
