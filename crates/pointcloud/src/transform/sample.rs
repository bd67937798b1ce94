//! Points drawn evenly from the surface of a mesh.

use rand::{Rng, RngExt};

use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::mesh::Mesh;

/// Draws `n` points with normals from the triangles of `mesh`, with equal density everywhere.
///
/// A triangle is chosen by binary search in the cumulative areas (`f64`), the point in it as
/// `(1 - √u)·a + √u(1 - v)·b + √u·v·c` (Osada et al., *Shape distributions*, 2002). The normal is that of the
/// triangle, counter-clockwise corners facing the viewer; colours, labels and all other columns are those of the corner that
/// is nearest in these weights.
///
/// # Errors
/// [`Error::NoSurface`] when there are no faces or their total area is zero or not finite, unless
/// `n` is 0.
///
/// # Complexity
/// `O(F + n log F)`.
///
/// ```
/// use pointcloud::Mesh;
/// use pointcloud::transform::sample_uniform;
/// use rand::SeedableRng;
///
/// let mesh = Mesh::new(vec![[0.0, 0.0, 2.0], [1.0, 0.0, 2.0], [0.0, 1.0, 2.0]], vec![[0, 1, 2]]);
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let cloud = sample_uniform(&mesh, 5, &mut rng)?;
/// assert_eq!(cloud.len(), 5);
/// assert!(cloud.positions().iter().all(|p| p[2] == 2.0));
/// # Ok::<(), pointcloud::Error>(())
/// ```
pub fn sample_uniform(mesh: &Mesh, n: usize, rng: &mut impl Rng) -> Result<PointCloud> {
    let corners = |face: &[u32; 3]| face.map(|i| mesh.vertices()[i as usize].map(f64::from));
    let mut total = 0.0;
    let cumulative: Vec<f64> = mesh
        .faces()
        .iter()
        .map(|face| {
            total += area_and_normal(corners(face)).0;
            total
        })
        .collect();
    if n > 0 && !(total > 0.0 && total.is_finite()) {
        return Err(Error::NoSurface { path: None, faces: mesh.faces().len(), area: total });
    }

    let mut positions = Vec::with_capacity(n);
    let mut normals = Vec::with_capacity(n);
    let mut nearest = Vec::with_capacity(n);
    for _ in 0..n {
        let target = rng.random::<f64>() * total;
        let chosen = cumulative.partition_point(|&sum| sum <= target).min(cumulative.len() - 1);
        let face = &mesh.faces()[chosen];
        let [a, b, c] = corners(face);
        let (u, v) = (rng.random::<f64>().sqrt(), rng.random::<f64>());
        let weights = [1.0 - u, u * (1.0 - v), u * v];
        positions.push([0, 1, 2].map(|k| (weights[0] * a[k] + weights[1] * b[k] + weights[2] * c[k]) as f32));
        normals.push(area_and_normal([a, b, c]).1.map(|v| v as f32));
        let corner =
            (1..3).fold(0, |most, corner| if weights[corner] > weights[most] { corner } else { most });
        nearest.push(face[corner] as usize);
    }
    let mut cloud = mesh.vertex_cloud().select(&nearest);
    cloud.positions_mut().copy_from_slice(&positions);
    cloud.set_normals(Some(normals))?;
    Ok(cloud)
}

/// Area and unit normal of a triangle; the normal of a degenerate one is zero.
fn area_and_normal([a, b, c]: [[f64; 3]; 3]) -> (f64, [f64; 3]) {
    let edge = |p: [f64; 3]| [p[0] - a[0], p[1] - a[1], p[2] - a[2]];
    let (u, v) = (edge(b), edge(c));
    let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let length = (cross[0] * cross[0] + cross[1] * cross[1] + cross[2] * cross[2]).sqrt();
    let normal = if length > 0.0 { cross.map(|x| x / length) } else { [0.0; 3] };
    (0.5 * length, normal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// A square of area 4 at z = 0 and, opposite, one of area 1 at z = 1, and a sliver of none.
    fn two_squares() -> Mesh {
        let low = [[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [2.0, 2.0, 0.0], [0.0, 2.0, 0.0]];
        let high = [[0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]];
        let vertices = low.into_iter().chain(high).collect();
        Mesh::new(vertices, vec![[0, 1, 1], [0, 1, 2], [0, 2, 3], [4, 6, 5], [4, 7, 6], [7, 7, 7]])
    }

    #[test]
    fn columns_are_those_of_the_nearest_corner() {
        let mut corners = PointCloud::new(vec![[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 3.0, 0.0]]);
        corners.set_labels(Some(vec![4, 5, 6])).unwrap();
        corners.set_colors(Some(vec![[1, 0, 0], [0, 1, 0], [0, 0, 1]])).unwrap();
        corners.set_origin([100.0, 0.0, 0.0]);
        let mesh = Mesh::with_columns(corners, vec![[0, 1, 2]]);
        let cloud = sample_uniform(&mesh, 60, &mut ChaCha8Rng::seed_from_u64(2)).unwrap();
        assert_eq!(cloud.origin(), [100.0, 0.0, 0.0]);
        let mut found = [0; 3];
        for (i, [x, y, _]) in cloud.positions().iter().enumerate() {
            let weights = [1.0 - (x + y) / 3.0, x / 3.0, y / 3.0];
            let corner = (0..3).max_by(|&a, &b| weights[a].total_cmp(&weights[b])).unwrap();
            assert_eq!(cloud.labels().unwrap()[i], 4 + corner as i32);
            assert_eq!(cloud.colors().unwrap()[i][corner], 1);
            found[corner] += 1;
        }
        assert!(found.iter().all(|&count| count > 5), "{found:?}");
    }

    #[test]
    fn density_follows_area() {
        let n = 20_000;
        let cloud = sample_uniform(&two_squares(), n, &mut ChaCha8Rng::seed_from_u64(3)).unwrap();
        let high = cloud.positions().iter().filter(|p| p[2] == 1.0).count();
        // Binomial(20000, 1/5): standard deviation 57, the bound is 4.4 of them.
        assert!(high.abs_diff(n / 5) < 250, "{high}");
        let quarter = cloud.positions().iter().filter(|p| p[2] == 0.0 && p[0] < 1.0 && p[1] < 1.0).count();
        assert!(quarter.abs_diff(n / 5) < 250, "{quarter}");
        for (position, normal) in cloud.positions().iter().zip(cloud.normals().unwrap()) {
            assert_eq!(*normal, if position[2] == 0.0 { [0.0, 0.0, 1.0] } else { [0.0, 0.0, -1.0] });
        }
    }

    #[test]
    fn seed_decides() {
        let draw = |seed| sample_uniform(&two_squares(), 7, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn no_surface_is_an_error() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let flat = Mesh::new(vec![[0.0; 3], [1.0, 0.0, 0.0]], vec![[0, 1, 0]]);
        let error = sample_uniform(&flat, 3, &mut rng).unwrap_err();
        assert_eq!(error.to_string(), "mesh has no surface to sample: 1 faces, total area 0");
        let bad = Mesh::new(vec![[f32::NAN; 3], [1.0, 0.0, 0.0]], vec![[0, 1, 0]]);
        assert!(matches!(sample_uniform(&bad, 3, &mut rng), Err(Error::NoSurface { .. })));
        assert!(matches!(sample_uniform(&Mesh::default(), 1, &mut rng), Err(Error::NoSurface { .. })));
        assert!(sample_uniform(&Mesh::default(), 0, &mut rng).unwrap().is_empty());
    }
}
