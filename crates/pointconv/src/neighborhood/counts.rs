//! The counts `|Ω_i(k)|` of all edges, for gathering gradients on the CPU.

use std::ops::Range;

use neighbors::{RowBlock, SubdomainLists};
use rayon::prelude::*;

use crate::zeros::zeros;

/// Edges whose mirrored sub-domain is written together.
const BLOCK: usize = 16;

/// Rows of one task; a larger cloud is cut into several.
const TASK_ROWS: usize = 8192;

/// An index into a cloud, or a number of its points.
pub(crate) trait Index: Copy + Default + Send + Sync {
    /// The ends of the runs and the neighbours of lists that have them as this type.
    fn tables(lists: &SubdomainLists) -> (&[Self], &[Self]);

    /// An index is not greater than the number of points of a cloud.
    fn new(index: usize) -> Self;

    fn get(self) -> usize;
}

macro_rules! impl_index {
    ($($t:ty: $tables:ident),*) => {
        $(impl Index for $t {
            fn tables(lists: &SubdomainLists) -> (&[Self], &[Self]) {
                lists.$tables().expect("lists of this width")
            }

            #[inline(always)]
            fn new(index: usize) -> Self {
                index as Self
            }

            #[inline(always)]
            fn get(self) -> usize {
                self as usize
            }
        })*
    };
}

impl_index!(u16: narrow, u32: wide);

/// One count for each edge, as wide as the indices of the lists.
#[derive(Debug, PartialEq)]
pub(crate) enum Counts {
    Narrow(Vec<u16>),
    Wide(Vec<u32>),
}

impl Counts {
    /// The count `[E]` of every edge of `lists`.
    ///
    /// For the edge with centre `j`, sub-domain `k` and neighbour `i` it is `|Ω_i(mirror(k))|`: the number of points in that
    /// sub-domain of `i` in which `j` lies. `counted` has the rows whose runs are counted, one for each possible neighbour in
    /// `lists`: the lists themselves, or those of which `lists` is the transpose. `clouds` has the ranges of the rows of both,
    /// cloud by cloud.
    pub(crate) fn new(
        lists: &SubdomainLists,
        counted: &SubdomainLists,
        clouds: &[(Range<usize>, Range<usize>)],
    ) -> Self {
        if lists.narrow().is_some() {
            Self::Narrow(counts(lists, counted, clouds))
        } else {
            Self::Wide(counts(lists, counted, clouds))
        }
    }
}

fn counts<X: Index>(
    lists: &SubdomainLists,
    counted: &SubdomainLists,
    clouds: &[(Range<usize>, Range<usize>)],
) -> Vec<X> {
    let mut output = zeros(lists.edges());
    let mut left = &mut output[..];
    let mut tasks_of_clouds = Vec::with_capacity(clouds.len());
    let edge_offsets = lists.edge_offsets();
    for (rows, counted_rows) in clouds {
        let mut tasks = Vec::with_capacity(rows.len().div_ceil(TASK_ROWS));
        for start in rows.clone().step_by(TASK_ROWS) {
            let task = start..rows.end.min(start + TASK_ROWS);
            let (mine, rest) = left.split_at_mut((edge_offsets[task.end] - edge_offsets[start]) as usize);
            left = rest;
            tasks.push((task, mine));
        }
        tasks_of_clouds.push((counted_rows.clone(), tasks));
    }
    let shape = lists.shape();
    let mirrors: Vec<u32> = (0..shape.subdomains()).map(|k| shape.mirror(k) as u32).collect();
    tasks_of_clouds.into_par_iter().for_each(|(counted_rows, tasks)| {
        let table = count_runs::<X>(counted, counted_rows, shape.subdomains());
        tasks.into_par_iter().for_each(|(rows, output)| write(lists, &mirrors, rows, &table, output));
    });
    output
}

