//! Clouds to be measured on, from a raw file.

use std::path::Path;

use train::RunError;

/// Reads clouds of `points` points, one after the other, from a file of raw little-endian `f32` x y z.
///
/// # Errors
/// When the file cannot be read, or does not hold whole clouds, or not `clouds` of them where that many are asked for.
pub fn read_positions(
    path: &Path,
    points: usize,
    clouds: Option<usize>,
) -> Result<Vec<Vec<[f32; 3]>>, RunError> {
    let bytes = std::fs::read(path).map_err(RunError::io(path, "read"))?;
    let bad = |expected: String| RunError::BadFile {
        path: path.to_owned(),
        problem: format!("found {} bytes, expected {expected}", bytes.len()),
    };
    let size = points * 12;
    match clouds {
        Some(clouds) if bytes.len() != clouds * size => {
            return Err(bad(format!("{} for {clouds} clouds of {points} points", clouds * size)));
        }
        _ if bytes.is_empty() || !bytes.len().is_multiple_of(size) => {
            return Err(bad(format!("a multiple of {size}, for clouds of {points} points")));
        }
        _ => {}
    }
    let number = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    let cloud = |bytes: &[u8]| {
        let points = bytes.chunks_exact(12);
        points.map(|point| std::array::from_fn(|axis| number(&point[4 * axis..]))).collect()
    };
    Ok(bytes.chunks_exact(size).map(cloud).collect())
}
