//! Clouds that are written, read, converted and transformed.

use std::fs;

use arbitrary::Unstructured;
use pointcloud::io::{self, Contents, Format, Reader, writable_extensions};
use pointcloud::scene::voxelize;
use pointcloud::transform::{self, Normalizer, Sampling};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use self::common::check_kept;
use crate::place;

/// The rule for what comes back is that of the tests of `pointcloud`.
#[path = "../../../pointcloud/tests/common/mod.rs"]
mod common;

const KINDS: [(&str, usize); 8] = [
    ("char", 1),
    ("uchar", 1),
    ("short", 2),
    ("ushort", 2),
    ("int", 4),
    ("uint", 4),
    ("float", 4),
    ("double", 8),
];

const NAMES: [&str; 30] = [
    "normal",
    "red",
    "green",
    "blue",
    "alpha",
    "intensity",
    "gps_time",
    "return_number",
    "label",
    "classification",
    "Class",
    "scalar_Intensity",
    "nir",
    "scan_angle",
    "a_name_that_is_longer_than_32_bytes_1",
    "a_name_that_is_longer_than_32_bytes_2",
    "rgb",
    "_",
    "a,b",
    "it's",
    "q#1",
    "t_high32",
    "t_low32",
    "user_data",
    "column_4",
    "X",
    "scan",
    "number_of_returns",
    "point_source_id",
    "synthetic",
];

/// A binary PLY file with columns and numbers from `bytes`; `None` if they are too few.
fn ply(bytes: &mut Unstructured<'_>) -> Option<Vec<u8>> {
    let rows = bytes.int_in_range(0..=9).ok()?;
    let mut header = format!("ply\nformat binary_little_endian 1.0\nelement vertex {rows}\n");
    let (kind, mut width) = *bytes.choose(&KINDS).ok()?;
    width *= 3;
    for axis in ["x", "y", "z"] {
        header += &format!("property {kind} {axis}\n");
    }
    let mut used = Vec::new();
    for _ in 0..bytes.int_in_range(0..=8).ok()? {
        let (kind, bytes_each) = *bytes.choose(&KINDS).ok()?;
        let name = *bytes.choose(&NAMES).ok()?;
        if used.contains(&name) {
            continue;
        }
        used.push(name);
        if name == "normal" {
            // Text does not tell normals from other columns with their names.
            width += 12;
            header += "property float nx\nproperty float ny\nproperty float nz\n";
        } else {
            width += bytes_each;
            header += &format!("property {kind} {name}\n");
        }
    }
    header += "end_header\n";
    let mut file = header.into_bytes();
    let mut body = vec![0; rows * width];
    bytes.fill_buffer(&mut body).ok()?;
    file.extend(body);
    Some(file)
}

/// A cloud from arbitrary numbers; `None` where a position is not finite.
fn cloud(bytes: &mut Unstructured<'_>) -> Option<Contents> {
    let file = ply(bytes)?;
    let contents = Reader::new().parse(&file, "a.ply");
    let contents = contents.unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(&file)));
    contents.cloud.check_finite().ok()?;
    Some(contents)
}

/// Writes a cloud in a format and reads it: what comes back is what was written, but for the losses that were told.
pub(super) fn write_read(bytes: &[u8]) {
    let mut bytes = Unstructured::new(bytes);
    let Ok(&extension) = bytes.choose(&writable_extensions()) else { return };
    let Some(contents) = cloud(&mut bytes) else { return };
    let to = place::path(&format!("a.{extension}"));
    let kept = check_kept(&contents, extension, to.parent().unwrap_or(&to));
    // A format may refuse a cloud, which must not leave a file.
    if let Err(error) = kept {
        assert!(refused(&contents, extension), "{error}: {:?}", contents.cloud);
    }
}

/// Whether writing says that a format cannot hold the cloud.
fn refused(contents: &Contents, extension: &str) -> bool {
    io::write(place::path(&format!("refused.{extension}")), &contents.cloud).is_err()
}

/// Converts a file block by block: the result is that of reading it as a whole and writing it.
pub(super) fn convert(bytes: &[u8]) {
    let [from, to, bytes @ ..] = bytes else { return };
    let readable: Vec<&str> = Format::all().iter().map(|format| format.extensions()[0]).collect();
    let writable = writable_extensions();
    let from = readable[usize::from(*from) % readable.len()];
    let to = writable[usize::from(*to) % writable.len()];
    let path = place::write(&format!("a.{from}"), bytes);
    let [blocks, whole] = ["blocks", "whole"].map(|name| place::path(&format!("{name}.{to}")));
    place::remove(&blocks);
    place::remove(&whole);
    let reader = Reader::new().drop_invalid(true);
    let converted = reader.convert(&path, &blocks, false);
    let read = reader.open(&path).and_then(|contents| {
        io::write(&whole, &contents.cloud)?;
        Ok(contents.dropped)
    });
    assert_eq!(converted.is_ok(), blocks.exists(), "{converted:?}");
    match (&converted, &read) {
        // A point that is dropped may decide on the type of a column only where it is read in blocks.
        (Ok(_), Ok(1..)) => {
            let [blocks, whole] = [blocks, whole].map(|path| io::read(path).map(|cloud| cloud.len()).ok());
            assert_eq!(blocks, whole, "{from} to {to}");
        }
        (Ok(_), Ok(0)) => {
            let [blocks, whole] = [blocks, whole].map(|path| fs::read(path).expect("it was written"));
            let first = blocks.iter().zip(&whole).position(|(a, b)| a != b);
            assert!(blocks == whole, "{from} to {to}: the bytes differ from byte {first:?} on");
        }
        (Err(_), Err(_)) => {}
        _ => panic!("{from} to {to}: in blocks {converted:?}, as a whole {read:?}"),
    }
}

/// Transforms a cloud.
pub(super) fn transforms(bytes: &[u8]) {
    let mut bytes = Unstructured::new(bytes);
    let mut take = || -> arbitrary::Result<(u64, f32, usize, usize)> { bytes.arbitrary() };
    let Ok((seed, edge, n, start)) = take() else { return };
    let Some(Contents { cloud, .. }) = cloud(&mut bytes) else { return };
    let n = n % 40;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for sampling in [Sampling::Random, Sampling::First, Sampling::Farthest] {
        if let Ok(chosen) = transform::resample(&cloud, n, sampling, &mut rng) {
            assert_eq!(chosen.len(), n);
        }
    }
    let voxels = voxelize(&cloud, edge);
    assert!(voxels.is_ok() || !(edge.is_finite() && edge > 0.0) || !cloud.is_empty(), "{voxels:?}");
    let positions = cloud.positions();
    for mut order in [transform::xyz_order(positions), transform::morton_order(positions)] {
        order.sort_unstable();
        assert!(order.into_iter().eq(0..positions.len()));
    }
    if !positions.is_empty() {
        let chosen = transform::farthest_indices(positions, n.min(positions.len()), start % positions.len());
        assert!(chosen.iter().all(|&index| index < positions.len()));
        let normalizer = Normalizer::unit_sphere(positions);
        let mut changed = positions.to_vec();
        normalizer.apply(&mut changed);
        normalizer.invert(&mut changed);
        assert_eq!(changed.len(), positions.len());
    }
}