/// `|Ω_i(k)|` of the points of one cloud, `[points, K]`.
fn count_runs<X: Index>(counted: &SubdomainLists, rows: Range<usize>, subdomains: usize) -> Vec<X> {
    let (run_offsets, (run_ends, _)) = (counted.run_offsets(), X::tables(counted));
    let run_subdomains = counted.run_subdomains();
    let mut table = vec![X::default(); rows.len() * subdomains];
    // The table is indexed by point, not by row: neighbours are points.
    let mut row_of = vec![0u32; rows.len()];
    for (row, &centre) in (rows.start as u32..).zip(&counted.centres()[rows.clone()]) {
        row_of[centre as usize - rows.start] = row;
    }
    let chunks = table.par_chunks_mut(TASK_ROWS * subdomains).zip(row_of.par_chunks(TASK_ROWS));
    chunks.for_each(|(table, row_of)| {
        for (table, &row) in table.chunks_exact_mut(subdomains).zip(row_of) {
            let mut start = 0;
            for run in run_offsets[row as usize] as usize..run_offsets[row as usize + 1] as usize {
                let end = run_ends[run].get();
                table[usize::from(run_subdomains[run])] = X::new(end - start);
                start = end;
            }
        }
    });
    table
}

/// Writes the counts of the edges of some rows of a cloud. `mirror_of` has the mirror of each sub-domain, `table` the counts
/// of the points of the cloud.
fn write<X: Index>(
    lists: &SubdomainLists,
    mirror_of: &[u32],
    rows: Range<usize>,
    table: &[X],
    mut output: &mut [X],
) {
    let edge_offsets = lists.edge_offsets();
    for RowBlock { rows, points, .. } in lists.row_blocks(rows) {
        let (mine, rest) = output.split_at_mut((edge_offsets[rows.end] - edge_offsets[rows.start]) as usize);
        output = rest;
        match points {
            None => write_block(lists, mirror_of, rows, table, |neighbour| neighbour, mine),
            Some(points) => {
                write_block(lists, mirror_of, rows, table, |neighbour| points[neighbour] as usize, mine);
            }
        }
    }
}

/// Writes the counts of the edges of some rows; `point` has the point of a neighbour in its cloud.
fn write_block<X: Index>(
    lists: &SubdomainLists,
    mirror_of: &[u32],
    rows: Range<usize>,
    table: &[X],
    point: impl Fn(usize) -> usize,
    mut output: &mut [X],
) {
    let subdomains = mirror_of.len();
    let (run_offsets, edge_offsets) = (lists.run_offsets(), lists.edge_offsets());
    let (run_subdomains, (run_ends, all_indices)) = (lists.run_subdomains(), X::tables(lists));
    // Write the mirrored sub-domain of every edge of a row first, in whole blocks, then loop over its edges once:
    // runs are short, and the end of a loop over each run would be mispredicted.
    let mut mirrors: Vec<u32> = Vec::new();
    for row in rows {
        let indices = &all_indices[edge_offsets[row] as usize..edge_offsets[row + 1] as usize];
        if mirrors.len() < indices.len() + BLOCK {
            mirrors.resize(2 * indices.len() + BLOCK, 0);
        }
        let mut at = 0;
        for run in run_offsets[row] as usize..run_offsets[row + 1] as usize {
            let mirror = mirror_of[usize::from(run_subdomains[run])];
            let end = run_ends[run].get();
            while at < end {
                mirrors[at..at + BLOCK].fill(mirror);
                at += BLOCK;
            }
            at = end;
        }
        let (mine, rest) = output.split_at_mut(indices.len());
        output = rest;
        for ((output, &neighbour), &mirror) in mine.iter_mut().zip(indices).zip(&mirrors) {
            *output = table[point(neighbour.get()) * subdomains + mirror as usize];
        }
    }
}

