//! Eigenvalues and eigenvectors of symmetric 3x3 matrices, by Jacobi's method.

/// A symmetric matrix, row by row.
pub(super) type SymmetricMatrix = [[f64; 3]; 3];

/// An eigenvalue with its eigenvector of length 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Eigen {
    pub(super) value: f64,
    pub(super) vector: [f64; 3],
}

/// Rounds of rotations. Each squares the relative size of what is left beside the diagonal, so five reach the precision of
/// `f64`; the others are for extreme matrices.
const ROUNDS: usize = 12;

/// The eigenvalues in descending order. A matrix with numbers that are not finite gives no meaningful result.
pub(super) fn eigen(mut matrix: SymmetricMatrix) -> [Eigen; 3] {
    // The columns of this matrix become the eigenvectors.
    let mut vectors = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for _ in 0..ROUNDS {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            rotate(&mut matrix, &mut vectors, p, q);
        }
    }
    let mut found = [0, 1, 2].map(|axis| Eigen {
        value: matrix[axis][axis],
        vector: [vectors[0][axis], vectors[1][axis], vectors[2][axis]],
    });
    found.sort_by(|a, b| b.value.total_cmp(&a.value));
    found
}

/// Turns the plane of the axes `p` and `q` so that the entry of both becomes 0.
fn rotate(matrix: &mut SymmetricMatrix, vectors: &mut [[f64; 3]; 3], p: usize, q: usize) {
    let entry = matrix[p][q];
    if entry == 0.0 {
        return;
    }
    let half = (matrix[q][q] - matrix[p][p]) / (2.0 * entry);
    // The tangent of the smaller of the two angles.
    let tangent = half.signum() / (half.abs() + half.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    matrix[p][p] -= tangent * entry;
    matrix[q][q] += tangent * entry;
    (matrix[p][q], matrix[q][p]) = (0.0, 0.0);
    let r = 3 - p - q;
    let (rp, rq) = (matrix[r][p], matrix[r][q]);
    (matrix[r][p], matrix[r][q]) = (cosine * rp - sine * rq, sine * rp + cosine * rq);
    (matrix[p][r], matrix[q][r]) = (matrix[r][p], matrix[r][q]);
    for row in vectors {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// `M v = λ v`, the vectors are orthonormal, and the values descend.
        #[test]
        fn the_definition_holds(entries in prop::array::uniform6(-1.0f64..1.0), power in -30i32..30) {
            let [a, b, c, d, e, f] = entries.map(|entry| entry * 10f64.powi(power));
            let matrix = [[a, d, e], [d, b, f], [e, f, c]];
            let size = entries.iter().fold(0.0f64, |most, entry| most.max(entry.abs())) * 10f64.powi(power);
            let found = eigen(matrix);
            prop_assert!(found[0].value >= found[1].value && found[1].value >= found[2].value);
            let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
            for (i, Eigen { value, vector }) in found.into_iter().enumerate() {
                for axis in 0..3 {
                    prop_assert!((dot(matrix[axis], vector) - value * vector[axis]).abs() <= 1e-14 * size);
                }
                for (j, other) in found.into_iter().enumerate() {
                    let expected = if i == j { 1.0 } else { 0.0 };
                    prop_assert!((dot(vector, other.vector) - expected).abs() < 1e-14);
                }
            }
        }
    }

    #[test]
    fn extreme_matrices() {
        let values = |matrix| eigen(matrix).map(|eigen| eigen.value);
        assert_eq!(values([[0.0; 3]; 3]), [0.0; 3]);
        assert_eq!(values([[1.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 2.0]]), [3.0, 2.0, 1.0]);
        let [largest, middle, smallest] = values([[1.0; 3]; 3]);
        assert!((largest - 3.0).abs() < 1e-14 && middle.abs() < 1e-14 && smallest.abs() < 1e-14);
        for tiny in [1e-300, 1e-160] {
            let found = values([[1.0, tiny, 0.0], [tiny, 1.0 + 1e-12, tiny], [0.0, tiny, 2.0]]);
            assert!(found.iter().all(|value| value.is_finite()), "{found:?}");
        }
    }
}
