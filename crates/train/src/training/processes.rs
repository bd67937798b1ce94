//! The processes that a launcher of MPI (`mpirun`, `srun`) starts for one training.

use std::sync::Arc;

#[cfg(feature = "mpi")]
use super::mpi;
use super::reduce::{Alone, Reduce, share};
use crate::error::RunError;

/// The processes of one training, from the start of the program to its end.
#[derive(Debug)]
pub struct Processes {
    reduce: Arc<dyn Reduce>,
    /// Ends MPI when it is dropped.
    #[cfg(feature = "mpi")]
    _session: Option<mpi::Session>,
}

impl Processes {
    /// Joins the processes that a launcher started together with this one. Without a launcher, this process is alone. The thread that
    /// calls this trains.
    ///
    /// # Errors
    /// [`RunError::NoMpi`] if there are several processes and the program is built without MPI, or if MPI does not start.
    pub fn join() -> Result<Self, RunError> {
        let launched = Launched::from(|name| std::env::var(name).ok());
        #[cfg(feature = "mpi")]
        if launched.by_mpi {
            let (session, reduce) = mpi::start().ok_or(RunError::NoMpi {
                variable: launched.variable,
                found: launched.processes,
                problem: "MPI did not start",
            })?;
            return Ok(Self { reduce: Arc::new(reduce), _session: Some(session) });
        }
        #[cfg(not(feature = "mpi"))]
        if launched.by_mpi && launched.processes > 1 {
            return Err(RunError::NoMpi {
                variable: launched.variable,
                found: launched.processes,
                problem: "this program was built without MPI, so every process would do the same training in the same folder; build it with \
                          `--features mpi`, or start one process",
            });
        }
        if launched.is_doubtful {
            crate::terminal::note(format_args!(
                "warning: srun started {} tasks, and each trains on its own; for one training start them with `srun --mpi=pmix` (or pmi2) and \
                 a program built with `--features mpi`",
                launched.processes
            ));
        }
        Ok(Self::default())
    }

    /// What the processes use to compute together.
    #[must_use]
    pub fn reduce(&self) -> Arc<dyn Reduce> {
        self.reduce.clone()
    }

    /// Whether this process writes and prints.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.reduce.rank() == 0
    }

    /// Number of processes.
    #[must_use]
    pub fn count(&self) -> usize {
        self.reduce.size()
    }

    /// Makes a failure of one process a failure of all. Every process calls this in the same place.
    ///
    /// # Errors
    /// That of the first process that failed; in the others [`RunError::OtherProcess`], which need not be shown.
    pub fn agree<T, E: From<RunError>>(&self, result: Result<T, E>) -> Result<T, E> {
        agree(&*self.reduce, result)
    }
}

impl Default for Processes {
    /// This process alone.
    fn default() -> Self {
        Self {
            reduce: Arc::new(Alone),
            #[cfg(feature = "mpi")]
            _session: None,
        }
    }
}

/// As [`Processes::agree`].
pub(super) fn agree<T, E: From<RunError>>(reduce: &dyn Reduce, result: Result<T, E>) -> Result<T, E> {
    let (rank, size) = (reduce.rank(), reduce.size());
    if size == 1 {
        return result;
    }
    let mut failed = [if result.is_err() { (size - rank) as i64 } else { 0 }];
    reduce.max(&mut failed);
    match (size - failed[0] as usize, result) {
        (first, Ok(value)) if first == size => Ok(value),
        (first, Err(error)) if first == rank => Err(error),
        (rank, _) => Err(RunError::OtherProcess { rank }.into()),
    }
}

/// Refuses processes for which `facts`, names with values, are not those of process 0.
///
/// # Errors
/// [`RunError::ProcessesDiffer`] in the first process with another value, [`RunError::OtherProcess`] in the others.
pub(super) fn compare(reduce: &dyn Reduce, facts: &[(String, String)]) -> Result<(), RunError> {
    if reduce.size() == 1 {
        return Ok(());
    }
    let text = serde_json::to_string(facts).expect("names and values are text");
    let first = share(reduce, 0, text.as_bytes());
    let first: Vec<(String, String)> = serde_json::from_slice(&first).unwrap_or_default();
    let value = |facts: &[(String, String)], name: &str| {
        facts
            .iter()
            .find(|(other, _)| other == name)
            .map_or_else(|| "not set".to_owned(), |(_, value)| value.clone())
    };
    let names = facts.iter().chain(&first).map(|(name, _)| name);
    let values = names.map(|name| (name, value(facts, name), value(&first, name)));
    let different = values.into_iter().find(|(_, found, expected)| found != expected);
    let rank = reduce.rank();
    agree(
        reduce,
        match different {
            Some((name, found, expected)) => {
                Err(RunError::ProcessesDiffer { rank, name: name.clone(), found, expected })
            }
            None => Ok(()),
        },
    )
}

