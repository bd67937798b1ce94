//! The sizes of one call, known when a kernel is compiled, and the types that it computes in.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::ElemType;

use crate::neighborhood::cube::Lists;
use crate::op::kind::ConvKind;

/// Channels that a thread holds in registers: of those that it reads, and of those that it writes.
const BLOCK: usize = 16;

/// The sizes of one call. The number of points is not among them, so that batches of any size share their kernels.
///
/// The depthwise operator with weight `[K, C, M]` has `C` channels in, and out it has `M` for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sizes {
    pub(super) subdomains: usize,
    pub(super) channels_in: usize,
    pub(super) channels_out: usize,
    /// Whether `mirror(k)` is `K - 1 - k`; otherwise it is `k`.
    pub(super) mirrored: bool,
    /// Whether every channel has outputs of its own.
    pub(super) kind: ConvKind,
    /// Whether the sums are kept in double precision.
    pub(super) double: bool,
}

impl Sizes {
    /// Of a call whose weight is `[K, C_in, C_out]`, or `[K, C_in, M]`.
    pub(super) fn new(kind: ConvKind, weight: &CubeTensor, lists: &Lists) -> Self {
        let [subdomains, channels_in, channels_out] = weight.shape().dims();
        let double = weight.dtype == DType::F64;
        Self { subdomains, channels_in, channels_out, mirrored: lists.mirrored, kind, double }
    }

    /// Whether every channel has outputs of its own.
    pub(super) fn depthwise(&self) -> bool {
        self.kind == ConvKind::Depthwise
    }

    /// The name of the operator.
    pub(super) fn op(&self) -> &'static str {
        self.kind.op()
    }

    /// Input channels of a block.
    pub(super) fn block_in(&self) -> usize {
        self.channels_in.min(BLOCK)
    }

    /// Output channels of a block.
    pub(super) fn block_out(&self) -> usize {
        self.channels_out.min(BLOCK)
    }

    pub(super) fn blocks_in(&self) -> usize {
        self.channels_in.div_ceil(self.block_in())
    }

    pub(super) fn blocks_out(&self) -> usize {
        self.channels_out.div_ceil(self.block_out())
    }
}

/// The type in which tensors of `dtype` are stored.
///
/// # Panics
/// When the kernels do not compute in it.
fn element(dtype: DType) -> ElemType {
    match dtype {
        DType::F64 | DType::F32 | DType::F16 | DType::BF16 => dtype_to_storage_type(dtype),
        other => panic!("the GPU computes in F64, F32, F16 or BF16, found {other:?}; cast the tensors first"),
    }
}

/// The type in which sums over tensors of `dtype` are kept.
pub(super) fn accumulator(dtype: DType) -> DType {
    if dtype == DType::F64 { DType::F64 } else { DType::F32 }
}

/// The storage and the accumulator for tensors of `dtype`, as a kernel takes them.
pub(super) fn types(dtype: DType) -> [ElemType; 2] {
    [element(dtype), dtype_to_storage_type(accumulator(dtype))]
}
