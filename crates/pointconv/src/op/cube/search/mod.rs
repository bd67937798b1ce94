//! The neighbour search on the device: from positions to the lists that the operators read.
//!
//! Points are sorted into cells ([`grid`]). Every point then looks through the cells around it twice: the first time it
//! counts its neighbours in every sub-domain; running sums of the counts ([`scan`]) tell every point where its lists
//! begin; the second time it writes them ([`pairs`]). The host reads two numbers in between, to allocate the lists.

mod grid;
mod pairs;
mod scan;
mod tables;

use burn::tensor::DType;
use burn_cubecl::CubeDevice;
use neighbors::{KernelShape, NeighborError};

use self::grid::Grid;
use self::pairs::Rule;
use self::scan::sums_before;
use super::launch::{empty_like, largest_binding};
use super::lists::{Lists, ROW, RUN, Slab, tensor};

/// The lists of a kernel of cells over packed clouds.
///
/// Positions and offsets must be valid.
///
/// # Errors
/// More neighbours than fit into one table of the device.
pub(super) fn search(
    device: &CubeDevice,
    positions: &[[f32; 3]],
    offsets: &[usize],
    shape: &KernelShape,
    intervals: &[Vec<(f32, f32)>; 3],
) -> Result<Lists, NeighborError> {
    let client = &device.client();
    let points = positions.len();
    let subdomains = shape.subdomains();
    let bounds: Vec<f32> = intervals.iter().flatten().flat_map(|&(low, high)| [low, high]).collect();
    let farthest = bounds.iter().fold(0.0, |farthest: f32, bound| farthest.max(bound.abs()));
    let rule = Rule {
        size: [0, 1, 2].map(|axis| intervals[axis].len()),
        bounds: tensor(client, device, &bounds, DType::F32),
        // The difference of two positions is rounded: what lies in an interval may be a little farther away.
        reach: farthest * (1.0 + 4.0 * f32::EPSILON),
    };
    let positions = tensor(client, device, positions.as_flattened(), DType::F32);
    let clouds: Vec<u32> = offsets
        .windows(2)
        .enumerate()
        .flat_map(|(cloud, bounds)| std::iter::repeat_n(cloud as u32, bounds[1] - bounds[0]))
        .collect();
    let clouds = tensor(client, device, &clouds, DType::U32);

    let grid = Grid::build(&positions, &clouds, points, rule.reach);
    let sizes = grid::zeros(&positions, points * subdomains);
    pairs::count(&rule, &grid, &positions, &sizes, points);
    let starts = tables::totals(&sizes, points, subdomains).map(|totals| sums_before(totals, points));
    let [runs_len, edges] = tables::ends(&starts[0], &starts[1], points).map(|end| end as usize);

    let words = largest_binding(client) / size_of::<u32>();
    if edges > words || (runs_len + 1) * RUN > words {
        return Err(NeighborError::TooManyEdges { max: words as u64 });
    }
    let rows = empty_like(&positions, [(points + 1) * ROW], DType::U32);
    let runs = empty_like(&positions, [(runs_len + 1) * RUN], DType::U32);
    let shares = empty_like(&positions, [points, subdomains], DType::F32);
    let indices = empty_like(&positions, [edges], DType::U32);
    tables::fill(starts, &sizes, [&rows, &runs, &shares], points, subdomains);
    pairs::write(&rule, &grid, &positions, &sizes, &indices, points);
    tables::sort(&runs, &indices, runs_len);
    let slab = Slab { len: points, runs_len, rows, runs, indices };
    Ok(Lists::new(device, points, shape, vec![slab], Some(shares)))
}

#[cfg(test)]
mod tests {
    use neighbors::{Neighborhood, Search};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::op::cube::lists::read;
    use crate::op::cube::test_device::device;

