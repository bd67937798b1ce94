//! Progress of long work: a bar on a terminal, sparse lines in a log file, nothing when quiet.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Longest silence between two lines of a log, while work goes on.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Work that is over before this prints nothing in a log.
const QUICK: Duration = Duration::from_secs(2);

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressMode {
    /// A bar with rate and remaining time, on standard error.
    Bar,
    /// Plain lines on standard error, at each quarter and every ten seconds; none for work of less than two seconds.
    Lines,
    /// Nothing.
    Quiet,
}

impl ProgressMode {
    /// [`ProgressMode::Quiet`] when asked for, else a bar when standard error is a terminal, else
    /// lines.
    #[must_use]
    pub fn detect(quiet: bool) -> Self {
        if quiet {
            Self::Quiet
        } else if io::stderr().is_terminal() {
            Self::Bar
        } else {
            Self::Lines
        }
    }
}

/// Progress of one piece of work of known length. It may be told from many threads.
#[derive(Debug)]
pub struct Progress {
    view: View,
}

#[derive(Debug)]
enum View {
    Bar(ProgressBar),
    Lines(Mutex<Lines>),
    Quiet,
}

impl Progress {
    /// Starts to show progress on `total` items, named `label`, counted in `unit` (a plural, such
    /// as `files`).
    #[must_use]
    pub fn start(mode: ProgressMode, label: &str, unit: &'static str, total: usize) -> Self {
        let view = match mode {
            ProgressMode::Bar => {
                let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
                bar.set_style(style(unit));
                bar.set_prefix(label.to_owned());
                bar.enable_steady_tick(Duration::from_millis(250));
                View::Bar(bar)
            }
            ProgressMode::Lines => View::Lines(Mutex::new(Lines::new(label, unit, total, Instant::now()))),
            ProgressMode::Quiet => View::Quiet,
        };
        Self { view }
    }

    /// Says that `done` items are done in all. A smaller number than before is ignored, so that
    /// calls from several threads may overtake each other.
    pub fn set(&self, done: usize) {
        match &self.view {
            View::Bar(bar) => {
                if done as u64 > bar.position() {
                    bar.set_position(done as u64);
                }
            }
            View::Lines(lines) => print(lock(lines).set(done, Instant::now())),
            View::Quiet => {}
        }
    }

    /// Says that `more` items are done.
    pub fn advance(&self, more: usize) {
        match &self.view {
            View::Bar(bar) => bar.inc(more as u64),
            View::Lines(lines) => {
                let mut lines = lock(lines);
                let done = lines.done + more;
                print(lines.set(done, Instant::now()));
            }
            View::Quiet => {}
        }
    }

    /// A short remark beside the bar, such as the loss; shown in lines with the next one.
    pub fn remark(&self, text: &str) {
        match &self.view {
            View::Bar(bar) => bar.set_message(text.to_owned()),
            View::Lines(lines) => text.clone_into(&mut lock(lines).remark),
            View::Quiet => {}
        }
    }

    /// Prints a line of its own without breaking the bar; to standard error, also when quiet is not
    /// asked for.
    pub fn println(&self, text: &str) {
        match &self.view {
            View::Bar(bar) => bar.println(text),
            View::Lines(_) => eprintln!("{text}"),
            View::Quiet => {}
        }
    }

    /// Ends: takes the bar away. Dropping does the same.
    pub fn finish(self) {}
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }
}

fn style(unit: &'static str) -> ProgressStyle {
    ProgressStyle::with_template(
        "{prefix} {wide_bar:.cyan/dim} {human_pos}/{human_len} {rate}, {eta} left {msg}",
    )
    .expect("the template is constant and valid")
    .with_key("rate", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{} {unit}/s", short(state.per_sec()));
    })
    .progress_chars("━╸─")
}

/// Plain lines in place of a bar.
#[derive(Debug)]
struct Lines {
    label: String,
    unit: &'static str,
    total: usize,
    done: usize,
    remark: String,
    start: Instant,
    /// When the last line was printed, or the start.
    last: Instant,
}

impl Lines {
    fn new(label: &str, unit: &'static str, total: usize, now: Instant) -> Self {
        Self { label: label.to_owned(), unit, total, done: 0, remark: String::new(), start: now, last: now }
    }

