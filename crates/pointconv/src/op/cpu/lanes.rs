//! Rows in registers: blocks of 4 or 16 channels, and the instruction set that holds them.

use std::marker::PhantomData;

use neighbors::InstructionSet;
use pulp::{Scalar, Simd};

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::vectorize::{IN_MEMORY, InMemory};

/// `L` channels of one row, held in the registers of an instruction set.
///
/// Values of the type `Block` stay in registers, where arrays would go through memory and back with every operation.
pub(super) trait Lanes<T, const L: usize>: Copy {
    /// Blocks that a matrix product keeps per row: as many as there are registers for.
    const BLOCKS: usize;

    type Block: Copy;
    type Keep: Copy;

    /// Whether `place < count`, as a mask.
    fn keep(self, place: usize, count: usize) -> Self::Keep;

    /// `a` where the mask is set, or else `b`.
    fn select(self, keep: Self::Keep, a: Self::Block, b: Self::Block) -> Self::Block;

    fn zeros(self) -> Self::Block;

    fn load(self, values: &[T; L]) -> Self::Block;

    fn store(self, block: Self::Block) -> [T; L];

    fn add(self, a: Self::Block, b: Self::Block) -> Self::Block;

    /// `factor · values`.
    fn scale(self, factor: T, values: Self::Block) -> Self::Block;

    /// `factor · values + sum`; fused where the machine can.
    fn mul_add(self, factor: T, values: Self::Block, sum: Self::Block) -> Self::Block;

    /// `a · b + sum`, lane by lane; fused where the machine can.
    fn add_product(self, a: Self::Block, b: Self::Block, sum: Self::Block) -> Self::Block;
}

/// An instruction set, as seen by a kernel that works with blocks of `L` and of 16 channels.
pub(super) trait Isa<T, const L: usize>: Lanes<T, L> + Lanes<T, 16> {}

impl<T, I: Lanes<T, L> + Lanes<T, 16>, const L: usize> Isa<T, L> for I {}

/// The operations on blocks of `L` channels.
#[derive(Clone, Copy)]
pub(super) struct Blocks<T, I, const L: usize> {
    isa: I,
    element: PhantomData<T>,
}

impl<T, I: Lanes<T, L>, const L: usize> Blocks<T, I, L> {
    #[inline(always)]
    pub(super) fn of(isa: I) -> Self {
        Self { isa, element: PhantomData }
    }

    /// Whether `place < count`, as a mask.
    #[inline(always)]
    pub(super) fn keep(self, place: usize, count: usize) -> I::Keep {
        self.isa.keep(place, count)
    }

    /// `a` where the mask is set, or else `b`.
    #[inline(always)]
    pub(super) fn select(self, keep: I::Keep, a: I::Block, b: I::Block) -> I::Block {
        self.isa.select(keep, a, b)
    }

    #[inline(always)]
    pub(super) fn zeros(self) -> I::Block {
        self.isa.zeros()
    }

    #[inline(always)]
    pub(super) fn load(self, values: &[T; L]) -> I::Block {
        self.isa.load(values)
    }

    #[inline(always)]
    pub(super) fn store(self, block: I::Block) -> [T; L] {
        self.isa.store(block)
    }

    #[inline(always)]
    pub(super) fn add(self, a: I::Block, b: I::Block) -> I::Block {
        self.isa.add(a, b)
    }

    /// `factor · values`.
    #[inline(always)]
    pub(super) fn scale(self, factor: T, values: I::Block) -> I::Block {
        self.isa.scale(factor, values)
    }

    /// `factor · values + sum`; fused where the machine can.
    #[inline(always)]
    pub(super) fn mul_add(self, factor: T, values: I::Block, sum: I::Block) -> I::Block {
        self.isa.mul_add(factor, values, sum)
    }

    /// `a · b + sum`, lane by lane; fused where the machine can.
    #[inline(always)]
    pub(super) fn add_product(self, a: I::Block, b: I::Block, sum: I::Block) -> I::Block {
        self.isa.add_product(a, b, sum)
    }
}

/// A piece of work that is compiled once per instruction set.
pub(super) trait Kernel<T, const L: usize> {
    /// Does the work. Must be `#[inline(always)]`, as must everything hot that it calls.
    fn run<I: Isa<T, L>>(self, isa: I);
}

