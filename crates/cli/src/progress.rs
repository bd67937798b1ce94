//! Progress on a terminal: a bar with rate and remaining time.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use train::ProgressMode;
use train::progress::{ProgressView, short_time};

/// [`ProgressMode::Quiet`] when asked for, else a bar when standard error is a terminal, else lines.
pub(crate) fn detect(quiet: bool) -> ProgressMode {
    if quiet {
        ProgressMode::Quiet
    } else if io::stderr().is_terminal() {
        ProgressMode::View(bar)
    } else {
        ProgressMode::Lines
    }
}

fn bar(label: &str, unit: &'static str, total: usize) -> Box<dyn ProgressView> {
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
    bar.set_style(style(unit));
    bar.set_prefix(label.to_owned());
    bar.enable_steady_tick(Duration::from_millis(250));
    Box::new(Bar(bar))
}

#[derive(Debug)]
struct Bar(ProgressBar);

impl ProgressView for Bar {
    fn skip(&self, items: usize) {
        self.0.set_position(items as u64);
        self.0.reset_eta();
    }

    fn set(&self, done: usize) {
        if done as u64 > self.0.position() {
            self.0.set_position(done as u64);
        }
    }

    fn advance(&self, more: usize) {
        self.0.inc(more as u64);
    }

    fn remark(&self, text: &str) {
        self.0.set_message(format!(", {text}"));
    }

    fn println(&self, text: &str) {
        self.0.println(text);
    }

    fn aside(&self, print: &mut dyn FnMut()) {
        self.0.suspend(print);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(unit: &'static str) -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {wide_bar:.cyan/dim} {human_pos}/{human_len} {rate}{left}{msg}")
        .expect("the template is constant and valid")
        .with_key("left", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // Before the first item there is no rate.
            if state.per_sec() > 0.0 {
                let _ = write!(out, ", {} left", short_time(state.eta()));
            }
        })
        .with_key("rate", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{} {unit}/s", short(state.per_sec()));
        })
        .progress_chars("━╸─")
}

/// A rate in few characters.
fn short(rate: f64) -> String {
    if rate >= 100.0 { format!("{rate:.0}") } else { format!("{rate:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_counts_and_its_template_is_valid() {
        let bar = Bar(ProgressBar::hidden().with_style(style("files")));
        bar.0.set_length(10);
        bar.skip(1);
        bar.advance(2);
        bar.set(1);
        bar.remark("x");
        assert_eq!(bar.0.position(), 3);
    }
}
