//! Progress of long work: sparse lines in a log file, nothing when quiet, or a view of the calling program.

use std::fmt::{self, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pointcloud::{printable, printable_line};

use crate::terminal::note;

/// Longest silence between two lines of a log in the first minute of some work.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The same after the first minute, and for a part of larger work.
const LATER_INTERVAL: Duration = Duration::from_secs(60);

/// Work that is over before this prints nothing in a log.
const QUICK: Duration = Duration::from_secs(2);

/// How progress is shown.
#[derive(Clone, Copy, Debug)]
pub enum ProgressMode {
    /// By a view of the calling program, which makes one for every task.
    View(MakeView),
    /// Plain lines on standard error, at each quarter and every ten seconds, after a minute every minute; none for work of less
    /// than two seconds.
    Lines,
    /// Nothing.
    Quiet,
}

/// Makes a view for work with a label, on a number of items that are called by a plural: `(label, unit, total)`.
pub type MakeView = fn(&str, &'static str, usize) -> Box<dyn ProgressView>;

/// Shows the progress of one task, from any thread; dropped at its end.
pub trait ProgressView: fmt::Debug + Send + Sync {
    /// The first `items` were done before: they count, but not for the rate.
    fn skip(&self, items: usize);

    /// `done` items are done in all; a smaller number than before is to be ignored.
    fn set(&self, done: usize);

    /// `more` items are done.
    fn advance(&self, more: usize);

    /// Shows a short remark, such as the loss.
    fn remark(&self, text: &str);

    /// Prints a line of its own.
    fn println(&self, text: &str);

    /// Calls `print`, which writes to the terminal, with the view out of the way.
    fn aside(&self, print: &mut dyn FnMut());
}

/// Progress of some work of known length, which many threads may report.
#[derive(Debug)]
pub struct Progress {
    view: View,
}

#[derive(Debug)]
enum View {
    Own(Box<dyn ProgressView>),
    Lines(Mutex<Lines>),
    Quiet,
}

impl Progress {
    /// Starts to show progress on `total` items, named `label`, counted in `unit` (a plural, such
    /// as `files`).
    #[must_use]
    pub fn start(mode: ProgressMode, label: &str, unit: &'static str, total: usize) -> Self {
        Self::of(mode, Lines::new(label, unit, total, Instant::now()))
    }

    /// As [`start`](Self::start), for a part of larger work that leaves a line of its own when it is done, such as an epoch: of
    /// lines only those that break a silence of a minute.
    #[must_use]
    pub fn part(mode: ProgressMode, label: &str, unit: &'static str, total: usize) -> Self {
        Self::of(mode, Lines { part: true, ..Lines::new(label, unit, total, Instant::now()) })
    }

    fn of(mode: ProgressMode, lines: Lines) -> Self {
        let view = match mode {
            ProgressMode::View(make) => {
                View::Own(make(&printable_line(&lines.label), lines.unit, lines.total))
            }
            ProgressMode::Lines => View::Lines(Mutex::new(lines)),
            ProgressMode::Quiet => View::Quiet,
        };
        Self { view }
    }

    /// Says that the first `items` were done before: they count, but not for the rate.
    pub fn skip(&self, items: usize) {
        match &self.view {
            View::Own(view) => view.skip(items),
            View::Lines(lines) => {
                let mut lines = lock(lines);
                (lines.done, lines.before) = (items, items);
            }
            View::Quiet => {}
        }
    }

    /// Says that `done` items are done in all. A smaller number than before is ignored, so that
    /// calls from several threads may overtake each other.
    pub fn set(&self, done: usize) {
        match &self.view {
            View::Own(view) => view.set(done),
            View::Lines(lines) => print(lock(lines).set(done, Instant::now())),
            View::Quiet => {}
        }
    }

    /// Says that `more` items are done.
    pub fn advance(&self, more: usize) {
        match &self.view {
            View::Own(view) => view.advance(more),
            View::Lines(lines) => {
                let mut lines = lock(lines);
                let done = lines.done + more;
                print(lines.set(done, Instant::now()));
            }
            View::Quiet => {}
        }
    }

    /// A short remark beside the progress, such as the loss; shown in lines with the next one.
    pub fn remark(&self, text: &str) {
        match &self.view {
            View::Own(view) => view.remark(&printable_line(text)),
            View::Lines(lines) => text.clone_into(&mut lock(lines).remark),
            View::Quiet => {}
        }
    }

    /// Prints a line of its own on standard error; nothing when quiet.
    pub fn println(&self, text: &str) {
        match &self.view {
            View::Own(view) => view.println(&printable(text)),
            View::Lines(_) => note(text),
            View::Quiet => {}
        }
    }

    /// Calls `print`, which may write to the terminal: the view is out of the way meanwhile.
    ///
    /// # Panics
    /// When the view does not call it.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        let View::Own(view) = &self.view else { return print() };
        let (mut print, mut result) = (Some(print), None);
        view.aside(&mut || result = print.take().map(|print| print()));
        result.expect("a view calls what it is given")
    }

    /// Ends: the view goes. Dropping does the same.
    pub fn finish(self) {}
}

/// Plain lines instead of a bar.
#[derive(Debug)]
struct Lines {
    label: String,
    unit: &'static str,
    total: usize,
    done: usize,
    /// Items that were done before the start.
    before: usize,
    /// Whether the whole leaves a line of its own.
    part: bool,
    remark: String,
    start: Instant,
    /// When the last line was printed, or the start.
    last: Instant,
}

impl Lines {
    fn new(label: &str, unit: &'static str, total: usize, now: Instant) -> Self {
        let (label, remark) = (label.to_owned(), String::new());
        Self { label, unit, total, done: 0, before: 0, part: false, remark, start: now, last: now }
    }

    /// The line that is due at `now` with `done` items done, if any.
    fn set(&mut self, done: usize, now: Instant) -> Option<String> {
        let before = self.done;
        if done <= before {
            return None;
        }
        self.done = done;
        let early = now.duration_since(self.start) <= LATER_INTERVAL;
        let interval = if early && !self.part { LINE_INTERVAL } else { LATER_INTERVAL };
        let quarter = !self.part && self.quarter(done) > self.quarter(before);
        let due = quarter || now.duration_since(self.last) >= interval;
        if !due || now.duration_since(self.start) < QUICK {
            return None;
        }
        self.last = now;
        let seconds = now.duration_since(self.start).as_secs_f64();
        let rate = if seconds > 0.0 { (done - self.before) as f64 / seconds } else { 0.0 };
        let mut line = format!("{}: {done}/{} {}", self.label, self.total, self.unit);
        if rate > 0.0 {
            let _ = write!(line, ", {} {}/s", short(rate), self.unit);
            if done < self.total {
                let left = Duration::from_secs_f64((self.total - done) as f64 / rate);
                let _ = write!(line, ", {} left", short_time(left));
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
        note(line);
    }
}

/// The state is a few counters, which are usable after a panic, too.
fn lock(lines: &Mutex<Lines>) -> std::sync::MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A duration in few characters: `42 s`, `12 min`, `3.4 h`.
pub fn short_time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 99.5 {
        format!("{seconds:.0} s")
    } else if seconds < 99.5 * 60.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
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
        assert_eq!(printed[0], "training: 10/1000 steps, 1.0 steps/s, 16 min left, loss 0.50");
    }

    #[test]
    fn hours_of_work_print_a_line_every_minute() {
        let start = Instant::now();
        let mut lines = Lines::new("training", "steps", 100_000, start);
        let printed = (1..=7200).filter_map(|done| lines.set(done, start + Duration::from_secs(done as u64)));
        assert_eq!(printed.count(), 6 + 119);
    }

    #[test]
    fn a_part_of_the_work_only_breaks_long_silence() {
        let start = Instant::now();
        let mut lines = Lines { part: true, ..Lines::new("epoch 1/9", "steps", 100, start) };
        (lines.done, lines.before) = (10, 10);
        let printed: Vec<String> = (11..=100)
            .filter_map(|done| lines.set(done, start + Duration::from_secs(done as u64 - 10)))
            .collect();
        assert_eq!(printed, ["epoch 1/9: 70/100 steps, 1.0 steps/s, 30 s left"]);
    }

    #[test]
    fn durations_take_few_characters() {
        let of = |seconds| short_time(Duration::from_secs(seconds));
        assert_eq!([of(0), of(99), of(100), of(5969), of(5970)], ["0 s", "99 s", "2 min", "99 min", "1.7 h"]);
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
    }
}
