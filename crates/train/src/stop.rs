//! Requests to stop a training.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request to stop, shared by the program that makes it and the training.
///
/// A training ends after the current step and writes a checkpoint.
///
/// ```
/// let stop = train::Stop::default();
/// assert!(!stop.request(), "there is no training that would end");
/// assert!(stop.is_requested());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    requested: AtomicBool,
    heard: AtomicBool,
}

impl Stop {
    /// Requests a stop. Gives whether a training will end by it; otherwise the caller has to end the work.
    pub fn request(&self) -> bool {
        // In this order, and the reverse one in a training: either this sees that it is heard, or the training is over
        // and its caller sees that it was requested.
        self.state.requested.store(true, Ordering::SeqCst);
        self.state.heard.load(Ordering::SeqCst)
    }

    /// Whether a stop was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.state.requested.load(Ordering::SeqCst)
    }

    /// From now on requests are heard, until the returned value is dropped.
    pub(crate) fn listen(&self) -> Listening<'_> {
        self.state.heard.store(true, Ordering::SeqCst);
        Listening(self)
    }
}

/// A training that looks for requests.
pub(crate) struct Listening<'a>(&'a Stop);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.state.heard.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_heard_while_somebody_listens() {
        let stop = Stop::default();
        let other = stop.clone();
        let listening = stop.listen();
        assert!(!stop.is_requested());
        assert!(other.request() && stop.is_requested());
        drop(listening);
        assert!(!other.request());
    }
}
