//! What tells a finished file from one that has changed since: size and time of the input, and a key of what made the output.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::Path;
use std::time::UNIX_EPOCH;

use pointcloud::io::label_files_of;
use serde::{Deserialize, Serialize};
use train::run::{Manifest, RunDirectory};
use train::{Model, RunError, Weights};

/// Size and time of an input, together with its labels where these are in files of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) bytes: u64,
    /// Seconds since 1970, with nine digits after the point.
    pub(crate) modified: String,
}

impl Stamp {
    /// Of the file at `path`.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let (mut bytes, mut modified) = (metadata.len(), metadata.modified()?);
        for labels in label_files_of(path).map_err(io::Error::other)? {
            let metadata = fs::metadata(labels)?;
            (bytes, modified) = (bytes + metadata.len(), modified.max(metadata.modified()?));
        }
        let modified = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified = format!("{}.{:09}", modified.as_secs(), modified.subsec_nanos());
        Ok(Self { bytes, modified })
    }
}

/// 128 bits, so that two of a billion values are never equal in practice.
pub(crate) fn hash(value: &impl Hash) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        value.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// Names the weights of a run and the options that change its predictions: equal keys give equal results.
///
/// # Errors
/// A path that is neither a run nor a model; weights that cannot be read.
pub(crate) fn key(run: &Path, weights: Weights, options: &str) -> Result<String, RunError> {
    let mut hasher = Fnv::new();
    if let Some(model) = Model::in_place_of_run(run) {
        hasher.add(model.sha256().as_bytes());
    } else {
        let run = RunDirectory::open(run)?;
        let path = run.weights(weights);
        let mut file = File::open(&path).map_err(RunError::io(&path, "read"))?;
        io::copy(&mut file, &mut hasher).map_err(RunError::io(&path, "read"))?;
        // The temperature changes the probabilities, and the config how a file is read.
        let temperature =
            Manifest::read(&run)?.weights.get(weights.name()).and_then(|entry| entry.temperature);
        hasher.add(format!("{temperature:?}").as_bytes());
        let path = run.config();
        hasher.add(&fs::read(&path).map_err(RunError::io(&path, "read"))?);
    }
    hasher.add(options.as_bytes());
    Ok(hasher.text())
}

/// The key of a conversion with these options.
pub(crate) fn key_of_options(options: &str) -> String {
    let mut hasher = Fnv::new();
    hasher.add(options.as_bytes());
    hasher.text()
}

/// FNV-1a with 128 bits: the same in every version of the program, unlike the hash of the standard library.
struct Fnv(u128);

impl Fnv {
    fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
        }
    }

    fn text(&self) -> String {
        format!("{:032x}", self.0)
    }
}

impl Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_by_their_options_and_hashes_by_their_values() {
        // The value of the empty text and of "a", as the authors of FNV publish them.
        assert_eq!(key_of_options(""), "6c62272e07bb014262b821756295c58d");
        assert_eq!(key_of_options("a"), "d228cb696f1a8caf78912b704e4a8964");
        assert_ne!(hash(&("a", "bc")), hash(&("ab", "c")));
        assert_eq!(hash(&("a", 1_u64)), hash(&("a", 1_u64)));
    }
}
