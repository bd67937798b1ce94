//! Kernel shapes of one's own.

use std::any::Any;
use std::fmt::Debug;
use std::ptr;

use crate::distance::squared_distance;
use crate::error::NeighborError;

/// A kernel shape of one's own: a ball, divided into sub-domains by any rule.
///
/// As a [`KernelShape::Custom`](crate::KernelShape::Custom) it is searched, counted and convolved like the shapes of
/// this crate. Sectors of a ball are written like this:
///
/// ```
/// use neighbors::{CustomKernel, KernelShape, Mirror, PackedClouds, Search, SubdomainLists};
///
/// /// Below, about, and above a point.
/// #[derive(Debug)]
/// struct Layers {
///     radius: f32,
///     thickness: f32,
/// }
///
/// impl CustomKernel for Layers {
///     fn subdomains(&self) -> usize {
///         3
///     }
///     fn radius(&self) -> f32 {
///         self.radius
///     }
///     fn mirror(&self) -> Mirror {
///         Mirror::Reversed // what lies above me has me below
///     }
///     fn subdomain(&self, [_, _, z]: [f32; 3]) -> Option<usize> {
///         let half = self.thickness / 2.0;
///         Some(if z < -half { 0 } else if z <= half { 1 } else { 2 })
///     }
/// }
///
/// static LAYERS: Layers = Layers { radius: 1.0, thickness: 0.2 };
///
/// let clouds = PackedClouds::single([[0.0; 3], [0.3, 0.0, 0.05], [0.0, 0.0, 0.9], [0.0, 0.0, -1.5]])?;
/// let shape = KernelShape::Custom(&LAYERS);
/// let lists = SubdomainLists::build(&clouds, &shape, Search::Auto)?;
/// let runs: Vec<(usize, Vec<u32>)> = lists.row_of(0).runs().map(|(k, found)| (k, found.collect())).collect();
/// assert_eq!(runs, [(1, vec![0, 1]), (2, vec![2])]);
/// # Ok::<(), neighbors::NeighborError>(())
/// ```
///
/// # Symmetry
/// The gradients of a convolution need lists in which `j` lies in sub-domain `k` of `i` exactly when `i` lies in
/// `mirror(k)` of `j`, down to the last bit and on every border. So a rule is asked about one half of all differences
/// only: those whose first coordinate that is not zero is positive, and zero itself. The other half is the mirror image.
/// A rule cannot be asymmetric by mistake, and needs no care for points on a border.
///
/// # Speed
/// All points of the ball are listed as by [`RadiusLists`](crate::RadiusLists), then divided pair by pair: several times
/// the time of the shapes of this crate, and for a moment the memory of both lists. What is computed on the lists later
/// costs the same for all shapes.
///
/// # Lifetime
/// Shapes are few and are copied everywhere, so a kernel is borrowed for as long as the program runs: a `static`, or
/// [`Box::leak`] for one whose parameters are known at run time only.
pub trait CustomKernel: Any + Debug + Send + Sync {
    /// Number of sub-domains `K`, from 1 to 65,535; always the same.
    fn subdomains(&self) -> usize;

    /// Radius of the closed ball that is divided, `squared_distance <= radius * radius` in `f32`; always the same.
    fn radius(&self) -> f32;

    /// Which sub-domain lies opposite to which; always the same.
    fn mirror(&self) -> Mirror;

    /// The sub-domain of a point of the ball, if it belongs to the kernel.
    ///
    /// `difference` is the position of the point minus that of the centre, or zero: then the answer must be a sub-domain
    /// that is its own mirror image, the middle one where they are [`Reversed`](Mirror::Reversed). The same difference
    /// must always get the same answer, less than [`subdomains`](Self::subdomains).
    fn subdomain(&self, difference: [f32; 3]) -> Option<usize>;
}

/// In which sub-domain a centre lies, seen from its neighbour in sub-domain `k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mirror {
    /// In `k` again: the rule looks at distances only.
    Same,
    /// In `K - 1 - k`: the rule tells directions apart, and numbers opposite ones from both ends. `K` is odd.
    Reversed,
}

impl Mirror {
    /// The sub-domain opposite to `k` of `subdomains`.
    #[inline(always)]
    pub(crate) fn of(self, k: usize, subdomains: usize) -> usize {
        match self {
            Self::Same => k,
            Self::Reversed => subdomains - 1 - k,
        }
    }
}

impl PartialEq for dyn CustomKernel {
    /// Whether both are the same value in memory.
    fn eq(&self, other: &Self) -> bool {
        // Values without size may share an address.
        ptr::addr_eq(self, other) && (self as &dyn Any).type_id() == (other as &dyn Any).type_id()
    }
}

