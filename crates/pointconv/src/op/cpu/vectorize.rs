//! Plain loops, compiled for the instruction set of this process.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::mem::MaybeUninit;

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
                return pulp::Simd::vectorize(set, Call { work, _in_memory: IN_MEMORY });
            }
        }
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => {
            if let Some(set) = pulp::x86::V3::try_new() {
                return pulp::Simd::vectorize(set, Call { work, _in_memory: IN_MEMORY });
            }
        }
        // NEON is a part of every 64-bit ARM target.
        _ => {}
    }
    work();
}

/// Carries the work into code compiled for an instruction set.
#[cfg(target_arch = "x86_64")]
struct Call<F> {
    work: F,
    _in_memory: InMemory,
}

/// `pulp` passes what has at most 64 bytes in registers, as integers. The compiler then does not know what the pointers in it point
/// to, and vectorises fewer loops. With these bytes it is passed in memory.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) type InMemory = MaybeUninit<[u64; 8]>;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) const IN_MEMORY: InMemory = MaybeUninit::uninit();

#[cfg(target_arch = "x86_64")]
impl<F: FnOnce()> pulp::NullaryFnOnce for Call<F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        (self.work)();
    }
}
