//! The adjoint identities: without bias the operators are linear in the features and linear in the weight, so
//! `<conv(x), g> = <x, dL/dx> = <W, dL/dW>` for `L = <y, g>`, and `<b, dL/db> = <y(b) - y(0), g>`.

use neighbors::KernelShape;

use crate::common::{Kind, check_adjoint, clouds_in_cube, kernels, lists, random_clouds};

#[test]
fn every_kernel_shape() {
    for (seed, shape) in (0..).zip(kernels()) {
        let neighborhood = lists(&random_clouds(&[23, 37], seed), &shape);
        for kind in Kind::ALL {
            check_adjoint(&format!("{shape:?}"), kind, &neighborhood, kind.narrow(), seed);
        }
    }
}

#[test]
fn several_widths() {
    let neighborhood = lists(&random_clouds(&[23, 37], 20), &KernelShape::cells(0.3));
    for widths in [(4, 16), (5, 16), (17, 16), (16, 17), (20, 33)] {
        check_adjoint("3x3x3", Kind::Full, &neighborhood, widths, 21);
    }
    for widths in [(1, 1), (4, 1), (9, 1), (16, 1), (17, 1), (40, 1), (2, 3), (16, 2), (17, 3)] {
        check_adjoint("3x3x3", Kind::Depthwise, &neighborhood, widths, 21);
    }
}

/// So many points that the partial sums of the weight gradient grow beyond one chunk each.
#[test]
fn forty_thousand_points() {
    let neighborhood = lists(&clouds_in_cube(&[25_000, 15_001], 4.0, 30), &KernelShape::cells(0.1));
    for kind in Kind::ALL {
        check_adjoint("large", kind, &neighborhood, kind.narrow(), 31);
    }
}
