//! Kernel shapes: how the surroundings of a centre are cut into sub-domains.

use crate::distance::squared_distance;
use crate::error::NeighborError;
use crate::shape::custom_kernel::{self, CustomKernel};

/// Farthest cell, counted from the centre cell, that a kernel may have: single precision still tells
/// the cells apart there.
const MAX_HALF_WIDTH: usize = 1 << 20;

/// How the surroundings of a centre point are cut into `K` sub-domains.
///
/// A kernel is a block of cubic cells (the 3x3x3 kernel of Hua, Tran and Yeung, *Pointwise Convolutional Neural
/// Networks*, CVPR 2018), a ball of concentric shells, or a ball divided by a [rule of one's own](CustomKernel).
/// `dilation` is the à-trous spacing: 1 has no gaps, 2 leaves out every other cell or shell.
///
/// All rules are exactly symmetric in floating point: `j` lies in sub-domain `k` of `i` if and only if
/// `i` lies in sub-domain [`mirror(k)`](Self::mirror) of `j`. [`subdomain`](Self::subdomain) is the rule;
/// every search of this crate gives the same answer bit for bit.
///
/// # Units
/// `cell` and `radius` are lengths in the unit of the positions.
///
/// ```
/// use neighbors::KernelShape;
///
/// let kernel = KernelShape::cells(0.1);
/// assert_eq!(kernel.subdomains(), 27);
/// assert_eq!(kernel.subdomain([0.0; 3], [0.0; 3]), Some(13));
/// assert_eq!(kernel.subdomain([0.0; 3], [0.1, 0.0, 0.0]), Some(14));
/// assert_eq!(kernel.subdomain([0.0; 3], [0.2, 0.0, 0.0]), None);
/// assert_eq!(kernel.with_dilation([2, 2, 2]).subdomain([0.0; 3], [0.2, 0.0, 0.0]), Some(14));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum KernelShape {
    /// A block of cubic cells centred on the point.
    ///
    /// Along each axis `n = ((p_j - p_i) / cell).round()` in `f32`, halves away from zero. The point `j`
    /// belongs to the kernel when every `n` is a multiple of the dilation with
    /// `|n / dilation| <= (size - 1) / 2`; with `a = n / dilation + (size - 1) / 2` per axis its sub-domain
    /// is `(a_z * size_y + a_y) * size_x + a_x`.
    Cells {
        /// Cells along x, y and z; odd.
        size: [usize; 3],
        /// Edge of one cell.
        cell: f32,
        /// Spacing of the cells along x, y and z, in cells.
        dilation: [usize; 3],
    },
    /// A ball cut into concentric shells.
    ///
    /// With `w = radius / ((shells - 1) * dilation + 1)`, shell `m` holds the points whose distance lies
    /// in `[m * dilation * w, (m * dilation + 1) * w)`; the last shell ends at `radius`. The distance is
    /// the `f32` root of `(dx * dx + dy * dy) + dz * dz`, the bounds are rounded to `f32` once.
    Shells {
        /// Outer radius of the last shell, not part of it.
        radius: f32,
        /// Number of shells.
        shells: usize,
        /// Spacing of the shells, in shell widths.
        dilation: usize,
    },
    /// A ball divided by a rule of one's own.
    Custom(&'static dyn CustomKernel),
}

impl KernelShape {
    /// The 3x3x3 kernel with dilation 1 and the given cell edge.
    pub fn cells(cell: f32) -> Self {
        Self::Cells { size: [3; 3], cell, dilation: [1; 3] }
    }

    /// A ball of `shells` shells without gaps.
    pub fn shells(radius: f32, shells: usize) -> Self {
        Self::Shells { radius, shells, dilation: 1 }
    }

    /// The same kernel with another number of cells per axis; a ball stays as it is.
    pub fn with_size(self, size: [usize; 3]) -> Self {
        match self {
            Self::Cells { cell, dilation, .. } => Self::Cells { size, cell, dilation },
            ball => ball,
        }
    }

    /// The same kernel with another dilation; a ball of shells takes the first entry, a custom kernel stays as it is.
    pub fn with_dilation(self, dilation: [usize; 3]) -> Self {
        match self {
            Self::Cells { size, cell, .. } => Self::Cells { size, cell, dilation },
            Self::Shells { radius, shells, .. } => Self::Shells { radius, shells, dilation: dilation[0] },
            custom => custom,
        }
    }

