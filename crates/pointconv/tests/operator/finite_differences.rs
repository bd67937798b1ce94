//! The gradients are those of the output: central differences in every entry of every argument.

use neighbors::KernelShape;

use crate::common::{Kind, check_differences, kernels, lists, random_clouds};

#[test]
fn every_kernel_shape() {
    for (seed, shape) in (0..).zip(kernels()) {
        let neighborhood = lists(&random_clouds(&[8, 13], seed), &shape);
        for kind in Kind::ALL {
            check_differences(&format!("{shape:?}"), kind, &neighborhood, kind.narrow(), seed);
        }
    }
}

/// Rows of more than one block of lanes, among others.
#[test]
fn several_widths() {
    let shape = KernelShape::cells(0.3).with_size([3, 1, 1]);
    for kind in Kind::ALL {
        let widths = kind.choose(&[(5, 3), (17, 2), (2, 19)][..], &[(5, 1), (17, 1), (2, 9), (40, 1)]);
        for (seed, &widths) in (20..).zip(widths) {
            let neighborhood = lists(&random_clouds(&[8, 13], seed), &shape);
            check_differences("3x1x1", kind, &neighborhood, widths, seed);
        }
    }
}
