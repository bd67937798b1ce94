//! How much memory this process can still get.

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

/// Bytes that this process can still get: what the machine has available, or less where its control group has a limit. `None`
/// where the system does not say.
pub(super) fn available() -> Option<u64> {
    let mut system = System::new();
    system.refresh_memory();
    let of_machine = Some(system.available_memory()).filter(|&bytes| bytes > 0);
    let of_group = get_current_pid().ok().and_then(|pid| {
        let only_this = ProcessesToUpdate::Some(&[pid]);
        system.refresh_processes_specifics(only_this, true, ProcessRefreshKind::nothing());
        let limits = system.process(pid)?.cgroup_limits()?;
        // Files that the system caches count as used in the group, but make room when memory is needed.
        Some(limits.total_memory.saturating_sub(limits.rss))
    });
    of_machine.into_iter().chain(of_group).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_says_how_much_it_has() {
        if cfg!(target_os = "linux") {
            let bytes = available().unwrap();
            assert!((1 << 20..1 << 50).contains(&bytes), "{bytes}");
        }
    }
}
