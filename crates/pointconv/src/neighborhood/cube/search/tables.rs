//! From the numbers of neighbours to the tables of the lists.

use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::super::words::{ROW, RUN};
use crate::gpu::launch::{empty_like, one_thread_each};

/// Runs `[len]` and neighbours `[len]` of every point.
///
/// # Shapes
/// - sizes `[K, len]`
pub(super) fn totals(sizes: &CubeTensor, len: usize, subdomains: usize) -> [CubeTensor; 2] {
    let client = sizes.client.clone();
    let [runs, edges] = [(); 2].map(|()| empty_like(sizes, [len], DType::U32));
    let (count, dim) = one_thread_each(&client, len);
    totals_kernel::launch(
        &client,
        count,
        dim,
        sizes.clone().into_buffer_arg(),
        runs.clone().into_buffer_arg(),
        edges.clone().into_buffer_arg(),
        len,
        subdomains,
    );
    [runs, edges]
}

#[cube(launch)]
fn totals_kernel(sizes: &[u32], runs: &mut [u32], edges: &mut [u32], len: usize, subdomains: usize) {
    let row = ABSOLUTE_POS;
    if row >= len {
        terminate!();
    }
    let mut occupied = 0u32;
    let mut total = 0u32;
    for k in 0..subdomains {
        let size = sizes[k * len + row];
        if size > 0u32 {
            occupied += 1u32;
        }
        total += size;
    }
    runs[row] = occupied;
    edges[row] = total;
}

/// The last values of pairs of vectors, which the host waits for: the only thing that it reads in a search.
pub(super) fn ends(pairs: &[(&[CubeTensor; 2], usize)]) -> Vec<[usize; 2]> {
    let Some(&(first, _)) = pairs.first() else { return Vec::new() };
    let client = first[0].client.clone();
    let output = empty_like(&first[0], [pairs.len(), 2], DType::U32);
    let (count, dim) = one_thread_each(&client, 1);
    for (place, (vectors, last)) in pairs.iter().enumerate() {
        ends_kernel::launch(
            &client,
            count.clone(),
            dim,
            vectors[0].clone().into_buffer_arg(),
            vectors[1].clone().into_buffer_arg(),
            output.clone().into_buffer_arg(),
            *last,
            place,
        );
    }
    let bytes = client.read_one(output.handle).unwrap_or_else(|error| {
        panic!("neighbour search: the device gave up, perhaps for lack of memory; take fewer points at once: {error}")
    });
    let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes[..pairs.len() * 2 * size_of::<u32>()]);
    words.chunks_exact(2).map(|pair| [pair[0] as usize, pair[1] as usize]).collect()
}

#[cube(launch)]
fn ends_kernel(first: &[u32], second: &[u32], output: &mut [u32], last: usize, place: usize) {
    if ABSOLUTE_POS == 0 {
        output[2 * place] = first[last];
        output[2 * place + 1] = second[last];
    }
}

/// Fills the tables of the rows and of the runs, and turns the sizes into the places where the neighbours go.
///
/// # Shapes
/// - run_starts, edge_starts `[len + 1]`
/// - members `[P]`: the points; those from `first` on have the rows
/// - sizes `[K, len]`
/// - rows `[len + 1, ROW]`, runs `[R + 1, RUN]`
pub(super) fn fill(
    [run_starts, edge_starts]: [CubeTensor; 2],
    members: &CubeTensor,
    sizes: &CubeTensor,
    [rows, runs]: [&CubeTensor; 2],
    [first, len]: [usize; 2],
    subdomains: usize,
) {
    let client = sizes.client.clone();
    let (count, dim) = one_thread_each(&client, len);
    fill_kernel::launch(
        &client,
        count,
        dim,
        run_starts.into_buffer_arg(),
        edge_starts.into_buffer_arg(),
        members.clone().into_buffer_arg(),
        sizes.clone().into_buffer_arg(),
        rows.clone().into_buffer_arg(),
        runs.clone().into_buffer_arg(),
        first,
        len,
        subdomains,
    );
}

#[cube(launch)]
fn fill_kernel(
    run_starts: &[u32],
    edge_starts: &[u32],
    members: &[u32],
    sizes: &mut [u32],
    rows: &mut [u32],
    runs: &mut [u32],
    first: usize,
    len: usize,
    subdomains: usize,
) {
    let row = ABSOLUTE_POS;
    if row >= len {
        terminate!();
    }
    let point = members[first + row];
    let mut run = usize::cast_from(run_starts[row]);
    let mut edge = edge_starts[row];
    rows[row * ROW] = point;
    rows[row * ROW + 1] = run_starts[row];
    for k in 0..subdomains {
        let at = k * len + row;
        let size = sizes[at];
        if size > 0u32 {
            runs[run * RUN] = edge;
            runs[run * RUN + 1] = u32::cast_from(k);
            runs[run * RUN + 2] = point;
            run += 1;
        }
        sizes[at] = edge;
        edge += size;
    }
    // One more of each, to end the last.
    if row == len - 1 {
        rows[len * ROW] = 0u32;
        rows[len * ROW + 1] = u32::cast_from(run);
        runs[run * RUN] = edge;
        runs[run * RUN + 1] = 0u32;
        runs[run * RUN + 2] = 0u32;
    }
}