/// The element types and block sizes of the kernels.
pub(super) trait Dispatch<const L: usize>: Sized {
    /// Runs `kernel` with the instruction set of this process.
    fn dispatch(kernel: impl Kernel<Self, L>);
}

/// Blocks made of `$n` registers of the vectors of `$vectors`.
macro_rules! impl_lanes {
    ($set:ty: $($t:ty, $lanes:literal = $n:literal x $vectors:ty, $from:expr, $blocks:literal;)*) => {
        $(impl Lanes<$t, $lanes> for $set {
            const BLOCKS: usize = $blocks;

            type Block = [<$vectors as Vectors<$t>>::Register; $n];

            type Keep = <$vectors as Vectors<$t>>::Mask;

            #[inline(always)]
            fn keep(self, place: usize, count: usize) -> Self::Keep {
                Vectors::<$t>::less_than($from(self), place, count)
            }

            #[inline(always)]
            fn select(self, keep: Self::Keep, mut a: Self::Block, b: Self::Block) -> Self::Block {
                for r in 0..$n {
                    a[r] = Vectors::<$t>::select($from(self), keep, a[r], b[r]);
                }
                a
            }

            #[inline(always)]
            fn zeros(self) -> Self::Block {
                [Vectors::<$t>::splat($from(self), 0.0); $n]
            }

            #[inline(always)]
            fn load(self, values: &[$t; $lanes]) -> Self::Block {
                pulp::cast(*values)
            }

            #[inline(always)]
            fn store(self, block: Self::Block) -> [$t; $lanes] {
                pulp::cast(block)
            }

            #[inline(always)]
            fn add(self, mut a: Self::Block, b: Self::Block) -> Self::Block {
                for r in 0..$n {
                    a[r] = Vectors::<$t>::add($from(self), a[r], b[r]);
                }
                a
            }

            #[inline(always)]
            fn scale(self, factor: $t, mut values: Self::Block) -> Self::Block {
                let factor = Vectors::<$t>::splat($from(self), factor);
                for r in 0..$n {
                    values[r] = Vectors::<$t>::mul($from(self), factor, values[r]);
                }
                values
            }

            #[inline(always)]
            fn mul_add(self, factor: $t, values: Self::Block, mut sum: Self::Block) -> Self::Block {
                let factor = Vectors::<$t>::splat($from(self), factor);
                for r in 0..$n {
                    sum[r] = Vectors::<$t>::mul_add($from(self), factor, values[r], sum[r]);
                }
                sum
            }

            #[inline(always)]
            fn add_product(self, a: Self::Block, b: Self::Block, mut sum: Self::Block) -> Self::Block {
                for r in 0..$n {
                    sum[r] = Vectors::<$t>::mul_add($from(self), a[r], b[r], sum[r]);
                }
                sum
            }
        })*
    };
}

/// The vectors of pulp, by element type.
pub(super) trait Vectors<T>: Simd {
    type Register: Copy;
    type Mask: Copy;

    fn less_than(self, a: usize, b: usize) -> Self::Mask;

    fn select(self, mask: Self::Mask, a: Self::Register, b: Self::Register) -> Self::Register;

    fn splat(self, value: T) -> Self::Register;

    fn add(self, a: Self::Register, b: Self::Register) -> Self::Register;

    fn mul(self, a: Self::Register, b: Self::Register) -> Self::Register;

    fn mul_add(self, a: Self::Register, b: Self::Register, c: Self::Register) -> Self::Register;
}

macro_rules! impl_vectors {
    ($t:ty, $register:ident, $mask:ident, $less_than:ident, $splat_index:ident as $index:ty, $select:ident, $splat:ident, $add:ident, $mul:ident, $mul_add:ident) => {
        impl<S: Simd> Vectors<$t> for S {
            type Register = S::$register;
            type Mask = S::$mask;

            #[inline(always)]
            fn less_than(self, a: usize, b: usize) -> Self::Mask {
                self.$less_than(self.$splat_index(a as $index), self.$splat_index(b as $index))
            }

            #[inline(always)]
            fn select(self, mask: Self::Mask, a: Self::Register, b: Self::Register) -> Self::Register {
                self.$select(mask, a, b)
            }

            #[inline(always)]
            fn splat(self, value: $t) -> Self::Register {
                self.$splat(value)
            }

            #[inline(always)]
            fn add(self, a: Self::Register, b: Self::Register) -> Self::Register {
                self.$add(a, b)
            }

            #[inline(always)]
            fn mul(self, a: Self::Register, b: Self::Register) -> Self::Register {
                self.$mul(a, b)
            }

            #[inline(always)]
            fn mul_add(self, a: Self::Register, b: Self::Register, c: Self::Register) -> Self::Register {
                self.$mul_add(a, b, c)
            }
        }
    };
}