    /// The line that is due at `now` with `done` items done, if any.
    fn set(&mut self, done: usize, now: Instant) -> Option<String> {
        let before = self.done;
        if done <= before {
            return None;
        }
        self.done = done;
        let due = self.quarter(done) > self.quarter(before) || now.duration_since(self.last) >= LINE_INTERVAL;
        if !due || now.duration_since(self.start) < QUICK {
            return None;
        }
        self.last = now;
        let seconds = now.duration_since(self.start).as_secs_f64();
        let rate = if seconds > 0.0 { done as f64 / seconds } else { 0.0 };
        let mut line = format!("{}: {done}/{} {}", self.label, self.total, self.unit);
        if rate > 0.0 {
            let _ = write!(line, ", {} {}/s", short(rate), self.unit);
            if done < self.total {
                let _ = write!(line, ", {:.0} s left", (self.total - done) as f64 / rate);
            }
        }
        if !self.remark.is_empty() {
            let _ = write!(line, ", {}", self.remark);
        }
        Some(line)
    }

    fn quarter(&self, done: usize) -> usize {
        4 * done / self.total.max(1)
    }
}

fn print(line: Option<String>) {
    if let Some(line) = line {
        eprintln!("{line}");
    }
}

/// The state is a few counters: whoever panicked while holding it has left it usable.
fn lock(lines: &Mutex<Lines>) -> std::sync::MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A rate in few characters.
fn short(rate: f64) -> String {
    if rate >= 100.0 { format!("{rate:.0}") } else { format!("{rate:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_work_prints_nothing() {
        let start = Instant::now();
        let mut lines = Lines::new("reading", "files", 1000, start);
        let printed =
            (1..=1000).filter_map(|done| lines.set(done, start + Duration::from_millis(done as u64)));
        assert_eq!(printed.count(), 0);
    }

    #[test]
    fn work_of_some_seconds_prints_one_line_per_quarter() {
        let start = Instant::now();
        let mut lines = Lines::new("reading", "files", 1000, start);
        let printed: Vec<String> = (1..=1000)
            .filter_map(|done| lines.set(done, start + Duration::from_millis(10 * done as u64)))
            .collect();
        assert_eq!(printed.len(), 4, "{printed:?}");
        assert_eq!(printed[0], "reading: 250/1000 files, 100 files/s, 8 s left");
        assert_eq!(printed[3], "reading: 1000/1000 files, 100 files/s");
    }

    #[test]
    fn slow_work_prints_a_line_every_ten_seconds() {
        let start = Instant::now();
        let mut lines = Lines::new("training", "steps", 1000, start);
        lines.remark = "loss 0.50".to_owned();
        let printed: Vec<String> =
            (1..=40).filter_map(|done| lines.set(done, start + Duration::from_secs(done as u64))).collect();
        assert_eq!(printed.len(), 4, "{printed:?}");
        assert_eq!(printed[0], "training: 10/1000 steps, 1.0 steps/s, 990 s left, loss 0.50");
    }

    #[test]
    fn calls_that_overtake_each_other_do_not_go_back() {
        let start = Instant::now();
        let now = start + QUICK;
        let mut lines = Lines::new("reading", "files", 8, start);
        assert!(lines.set(4, now).is_some());
        assert!(lines.set(2, now).is_none());
        assert_eq!(lines.done, 4);
    }

    #[test]
    fn nothing_to_do_divides_by_nothing() {
        let now = Instant::now();
        assert!(Lines::new("reading", "files", 0, now).set(0, now).is_none());
    }

    #[test]
    fn serves_as_a_callback_from_many_threads() {
        let progress = Progress::start(ProgressMode::Quiet, "reading", "files", 10);
        let callback: &(dyn Fn(usize) + Sync) = &|done| progress.set(done);
        std::thread::scope(|scope| {
            for done in 1..4 {
                scope.spawn(move || callback(done));
            }
        });
        // The template of the bar is checked when it is made.
        let bar = Progress { view: View::Bar(ProgressBar::hidden().with_style(style("files"))) };
        bar.advance(2);
        bar.set(1);
        bar.remark("x");
        bar.finish();
    }
}