    /// Checks that the shape can be searched.
    ///
    /// # Errors
    /// A length that is not finite and positive, an even or zero size, a zero dilation or shell count,
    /// more than 65,535 sub-domains, a kernel that reaches farther than 2^20 cells, or a custom kernel whose centre
    /// is in no sub-domain or in one that is not its own mirror image.
    ///
    /// ```
    /// use neighbors::{KernelShape, NeighborError};
    ///
    /// assert!(KernelShape::cells(0.1).validate().is_ok());
    /// let even = KernelShape::cells(0.1).with_size([3, 2, 3]);
    /// assert_eq!(even.validate(), Err(NeighborError::KernelSize { found: [3, 2, 3] }));
    /// ```
    pub fn validate(&self) -> Result<(), NeighborError> {
        let max = usize::from(u16::MAX);
        let too_many = NeighborError::TooManySubdomains { max };
        match *self {
            Self::Cells { size, cell, dilation } => {
                if !(cell.is_finite() && cell > 0.0) {
                    return Err(NeighborError::CellEdge { found: cell });
                }
                if size.iter().any(|s| s % 2 == 0) {
                    return Err(NeighborError::KernelSize { found: size });
                }
                if dilation.contains(&0) {
                    return Err(NeighborError::Dilation);
                }
                let subdomains = size.iter().try_fold(1usize, |k, &s| k.checked_mul(s));
                if subdomains.is_none_or(|k| k > max) {
                    return Err(too_many);
                }
                for axis in 0..3 {
                    let half = ((size[axis] - 1) / 2).saturating_mul(dilation[axis]);
                    if half > MAX_HALF_WIDTH {
                        return Err(NeighborError::KernelTooWide { found: half, max: MAX_HALF_WIDTH });
                    }
                }
            }
            Self::Shells { radius, shells, dilation } => {
                if !(radius.is_finite() && radius > 0.0) {
                    return Err(NeighborError::Radius { found: radius });
                }
                if shells == 0 {
                    return Err(NeighborError::NoShells);
                }
                if dilation == 0 {
                    return Err(NeighborError::Dilation);
                }
                if shells > max {
                    return Err(too_many);
                }
                let half = (shells - 1).saturating_mul(dilation);
                if half > MAX_HALF_WIDTH {
                    return Err(NeighborError::KernelTooWide { found: half, max: MAX_HALF_WIDTH });
                }
                // The innermost shell must not be empty once its width is rounded.
                if shell_bound(radius, half + 1, 1) <= 0.0 {
                    return Err(NeighborError::Radius { found: radius });
                }
            }
            Self::Custom(kernel) => custom_kernel::validate(kernel)?,
        }
        Ok(())
    }

    /// Number of sub-domains `K`.
    pub fn subdomains(&self) -> usize {
        match *self {
            Self::Cells { size, .. } => size.iter().product(),
            Self::Shells { shells, .. } => shells,
            Self::Custom(kernel) => kernel.subdomains(),
        }
    }

    /// The sub-domain in which the centre lies, seen from a point of sub-domain `k`.
    ///
    /// `K - 1 - k` for cells, `k` for shells, one of both for a custom kernel.
    ///
    /// # Panics
    /// When `k` is not a sub-domain of a kernel that has `K - 1 - k`.
    ///
    /// ```
    /// use neighbors::KernelShape;
    ///
    /// let kernel = KernelShape::cells(0.1);
    /// let (p, q) = ([0.0; 3], [0.1, -0.1, 0.02]);
    /// let k = kernel.subdomain(p, q).unwrap();
    /// assert_eq!(kernel.subdomain(q, p), Some(kernel.mirror(k)));
    /// ```
    pub fn mirror(&self, k: usize) -> usize {
        match self {
            Self::Cells { .. } => self.subdomains() - 1 - k,
            Self::Shells { .. } => k,
            Self::Custom(kernel) => kernel.mirror().of(k, kernel.subdomains()),
        }
    }

