//! Matrix products over the runs of one sub-domain, tiled so that the sums stay in registers.

use super::Real;
use super::lanes::{Blocks, Lanes};

/// Rows of a product that are summed together.
const ROWS: usize = 6;

/// Rows of a product with two sums each that are summed together.
const PAIR_ROWS: usize = 4;

/// Sums of one block that are kept together where there are registers for them.
const OUTER_ROWS: usize = 9;

/// A row of every matrix is `blocks` blocks of 16 channels.
type Rows<'a, T> = &'a [[T; 16]];

/// `sums[rows[n]] += sum_c factors[n][c] · weight[c]` for all `n`, `c < width`.
///
/// # Shapes
/// factors `[N, factor_blocks]`, weight `[width, blocks]`, sums `[.., blocks]`, in blocks of 16 channels.
#[inline(always)]
pub(super) fn multiply<T: Real, I: Lanes<T, 16>>(
    isa: I,
    (factors, width): (Rows<T>, usize),
    weight: Rows<T>,
    sums: &mut [[T; 16]],
    blocks: usize,
    rows: &[u32],
) {
    if width == 0 {
        return;
    }
    let factor_blocks = width.div_ceil(16);
    let count = factors.len() / factor_blocks;
    let factors = |n: usize| &factors[n * factor_blocks..(n + 1) * factor_blocks].as_flattened()[..width];
    let mut n = 0;
    while n < count {
        if n + ROWS <= count {
            let (factors, rows) =
                (std::array::from_fn(|r| factors(n + r)), std::array::from_fn(|r| rows[n + r] as usize));
            multiply_rows::<T, I, ROWS>(isa, factors, weight, sums, blocks, rows);
            n += ROWS;
        } else {
            multiply_rows::<T, I, 1>(isa, [factors(n)], weight, sums, blocks, [rows[n] as usize]);
            n += 1;
        }
    }
}

#[inline(always)]
fn multiply_rows<T: Real, I: Lanes<T, 16>, const R: usize>(
    isa: I,
    factors: [&[T]; R],
    weight: Rows<T>,
    sums: &mut [[T; 16]],
    blocks: usize,
    rows: [usize; R],
) {
    let mut block = 0;
    while block < blocks {
        if I::BLOCKS >= 4 && block + 4 <= blocks {
            multiply_blocks::<T, I, R, 4>(isa, factors, weight, sums, blocks, block, rows);
            block += 4;
        } else if I::BLOCKS >= 4 && block + 3 <= blocks {
            multiply_blocks::<T, I, R, 3>(isa, factors, weight, sums, blocks, block, rows);
            block += 3;
        } else if I::BLOCKS >= 2 && block + 2 <= blocks {
            multiply_blocks::<T, I, R, 2>(isa, factors, weight, sums, blocks, block, rows);
            block += 2;
        } else {
            multiply_blocks::<T, I, R, 1>(isa, factors, weight, sums, blocks, block, rows);
            block += 1;
        }
    }
}

/// `R` rows, `B` blocks from `block` on.
#[inline(always)]
fn multiply_blocks<T: Real, I: Lanes<T, 16>, const R: usize, const B: usize>(
    isa: I,
    factors: [&[T]; R],
    weight: Rows<T>,
    sums: &mut [[T; 16]],
    blocks: usize,
    block: usize,
    rows: [usize; R],
) {
    let lanes = Blocks::<T, I, 16>::of(isa);
    let mut registers = [[lanes.zeros(); B]; R];
    for r in 0..R {
        for b in 0..B {
            registers[r][b] = lanes.load(&sums[rows[r] * blocks + block + b]);
        }
    }
    for (c, weight) in weight.chunks_exact(blocks).enumerate().take(factors[0].len()) {
        let mut columns = [lanes.zeros(); B];
        for b in 0..B {
            columns[b] = lanes.load(&weight[block + b]);
        }
        for r in 0..R {
            for b in 0..B {
                registers[r][b] = lanes.mul_add(factors[r][c], columns[b], registers[r][b]);
            }
        }
    }
    for r in 0..R {
        for b in 0..B {
            sums[rows[r] * blocks + block + b] = lanes.store(registers[r][b]);
        }
    }
}

/// `sums[rows[n]] += sum_c factors[n][c] · weight[c]` for all `n`, for rows of one block. Even `c` are added to the first
/// block of a row of sums and odd ones to the second, so that one addition need not wait for the other. No row comes twice.
///
/// # Shapes
/// factors `[N]` blocks of `F` channels, weight `[width]` and sums `[.., 2]` blocks of `L` channels.
#[inline(always)]
pub(super) fn multiply_pairs<T: Real, I: Lanes<T, L>, const F: usize, const L: usize>(
    lanes: Blocks<T, I, L>,
    factors: &[[T; F]],
    weight: &[[T; L]],
    sums: &mut [[[T; L]; 2]],
    rows: &[u32],
) {
    let (groups, rest) = factors.as_chunks::<PAIR_ROWS>();
    for (n, factors) in groups.iter().enumerate() {
        multiply_pair_rows(
            lanes,
            factors,
            weight,
            sums,
            std::array::from_fn(|r| rows[PAIR_ROWS * n + r] as usize),
        );
    }
    for (n, factors) in rest.iter().enumerate() {
        multiply_pair_rows(lanes, &[*factors], weight, sums, [rows[PAIR_ROWS * groups.len() + n] as usize]);
    }
}

