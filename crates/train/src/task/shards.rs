//! The shards of a batch: contiguous parts of its items, whose gradients are computed apart and summed.

use std::ops::Range;

use super::CloudBatch;

/// How batches are cut into shards, and which shards this process computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shards {
    count: usize,
    own: Range<usize>,
}

impl Shards {
    /// All of `count` shards.
    ///
    /// # Panics
    /// When `count` is 0.
    #[must_use]
    pub fn all(count: usize) -> Self {
        Self::of_process(count, 0, 1)
    }

    /// Those of `count` shards that the process `rank` of `size` computes.
    ///
    /// # Panics
    /// When `count` is 0, or `rank` is not below `size`.
    #[must_use]
    pub fn of_process(count: usize, rank: usize, size: usize) -> Self {
        assert!(count > 0 && rank < size, "Shards: found {count} shards, process {rank} of {size}");
        Self { count, own: rank * count / size..(rank + 1) * count / size }
    }

    /// Number of shards of a batch, those of other processes included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The shards of this process.
    #[must_use]
    pub fn own(&self) -> Range<usize> {
        self.own.clone()
    }

    /// The items of a shard in a batch of `items` items; none if there are fewer items than shards and this one gets none.
    #[must_use]
    pub fn items(&self, shard: usize, items: usize) -> Range<usize> {
        shard * items / self.count..(shard + 1) * items / self.count
    }

    /// Number of shards that have items in a batch of `items` items.
    #[must_use]
    pub fn filled(&self, items: usize) -> usize {
        self.count.min(items)
    }
}

/// A batch of a training: the shards of this process that have items.
#[derive(Clone, Debug)]
pub struct ShardedBatch {
    /// The indices of all items of the batch in their source, those of other processes included.
    pub members: Vec<usize>,
    /// The shards with their numbers, in order.
    pub shards: Vec<(usize, CloudBatch)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_in_one_shard_of_one_process() {
        for (count, size, items) in [(1, 1, 7), (4, 1, 32), (8, 3, 32), (8, 8, 5), (5, 2, 3), (3, 5, 4)] {
            let mut found = Vec::new();
            let mut filled = 0;
            for rank in 0..size {
                let shards = Shards::of_process(count, rank, size);
                for shard in shards.own() {
                    let range = shards.items(shard, items);
                    filled += usize::from(!range.is_empty());
                    found.extend(range);
                }
                assert!(rank + 1 < size || filled == shards.filled(items));
            }
            assert_eq!(found, (0..items).collect::<Vec<_>>(), "{count} shards, {size} processes");
        }
    }
}