/// Checks what a kernel says of itself.
pub(crate) fn validate(kernel: &dyn CustomKernel) -> Result<(), NeighborError> {
    let (subdomains, radius) = (kernel.subdomains(), kernel.radius());
    if !(radius > 0.0 && (radius * radius).is_finite()) {
        return Err(NeighborError::Radius { found: radius });
    }
    if subdomains == 0 {
        return Err(NeighborError::NoSubdomains);
    }
    if subdomains > usize::from(u16::MAX) {
        return Err(NeighborError::TooManySubdomains { max: usize::from(u16::MAX) });
    }
    let found = kernel.subdomain([0.0; 3]);
    if found.is_none_or(|k| k >= subdomains || kernel.mirror().of(k, subdomains) != k) {
        return Err(NeighborError::CentreSubdomain { found, subdomains });
    }
    Ok(())
}

/// The sub-domain in which `point` lies; see [`CustomKernel`] for its half of the differences.
pub(crate) fn subdomain(kernel: &dyn CustomKernel, centre: [f32; 3], point: [f32; 3]) -> Option<usize> {
    let radius = kernel.radius();
    if squared_distance(centre, point) > radius * radius {
        return None;
    }
    // Both ways of a pair subtract in the same order, so that not even the sign of a zero differs.
    let opposite = point < centre;
    let (from, to) = if opposite { (point, centre) } else { (centre, point) };
    let k = kernel.subdomain([0, 1, 2].map(|axis| to[axis] - from[axis]))?;
    let subdomains = kernel.subdomains();
    assert!(k < subdomains, "{kernel:?} has {subdomains} sub-domains, its rule gives sub-domain {k}");
    Some(if opposite { kernel.mirror().of(k, subdomains) } else { k })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::KernelShape;

    /// Says of itself what a test wants.
    #[derive(Debug)]
    struct Claims(usize, f32, Mirror, Option<usize>);

    impl CustomKernel for Claims {
        fn subdomains(&self) -> usize {
            self.0
        }
        fn radius(&self) -> f32 {
            self.1
        }
        fn mirror(&self) -> Mirror {
            self.2
        }
        fn subdomain(&self, _: [f32; 3]) -> Option<usize> {
            self.3
        }
    }

    #[test]
    fn faults_are_named() {
        let check = |subdomains, radius, mirror, centre| {
            let kernel: &'static Claims = Box::leak(Box::new(Claims(subdomains, radius, mirror, centre)));
            KernelShape::Custom(kernel).validate()
        };
        assert_eq!(check(3, 1.0, Mirror::Reversed, Some(1)), Ok(()));
        assert_eq!(check(2, 1.0, Mirror::Same, Some(1)), Ok(()));
        for radius in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e30] {
            let error = check(3, radius, Mirror::Same, Some(0)).unwrap_err();
            assert!(matches!(error, NeighborError::Radius { .. }), "{radius}");
        }
        assert_eq!(check(0, 1.0, Mirror::Same, Some(0)), Err(NeighborError::NoSubdomains));
        assert!(matches!(
            check(65_536, 1.0, Mirror::Same, Some(0)),
            Err(NeighborError::TooManySubdomains { max: 65_535 })
        ));
        for (subdomains, mirror, found) in [
            (3, Mirror::Same, None),
            (3, Mirror::Same, Some(3)),
            (3, Mirror::Reversed, Some(2)),
            (4, Mirror::Reversed, Some(2)),
        ] {
            let expected = NeighborError::CentreSubdomain { found, subdomains };
            assert_eq!(check(subdomains, 1.0, mirror, found), Err(expected));
        }
    }

    #[test]
    fn a_kernel_equals_itself_alone() {
        #[derive(Debug)]
        struct Nothing;
        #[derive(Debug)]
        struct Else;
        macro_rules! kernel {
            ($name:ident) => {
                impl CustomKernel for $name {
                    fn subdomains(&self) -> usize {
                        1
                    }
                    fn radius(&self) -> f32 {
                        1.0
                    }
                    fn mirror(&self) -> Mirror {
                        Mirror::Same
                    }
                    fn subdomain(&self, _: [f32; 3]) -> Option<usize> {
                        Some(0)
                    }
                }
            };
        }
        kernel!(Nothing);
        kernel!(Else);
        static BOTH: (Nothing, Else) = (Nothing, Else);
        static ONE: Claims = Claims(1, 1.0, Mirror::Same, Some(0));
        static OTHER: Claims = Claims(1, 1.0, Mirror::Same, Some(0));
        assert_eq!(KernelShape::Custom(&BOTH.0), KernelShape::Custom(&BOTH.0));
        assert_ne!(KernelShape::Custom(&BOTH.0), KernelShape::Custom(&BOTH.1));
        assert_ne!(KernelShape::Custom(&ONE), KernelShape::Custom(&OTHER));
    }

    #[test]
    #[should_panic(expected = "has 2 sub-domains, its rule gives sub-domain 7")]
    fn a_rule_that_leaves_the_kernel_is_named() {
        static KERNEL: Claims = Claims(2, 1.0, Mirror::Same, Some(7));
        KernelShape::Custom(&KERNEL).subdomain([0.0; 3], [0.5, 0.0, 0.0]);
    }
}