impl_vectors!(
    f32,
    f32s,
    m32s,
    less_than_u32s,
    splat_u32s as u32,
    select_f32s,
    splat_f32s,
    add_f32s,
    mul_f32s,
    mul_add_e_f32s
);
impl_vectors!(
    f64,
    f64s,
    m64s,
    less_than_u64s,
    splat_u64s as u64,
    select_f64s,
    splat_f64s,
    add_f64s,
    mul_f64s,
    mul_add_e_f64s
);

impl_lanes!(Scalar:
    f32, 4 = 4 x Scalar, |s| s, 1;
    f32, 16 = 16 x Scalar, |s| s, 1;
    f64, 4 = 4 x Scalar, |s| s, 1;
    f64, 16 = 16 x Scalar, |s| s, 1;
);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::x86::{V3, V3_128b, V4};

    use super::{Lanes, Vectors};

    impl_lanes!(V3:
        f32, 4 = 1 x V3_128b, V3_128b, 1;
        f32, 16 = 2 x V3, |v| v, 1;
        f64, 4 = 1 x V3, |v| v, 1;
        f64, 16 = 4 x V3, |v| v, 1;
    );

    impl_lanes!(V4:
        f32, 4 = 1 x V3_128b, |v4: V4| V3_128b(*v4), 4;
        f32, 16 = 1 x V4, |v| v, 4;
        f64, 4 = 1 x V3, |v4: V4| *v4, 2;
        f64, 16 = 2 x V4, |v| v, 2;
    );
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use pulp::aarch64::Neon;

    use super::{Lanes, Vectors};

    impl_lanes!(Neon:
        f32, 4 = 1 x Neon, |v| v, 1;
        f32, 16 = 4 x Neon, |v| v, 1;
        f64, 4 = 2 x Neon, |v| v, 1;
        f64, 16 = 8 x Neon, |v| v, 1;
    );
}

/// Carries the work into code compiled for an instruction set.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
struct Call<T, K, I, const L: usize> {
    kernel: K,
    isa: I,
    element: PhantomData<T>,
    _in_memory: InMemory,
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
impl<T, K: Kernel<T, L>, I: Isa<T, L>, const L: usize> pulp::NullaryFnOnce for Call<T, K, I, L> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.kernel.run(self.isa);
    }
}

macro_rules! impl_dispatch {
    ($($t:ty, $lanes:literal;)*) => {
        $(impl Dispatch<$lanes> for $t {
            fn dispatch(kernel: impl Kernel<Self, $lanes>) {
                match InstructionSet::current() {
                    #[cfg(target_arch = "x86_64")]
                    InstructionSet::Avx512 => {
                        if let Some(isa) = pulp::x86::V4::try_new() {
                            return isa.vectorize(Call { kernel, isa, element: PhantomData, _in_memory: IN_MEMORY });
                        }
                    }
                    #[cfg(target_arch = "x86_64")]
                    InstructionSet::Avx2 => {
                        if let Some(isa) = pulp::x86::V3::try_new() {
                            return isa.vectorize(Call { kernel, isa, element: PhantomData, _in_memory: IN_MEMORY });
                        }
                    }
                    #[cfg(target_arch = "aarch64")]
                    InstructionSet::Neon => {
                        if let Some(isa) = pulp::aarch64::Neon::try_new() {
                            return isa.vectorize(Call { kernel, isa, element: PhantomData, _in_memory: IN_MEMORY });
                        }
                    }
                    _ => {}
                }
                kernel.run(Scalar);
            }
        })*
    };
}

impl_dispatch!(f32, 4; f32, 16; f64, 4; f64, 16;);