/// What the variables of a launcher say.
#[derive(Debug, PartialEq)]
struct Launched {
    /// The variable that names the number of processes.
    variable: &'static str,
    processes: usize,
    /// Whether the processes were started as those of one MPI program.
    by_mpi: bool,
    /// Whether Slurm started several tasks, which may be meant as one MPI program; told once, by the first.
    is_doubtful: bool,
}

impl Launched {
    fn from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name| variable(name)?.trim().parse::<usize>().ok();
        // The first three are set for every task of a step of Slurm only if its plugin for MPI is in use.
        let slurm = number("SLURM_STEP_NUM_TASKS").unwrap_or(1);
        if let Some(processes) = number("OMPI_COMM_WORLD_SIZE") {
            return Self {
                variable: "OMPI_COMM_WORLD_SIZE",
                processes,
                by_mpi: processes > 1,
                is_doubtful: false,
            };
        }
        if let Some(processes) = number("PMI_SIZE") {
            // Slurm may set it for any step, also for one whose tasks are trainings of their own.
            let by_mpi = processes > 1 && (cfg!(feature = "mpi") || slurm == 1);
            let is_doubtful = processes > 1 && !by_mpi && number("SLURM_PROCID") == Some(0);
            return Self { variable: "PMI_SIZE", processes, by_mpi, is_doubtful };
        }
        let by_mpi = cfg!(feature = "mpi") && slurm > 1 && variable("PMIX_RANK").is_some();
        let is_doubtful = slurm > 1 && !by_mpi && number("SLURM_PROCID") == Some(0);
        Self { variable: "SLURM_STEP_NUM_TASKS", processes: slurm, by_mpi, is_doubtful }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::reduce::tests::Threads;

    #[test]
    fn launchers_are_told_from_batch_scripts() {
        let of = |set: &[(&str, &str)]| {
            let get = |name: &str| {
                set.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
            };
            let Launched { processes, by_mpi, is_doubtful, .. } = Launched::from(get);
            (processes, by_mpi, is_doubtful)
        };
        assert_eq!(of(&[]), (1, false, false));
        assert_eq!(of(&[("OMPI_COMM_WORLD_SIZE", "1")]), (1, false, false));
        assert_eq!(of(&[("OMPI_COMM_WORLD_SIZE", "4")]), (4, true, false));
        assert_eq!(of(&[("PMI_SIZE", "2")]), (2, true, false));
        // A batch script that asks for several tasks and starts the program itself is one process.
        assert_eq!(of(&[("SLURM_NTASKS", "8"), ("SLURM_PROCID", "0")]), (1, false, false));
        // Several tasks of a step, perhaps with a seed each: a hint from the first, no refusal.
        let step = [("SLURM_STEP_NUM_TASKS", "4"), ("SLURM_PROCID", "0")];
        assert_eq!(of(&step), (4, false, true));
        assert_eq!(of(&[step[0], ("SLURM_PROCID", "1")]), (4, false, false));
        let pmi = of(&[step[0], step[1], ("PMI_SIZE", "4")]);
        assert_eq!(pmi, if cfg!(feature = "mpi") { (4, true, false) } else { (4, false, true) });
    }

    #[test]
    fn a_failure_of_one_is_that_of_all() {
        let found = Threads::run(4, |reduce| {
            let mine = if reduce.rank() % 2 == 1 { Err(RunError::StoppedEarly) } else { Ok(reduce.rank()) };
            (agree(reduce, mine), agree::<_, RunError>(reduce, Ok(7)).unwrap())
        });
        for (rank, (result, seven)) in found.into_iter().enumerate() {
            assert_eq!(seven, 7);
            match (rank, result.unwrap_err()) {
                (1, RunError::StoppedEarly) => {}
                (rank, RunError::OtherProcess { rank: 1 }) => assert_ne!(rank, 1),
                (rank, error) => panic!("{rank}: {error}"),
            }
        }
    }

    #[test]
    fn the_first_difference_is_told() {
        let facts = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let found = Threads::run(3, |reduce| {
            compare(reduce, &facts(&[("a", "1"), ("b", "2")])).unwrap();
            let mine: &[_] =
                if reduce.rank() == 2 { &[("a", "1"), ("b", "3")] } else { &[("a", "1"), ("b", "2")] };
            let different = compare(reduce, &facts(mine)).unwrap_err();
            let mine: &[_] = if reduce.rank() == 1 { &[("a", "1")] } else { &[("a", "1"), ("b", "2")] };
            (different, compare(reduce, &facts(mine)).unwrap_err())
        });
        let RunError::ProcessesDiffer { rank: 2, name, found: mine, expected } = &found[2].0 else {
            panic!("{found:?}")
        };
        assert_eq!((name.as_str(), mine.as_str(), expected.as_str()), ("b", "3", "2"));
        assert!(matches!(&found[0].0, RunError::OtherProcess { rank: 2 }));
        assert!(matches!(&found[1].1, RunError::ProcessesDiffer { found, .. } if found == "not set"));
    }
}
