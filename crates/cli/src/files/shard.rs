//! Which part of a list a process works on: `--shard i/n`, or what the scheduler says in the environment.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, bail};

/// Part `index` of `count`: the names of a list whose position, divided by `count`, leaves the remainder `index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) index: usize,
    pub(crate) count: usize,
}

impl Shard {
    /// The whole list.
    const WHOLE: Self = Self { index: 0, count: 1 };

    fn new(index: usize, count: usize) -> Result<Self, String> {
        if index < count {
            return Ok(Self { index, count });
        }
        Err(format!(
            "found shard {index} of {count}, expected an index from 0 to one less than the number of shards"
        ))
    }

    /// Whether the name at `position` of the list, from 0, belongs to this shard.
    pub(crate) fn has(self, position: usize) -> bool {
        position % self.count == self.index
    }

    /// The shard that a Slurm job array or a Kubernetes Indexed Job gives this process; the whole list without either.
    ///
    /// # Errors
    /// A variable that is no number, a number of shards that is not set, an array whose indices have gaps.
    pub(crate) fn of_environment(variable: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let number = |name: &str| -> anyhow::Result<Option<usize>> {
            let Some(text) = variable(name) else { return Ok(None) };
            let number = text.trim().parse();
            number
                .map(Some)
                .with_context(|| format!("{name}: found '{text}', expected a number; or set --shard"))
        };
        if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
            let Some(count) = number("SLURM_ARRAY_TASK_COUNT")? else {
                bail!("SLURM_ARRAY_TASK_ID is set, but SLURM_ARRAY_TASK_COUNT is not; set --shard i/n");
            };
            let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
            let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            let index = id.checked_sub(first).filter(|rest| rest % step == 0).map(|rest| rest / step);
            return match index.filter(|&index| index < count) {
                Some(index) => Ok(Self { index, count }),
                None => bail!(
                    "task {id} of a Slurm array of {count} tasks from {first}: the indices have gaps, so they do not say which \
                     shard this is; set --shard, such as --shard $SLURM_ARRAY_TASK_ID/8"
                ),
            };
        }
        if let Some(index) = number("JOB_COMPLETION_INDEX")? {
            let Some(count) = number("JOB_COMPLETIONS")? else {
                bail!(
                    "JOB_COMPLETION_INDEX is set, but JOB_COMPLETIONS is not, which Kubernetes does not set by itself; set it to \
                     the completions of the job, or set --shard i/n"
                );
            };
            return Self::new(index, count).map_err(anyhow::Error::msg);
        }
        Ok(Self::WHOLE)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.trim().parse().ok()?, count.trim().parse().ok()?)));
        let (index, count) = numbers.ok_or("expected i/n, such as 0/8 for the first of eight shards")?;
        Self::new(index, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_read_and_checked() {
        assert_eq!("3/8".parse(), Ok(Shard { index: 3, count: 8 }));
        for bad in ["8/8", "1/0", "0/0", "-1/3", "1", "a/b", "1/2/3", ""] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
        let shards = [0, 1, 2].map(|index| Shard { index, count: 3 });
        assert!((0..10).all(|at| shards.iter().filter(|shard| shard.has(at)).count() == 1));
    }

    #[test]
    fn schedulers_say_the_shard() {
        let slurm = |id, count, min, step| {
            vec![
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_COUNT", count),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_STEP", step),
            ]
        };
        type Variables = Vec<(&'static str, &'static str)>;
        let cases: [(Variables, Result<&str, &str>); 10] = [
            (vec![], Ok("0/1")),
            (slurm("0", "8", "0", "1"), Ok("0/8")),
            (slurm("8", "8", "1", "1"), Ok("7/8")),
            (slurm("12", "4", "0", "4"), Ok("3/4")),
            (slurm("7", "2", "3", "1"), Err("have gaps")),
            (slurm("x", "2", "3", "1"), Err("SLURM_ARRAY_TASK_ID: found 'x'")),
            (vec![("SLURM_ARRAY_TASK_ID", "1")], Err("SLURM_ARRAY_TASK_COUNT is not")),
            (vec![("JOB_COMPLETION_INDEX", "2"), ("JOB_COMPLETIONS", "5")], Ok("2/5")),
            (vec![("JOB_COMPLETION_INDEX", "5"), ("JOB_COMPLETIONS", "5")], Err("found shard 5 of 5")),
            (vec![("JOB_COMPLETION_INDEX", "5")], Err("JOB_COMPLETIONS is not")),
        ];
        for (variables, expected) in cases {
            let variable = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            match (Shard::of_environment(&variable), expected) {
                (Ok(shard), Ok(expected)) => assert_eq!(shard.to_string(), expected),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, expected) => panic!("{variables:?}: found {found:?}, expected {expected:?}"),
            }
        }
    }
}
