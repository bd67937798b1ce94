//! The exponential function of the C library of GNU, which the compiler can vectorise: the same bits on every machine with
//! a fused multiplication and addition.

/// Powers of two for each unit of the exponent.
const PARTS: f64 = 32.0;

/// Added to a number below 2^51, leaves the nearest integer in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `2^(i/32)`, less `i/32` in its exponent.
const POWERS: [u64; 32] = [
    0x3ff0_0000_0000_0000,
    0x3fef_d9b0_d315_8574,
    0x3fef_b558_6cf9_890f,
    0x3fef_9301_d012_5b51,
    0x3fef_72b8_3c7d_517b,
    0x3fef_5487_3168_b9aa,
    0x3fef_387a_6e75_6238,
    0x3fef_1e9d_f51f_dee1,
    0x3fef_06fe_0a31_b715,
    0x3fee_f1a7_373a_a9cb,
    0x3fee_dea6_4c12_3422,
    0x3fee_ce08_6061_892d,
    0x3fee_bfda_d536_2a27,
    0x3fee_b42b_569d_4f82,
    0x3fee_ab07_dd48_5429,
    0x3fee_a47e_b03a_5585,
    0x3fee_a09e_667f_3bcd,
    0x3fee_9f75_e8ec_5f74,
    0x3fee_a114_73eb_0187,
    0x3fee_a589_994c_ce13,
    0x3fee_ace5_422a_a0db,
    0x3fee_b737_b0cd_c5e5,
    0x3fee_c491_82a3_f090,
    0x3fee_d503_b23e_255d,
    0x3fee_e89f_995a_d3ad,
    0x3fee_ff76_f2fb_5e47,
    0x3fef_199b_dd85_529c,
    0x3fef_3720_dcef_9069,
    0x3fef_5818_dcfb_a487,
    0x3fef_7c97_337b_9b5f,
    0x3fef_a4af_a2a4_90da,
    0x3fef_d076_5b6e_4540,
];

/// `e^x` as `2^(k/32) · 2^(r/32)` with an integer `k` and `|r| <= 1/2`, for finite `x` below 88; NaN for NaN. The error is
/// at most 0.502 units in the last place.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const PER_E: f64 = std::f64::consts::LOG2_E * PARTS;
    const CUBE: f64 = 1.693_835_925_092_021_2e-6;
    const SQUARE: f64 = 2.345_980_978_950_900_4e-4;
    const LINEAR: f64 = 2.166_084_939_661_313_4e-2;
    // Below -104 it is 0 in single precision.
    let x = f64::from(if x < -104.0 { -104.0 } else { x });
    let rounded = x.mul_add(PER_E, ROUND);
    let k = rounded.to_bits();
    let r = x.mul_add(PER_E, -(rounded - ROUND));
    let power = f64::from_bits(POWERS[(k % 32) as usize].wrapping_add(k << 47));
    let low = r.mul_add(LINEAR, 1.0);
    let high = r.mul_add(CUBE, SQUARE);
    (high.mul_add(r * r, low) * power) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_or_its_neighbour() {
        for step in 0..=2_000_000 {
            let x = step as f32 * -5.3e-5;
            let (found, exact) = (f64::from(exp(x)), f64::from(x).exp());
            let unit = f64::from(f32::MIN_POSITIVE).max(exact) * f64::from(f32::EPSILON);
            assert!((found - exact).abs() <= 0.51 * unit, "{x}: found {found}, expected {exact}");
        }
        assert!(exp(f32::NAN).is_nan());
        assert_eq!([exp(0.0), exp(-0.0), exp(-1e30), exp(f32::NEG_INFINITY)], [1.0, 1.0, 0.0, 0.0]);
    }
}
