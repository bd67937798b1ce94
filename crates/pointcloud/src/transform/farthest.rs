//! Farthest point sampling.

/// Points whose distances are compared side by side; a multiple of every SIMD width in use.
const LANES: usize = 16;

/// Chooses points one by one, each the farthest from all chosen before, beginning with `start`.
///
/// Returns `min(n, N)` indices without repeats, in the order of choice; of equally far points the
/// first wins. The first `m` of them are the answer for `m`. Positions must be finite.
///
/// # Shapes
/// `positions` `[N, 3]`.
///
/// # Panics
/// When `start` is not below `N` although points are asked for.
///
/// # Complexity
/// `O(N · n)` time, `O(N)` memory.
///
/// ```
/// use pointcloud::transform::farthest_indices;
///
/// let positions = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [9.0, 0.0, 0.0], [5.0, 0.0, 0.0]];
/// assert_eq!(farthest_indices(&positions, 3, 0), [0, 2, 3]);
/// ```
#[must_use]
pub fn farthest_indices(positions: &[[f32; 3]], n: usize, start: usize) -> Vec<usize> {
    farthest_in_columns([0, 1, 2].map(|axis| positions.iter().map(|p| p[axis]).collect()), n, start)
}

/// [`farthest_indices`] of positions in columns.
///
/// # Panics
/// As [`farthest_indices`].
pub(crate) fn farthest_in_columns(columns: [Vec<f32>; 3], n: usize, start: usize) -> Vec<usize> {
    let len = columns[0].len();
    let count = n.min(len);
    if count == 0 {
        return Vec::new();
    }
    assert!(start < len, "start is {start}, but there are {len} points");

    // Columns padded to whole blocks; the padding is never chosen, its distance stays -1.
    let padded = len.next_multiple_of(LANES);
    let [xs, ys, zs] = columns.map(|mut column| {
        column.resize(padded, 0.0);
        column
    });
    let mut nearest = vec![f32::INFINITY; padded];
    nearest[len..].fill(-1.0);

    let mut chosen = Vec::with_capacity(count);
    let mut next = start;
    loop {
        chosen.push(next);
        if chosen.len() == count {
            return chosen;
        }
        // A chosen point is marked like the padding, so duplicates of it remain candidates.
        let (x, y, z) = (xs[next], ys[next], zs[next]);
        nearest[next] = -1.0;
        let mut best = [-1.0_f32; LANES];
        let blocks = xs.chunks_exact(LANES).zip(ys.chunks_exact(LANES)).zip(zs.chunks_exact(LANES));
        for (((bx, by), bz), block) in blocks.zip(nearest.chunks_exact_mut(LANES)) {
            for lane in 0..LANES {
                let (dx, dy, dz) = (bx[lane] - x, by[lane] - y, bz[lane] - z);
                let squared_distance = dx * dx + dy * dy + dz * dz;
                let old = block[lane];
                let new = if squared_distance < old { squared_distance } else { old };
                block[lane] = new;
                best[lane] = if new > best[lane] { new } else { best[lane] };
            }
        }
        let farthest = best.into_iter().fold(-1.0, f32::max);
        next = nearest.iter().position(|&d| d == farthest).unwrap_or(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, read aloud.
    fn naive(positions: &[[f32; 3]], n: usize, start: usize) -> Vec<usize> {
        let mut chosen = vec![start];
        while chosen.len() < n.min(positions.len()) {
            let distance = |i: usize| {
                chosen
                    .iter()
                    .map(|&c| squared_distance(&positions[i], &positions[c]))
                    .fold(f32::INFINITY, f32::min)
            };
            let mut best = (usize::MAX, -1.0);
            for i in (0..positions.len()).filter(|i| !chosen.contains(i)) {
                if distance(i) > best.1 {
                    best = (i, distance(i));
                }
            }
            chosen.push(best.0);
        }
        chosen
    }

    fn squared_distance(a: &[f32; 3], b: &[f32; 3]) -> f32 {
        let [dx, dy, dz] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
        dx * dx + dy * dy + dz * dz
    }

    proptest! {
        #[test]
        fn equals_the_definition(
            // A coarse lattice, so that ties and duplicates are common.
            positions in prop::collection::vec(prop::array::uniform3((-4_i8..4).prop_map(f32::from)), 1..70),
            n in 1_usize..80,
            start in 0_usize..1000,
        ) {
            let start = start % positions.len();
            prop_assert_eq!(farthest_indices(&positions, n, start), naive(&positions, n, start));
        }
    }

    #[test]
    fn small_and_duplicate_inputs() {
        assert!(farthest_indices(&[], 5, 0).is_empty());
        assert!(farthest_indices(&[[0.0; 3]], 0, 9).is_empty());
        assert_eq!(farthest_indices(&[[1.0; 3]; 4], 9, 2), [2, 0, 1, 3]);
    }
}
