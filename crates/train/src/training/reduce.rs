//! Sums over the processes that compute one training together, and numbers that are summed without an error.

use std::fmt::Debug;

use rayon::prelude::*;

/// The processes that compute one training together. Every process calls the same functions in the same order.
///
/// Both operations are on integers and therefore give the same result in whatever order a transport combines the values. A
/// transport that fails ends the process, because the others cannot continue without it.
pub trait Reduce: Debug + Send + Sync {
    /// The index of this process; process 0 writes the run.
    fn rank(&self) -> usize;

    /// Number of processes.
    fn size(&self) -> usize;

    /// Replaces every value by the largest among the processes.
    fn max(&self, values: &mut [i64]);

    /// Replaces every value by the sum over the processes.
    fn sum(&self, values: &mut [i64]);

    /// Waits until every process is here, without keeping a core busy: process 0 may compute for a long time before.
    fn wait(&self);

    /// Ends all processes, because this one cannot continue and the others would wait for it.
    fn abort(&self) -> !;
}

/// A training in one process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Reduce for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn max(&self, _values: &mut [i64]) {}

    fn sum(&self, _values: &mut [i64]) {}

    fn wait(&self) {}

    fn abort(&self) -> ! {
        std::process::exit(1)
    }
}

/// Gives every process the bytes of the process `from`; those of the others are not used.
pub(super) fn share(reduce: &dyn Reduce, from: usize, bytes: &[u8]) -> Vec<u8> {
    if reduce.size() == 1 {
        return bytes.to_vec();
    }
    let mine: &[u8] = if reduce.rank() == from { bytes } else { &[] };
    let mut length = [mine.len() as i64];
    reduce.max(&mut length);
    let mut values = vec![0; length[0] as usize];
    for (value, &byte) in values.iter_mut().zip(mine) {
        *value = i64::from(byte);
    }
    reduce.sum(&mut values);
    values.into_iter().map(|value| value as u8).collect()
}

/// The largest magnitude of some numbers, in a form that is ordered like them and that processes can compare: the bits of an
/// `f64` without a sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Magnitude(i64);

impl Magnitude {
    pub(super) fn of(values: &[f32]) -> Self {
        let bits = |chunk: &[f32]| chunk.iter().fold(0, |most, value| most.max(value.to_bits() & !SIGN));
        // To wake other threads for a few numbers takes longer than to look at them.
        let most = match values.len() {
            0..=CHUNK => bits(values),
            _ => values.par_chunks(CHUNK).map(bits).max().unwrap_or(0),
        };
        Self::of_one(f64::from(f32::from_bits(most)))
    }

    pub(super) fn of_one(value: f64) -> Self {
        Self(value.abs().to_bits() as i64)
    }

    /// The value that [`Reduce::max`] compares.
    pub(super) fn bits(self) -> i64 {
        self.0
    }

    pub(super) fn from_bits(bits: i64) -> Self {
        Self(bits)
    }

    /// Whether all of the numbers are finite.
    pub(super) fn is_finite(self) -> bool {
        self < Self::of_one(f64::INFINITY)
    }
}

/// The sign of an `f32`.
const SIGN: u32 = 1 << 31;

/// Numbers that one thread processes at a time.
const CHUNK: usize = 1 << 14;

/// Largest number that is treated as 0 has this exponent: smaller ones would need a factor that is no `f64`.
const SMALLEST: i32 = -900;

/// Numbers as integers, so that their sum does not depend on the order.
///
/// With the smallest `e` for which all summands are below `2^e`, a number `v` becomes the integer part of `v · 2^(b - e)`, where
/// `b = 62 - ceil(log2 S)` for `S` summands. So no sum overflows, and the error is at most `2^(e - b)` per summand: an `f32`
/// within a factor of `2^(b - 24)` of the largest is exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FixedPoint {
    factor: f64,
}

impl FixedPoint {
    /// For at most `summands` numbers per sum, none of which is larger than `largest`, which is finite.
    pub(super) fn new(largest: Magnitude, summands: usize) -> Self {
        debug_assert!(largest.is_finite(), "the training stops before");
        let bits = 62 - summands.max(1).next_power_of_two().trailing_zeros() as i32;
        // All f32 are normal numbers as f64; of a smaller f64 nothing is left.
        let exponent = (((largest.0 >> 52) as i32) - 1022).max(SMALLEST);
        let factor = f64::from_bits(((bits - exponent + 1023) as u64) << 52);
        Self { factor }
    }

