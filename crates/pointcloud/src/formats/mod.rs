//! File formats beside PLY and OFF: one file each, and what they share.

mod binary;
mod hdf5;
mod las;
mod las_write;
mod naming;
mod npy;
mod npz;
mod obj;
mod pcd;
mod stl;
mod xyz;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use hdf5::{Hdf5Clouds, Hdf5Dataset, inspect_hdf5};
pub(crate) use hdf5::{Header, ROOM};
pub use las_write::write_las;
pub use npy::write_npy;
pub use pcd::write_pcd;
pub use xyz::write_xyz;

use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::ply::{self, PlyFormat};

/// Vertices with their columns, and the triangles over them.
pub(crate) type Parts = (PointCloud, Vec<[u32; 3]>);

/// Extensions that can be read, for messages and for listing folders.
pub const SUPPORTED_EXTENSIONS: [&str; 14] =
    ["ply", "off", "obj", "stl", "pcd", "xyz", "txt", "csv", "npy", "npz", "las", "laz", "h5", "hdf5"];

/// [`SUPPORTED_EXTENSIONS`] for messages.
pub(crate) const SUPPORTED: &str = "ply, off, obj, stl, pcd, xyz, txt, csv, npy, npz, las, laz, h5, hdf5";

/// Extensions that can be written.
pub const WRITABLE_EXTENSIONS: [&str; 8] = ["ply", "pcd", "xyz", "txt", "csv", "npy", "las", "laz"];

/// Bytes at the start of a file that tell its format.
const HEAD: usize = 1024;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Stanford polygon files.
    Ply,
    /// OFF meshes, as of ModelNet.
    Off,
    /// Wavefront OBJ meshes.
    Obj,
    /// STL meshes, ascii or binary.
    Stl,
    /// Files of the Point Cloud Library.
    Pcd,
    /// Text tables: XYZ, TXT, CSV.
    Xyz,
    /// One NumPy array.
    Npy,
    /// Several NumPy arrays in a ZIP archive.
    Npz,
    /// LAS, also compressed (LAZ).
    Las,
    /// HDF5 with the arrays that [`Hdf5Clouds`] reads.
    Hdf5,
}

impl Format {
    /// A short name, that of the usual extension.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ply => "ply",
            Self::Off => "off",
            Self::Obj => "obj",
            Self::Stl => "stl",
            Self::Pcd => "pcd",
            Self::Xyz => "xyz",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Las => "las",
            Self::Hdf5 => "hdf5",
        }
    }

    /// The format that an extension stands for, in any case.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "ply" => Self::Ply,
            "off" => Self::Off,
            "obj" => Self::Obj,
            "stl" => Self::Stl,
            "pcd" => Self::Pcd,
            "xyz" | "txt" | "csv" => Self::Xyz,
            "npy" => Self::Npy,
            "npz" => Self::Npz,
            "las" | "laz" => Self::Las,
            "h5" | "hdf5" => Self::Hdf5,
            _ => return None,
        })
    }

    /// The format of the file at `path`: by its first bytes where they tell, else by its extension.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Extension`] when neither tells.
    pub fn detect(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let fail = |source| Error::io(path, "read", source);
        let file = File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        let mut head = Vec::new();
        file.take(HEAD as u64).read_to_end(&mut head).map_err(fail)?;
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let named = Self::of_extension(&extension);
        Self::of_content(&head, length, named).or(named).ok_or_else(|| Error::Extension {
            path: path.to_owned(),
            found: extension,
            supported: SUPPORTED,
        })
    }

    /// The format that the first bytes of a file tell; `named` is the one of its extension.
    fn of_content(head: &[u8], length: u64, named: Option<Self>) -> Option<Self> {
        let text = head.trim_ascii_start();
        let word = |word: &[u8]| {
            let next = head.get(word.len());
            head.starts_with(word) && next.is_some_and(|b| b.is_ascii_whitespace())
        };
        if word(b"ply") {
            Some(Self::Ply)
        } else if head.starts_with(las::MAGIC) {
            Some(Self::Las)
        } else if head.starts_with(hdf5::MAGIC) {
            Some(Self::Hdf5)
        } else if head.starts_with(npy::MAGIC) {
            Some(Self::Npy)
        } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            Some(Self::Npz)
        } else if text.starts_with(b"# .PCD") || word(b"VERSION") {
            Some(Self::Pcd)
        } else if word(b"OFF") || word(b"COFF") {
            Some(Self::Off)
        } else {
            let ascii = text.starts_with(b"solid") && head.windows(5).any(|window| window == b"facet");
            let stl = ascii || (named.is_none() && stl::is_binary(head, length));
            stl.then_some(Self::Stl)
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a file of a folder is data: its extension is known, and a `.txt` or `.csv` file, which
/// may be a note, begins with points.
pub(crate) fn is_data_file(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "txt" | "csv" => {
            let mut head = Vec::new();
            let read = File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
            read.is_ok() && xyz::looks_like_points(&head)
        }
        extension => SUPPORTED_EXTENSIONS.contains(&extension),
    }
}

