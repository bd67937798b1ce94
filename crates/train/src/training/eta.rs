//! Estimates the remaining time of a training.

use std::time::{Duration, Instant};

use crate::progress::short_time;

/// The remaining time, estimated from the steps of this session and their time, including validation and checkpoints.
pub(super) struct Eta {
    started: Instant,
    /// Steps of earlier sessions.
    before: usize,
    all: usize,
}

impl Eta {
    /// Starts the clock; `before` of `all` steps are already done.
    pub(super) fn new(before: usize, all: usize) -> Self {
        Self { started: Instant::now(), before, all }
    }

    /// `, 12 min to the end` after `steps` steps; empty if there is no estimate.
    pub(super) fn left(&self, steps: usize) -> String {
        match remaining(self.started.elapsed(), steps.saturating_sub(self.before), self.all - steps) {
            Some(left) => format!(", {} to the end", short_time(left)),
            None => String::new(),
        }
    }
}

/// Time for `left` steps if `done` steps took `elapsed`; no estimate during the first second.
fn remaining(elapsed: Duration, done: usize, left: usize) -> Option<Duration> {
    (done > 0 && elapsed >= Duration::from_secs(1))
        .then(|| Duration::from_secs_f64(elapsed.as_secs_f64() / done as f64 * left as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_takes_as_long_per_step_as_what_is_done() {
        let ten = Duration::from_secs(10);
        assert_eq!(remaining(ten, 5, 30), Some(Duration::from_secs(60)));
        assert_eq!(remaining(ten, 0, 30), None);
        assert_eq!(remaining(Duration::from_millis(100), 5, 30), None);
    }
}
