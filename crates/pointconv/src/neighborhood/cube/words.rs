//! How many words the entries of the tables have.

/// Words of a row: the centre, and its first run.
pub(crate) const ROW: usize = 2;

/// Words of a run: its first neighbour, its sub-domain, its centre.
pub(crate) const RUN: usize = 3;
