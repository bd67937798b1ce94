//! Misuse that must be refused.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Fails unless `action` panics with a message that contains `expected`.
pub(crate) fn assert_panics<T>(expected: &str, action: impl FnOnce() -> T) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(action)) else {
        panic!("nothing panicked, expected `{expected}`");
    };
    let message = match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().copied().unwrap_or("no text").to_owned(),
    };
    assert!(message.contains(expected), "the message is `{message}`, expected `{expected}`");
}
