//! Sixteen candidates at a time: tests that give a bit mask, and compaction by such a mask.
//!
//! The instruction set is chosen at run time. Every implementation does the same `f32` operations, so the
//! masks are equal on every machine.

use crate::simd::instruction_set::InstructionSet;

/// Candidates tested together.
pub(crate) const LANES: usize = 16;

/// The coordinate of a lane without a candidate: not a number, with a sign, which x86 keeps in sums and differences.
pub(crate) const PADDING: f32 = f32::from_bits(0xffc0_0000);

/// Coordinates of sixteen candidates, axis by axis.
pub(crate) type Coordinates<'a> = [&'a [f32; LANES]; 3];

/// Closed bounds of the differences `point - centre` along the axes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoxBounds {
    low: [f32; 3],
    high: [f32; 3],
}

impl BoxBounds {
    /// Nothing is within bounds that are not numbers.
    pub(crate) fn new(low: [f32; 3], high: [f32; 3]) -> Self {
        // With zeros of these signs, a difference from a bound is negative only outside: -0.0 - 0.0 is -0.0.
        let low = low.map(|bound| if bound == 0.0 { -0.0 } else { bound });
        let high = high.map(|bound| if bound == 0.0 { 0.0 } else { bound });
        Self {
            low: low.map(|bound| if bound.is_nan() { f32::INFINITY } else { bound }),
            high: high.map(|bound| if bound.is_nan() { f32::NEG_INFINITY } else { bound }),
        }
    }
}

/// The operations an instruction set must offer.
pub(crate) trait Lanes: Copy {
    /// Bit `l` is set when all differences of candidate `l` from the centre lie within the bounds. A coordinate that is not a number
    /// must be [`PADDING`].
    fn box_mask(self, candidates: Coordinates<'_>, centre: [f32; 3], bounds: &BoxBounds) -> u16;

    /// `(dx * dx + dy * dy) + dz * dz` of every candidate.
    #[inline(always)]
    fn squared_distances(self, candidates: Coordinates<'_>, centre: [f32; 3]) -> [f32; LANES] {
        let mut squared = [0.0; LANES];
        for l in 0..LANES {
            let dx = candidates[0][l] - centre[0];
            let dy = candidates[1][l] - centre[1];
            let dz = candidates[2][l] - centre[2];
            squared[l] = (dx * dx + dy * dy) + dz * dz;
        }
        squared
    }

    /// Bit `l` is set when `low <= values[l] <= high`.
    fn range_mask(self, values: &[f32; LANES], low: f32, high: f32) -> u16;

    /// Moves the values whose bit is set to the front of `out`, in order; what follows them is undefined.
    fn compress(self, mask: u16, values: &[u32; LANES], out: &mut [u32; LANES]);
}

/// Work written once for every instruction set.
pub(crate) trait Kernel {
    /// What the work returns.
    type Output;

    /// Must be `#[inline(always)]`, as must everything hot that it calls, so that it is compiled for the
    /// instruction set of `lanes`.
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// Runs the work with the instruction set of this process.
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    dispatch_to(InstructionSet::current(), kernel)
}

/// Runs the work with an instruction set, or plain Rust where this machine does not have it.
fn dispatch_to<K: Kernel>(set: InstructionSet, kernel: K) -> K::Output {
    match set {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => {
            if let Some(v4) = pulp::x86::V4::try_new() {
                return v4.vectorize(x86::Call::new(kernel, v4));
            }
        }
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => {
            if let Some(v3) = pulp::x86::V3::try_new() {
                return v3.vectorize(x86::Call::new(kernel, v3));
            }
        }
        // The compiler uses NEON for plain Rust on its own.
        _ => {}
    }
    kernel.run(Portable)
}

/// Plain Rust, for machines without a special implementation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

impl Lanes for Portable {
    #[inline(always)]
    fn box_mask(self, candidates: Coordinates<'_>, centre: [f32; 3], bounds: &BoxBounds) -> u16 {
        let mut inside = [true; LANES];
        for axis in 0..3 {
            for (inside, coordinate) in inside.iter_mut().zip(candidates[axis]) {
                let difference = coordinate - centre[axis];
                *inside &= (bounds.low[axis] <= difference) & (difference <= bounds.high[axis]);
            }
        }
        let mut mask = 0;
        for (l, inside) in inside.into_iter().enumerate() {
            mask |= u16::from(inside) << l;
        }
        mask
    }

    #[inline(always)]
    fn range_mask(self, values: &[f32; LANES], low: f32, high: f32) -> u16 {
        let mut mask = 0;
        for (l, &value) in values.iter().enumerate() {
            mask |= u16::from((low <= value) & (value <= high)) << l;
        }
        mask
    }

