//! The inverse counts `1/|Ω_i(k)|` of all edges, for gathering gradients on the CPU.

use std::ops::Range;

use neighbors::SubdomainLists;
use rayon::prelude::*;

use crate::zeros::zeros;

/// Edges whose mirrored sub-domain is written together.
const BLOCK: usize = 16;

/// Rows of one task; a larger cloud is cut into several.
const TASK_ROWS: usize = 8192;

/// The inverse count `[E]` of every edge of `lists`.
///
/// For the edge with centre `j`, sub-domain `k` and neighbour `i` it is `1 / |Ω_i(mirror(k))|`: the reciprocal of the
/// number of points in that sub-domain of `i` in which `j` lies. `counted` has the rows whose runs are counted, one for
/// each possible neighbour in `lists`: the lists themselves, or those of which `lists` is the transpose.
/// `clouds` has the ranges of the rows of both, cloud by cloud.
pub(crate) fn inverse_counts(
    lists: &SubdomainLists,
    counted: &SubdomainLists,
    clouds: &[(Range<usize>, Range<usize>)],
) -> Vec<f32> {
    let mut output = zeros(lists.edges());
    let mut left = &mut output[..];
    let mut tasks_of_clouds = Vec::with_capacity(clouds.len());
    let first_edge = |row: usize| lists.run_starts()[lists.run_offsets()[row] as usize] as usize;
    for (rows, counted_rows) in clouds {
        let mut tasks = Vec::with_capacity(rows.len().div_ceil(TASK_ROWS));
        for start in rows.clone().step_by(TASK_ROWS) {
            let task = start..rows.end.min(start + TASK_ROWS);
            let (mine, rest) = left.split_at_mut(first_edge(task.end) - first_edge(task.start));
            left = rest;
            tasks.push((task, mine));
        }
        tasks_of_clouds.push((counted_rows.clone(), tasks));
    }
    let shape = lists.shape();
    let mirrors: Vec<u32> = (0..shape.subdomains()).map(|k| shape.mirror(k) as u32).collect();
    tasks_of_clouds.into_par_iter().for_each(|(counted_rows, tasks)| {
        let table = reciprocals(counted, counted_rows.clone(), shape.subdomains());
        tasks.into_par_iter().for_each(|(rows, output)| {
            write(lists, &mirrors, rows, (&table, counted_rows.start), output);
        });
    });
    output
}

/// `1/|Ω_i(k)|` of the points of one cloud, `[points, K]`; zero where a sub-domain is empty.
fn reciprocals(counted: &SubdomainLists, rows: Range<usize>, subdomains: usize) -> Vec<f32> {
    let (run_offsets, run_starts) = (counted.run_offsets(), counted.run_starts());
    let run_subdomains = counted.run_subdomains();
    let mut table = vec![0.0f32; rows.len() * subdomains];
    // The table is indexed by point, not by row: neighbours are points.
    let mut row_of = vec![0u32; rows.len()];
    for (row, &centre) in (rows.start as u32..).zip(&counted.centres()[rows.clone()]) {
        row_of[centre as usize - rows.start] = row;
    }
    let chunks = table.par_chunks_mut(TASK_ROWS * subdomains).zip(row_of.par_chunks(TASK_ROWS));
    chunks.for_each(|(table, row_of)| {
        for (table, &row) in table.chunks_exact_mut(subdomains).zip(row_of) {
            for run in run_offsets[row as usize] as usize..run_offsets[row as usize + 1] as usize {
                let count = run_starts[run + 1] - run_starts[run];
                table[usize::from(run_subdomains[run])] = 1.0 / count as f32;
            }
        }
    });
    table
}

/// Writes the inverse counts of the edges of some rows. `mirror_of` has the mirror of each sub-domain, `table` the
/// reciprocals of a cloud and its first point.
fn write(
    lists: &SubdomainLists,
    mirror_of: &[u32],
    rows: Range<usize>,
    (table, first_point): (&[f32], usize),
    mut output: &mut [f32],
) {
    let subdomains = mirror_of.len();
    let (run_offsets, run_starts) = (lists.run_offsets(), lists.run_starts());
    let (run_subdomains, all_indices) = (lists.run_subdomains(), lists.indices());
    // Write the mirrored sub-domain of every edge of a row first, in whole blocks, then loop over its edges once:
    // runs are short, and the end of a loop over each run would be mispredicted.
    let mut mirrors: Vec<u32> = Vec::new();
    for row in rows {
        let runs = run_offsets[row] as usize..run_offsets[row + 1] as usize;
        let first = run_starts[runs.start] as usize;
        let edges = run_starts[runs.end] as usize - first;
        if mirrors.len() < edges + BLOCK {
            mirrors.resize(2 * edges + BLOCK, 0);
        }
        let mut at = 0;
        for run in runs {
            let mirror = mirror_of[usize::from(run_subdomains[run])];
            let end = run_starts[run + 1] as usize - first;
            while at < end {
                mirrors[at..at + BLOCK].fill(mirror);
                at += BLOCK;
            }
            at = end;
        }
        let (mine, rest) = output.split_at_mut(edges);
        output = rest;
        let indices = &all_indices[first..first + edges];
        for ((output, &neighbour), &mirror) in mine.iter_mut().zip(indices).zip(&mirrors) {
            let point = neighbour as usize - first_point;
            *output = table[point * subdomains + mirror as usize];
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
        assert_eq!(lists.indices(), [0, 2, 1, 0, 2, 1, 0, 2, 1]);
        let found = inverse_counts(&lists, &lists, &[(0..3, 0..3)]);
        assert_eq!(found, [0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5]);
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
                for &i in neighbours {
                    let run = counted.row_of(i as usize).subdomain(lists.shape().mirror(k));
                    assert!(run.contains(&(row.centre() as u32)), "the lists are symmetric");
                    expected.push(1.0 / run.len() as f32);
                }
            }
        }
        let ranges: Vec<_> = rows.ranges().zip(counted_rows.ranges()).collect();
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| inverse_counts(lists, counted, &ranges));
            assert!(found == expected, "{:?}, {threads} threads", lists.shape());
        }
    }

    fn check_both(points: &PackedClouds, centres: &PackedClouds, shape: &KernelShape) {
        let lists = SubdomainLists::build(points, shape, Search::Auto).unwrap();
        check(&lists, &lists, points, points);
        let [lists, transposed] = SubdomainLists::between(centres, points, shape, Search::Auto).unwrap();
        check(&transposed, &lists, points, centres);
    }

    /// Clouds of several tasks, whose rows are not in the order of their points.
    #[test]
    fn large_clouds() {
        let points = clouds(&[37, 3 * TASK_ROWS + 5, 0, TASK_ROWS], 3.0, 1);
        let centres = clouds(&[11, TASK_ROWS + 3, 20, 900], 3.0, 2);
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
