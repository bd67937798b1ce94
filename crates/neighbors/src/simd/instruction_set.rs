//! Which vector instructions the hot loops are compiled for.

use std::fmt;
use std::sync::OnceLock;

/// Names the instruction set to use in place of the best one.
const VARIABLE: &str = "POINTWISE_SIMD";

/// A set of vector instructions for which the hot loops are compiled.
///
/// One choice for the whole process: the best that the machine has, unless the environment variable
/// `POINTWISE_SIMD` names another one (`avx512`, `avx2`, `neon` or `portable`). Neighbour lists are the
/// same for all, bit for bit.
///
/// ```
/// use neighbors::InstructionSet;
///
/// assert!(InstructionSet::available().contains(&InstructionSet::current()));
/// assert_eq!(InstructionSet::Avx2.to_string(), "avx2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstructionSet {
    /// x86-64 with AVX-512 (F, BW, CD, DQ, VL): 16 lanes of `f32`.
    Avx512,
    /// x86-64 with AVX2 and FMA: 8 lanes of `f32`.
    Avx2,
    /// 64-bit ARM: 4 lanes of `f32`.
    Neon,
    /// Whatever the compiler makes of plain Rust for the oldest machine of the target.
    Portable,
}

impl InstructionSet {
    /// All, best first.
    const ALL: [Self; 4] = [Self::Avx512, Self::Avx2, Self::Neon, Self::Portable];

    /// The set that this process uses, decided at the first call.
    ///
    /// # Panics
    /// When `POINTWISE_SIMD` is set to something that is no instruction set, or to one that this machine
    /// does not have.
    pub fn current() -> Self {
        static CURRENT: OnceLock<InstructionSet> = OnceLock::new();
        *CURRENT.get_or_init(|| {
            let asked = std::env::var_os(VARIABLE);
            let asked = asked.as_deref().map(std::ffi::OsStr::to_string_lossy);
            match choose(asked.as_deref(), &Self::available()) {
                Ok(set) => set,
                Err(message) => panic!("{message}"),
            }
        })
    }

    /// The sets that this machine has, best first; [`Portable`](Self::Portable) is always the last.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|set| set.is_available()).collect()
    }

    fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => pulp::x86::V4::try_new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => pulp::x86::V3::try_new().is_some(),
            // A part of every 64-bit ARM target that Rust has a standard library for.
            Self::Neon => cfg!(target_arch = "aarch64"),
            Self::Portable => true,
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

impl fmt::Display for InstructionSet {
    /// The name that `POINTWISE_SIMD` takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Neon => "neon",
            Self::Portable => "portable",
        })
    }
}

/// The set asked for, or the best.
fn choose(asked: Option<&str>, available: &[InstructionSet]) -> Result<InstructionSet, String> {
    let Some(asked) = asked else {
        return Ok(available.first().copied().unwrap_or(InstructionSet::Portable));
    };
    let found = available.iter().find(|set| set.to_string() == asked);
    found.copied().ok_or_else(|| {
        let known = InstructionSet::ALL.iter().any(|set| set.to_string() == asked);
        let fault = if known { "which this machine does not have" } else { "which is no instruction set" };
        let names: Vec<String> = available.iter().map(InstructionSet::to_string).collect();
        format!("{VARIABLE} is \"{asked}\", {fault}; available: {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::InstructionSet::*;
    use super::*;

    #[test]
    fn the_best_unless_asked() {
        assert_eq!(choose(None, &[Avx2, Portable]), Ok(Avx2));
        assert_eq!(choose(Some("portable"), &[Avx2, Portable]), Ok(Portable));
        assert_eq!(InstructionSet::available().last(), Some(&Portable));
    }

    #[test]
    fn refusals_name_the_variable_and_what_there_is() {
        assert_eq!(
            choose(Some("avx512"), &[Avx2, Portable]).unwrap_err(),
            "POINTWISE_SIMD is \"avx512\", which this machine does not have; available: avx2, portable"
        );
        assert_eq!(
            choose(Some("AVX2"), &[Avx2, Portable]).unwrap_err(),
            "POINTWISE_SIMD is \"AVX2\", which is no instruction set; available: avx2, portable"
        );
        assert!(choose(Some(""), &[Portable]).is_err());
    }
}