    #[inline(always)]
    fn compress(self, mask: u16, values: &[u32; LANES], out: &mut [u32; LANES]) {
        let mut left = mask;
        let mut count = 0;
        while left != 0 {
            out[count % LANES] = values[left.trailing_zeros() as usize % LANES];
            count += 1;
            left &= left - 1;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m256i, __m512, __m512i, _CMP_LE_OQ};
    use std::mem::MaybeUninit;

    use pulp::x86::{V3, V4};

    use super::{BoxBounds, Coordinates, Kernel, LANES, Lanes};

    /// Carries the work across the boundary into code compiled for an instruction set.
    pub(super) struct Call<K, L> {
        kernel: K,
        lanes: L,
        /// `pulp` passes what has at most 64 bytes in registers, as integers. The compiler then does not know what the pointers
        /// in it point to, and vectorises fewer loops. With these bytes it is passed in memory.
        _in_memory: MaybeUninit<[u64; 8]>,
    }

    impl<K, L> Call<K, L> {
        #[inline(always)]
        pub(super) fn new(kernel: K, lanes: L) -> Self {
            Self { kernel, lanes, _in_memory: MaybeUninit::uninit() }
        }
    }

    impl<K: Kernel, L: Lanes> pulp::NullaryFnOnce for Call<K, L> {
        type Output = K::Output;

        #[inline(always)]
        fn call(self) -> K::Output {
            self.kernel.run(self.lanes)
        }
    }

    impl Lanes for V4 {
        #[inline(always)]
        fn box_mask(self, candidates: Coordinates<'_>, centre: [f32; 3], bounds: &BoxBounds) -> u16 {
            let f = self.avx512f;
            // The sign bits of `difference - low` and `high - difference`, which cost less than six comparisons.
            let mut outside = f._mm512_setzero_si512();
            for axis in 0..3 {
                let points: __m512 = pulp::cast(*candidates[axis]);
                let difference = f._mm512_sub_ps(points, f._mm512_set1_ps(centre[axis]));
                let above_low = f._mm512_sub_ps(difference, f._mm512_set1_ps(bounds.low[axis]));
                let below_high = f._mm512_sub_ps(f._mm512_set1_ps(bounds.high[axis]), difference);
                // The three inputs, combined by "or".
                let (above_low, below_high) = (pulp::cast(above_low), pulp::cast(below_high));
                outside = f._mm512_ternarylogic_epi32::<0xfe>(outside, above_low, below_high);
            }
            !self.avx512dq._mm512_movepi32_mask(outside)
        }

        #[inline(always)]
        fn range_mask(self, values: &[f32; LANES], low: f32, high: f32) -> u16 {
            let f = self.avx512f;
            let values: __m512 = pulp::cast(*values);
            f._mm512_cmp_ps_mask::<_CMP_LE_OQ>(f._mm512_set1_ps(low), values)
                & f._mm512_cmp_ps_mask::<_CMP_LE_OQ>(values, f._mm512_set1_ps(high))
        }

        #[inline(always)]
        fn compress(self, mask: u16, values: &[u32; LANES], out: &mut [u32; LANES]) {
            let values: __m512i = pulp::cast(*values);
            *out = pulp::cast(self.avx512f._mm512_maskz_compress_epi32(mask, values));
        }
    }

    impl Lanes for V3 {
        #[inline(always)]
        fn box_mask(self, candidates: Coordinates<'_>, centre: [f32; 3], bounds: &BoxBounds) -> u16 {
            let f = self.avx;
            let mut masks = [0u16; 2];
            // As with AVX-512.
            for (half, mask) in masks.iter_mut().enumerate() {
                let mut outside = f._mm256_setzero_ps();
                for axis in 0..3 {
                    let points: [__m256; 2] = pulp::cast(*candidates[axis]);
                    let difference = f._mm256_sub_ps(points[half], f._mm256_set1_ps(centre[axis]));
                    let low = f._mm256_set1_ps(bounds.low[axis]);
                    let high = f._mm256_set1_ps(bounds.high[axis]);
                    let above_low = f._mm256_sub_ps(difference, low);
                    let below_high = f._mm256_sub_ps(high, difference);
                    outside = f._mm256_or_ps(outside, f._mm256_or_ps(above_low, below_high));
                }
                *mask = u16::from(!(f._mm256_movemask_ps(outside) as u8));
            }
            masks[0] | masks[1] << 8
        }

        #[inline(always)]
        fn range_mask(self, values: &[f32; LANES], low: f32, high: f32) -> u16 {
            let f = self.avx;
            let values: [__m256; 2] = pulp::cast(*values);
            let masks = values.map(|values| {
                let above = f._mm256_cmp_ps::<_CMP_LE_OQ>(f._mm256_set1_ps(low), values);
                let below = f._mm256_cmp_ps::<_CMP_LE_OQ>(values, f._mm256_set1_ps(high));
                f._mm256_movemask_ps(f._mm256_and_ps(above, below)) as u16
            });
            masks[0] | masks[1] << 8
        }

        #[inline(always)]
        fn compress(self, mask: u16, values: &[u32; LANES], out: &mut [u32; LANES]) {
            let values: [__m256i; 2] = pulp::cast(*values);
            let front = |half: usize| -> [u32; 8] {
                let lanes = FRONT[usize::from(mask >> (8 * half) & 0xff)];
                pulp::cast(self.avx2._mm256_permutevar8x32_epi32(values[half], pulp::cast(lanes)))
            };
            out[..8].copy_from_slice(&front(0));
            let count = (mask & 0xff).count_ones() as usize;
            out[count..count + 8].copy_from_slice(&front(1));
        }
    }

    /// For every mask of eight lanes the lanes that are set, first to last.
    static FRONT: [[u32; 8]; 256] = {
        let mut table = [[0; 8]; 256];
        let mut mask = 0;
        while mask < 256 {
            let (mut lane, mut count) = (0, 0);
            while lane < 8 {
                if mask >> lane & 1 == 1 {
                    table[mask][count] = lane as u32;
                    count += 1;
                }
                lane += 1;
            }
            mask += 1;
        }
        table
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Compare {
        columns: [[f32; LANES]; 3],
        centre: [f32; 3],
        bounds: BoxBounds,
    }

    /// What every operation gives: masks, distances, and the compacted values with their mask.
    type Results = (u16, u16, [f32; LANES], Vec<u32>);

    impl Kernel for &Compare {
        type Output = Results;

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> Results {
            let candidates = [&self.columns[0], &self.columns[1], &self.columns[2]];
            let mask = lanes.box_mask(candidates, self.centre, &self.bounds);
            let squared = lanes.squared_distances(candidates, self.centre);
            let near = lanes.range_mask(&squared, 0.1, 0.6);
            let values = std::array::from_fn(|l| l as u32 + 100);
            let mut out = [0; LANES];
            lanes.compress(mask, &values, &mut out);
            (mask, near, squared, out[..mask.count_ones() as usize].to_vec())
        }
    }

    /// All instruction sets of this machine against plain Rust.
    #[test]
    fn instruction_sets_agree() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for _ in 0..1000 {
            let work = Compare {
                columns: [(); 3].map(|()| [(); LANES].map(|()| rng.random_range(-1.0..1.0f32))),
                centre: [(); 3].map(|()| rng.random_range(-0.2..0.2f32)),
                bounds: BoxBounds::new(
                    [(); 3].map(|()| rng.random_range(-1.0..-0.2f32)),
                    [(); 3].map(|()| rng.random_range(0.2..1.0f32)),
                ),
            };
            let expected = (&work).run(Portable);
            for set in InstructionSet::available() {
                assert_eq!(dispatch_to(set, &work), expected, "{set}");
            }
        }
    }

    /// On the bounds and next to them, with the smallest numbers, zeros of both signs and no number at all.
    #[test]
    fn instruction_sets_agree_on_the_bounds() {
        let smallest = f32::from_bits(1);
        for bound in [0.1, 1e30, f32::MAX, f32::MIN_POSITIVE, smallest, 0.0, -0.0, -smallest, f32::NAN] {
            let near = [bound, bound.next_down(), bound.next_up(), -bound, 0.0, -0.0, smallest, 1.0];
            let near = near.map(|v| if v.is_nan() { PADDING } else { v });
            let column: [f32; LANES] = std::array::from_fn(|l| if l < 8 { near[l] } else { PADDING });
            for (low, high) in [(bound, f32::MAX), (f32::MIN, bound)] {
                for axis in 0..3 {
                    let (mut columns, mut lows, mut highs) =
                        ([[0.0; LANES]; 3], [f32::MIN; 3], [f32::MAX; 3]);
                    (columns[axis], lows[axis], highs[axis]) = (column, low, high);
                    let work = Compare { columns, centre: [0.0; 3], bounds: BoxBounds::new(lows, highs) };
                    let inside = |l: usize| low <= column[l] && column[l] <= high;
                    let expected = (0..LANES).fold(0, |mask, l| mask | u16::from(inside(l)) << l);
                    for set in InstructionSet::available() {
                        let found = dispatch_to(set, &work).0;
                        assert_eq!(found, expected, "{set}, {low} to {high}, axis {axis}");
                    }
                }
            }
        }
    }
}
