//! The readers of files, through every door that the program uses.

use std::fmt::Debug;

use pointcloud::io::{Hdf5Clouds, Reader, inspect_hdf5};

use crate::place;

/// Reads a file that has this extension.
pub(super) fn read(extension: &str, bytes: &[u8]) {
    let path = place::write(&format!("a.{extension}"), bytes);
    let reader = Reader::new();
    let contents = told(reader.parse(bytes, &path));
    let whole = told(reader.inspect_bytes(bytes, &path));
    let blocks = told(reader.inspect(&path));
    match (&whole, &blocks) {
        (Ok(whole), Ok(blocks)) => {
            // Not every number equals itself, and which zero is the least depends on the order.
            let [whole, blocks] =
                [whole, blocks].map(|summary| format!("{summary:?}").replace("-0.0", "0.0"));
            assert_eq!(whole, blocks);
        }
        (Err(_), Err(_)) => {}
        _ => panic!("as a whole {whole:?}, in blocks {blocks:?}"),
    }
    assert!(whole.is_ok() || contents.is_err(), "what was read cannot be described: {whole:?}");
    let _ = told(reader.estimate(&path));
    let _ = told(reader.clone().points(16).drop_invalid(true).read_counted(&path));
    if matches!(extension, "txt" | "npy" | "bin") {
        let _ = told(reader.columns("x,y,z,intensity,_,label").parse(bytes, &path));
    }
}

/// Reads an HDF5 file, as a cloud and as one of many.
pub(super) fn read_hdf5(bytes: &[u8]) {
    read("h5", bytes);
    let path = place::path("a.h5");
    let _ = told(inspect_hdf5(&path));
    if let Ok(clouds) = told(Hdf5Clouds::parse(bytes, &path)) {
        for index in 0..clouds.len().min(4) {
            let _ = told(clouds.cloud(index));
        }
    }
}

/// Checks that an error says something.
fn told<T: Debug, E: ToString>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| {
        let text = error.to_string();
        assert!(!text.is_empty() && text.len() < 1 << 16, "an error of {} bytes", text.len());
        text
    })
}
