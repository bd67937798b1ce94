//! Many files as input of one command: which outputs they get, which part of a list a process works on, and what is done.

mod check;
mod claim;
mod journal;
mod list;
mod options;
mod outputs;
mod shard;
mod stamp;
mod work;

pub(crate) use check::check;
pub(crate) use claim::claim;
pub(crate) use list::FileList;
pub(crate) use options::ListOptions;
pub(crate) use outputs::{Ending, Existing, Job, Mirror, existing, refuse_collisions, resolved, with_kinds};
pub(crate) use stamp::{key, key_of_options};
pub(crate) use work::{ShardWork, Todo};
