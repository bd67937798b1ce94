//! Labels in files of their own.

use std::fs;

use pointcloud::io::Reader;

use crate::place;

/// The names of label files of points in `points/a.xyz`.
const NAMES: [&str; 6] = [
    "points/a.labels",
    "points/a.seg",
    "labels/a.label",
    "points/a_label.npy",
    "points/a_labels.txt",
    "points/a_lidarseg.bin",
];

/// Reads points, as many as the second byte says, with labels from the bytes after it, in a file of the kind that the first byte says.
pub(super) fn read(bytes: &[u8]) {
    let [kind, points, labels @ ..] = bytes else { return };
    let points = usize::from(*points % 64);
    let text: String = (0..points).map(|i| format!("{i} {} 0.5\n", i % 7)).collect();
    let cloud = place::write("labelled/points/a.xyz", format!("x y z\n{text}").as_bytes());
    let file = place::write(&format!("labelled/{}", NAMES[usize::from(*kind) % NAMES.len()]), labels);
    let reader = Reader::new();
    let (read, described) = (reader.open(&cloud), reader.inspect(&cloud));
    let to = cloud.with_extension("ply");
    let converted = reader.convert(&cloud, &to, false);
    match (&read, &described, &converted) {
        (Ok(contents), Ok(summary), Ok(_)) => {
            assert_eq!((contents.cloud.len(), summary.points), (points, points));
            let written = reader.read(&to).expect("what was written is read");
            assert_eq!(written.labels(), contents.cloud.labels());
            assert!(written.labels().is_none_or(|labels| labels.len() == points));
        }
        (Err(read), Err(described), Err(converted)) => {
            assert_eq!(read.to_string(), described.to_string());
            assert_eq!(read.to_string(), converted.to_string());
        }
        _ => panic!("read {read:?}, described {described:?}, converted {converted:?}"),
    }
    let _ = reader.estimate(&cloud);
    fs::remove_file(file).expect("the labels can be removed");
}