    /// The sub-domain of the kernel at `centre` in which `point` lies, if any.
    ///
    /// This is the definition that every search of the crate follows bit for bit. The shape must be
    /// [valid](Self::validate).
    pub fn subdomain(&self, centre: [f32; 3], point: [f32; 3]) -> Option<usize> {
        match *self {
            Self::Cells { size, cell, dilation } => {
                let code = |axis: usize| {
                    let half = ((size[axis] - 1) / 2) as i64;
                    let step = dilation[axis] as i64;
                    let n = ((point[axis] - centre[axis]) / cell).round();
                    // Written so that an infinite difference fails.
                    if n.abs() <= (half * step) as f32 && n as i64 % step == 0 {
                        Some((n as i64 / step + half) as usize)
                    } else {
                        None
                    }
                };
                let (x, y, z) = (code(0)?, code(1)?, code(2)?);
                Some((z * size[1] + y) * size[0] + x)
            }
            Self::Shells { radius, shells, dilation } => {
                let distance = squared_distance(centre, point).sqrt();
                let widths = (shells - 1) * dilation + 1;
                if distance >= radius {
                    return None;
                }
                (0..shells).find(|m| {
                    shell_bound(radius, widths, m * dilation) <= distance
                        && distance < shell_bound(radius, widths, m * dilation + 1)
                })
            }
            Self::Custom(kernel) => custom_kernel::subdomain(kernel, centre, point),
        }
    }

    /// Half-extent of the kernel's bounding box along x, y and z, in the unit of the positions.
    ///
    /// A point farther than this from the centre along any axis is in no sub-domain, up to the rounding
    /// of the differences.
    ///
    /// ```
    /// use neighbors::KernelShape;
    ///
    /// let reach = KernelShape::cells(0.5).with_dilation([1, 2, 3]).reach();
    /// assert_eq!(reach, [0.75, 1.25, 1.75]);
    /// ```
    pub fn reach(&self) -> [f32; 3] {
        match *self {
            Self::Cells { size, cell, dilation } => std::array::from_fn(|axis| {
                let half = (size[axis] - 1) / 2 * dilation[axis];
                ((half as f64 + 0.5) * f64::from(cell)) as f32
            }),
            Self::Shells { radius, .. } => [radius; 3],
            Self::Custom(kernel) => [kernel.radius(); 3],
        }
    }

    /// The bounds `[lower, upper)` of the distance in shell `m`; `None` for another kernel.
    ///
    /// ```
    /// use neighbors::KernelShape;
    ///
    /// let ball = KernelShape::shells(3.0, 2).with_dilation([2; 3]);
    /// assert_eq!(ball.shell_bounds(0), Some((0.0, 1.0)));
    /// assert_eq!(ball.shell_bounds(1), Some((2.0, 3.0)));
    /// ```
    pub fn shell_bounds(&self, m: usize) -> Option<(f32, f32)> {
        match *self {
            Self::Cells { .. } | Self::Custom(_) => None,
            Self::Shells { radius, shells, dilation } => {
                let widths = (shells - 1) * dilation + 1;
                Some((
                    shell_bound(radius, widths, m * dilation),
                    shell_bound(radius, widths, m * dilation + 1),
                ))
            }
        }
    }
}

