//! From the numbers of neighbours to the tables of the lists.

use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::op::cube::launch::{empty_like, one_thread_each};
use crate::op::cube::lists::{ROW, RUN};

/// Runs `[P]` and edges `[P]` of every point.
///
/// # Shapes
/// - sizes `[P, K]`
pub(super) fn totals(sizes: &CubeTensor, points: usize, subdomains: usize) -> [CubeTensor; 2] {
    let client = sizes.client.clone();
    let [runs, edges] = [(); 2].map(|()| empty_like(sizes, [points], DType::U32));
    let (count, dim) = one_thread_each(&client, points);
    totals_kernel::launch(
        &client,
        count,
        dim,
        sizes.clone().into_buffer_arg(),
        runs.clone().into_buffer_arg(),
        edges.clone().into_buffer_arg(),
        points,
        subdomains,
    );
    [runs, edges]
}

#[cube(launch)]
fn totals_kernel(sizes: &[u32], runs: &mut [u32], edges: &mut [u32], points: usize, subdomains: usize) {
    let point = ABSOLUTE_POS;
    if point >= points {
        terminate!();
    }
    let mut occupied = 0u32;
    let mut total = 0u32;
    for k in 0..subdomains {
        let size = sizes[point * subdomains + k];
        if size > 0u32 {
            occupied += 1u32;
        }
        total += size;
    }
    runs[point] = occupied;
    edges[point] = total;
}

/// The last value of each of two vectors, which the host asks for.
pub(super) fn ends(first: &CubeTensor, second: &CubeTensor, last: usize) -> [u32; 2] {
    let client = first.client.clone();
    let output = empty_like(first, [2], DType::U32);
    let (count, dim) = one_thread_each(&client, 1);
    ends_kernel::launch(
        &client,
        count,
        dim,
        first.clone().into_buffer_arg(),
        second.clone().into_buffer_arg(),
        output.clone().into_buffer_arg(),
        last,
    );
    let bytes = client.read_one_unchecked(output.handle);
    let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes[..8]);
    [words[0], words[1]]
}

#[cube(launch)]
fn ends_kernel(first: &[u32], second: &[u32], output: &mut [u32], last: usize) {
    if ABSOLUTE_POS == 0 {
        output[0] = first[last];
        output[1] = second[last];
    }
}

/// Fills the tables of the rows and of the runs, and the shares; turns the sizes into the places where the neighbours go.
///
/// # Shapes
/// - run_starts, edge_starts `[P + 1]`
/// - sizes `[P, K]`
/// - rows `[P + 1, ROW]`, runs `[R + 1, RUN]`, shares `[P, K]`
pub(super) fn fill(
    [run_starts, edge_starts]: [CubeTensor; 2],
    sizes: &CubeTensor,
    [rows, runs, shares]: [&CubeTensor; 3],
    points: usize,
    subdomains: usize,
) {
    let client = sizes.client.clone();
    let (count, dim) = one_thread_each(&client, points);
    fill_kernel::launch(
        &client,
        count,
        dim,
        run_starts.into_buffer_arg(),
        edge_starts.into_buffer_arg(),
        sizes.clone().into_buffer_arg(),
        rows.clone().into_buffer_arg(),
        runs.clone().into_buffer_arg(),
        shares.clone().into_buffer_arg(),
        points,
        subdomains,
    );
}

#[cube(launch)]
fn fill_kernel(
    run_starts: &[u32],
    edge_starts: &[u32],
    sizes: &mut [u32],
    rows: &mut [u32],
    runs: &mut [u32],
    shares: &mut [f32],
    points: usize,
    subdomains: usize,
) {
    let point = ABSOLUTE_POS;
    if point >= points {
        terminate!();
    }
    let mut run = usize::cast_from(run_starts[point]);
    let mut edge = edge_starts[point];
    rows[point * ROW] = u32::cast_from(point);
    rows[point * ROW + 1] = run_starts[point];
    for k in 0..subdomains {
        let at = point * subdomains + k;
        let size = sizes[at];
        let mut share = 0.0f32;
        if size > 0u32 {
            share = 1.0f32 / f32::cast_from(size);
            runs[run * RUN] = edge;
            runs[run * RUN + 1] = u32::cast_from(k);
            runs[run * RUN + 2] = u32::cast_from(point);
            run += 1;
        }
        shares[at] = share;
        sizes[at] = edge;
        edge += size;
    }
    // One more of each, to end the last.
    if point == points - 1 {
        rows[points * ROW] = 0u32;
        rows[points * ROW + 1] = u32::cast_from(run);
        runs[run * RUN] = edge;
        runs[run * RUN + 1] = 0u32;
        runs[run * RUN + 2] = 0u32;
    }
}

/// Puts the neighbours of every run into rising order. Runs are short: every thread inserts one neighbour after the other.
pub(super) fn sort(runs: &CubeTensor, indices: &CubeTensor, runs_len: usize) {
    let client = runs.client.clone();
    let (count, dim) = one_thread_each(&client, runs_len);
    sort_kernel::launch(
        &client,
        count,
        dim,
        runs.clone().into_buffer_arg(),
        indices.clone().into_buffer_arg(),
        runs_len,
    );
}

#[cube(launch)]
fn sort_kernel(runs: &[u32], indices: &mut [u32], runs_len: usize) {
    let run = ABSOLUTE_POS;
    if run >= runs_len {
        terminate!();
    }
    let begin = usize::cast_from(runs[run * RUN]);
    let end = usize::cast_from(runs[(run + 1) * RUN]);
    for next in begin + 1..end {
        let value = indices[next];
        let mut place = next;
        while place > begin && indices[place - 1] > value {
            indices[place] = indices[place - 1];
            place -= 1;
        }
        indices[place] = value;
    }
}