#[cfg(test)]
mod tests {
    use neighbors::{KernelShape, PackedClouds, Search};
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn an_edge_has_the_count_of_the_run_that_holds_its_centre() {
        let clouds = PackedClouds::single([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.02, 0.0, 0.0]]).unwrap();
        let lists = SubdomainLists::build(&clouds, &KernelShape::cells(0.1), Search::Auto).unwrap();
        // Seen from point 1, point 0 lies in a cell with point 2; seen from them, point 1 is alone.
        let (_, indices) = lists.narrow().unwrap();
        assert_eq!(indices, [0, 2, 1, 0, 2, 1, 0, 2, 1]);
        let found = Counts::new(&lists, &lists, &[(0..3, 0..3)]);
        assert_eq!(found, Counts::Narrow(vec![2, 2, 2, 1, 1, 1, 2, 2, 2]));
    }

    /// Clouds of the given sizes, uniform in a cube of the given edge.
    fn clouds(sizes: &[usize], edge: f32, seed: u64) -> PackedClouds {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut cloud = |size: usize| -> Vec<[f32; 3]> {
            (0..size).map(|_| [(); 3].map(|()| rng.random_range(0.0..edge))).collect()
        };
        PackedClouds::from_clouds(&sizes.iter().map(|&size| cloud(size)).collect::<Vec<_>>()).unwrap()
    }

    /// Compares with the definition, for 1, 2 and 8 threads. Rows of `lists` lie in `rows`, their neighbours in `counted_rows`.
    fn check(
        lists: &SubdomainLists,
        counted: &SubdomainLists,
        rows: &PackedClouds,
        counted_rows: &PackedClouds,
    ) {
        let mut expected = Vec::with_capacity(lists.edges());
        for row in lists.rows() {
            for (k, neighbours) in row.runs() {
                for i in neighbours {
                    let mut run = counted.row_of(i as usize).subdomain(lists.shape().mirror(k));
                    expected.push(run.clone().count());
                    assert!(run.any(|j| j as usize == row.centre()), "the lists are symmetric");
                }
            }
        }
        let ranges: Vec<_> = rows.ranges().zip(counted_rows.ranges()).collect();
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = match pool.install(|| Counts::new(lists, counted, &ranges)) {
                Counts::Narrow(counts) => counts.into_iter().map(usize::from).collect::<Vec<_>>(),
                Counts::Wide(counts) => counts.into_iter().map(|count| count as usize).collect(),
            };
            assert!(found == expected, "{:?}, {threads} threads", lists.shape());
        }
    }

    fn check_both(points: &PackedClouds, centres: &PackedClouds, shape: &KernelShape) {
        let lists = SubdomainLists::build(points, shape, Search::Auto).unwrap();
        check(&lists, &lists, points, points);
        let [lists, transposed] = SubdomainLists::between(centres, points, shape, Search::Auto).unwrap();
        check(&transposed, &lists, points, centres);
    }

    /// Clouds of several tasks, whose rows are not in the order of their points. One counts neighbours in boxes.
    #[test]
    fn large_clouds() {
        let points = clouds(&[37, 3 * TASK_ROWS + 5, 0, TASK_ROWS], 3.0, 1);
        let centres = clouds(&[11, TASK_ROWS + 3, 20, 900], 3.0, 2);
        let boxes = clouds(&[20, 8 * TASK_ROWS, 10], 5.0, 3);
        let lists = SubdomainLists::build(&boxes, &KernelShape::cells(0.1), Search::Auto).unwrap();
        assert!(lists.row_blocks(0..lists.points()).all(|block| block.points.is_some()));
        check(&lists, &lists, &boxes, &boxes);
        for shape in [KernelShape::cells(0.1), KernelShape::shells(0.15, 2)] {
            check_both(&points, &centres, &shape);
        }
    }

    proptest! {
        #[test]
        fn any_clouds(
            sizes in prop::collection::vec((0usize..60, 0usize..60), 1..4),
            (length, parts, dilation) in (0.05f32..0.6, 1usize..4, 1usize..4),
            seed in any::<u64>(),
        ) {
            let (points, centres): (Vec<_>, Vec<_>) = sizes.into_iter().unzip();
            let (points, centres) = (clouds(&points, 1.0, seed), clouds(&centres, 1.0, !seed));
            let cells = KernelShape::cells(length).with_size([2 * parts - 1, 3, 1]);
            for shape in [cells, KernelShape::shells(length, parts)] {
                check_both(&points, &centres, &shape.with_dilation([dilation; 3]));
            }
        }
    }
}