/// Distance `n` shell widths from the centre, exact at both ends of the ball.
fn shell_bound(radius: f32, widths: usize, n: usize) -> f32 {
    (n as f64 * f64::from(radius) / widths as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: [f32; 3] = [0.0; 3];

    #[test]
    fn the_flat_index_runs_along_x_first() {
        let kernel = KernelShape::cells(1.0).with_size([5, 1, 3]);
        assert_eq!(kernel.subdomains(), 15);
        assert_eq!(kernel.subdomain(ORIGIN, [-2.0, 0.0, -1.0]), Some(0));
        assert_eq!(kernel.subdomain(ORIGIN, [-1.0, 0.0, -1.0]), Some(1));
        assert_eq!(kernel.subdomain(ORIGIN, [-2.0, 0.0, 0.0]), Some(5));
        assert_eq!(kernel.subdomain(ORIGIN, [2.0, 0.0, 1.0]), Some(14));
        assert_eq!(kernel.subdomain(ORIGIN, [0.0, 0.5, 0.0]), None);
    }

    #[test]
    fn a_point_on_a_face_belongs_to_the_outer_cell_of_both() {
        let kernel = KernelShape::cells(1.0);
        assert_eq!(kernel.subdomain(ORIGIN, [0.5, 0.0, 0.0]), Some(14));
        assert_eq!(kernel.subdomain([0.5, 0.0, 0.0], ORIGIN), Some(12));
        assert_eq!(kernel.subdomain(ORIGIN, [0.5f32.next_down(), 0.0, 0.0]), Some(13));
        assert_eq!(kernel.subdomain(ORIGIN, [1.5, 0.0, 0.0]), None);
    }

    #[test]
    fn dilation_leaves_gaps() {
        let kernel = KernelShape::cells(1.0).with_dilation([2, 1, 1]);
        assert_eq!(kernel.subdomain(ORIGIN, [0.4, 0.0, 0.0]), Some(13));
        assert_eq!(kernel.subdomain(ORIGIN, [1.0, 0.0, 0.0]), None);
        assert_eq!(kernel.subdomain(ORIGIN, [1.5, 0.0, 0.0]), Some(14));
        assert_eq!(kernel.subdomain(ORIGIN, [-2.4, 0.0, 0.0]), Some(12));
        assert_eq!(kernel.subdomain(ORIGIN, [2.5, 0.0, 0.0]), None);
    }

    #[test]
    fn shells_are_half_open_and_end_at_the_radius() {
        let ball = KernelShape::shells(0.3, 3);
        assert_eq!(ball.subdomain(ORIGIN, ORIGIN), Some(0));
        assert_eq!(ball.subdomain(ORIGIN, [0.1, 0.0, 0.0]), Some(1));
        assert_eq!(ball.subdomain(ORIGIN, [0.0, 0.3f32.next_down(), 0.0]), Some(2));
        assert_eq!(ball.subdomain(ORIGIN, [0.0, 0.3, 0.0]), None);
        let gaps = KernelShape::shells(3.0, 2).with_dilation([2; 3]);
        assert_eq!(gaps.subdomain(ORIGIN, [0.0, 1.5, 0.0]), None);
        assert_eq!(gaps.subdomain(ORIGIN, [0.0, 2.5, 0.0]), Some(1));
    }

    #[test]
    fn mirrors() {
        let kernel = KernelShape::cells(1.0).with_size([3, 1, 5]);
        for k in 0..kernel.subdomains() {
            assert_eq!(kernel.mirror(kernel.mirror(k)), k);
        }
        assert_eq!(kernel.mirror(0), 14);
        assert_eq!(KernelShape::shells(1.0, 4).mirror(2), 2);
    }

    #[test]
    fn distant_points_are_outside_without_overflow() {
        let kernel = KernelShape::cells(1e-40).with_dilation([3; 3]);
        assert_eq!(kernel.subdomain([f32::MIN; 3], [f32::MAX; 3]), None);
        let ball = KernelShape::shells(f32::MAX, 1);
        assert_eq!(ball.subdomain([f32::MIN; 3], [f32::MAX; 3]), None);
    }

    #[test]
    fn invalid_shapes_name_the_fault() {
        let cells = KernelShape::cells(0.1);
        let shells = KernelShape::shells(1.0, 3);
        for cell in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let error = KernelShape::cells(cell).validate().unwrap_err();
            assert!(matches!(error, NeighborError::CellEdge { .. }));
            let error = KernelShape::shells(cell, 3).validate().unwrap_err();
            assert!(matches!(error, NeighborError::Radius { .. }));
        }
        assert_eq!(
            cells.with_size([3, 3, 0]).validate(),
            Err(NeighborError::KernelSize { found: [3, 3, 0] })
        );
        assert_eq!(cells.with_dilation([1, 0, 1]).validate(), Err(NeighborError::Dilation));
        assert_eq!(shells.with_dilation([0; 3]).validate(), Err(NeighborError::Dilation));
        assert_eq!(KernelShape::shells(1.0, 0).validate(), Err(NeighborError::NoShells));
        assert_eq!(
            cells.with_size([41, 41, 41]).validate(),
            Err(NeighborError::TooManySubdomains { max: 65_535 })
        );
        assert!(cells.with_size([usize::MAX; 3]).validate().is_err());
        assert_eq!(
            cells.with_dilation([1, 1, 1 << 21]).validate(),
            Err(NeighborError::KernelTooWide { found: 1 << 21, max: 1 << 20 })
        );
        assert!(cells.with_dilation([usize::MAX; 3]).with_size([5; 3]).validate().is_err());
        // A shell width that rounds to zero.
        assert!(KernelShape::shells(1e-45, 9).validate().is_err());
    }
}
