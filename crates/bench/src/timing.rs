//! Repeated times, and the memory of the process.

use serde::Serialize;

/// What repeated measurements of one thing came to, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Spread {
    /// The shortest.
    pub min_s: f64,
    /// The middle one.
    pub median_s: f64,
}

impl Spread {
    /// Of at least one measurement; NaN and infinity without any.
    #[must_use]
    pub fn of(times: &[f64]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self {
            min_s: sorted.first().copied().unwrap_or(f64::INFINITY),
            median_s: sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN),
        }
    }
}

/// The most memory that this process has held since it began, in bytes; `None` where the system does not say.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_least() {
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]), Spread { min_s: 1.0, median_s: 2.0 });
        assert_eq!(Spread::of(&[4.0]), Spread { min_s: 4.0, median_s: 4.0 });
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_follows_what_is_held() {
        let before = peak_memory().unwrap();
        let held = vec![1u8; 64 << 20];
        assert!(std::hint::black_box(&held).len() as u64 + before / 2 <= peak_memory().unwrap());
    }
}