    /// Clouds of the given sizes in a cube, one point in eight repeated.
    fn clouds(sizes: &[usize], edge: f32, origin: f32, seed: u64) -> (Vec<[f32; 3]>, Vec<usize>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut positions, mut offsets) = (Vec::new(), vec![0]);
        for &size in sizes {
            let first = positions.len();
            for i in 0..size {
                let fresh = [(); 3].map(|()| origin + rng.random_range(0.0..edge));
                positions.push(if i % 8 == 7 { positions[first + i / 2] } else { fresh });
            }
            offsets.push(positions.len());
        }
        (positions, offsets)
    }

    fn check(what: &str, positions: &[[f32; 3]], offsets: &[usize], shape: &KernelShape) {
        let Some(device) = device("the search on a GPU") else { return };
        let expected = Neighborhood::build(positions, offsets, shape, Search::Auto).expect("a sound batch");
        let intervals = shape.intervals().expect("cells");
        let found = search(&device, positions, offsets, shape, &intervals).expect("few neighbours");
        let mut edges = 0;
        let lists = read(&found.slabs[0]);
        assert_eq!(lists.len(), positions.len(), "{what}: points");
        for (centre, runs) in lists {
            let expected: Vec<(usize, Vec<u32>)> =
                expected.runs(centre).map(|(k, members)| (k, members.to_vec())).collect();
            assert_eq!(runs, expected, "{what}, {shape:?}: point {centre} at {:?}", positions[centre]);
            edges += runs.iter().map(|(_, members)| members.len()).sum::<usize>();
        }
        assert_eq!(edges, expected.edges(), "{what}: edges");
        let shares = found.shares(&expected);
        let bytes = shares.client.read_one_unchecked(shares.handle.clone());
        let shares: Vec<f32> =
            bytemuck::pod_collect_to_vec(&bytes[..positions.len() * shape.subdomains() * 4]);
        for (centre, shares) in shares.chunks(shape.subdomains()).enumerate() {
            for (k, members) in expected.runs(centre) {
                let expected = 1.0 / members.len() as f32;
                assert!(
                    (shares[k] - expected).abs() <= f32::EPSILON * expected,
                    "{what}: share {centre} {k}"
                );
            }
        }
    }

    fn shapes() -> [KernelShape; 4] {
        let cells = KernelShape::cells(0.2);
        [
            cells,
            cells.with_dilation([1, 2, 3]),
            cells.with_size([5, 1, 3]).with_dilation([1, 2, 2]),
            cells.with_dilation([4; 3]),
        ]
    }

    #[test]
    fn uneven_clouds() {
        let (positions, offsets) = clouds(&[23, 0, 700, 1, 600, 37], 1.0, 0.0, 1);
        for shape in shapes() {
            check("uneven clouds", &positions, &offsets, &shape);
        }
    }

    #[test]
    fn a_large_cloud() {
        let (positions, offsets) = clouds(&[20_000], 4.0, -2.0, 2);
        check("large", &positions, &offsets, &KernelShape::cells(0.1));
    }

    #[test]
    fn one_point_and_one_place() {
        check("one point", &[[0.3, -0.2, 0.7]], &[0, 1], &shapes()[0]);
        check("one place", &[[0.3, -0.2, 0.7]; 40], &[0, 10, 40], &shapes()[0]);
    }

    /// Differences of exactly half a cell, where rounding decides.
    #[test]
    fn points_on_faces() {
        let positions: Vec<[f32; 3]> =
            (0..512usize).map(|i| [i % 8, i / 8 % 8, i / 64].map(|n| n as f32 * 0.1 - 0.3)).collect();
        for shape in shapes() {
            check("faces", &positions, &[0, 200, 512], &shape);
        }
    }

    /// Where single precision hardly tells cells apart, and where it does not at all.
    #[test]
    fn far_away() {
        for origin in [1e4, 1e6, 1e9] {
            let (mut positions, offsets) = clouds(&[300, 200], 2.0, origin, 3);
            positions[17] = [-3e9, 2e30, 5.0];
            check("far away", &positions, &offsets, &KernelShape::cells(0.3));
        }
    }
}