    /// Adds numbers to sums.
    pub(super) fn add(self, values: &[f32], sums: &mut [i64]) {
        let add = |(sums, values): (&mut [i64], &[f32])| {
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum += self.integer(f64::from(value));
            }
        };
        match values.len() {
            0..=CHUNK => add((sums, values)),
            _ => sums.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)).for_each(add),
        }
    }

    pub(super) fn integer(self, value: f64) -> i64 {
        (value * self.factor) as i64
    }

    pub(super) fn number(self, sum: i64) -> f64 {
        sum as f64 / self.factor
    }

    /// The sums divided by `divisor`; all 0 if that is 0.
    pub(super) fn quotients(self, sums: &[i64], divisor: f64) -> Vec<f32> {
        if divisor == 0.0 {
            return vec![0.0; sums.len()];
        }
        let quotient = |&sum: &i64| (self.number(sum) / divisor) as f32;
        match sums.len() {
            0..=CHUNK => sums.iter().map(quotient).collect(),
            _ => sums.par_iter().with_min_len(CHUNK).map(quotient).collect(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Barrier, Mutex};

    use rand::seq::SliceRandom;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Threads in place of processes.
    #[derive(Debug)]
    pub(crate) struct Threads {
        rank: usize,
        size: usize,
        shared: Arc<(Mutex<Vec<i64>>, Barrier)>,
    }

    impl Threads {
        pub(crate) fn run<T: Send>(size: usize, work: impl Fn(&dyn Reduce) -> T + Sync) -> Vec<T> {
            let shared = Arc::new((Mutex::new(Vec::new()), Barrier::new(size)));
            std::thread::scope(|scope| {
                let start = |rank| {
                    let process = Self { rank, size, shared: shared.clone() };
                    let work = &work;
                    scope.spawn(move || work(&process))
                };
                let threads: Vec<_> = (0..size).map(start).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            })
        }

        fn combine(&self, values: &mut [i64], start: i64, with: impl Fn(i64, i64) -> i64) {
            let (shared, barrier) = &*self.shared;
            if self.rank == 0 {
                *shared.lock().unwrap() = vec![start; values.len()];
            }
            barrier.wait();
            for (all, &value) in shared.lock().unwrap().iter_mut().zip(&*values) {
                *all = with(*all, value);
            }
            barrier.wait();
            values.copy_from_slice(&shared.lock().unwrap());
            barrier.wait();
        }
    }

    impl Reduce for Threads {
        fn rank(&self) -> usize {
            self.rank
        }
        fn size(&self) -> usize {
            self.size
        }
        fn max(&self, values: &mut [i64]) {
            self.combine(values, i64::MIN, i64::max);
        }
        fn sum(&self, values: &mut [i64]) {
            self.combine(values, 0, |a, b| a + b);
        }
        fn wait(&self) {
            self.shared.1.wait();
        }
        fn abort(&self) -> ! {
            panic!("aborted")
        }
    }

    /// The sums of the columns of `rows`, which `size` processes add in some order.
    fn sums(rows: &[Vec<f32>], size: usize) -> Vec<f32> {
        let all = Threads::run(size, |reduce| {
            let own = |row: &usize| row % size == reduce.rank();
            let own: Vec<&Vec<f32>> = (0..rows.len()).filter(own).map(|row| &rows[row]).collect();
            let mut most = [own.iter().map(|row| Magnitude::of(row)).max().unwrap_or_default().bits()];
            reduce.max(&mut most);
            let fixed = FixedPoint::new(Magnitude::from_bits(most[0]), rows.len());
            let mut sums = vec![0; rows[0].len()];
            own.iter().for_each(|row| fixed.add(row, &mut sums));
            reduce.sum(&mut sums);
            fixed.quotients(&sums, 1.0)
        });
        assert!(all.iter().all(|sums| sums == &all[0]), "the processes have different sums");
        all.into_iter().next().unwrap()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    #[test]
    fn who_adds_what_in_which_order_changes_no_bit() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for case in 0..200 {
            let (count, width) = (rng.random_range(1..=9), rng.random_range(1..=40));
            // Any finite bits: all exponents, both signs, zeros and denormal numbers.
            let mut number = || match rng.random_range(0..8) {
                0 => 0.0,
                1 => f32::MAX,
                2 => f32::MIN,
                3 => f32::from_bits(1),
                _ => f32::from_bits(rng.random::<u32>() & !0x4000_0000),
            };
            let mut rows: Vec<Vec<f32>> =
                (0..count).map(|_| (0..width).map(|_| number()).collect()).collect();
            let expected = sums(&rows, 1);
            for size in [1, 2, 3, 8] {
                rows.shuffle(&mut rng);
                assert_eq!(bits(&sums(&rows, size)), bits(&expected), "case {case}, {size} processes");
            }
        }
    }

    #[test]
    fn sums_are_those_of_exact_numbers() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for _ in 0..200 {
            let mut number = || (rng.random::<f32>() - 0.5) * 2f32.powi(rng.random_range(-20..20));
            let rows: Vec<Vec<f32>> = (0..7).map(|_| (0..50).map(|_| number()).collect()).collect();
            for (column, &sum) in sums(&rows, 2).iter().enumerate() {
                // Exact: 7 numbers of 24 bits, whose exponents differ by far less than 29, fit into 53 bits.
                let exact: f64 = rows.iter().map(|row| f64::from(row[column])).sum();
                let most = rows.iter().flatten().fold(0f32, |most, value| most.max(value.abs()));
                let error = (f64::from(sum) - exact).abs();
                assert!(
                    error <= exact.abs() * f64::from(f32::EPSILON) / 2.0 + 1e-15 * f64::from(most),
                    "{sum} {exact}"
                );
            }
        }
    }

    #[test]
    fn extreme_numbers() {
        let tiny = f32::from_bits(1);
        let cases: [(&[f32], f32); 6] = [
            (&[0.0, -0.0], 0.0),
            (&[tiny, tiny, tiny], 3.0 * tiny),
            (&[tiny, -tiny], 0.0),
            (&[f32::MAX, -f32::MAX, 1e31], 1e31),
            (&[f32::MAX, f32::MIN], 0.0),
            // Below the last bit of the largest: nothing is left.
            (&[f32::MAX, -f32::MAX, 1.0], 0.0),
        ];
        for (values, expected) in cases {
            let rows: Vec<Vec<f32>> = values.iter().map(|&value| vec![value]).collect();
            assert_eq!(sums(&rows, 2), [expected], "{values:?}");
        }
        // As many of the largest as there may be: no overflow.
        for count in [1, 2, 3, 1000] {
            let fixed = FixedPoint::new(Magnitude::of(&[f32::MAX]), count);
            let mut sum = [0];
            (0..count).for_each(|_| fixed.add(&[f32::MAX], &mut sum));
            assert_eq!(fixed.quotients(&sum, count as f64), [f32::MAX]);
            assert!(sum[0] > 0 && sum[0] <= 1 << 62);
        }
        for value in [0.0, 1e-300, f64::MIN_POSITIVE, 1.5, f64::MAX] {
            let fixed = FixedPoint::new(Magnitude::of_one(value), 4);
            let found = fixed.number(fixed.integer(value));
            let expected = if value < 1e-280 { 0.0 } else { value };
            assert_eq!(found, expected);
        }
        assert_eq!(FixedPoint::new(Magnitude::default(), 2).quotients(&[0, 0], 0.0), [0.0, 0.0]);
    }

    #[test]
    fn what_is_not_finite_is_seen_by_all() {
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let seen = Threads::run(3, |reduce| {
                let values = if reduce.rank() == 1 { [1.0, bad] } else { [f32::MAX, 0.0] };
                let mut most = [Magnitude::of(&values).bits()];
                reduce.max(&mut most);
                Magnitude::from_bits(most[0]).is_finite()
            });
            assert_eq!(seen, [false; 3], "{bad}");
        }
        assert!(Magnitude::of(&[f32::MAX, -f32::MAX]).is_finite());
    }

    #[test]
    fn all_get_the_bytes_of_one() {
        for from in 0..3 {
            let texts =
                Threads::run(3, |reduce| share(reduce, from, format!("I am {}", reduce.rank()).as_bytes()));
            assert_eq!(texts, vec![format!("I am {from}").into_bytes(); 3]);
        }
        assert_eq!(share(&Alone, 0, b"alone"), b"alone");
    }
}
