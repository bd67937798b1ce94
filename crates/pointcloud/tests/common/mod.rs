//! Small files of other programs, and what a test says of them.

#![allow(dead_code, unreachable_pub)]

use std::path::{Path, PathBuf};

use pointcloud::PointCloud;
use pointcloud::io::{self, Contents, Format, Reader, Summary, losses};

pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

pub fn open(name: &str) -> Contents {
    Reader::new().open(file(name)).unwrap_or_else(|error| panic!("{error}"))
}

pub fn parse(text: &str, name: &str) -> Contents {
    Reader::new().parse(text.as_bytes(), name).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Columns by their uses: `intensity=17 colour=255,128,0 label=9 normal=0,0,1` of the first point, in that order.
pub fn first(cloud: &PointCloud) -> String {
    let list = |values: &[f64]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut parts = vec![list(&cloud.point(0))];
    if let Some(normals) = cloud.normals() {
        parts.push(format!("normal={}", list(&normals[0].map(f64::from))));
    }
    if let Some(colors) = cloud.colors() {
        parts.push(format!("colour={}", list(&colors[0].map(f64::from))));
    }
    if let Some(labels) = cloud.labels() {
        parts.push(format!("label={}", labels[0]));
    }
    parts.extend(
        cloud.properties().iter().map(|property| format!("{}={}", property.name, property.values[0])),
    );
    parts.join(" ")
}

/// Writes `contents` in the format of `extension`, reads it back, and checks that everything is there but for what
/// [`losses`] names.
pub fn check_kept(contents: &Contents, extension: &str, folder: &Path) -> Result<(), String> {
    let (cloud, to) = (&contents.cloud, folder.join(format!("a.{extension}")));
    let lost = losses(contents, Format::of_extension(extension).unwrap());
    io::write(&to, cloud).map_err(|error| error.to_string())?;
    let back = io::read(&to).map_err(|error| error.to_string())?;
    let told = |what: &str| lost.iter().any(|line| line.starts_with(&format!("{what}:")));
    let check = |what: &str, kept: bool| match kept || told(what) {
        true => Ok(()),
        false => Err(format!("{extension}: {what} differs and {lost:?} does not say so")),
    };
    check("points", back.len() == cloud.len())?;
    if cloud.is_empty() {
        // Numbers tell what columns of LAS are.
        return Ok(());
    }
    let las = extension.starts_with("la");
    // Files of singles have no more exact coordinates than LAS writes.
    let bound = if las { 1e-9 } else { 0.0 };
    // Text does not say whether 0.1 is a single or a double.
    let text = matches!(extension, "xyz" | "txt" | "csv");
    let decimal = |a: f64, b: f64| text && format!("{a:e}") == format!("{:e}", b as f32);
    let near = |a: f64, b: f64| (a - b).abs() <= bound || decimal(a, b);
    let same_point = |i: usize| (0..3).all(|axis| near(cloud.point(i)[axis], back.point(i)[axis]));
    check("coordinates", (0..back.len()).all(same_point))?;
    check("colours", back.colors() == cloud.colors())?;
    let bits = |cloud: &PointCloud| cloud.normals().map(|normals| normals.as_flattened().to_vec());
    let same_single = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
    let normals = match (bits(cloud), bits(&back)) {
        (Some(a), Some(b)) => a.iter().zip(&b).all(same_single),
        (a, b) => a.is_none() && b.is_none(),
    };
    check("normals", normals)?;
    // LAS leaves out a field that is 0 everywhere.
    let no_label = las && back.labels().is_none() && cloud.labels().is_none_or(|l| l.iter().all(|&l| l == 0));
    check(cloud.label_name().unwrap_or("label"), no_label || back.labels() == cloud.labels())?;
    for property in cloud.properties() {
        let zero = las && property.values.iter().all(|&v| v == 0.0);
        let found = back.property(&property.name);
        let one = |(&a, &b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan()) || decimal(a, b);
        let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(one);
        let kept = found.is_some_and(|found| same(&property.values, &found.values));
        check(&property.name, kept || zero)?;
    }
    Ok(())
}

/// The files of the cases that can be read.
pub fn cases() -> Vec<(PathBuf, Contents)> {
    let folders = [file(""), file("../formats")];
    let paths = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let open = |path: PathBuf| Some((path.clone(), Reader::new().drop_invalid(true).open(&path).ok()?));
    paths.filter_map(|entry| open(entry.unwrap().path())).collect()
}

/// What the readers of files and of bytes say of a file: the same.
pub fn told(bytes: &[u8], name: &str) -> Result<Summary, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let clean =
        |error: pointcloud::Error| error.to_string().replace(&format!("{}/", folder.path().display()), "");
    let of_file = io::inspect(&path).map_err(clean);
    let of_bytes = Reader::new().inspect_bytes(bytes, &path).map_err(clean);
    assert_eq!(format!("{of_file:?}"), format!("{of_bytes:?}"), "{name}");
    let contents = Reader::new().parse(bytes, &path).map_err(clean);
    match (&of_file, &contents) {
        (Ok(summary), Ok(contents)) => {
            assert_eq!(summary.left_out, contents.left_out, "{name}");
            assert_eq!(summary.notes, contents.notes, "{name}");
        }
        (Err(inspected), Err(read)) => assert_eq!(inspected, read, "{name}"),
        (inspected, read) => panic!("{name}: {inspected:?} {read:?}"),
    }
    of_file
}

pub fn refusal(bytes: &[u8], name: &str) -> String {
    told(bytes, name).expect_err(name)
}