/// Reads the vertices and the triangles of a file in memory; `name` stands for the file in messages.
///
/// ```
/// use pointcloud::{Format, parse_vertices};
///
/// let (cloud, triangles) = parse_vertices(b"0 0 1\n0 2 0\n", Format::Xyz, "two.xyz")?;
/// assert_eq!(cloud.positions(), [[0.0, 0.0, 1.0], [0.0, 2.0, 0.0]]);
/// assert!(triangles.is_empty());
/// # Ok::<(), pointcloud::Error>(())
/// ```
///
/// # Errors
/// Those of the format: [`Error::Header`], [`Error::Malformed`], [`Error::Row`],
/// [`Error::Truncated`], [`Error::FaceIndex`] and others.
pub fn parse_vertices(
    bytes: &[u8],
    format: Format,
    name: impl AsRef<Path>,
) -> Result<(PointCloud, Vec<[u32; 3]>)> {
    let path = name.as_ref();
    let points = |cloud| (cloud, Vec::new());
    match format {
        Format::Ply => ply::parse_geometry(path, bytes),
        Format::Off => {
            let mesh = crate::off::parse_off(bytes, path)?;
            let triangles = mesh.faces().to_vec();
            Ok((mesh.into_vertex_cloud(), triangles))
        }
        Format::Obj => obj::parse(path, bytes),
        Format::Stl => stl::parse(path, bytes),
        Format::Pcd => pcd::parse(path, bytes).map(points),
        Format::Xyz => xyz::parse(path, bytes).map(points),
        Format::Npy => npy::parse(path, bytes).map(points),
        Format::Npz => npz::parse(path, bytes).map(points),
        Format::Las => las::parse(path, bytes).map(points),
        Format::Hdf5 => hdf5::parse(path, bytes).map(points),
    }
}

/// Reads the vertices of a file with all their columns, and its triangles.
///
/// # Errors
/// As [`Format::detect`] and [`parse_vertices`].
pub fn read_vertices(path: impl AsRef<Path>) -> Result<(PointCloud, Vec<[u32; 3]>)> {
    let path = path.as_ref();
    let format = Format::detect(path)?;
    let bytes = std::fs::read(path).map_err(|source| Error::io(path, "read", source))?;
    parse_vertices(&bytes, format, path)
}

/// Writes all columns of `cloud` in the format of the extension of `path`, one of
/// [`WRITABLE_EXTENSIONS`]; the file appears under its name only when it is complete.
///
/// PLY, PCD and NPY files are binary, the values of a CSV file are separated by commas, those of XYZ
/// and TXT by blanks.
///
/// # Errors
/// [`Error::Extension`], else as [`write_ply`](crate::write_ply) and [`write_las`].
pub fn write_cloud(path: impl AsRef<Path>, cloud: &PointCloud) -> Result<()> {
    let path = path.as_ref();
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "ply" => ply::write_ply(path, cloud, PlyFormat::BinaryLittleEndian),
        "pcd" => write_pcd(path, cloud),
        "xyz" | "txt" => write_xyz(path, cloud, ' '),
        "csv" => write_xyz(path, cloud, ','),
        "npy" => write_npy(path, cloud),
        "las" => write_las(path, cloud, false),
        "laz" => write_las(path, cloud, true),
        _ => Err(Error::Extension {
            path: path.to_owned(),
            found: extension,
            supported: "ply, pcd, xyz, txt, csv, npy, las, laz",
        }),
    }
}
