//! Plain loops, compiled for the instruction set of this process.

use neighbors::InstructionSet;

/// Runs `work`, whose loops the compiler turns into vector instructions of the chosen set.
///
/// No multiplication is fused with an addition, so the results have the same bits with every set.
#[inline(always)]
pub(in crate::op) fn vectorized(work: impl FnOnce()) {
    match InstructionSet::current() {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => {
            if let Some(set) = pulp::x86::V4::try_new() {
                return pulp::Simd::vectorize(set, Call(work));
            }
        }
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => {
            if let Some(set) = pulp::x86::V3::try_new() {
                return pulp::Simd::vectorize(set, Call(work));
            }
        }
        // NEON is a part of every 64-bit ARM target.
        _ => {}
    }
    work();
}

/// Carries the work into code compiled for an instruction set.
#[cfg(target_arch = "x86_64")]
struct Call<F>(F);

#[cfg(target_arch = "x86_64")]
impl<F: FnOnce()> pulp::NullaryFnOnce for Call<F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        (self.0)();
    }
}