#[inline(always)]
fn multiply_pair_rows<T: Real, I: Lanes<T, L>, const F: usize, const L: usize, const R: usize>(
    lanes: Blocks<T, I, L>,
    factors: &[[T; F]; R],
    weight: &[[T; L]],
    sums: &mut [[[T; L]; 2]],
    rows: [usize; R],
) {
    let (mut even, mut odd) = ([lanes.zeros(); R], [lanes.zeros(); R]);
    for r in 0..R {
        let [first, second] = &sums[rows[r]];
        (even[r], odd[r]) = (lanes.load(first), lanes.load(second));
    }
    let (pairs, last) = weight.as_chunks::<2>();
    for c in 0..pairs.len().min(F / 2) {
        let columns = [lanes.load(&pairs[c][0]), lanes.load(&pairs[c][1])];
        for r in 0..R {
            even[r] = lanes.mul_add(factors[r][2 * c], columns[0], even[r]);
            odd[r] = lanes.mul_add(factors[r][2 * c + 1], columns[1], odd[r]);
        }
    }
    if let [last] = last {
        let column = lanes.load(last);
        for r in 0..R {
            even[r] = lanes.mul_add(factors[r][weight.len() - 1], column, even[r]);
        }
    }
    for r in 0..R {
        sums[rows[r]] = [lanes.store(even[r]), lanes.store(odd[r])];
    }
}

/// `sums[c] += sum_n features(n)[c] · gathered[n]`: the outer products of the runs, added in their order.
///
/// # Shapes
/// features(n) `[width]`, gathered `[N, blocks]`, sums `[width, blocks]`, in blocks of 16 channels.
#[inline(always)]
pub(super) fn add_outer<'a, T: Real, I: Lanes<T, 16>>(
    isa: I,
    features: impl Fn(usize) -> &'a [T] + Copy,
    gathered: Rows<T>,
    sums: &mut [[T; 16]],
    blocks: usize,
) {
    let width = sums.len() / blocks;
    let mut c = 0;
    while c < width {
        if I::BLOCKS > 1 && blocks == 1 && c + OUTER_ROWS <= width {
            outer_rows::<T, I, OUTER_ROWS>(isa, features, gathered, sums, blocks, c);
            c += OUTER_ROWS;
        } else if c + ROWS <= width {
            outer_rows::<T, I, ROWS>(isa, features, gathered, sums, blocks, c);
            c += ROWS;
        } else if c + 3 <= width {
            outer_rows::<T, I, 3>(isa, features, gathered, sums, blocks, c);
            c += 3;
        } else {
            outer_rows::<T, I, 1>(isa, features, gathered, sums, blocks, c);
            c += 1;
        }
    }
}

#[inline(always)]
fn outer_rows<'a, T: Real, I: Lanes<T, 16>, const R: usize>(
    isa: I,
    features: impl Fn(usize) -> &'a [T] + Copy,
    gathered: Rows<T>,
    sums: &mut [[T; 16]],
    blocks: usize,
    c: usize,
) {
    let mut block = 0;
    while block < blocks {
        if I::BLOCKS >= 4 && block + 4 <= blocks {
            outer_blocks::<T, I, R, 4>(isa, features, gathered, sums, blocks, block, c);
            block += 4;
        } else if I::BLOCKS >= 4 && block + 3 <= blocks {
            outer_blocks::<T, I, R, 3>(isa, features, gathered, sums, blocks, block, c);
            block += 3;
        } else if I::BLOCKS >= 2 && block + 2 <= blocks {
            outer_blocks::<T, I, R, 2>(isa, features, gathered, sums, blocks, block, c);
            block += 2;
        } else {
            outer_blocks::<T, I, R, 1>(isa, features, gathered, sums, blocks, block, c);
            block += 1;
        }
    }
}

/// The channels `c..c + R`, `B` blocks from `block` on.
#[inline(always)]
fn outer_blocks<'a, T: Real, I: Lanes<T, 16>, const R: usize, const B: usize>(
    isa: I,
    features: impl Fn(usize) -> &'a [T],
    gathered: Rows<T>,
    sums: &mut [[T; 16]],
    blocks: usize,
    block: usize,
    c: usize,
) {
    let lanes = Blocks::<T, I, 16>::of(isa);
    let mut registers = [[lanes.zeros(); B]; R];
    for r in 0..R {
        for b in 0..B {
            registers[r][b] = lanes.load(&sums[(c + r) * blocks + block + b]);
        }
    }
    for (n, gathered) in gathered.chunks_exact(blocks).enumerate() {
        let mut columns = [lanes.zeros(); B];
        for b in 0..B {
            columns[b] = lanes.load(&gathered[block + b]);
        }
        let features = &features(n)[c..c + R];
        for r in 0..R {
            for b in 0..B {
                registers[r][b] = lanes.mul_add(features[r], columns[b], registers[r][b]);
            }
        }
    }
    for r in 0..R {
        for b in 0..B {
            sums[(c + r) * blocks + block + b] = lanes.store(registers[r][b]);
        }
    }
}
