//! MPI as the transport between processes. Only the thread that starts it may use it.

use std::thread::{ThreadId, current, sleep};
use std::time::Duration;

use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::traits::CommunicatorCollectives;

use super::reduce::Reduce;

/// Time between two looks at whether all processes are there. A process that waits in an operation of MPI would keep a core busy.
const PAUSE: Duration = Duration::from_millis(2);

/// MPI, from its start to its end.
pub(super) struct Session {
    // Ends MPI when it is dropped.
    _universe: Universe,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // To end MPI in order would wait for the other processes, which wait for this one.
            SimpleCommunicator::world().abort(1);
        }
        // Process 0 may still evaluate.
        wait(SimpleCommunicator::world());
    }
}

/// The processes of the program.
#[derive(Debug)]
pub(super) struct Mpi {
    rank: usize,
    size: usize,
    thread: ThreadId,
}

/// Starts MPI; `None` if it cannot be started.
pub(super) fn start() -> Option<(Session, Mpi)> {
    let (universe, _) = mpi::initialize_with_threading(Threading::Funneled)?;
    let world = universe.world();
    let mpi = Mpi { rank: world.rank() as usize, size: world.size() as usize, thread: current().id() };
    Some((Session { _universe: universe }, mpi))
}

impl Mpi {
    fn world(&self) -> SimpleCommunicator {
        assert_eq!(current().id(), self.thread, "MPI is used by one thread");
        SimpleCommunicator::world()
    }

    fn all_reduce(&self, values: &mut [i64], operation: SystemOperation) {
        let own = values.to_vec();
        self.world().all_reduce_into(&own[..], values, operation);
    }
}

impl Reduce for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn max(&self, values: &mut [i64]) {
        self.all_reduce(values, SystemOperation::max());
    }

    fn sum(&self, values: &mut [i64]) {
        self.all_reduce(values, SystemOperation::sum());
    }

    fn wait(&self) {
        wait(self.world());
    }

    fn abort(&self) -> ! {
        SimpleCommunicator::world().abort(1)
    }
}

fn wait(world: SimpleCommunicator) {
    let mut request = world.immediate_barrier();
    while let Err(pending) = request.test() {
        request = pending;
        sleep(PAUSE);
    }
}
