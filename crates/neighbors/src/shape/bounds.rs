//! The rules of the kernels as exact intervals, so that searches compare where the rules divide and
//! take roots.

use crate::simd::BoxBounds;

/// The differences `d` with `(d / cell).round() == n`, as a closed interval of `f32` values.
///
/// Division and rounding are monotone, so these values are consecutive; the interval is found by bisection
/// over the representable values and gives the same answer as the division. It is empty (the lower bound
/// greater than the upper, or NaN) when no finite difference has this quotient.
pub(crate) fn difference_interval(cell: f32, n: i64) -> (f32, f32) {
    let low = least_difference(cell, n as f32);
    let high = -least_difference(cell, -(n as f32));
    (low, high)
}

/// The intervals of all sub-domains of a kernel of cells, in the order of the flat index.
pub(crate) fn box_bounds(size: [usize; 3], cell: f32, dilation: [usize; 3]) -> Vec<BoxBounds> {
    let axes: [Vec<(f32, f32)>; 3] = std::array::from_fn(|axis| {
        steps(size[axis], dilation[axis]).map(|n| difference_interval(cell, n)).collect()
    });
    let mut bounds = Vec::with_capacity(size.iter().product());
    for z in &axes[2] {
        for y in &axes[1] {
            for x in &axes[0] {
                bounds.push(BoxBounds::new([x.0, y.0, z.0], [x.1, y.1, z.1]));
            }
        }
    }
    bounds
}

/// Cells of a kernel along one axis, counted from the centre.
pub(crate) fn steps(size: usize, dilation: usize) -> impl Iterator<Item = i64> + Clone {
    let (half, dilation) = ((size / 2) as i64, dilation as i64);
    (-half..=half).map(move |n| n * dilation)
}

/// The squared distances whose root lies in `[low, high)`, as a closed interval of `f32` values.
pub(crate) fn squared_interval(low: f32, high: f32) -> (f32, f32) {
    let least = |bound: f32| least_value(|squared| squared >= 0.0 && squared.sqrt() >= bound);
    let end = least(high);
    let last = if end.is_nan() { f32::MAX } else { end.next_down() };
    (least(low), last)
}

/// The least finite `d` with `(d / cell).round() >= n`; NaN when there is none.
fn least_difference(cell: f32, n: f32) -> f32 {
    least_value(|difference| (difference / cell).round() >= n)
}

/// The least finite value for which a monotone condition holds; NaN when there is none.
fn least_value(condition: impl Fn(f32) -> bool) -> f32 {
    let holds = |order: i32| condition(from_order(order));
    let (mut fails, mut succeeds) = (order(f32::MIN), order(f32::MAX));
    if !holds(succeeds) {
        return f32::NAN;
    }
    if holds(fails) {
        return f32::MIN;
    }
    while i64::from(succeeds) - i64::from(fails) > 1 {
        let middle = ((i64::from(succeeds) + i64::from(fails)) / 2) as i32;
        if holds(middle) {
            succeeds = middle;
        } else {
            fails = middle;
        }
    }
    from_order(succeeds)
}

/// Rank of a finite value among all finite values; the two zeros share one rank.
fn order(value: f32) -> i32 {
    let magnitude = (value.to_bits() & 0x7fff_ffff) as i32;
    if value.is_sign_negative() { -magnitude } else { magnitude }
}

fn from_order(order: i32) -> f32 {
    let magnitude = f32::from_bits(order.unsigned_abs());
    if order < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_belong_to_the_outer_cell() {
        let (low, high) = difference_interval(1.0, 0);
        assert_eq!((low, high), (-0.5f32.next_down(), 0.5f32.next_down()));
        assert_eq!(difference_interval(1.0, 1), (0.5, 1.5f32.next_down()));
        assert_eq!(difference_interval(1.0, -1), (-1.5f32.next_down(), -0.5));
    }

    #[test]
    fn intervals_equal_the_division() {
        for cell in [0.1f32, 0.3, 1.0 / 3.0, 7.7e-5, 1e9, f32::MIN_POSITIVE, 1e-44] {
            for n in -9i64..=9 {
                let (low, high) = difference_interval(cell, n);
                let number = |d: f32| (d / cell).round();
                if low > high {
                    continue;
                }
                assert_eq!(number(low), n as f32, "{cell} {n}");
                assert_eq!(number(high), n as f32, "{cell} {n}");
                assert_eq!(number(low.next_down()), number(low) - 1.0, "{cell} {n}");
                assert_eq!(number(high.next_up()), number(high) + 1.0, "{cell} {n}");
            }
        }
    }

    #[test]
    fn unreachable_cells_are_empty() {
        let (low, high) = difference_interval(f32::MAX, 2);
        assert!(low.is_nan() || low > high);
    }

    #[test]
    fn squared_intervals_equal_the_root() {
        for (low, high) in [(0.0f32, 0.1f32), (0.1, 0.3), (1e-20, 1e20), (0.7, 3e38)] {
            let (first, last) = squared_interval(low, high);
            assert!(first.sqrt() >= low && last.sqrt() < high);
            assert!(first == 0.0 || first.next_down().sqrt() < low);
            assert!(last.next_up().sqrt() >= high || last == f32::MAX);
        }
    }

    #[test]
    fn dilated_steps() {
        assert_eq!(steps(3, 4).collect::<Vec<_>>(), [-4, 0, 4]);
        assert_eq!(steps(5, 1).collect::<Vec<_>>(), [-2, -1, 0, 1, 2]);
        assert_eq!(steps(1, 3).collect::<Vec<_>>(), [0]);
    }
}
