//! How much memory this process can still get.

use std::env;

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

/// The variable that says how many megabytes there are, instead of the machine.
const VARIABLE: &str = "POINTWISE_MEMORY";

/// Memory that this process can still get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AvailableMemory {
    /// Bytes.
    pub bytes: u64,
    /// What says so: the machine, the limit of a control group, or a variable.
    pub limit: &'static str,
}

/// What this process can still get: what the machine has available, or less where its control group has a limit. `None` where the
/// system does not say.
///
/// The variable `POINTWISE_MEMORY` replaces both with a number of megabytes.
#[must_use]
pub fn available_memory() -> Option<AvailableMemory> {
    let given = env::var(VARIABLE).ok().and_then(|text| text.trim().parse::<u64>().ok());
    if let Some(megabytes) = given {
        let bytes = megabytes.saturating_mul(1_000_000);
        return Some(AvailableMemory { bytes, limit: "the variable POINTWISE_MEMORY" });
    }
    let mut system = System::new();
    system.refresh_memory();
    let bytes = system.available_memory();
    let of_machine =
        (bytes > 0).then_some(AvailableMemory { bytes, limit: "what this machine has available" });
    let total = system.total_memory();
    let of_group = get_current_pid().ok().and_then(|pid| {
        let only_this = ProcessesToUpdate::Some(&[pid]);
        system.refresh_processes_specifics(only_this, true, ProcessRefreshKind::nothing());
        let limits = system.process(pid)?.cgroup_limits()?;
        // Files that the system caches count as used in the group, but make room when memory is needed.
        let bytes = limits.total_memory.saturating_sub(limits.rss);
        let limit = "the limit of the control group (cgroup) of this process";
        (limits.total_memory < total).then_some(AvailableMemory { bytes, limit })
    });
    of_machine.into_iter().chain(of_group).min_by_key(|available| available.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_says_how_much_it_has() {
        if cfg!(target_os = "linux") {
            let bytes = available_memory().unwrap().bytes;
            assert!((1 << 20..1 << 50).contains(&bytes), "{bytes}");
        }
    }
}
