//! [`Reader`]: how a file becomes a cloud.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::compression;
use super::contents::{Contents, Source};
use super::format::Format;
use super::formats::label_files_of;
use super::only::OnlyColumns;
use super::panic::guard;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::mesh::Mesh;
use crate::seed::derive_seed;
use crate::transform::{Sampling, resample, sample_uniform};

/// Candidates per wanted point when farthest points are chosen on a surface.
const CANDIDATES: usize = 4;

/// Reads files of every [`Format`], as its options say.
///
/// Without options, [`read`](Self::read) returns the vertices of a file with all their columns.
///
/// ```
/// use pointcloud::io::{Reader, write};
/// use pointcloud::PointCloud;
///
/// let file = std::env::temp_dir().join("pointcloud-reader.ply");
/// write(&file, &PointCloud::new(vec![[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]))?;
/// let cloud = Reader::new().points(1).seed(7).read(&file)?;
/// assert_eq!(cloud.len(), 1);
/// # std::fs::remove_file(file).unwrap();
/// # Ok::<(), pointcloud::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    points: Option<usize>,
    sampling: Sampling,
    surfaces: bool,
    seed: u64,
    stream: u64,
    finite: bool,
    drop_invalid: bool,
    columns: Option<Vec<String>>,
    only: Option<OnlyColumns>,
}

impl Default for Reader {
    fn default() -> Self {
        let (sampling, surfaces) = (Sampling::Random, true);
        let (finite, drop_invalid) = (false, false);
        let (columns, only) = (None, None);
        Self { points: None, sampling, surfaces, seed: 0, stream: 0, finite, drop_invalid, columns, only }
    }
}

impl Reader {
    /// A reader that returns files as they are.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Points of every cloud: drawn from the surface of a file with faces, else chosen from its points. `None` returns all
    /// points of the file.
    #[must_use]
    pub fn points(mut self, points: impl Into<Option<usize>>) -> Self {
        self.points = points.into();
        self
    }

    /// How points are chosen [default: `Sampling::Random`].
    #[must_use]
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// Whether points are drawn from the surface of files with faces, rather than chosen from their vertices [default: true].
    #[must_use]
    pub fn surfaces(mut self, surfaces: bool) -> Self {
        self.surfaces = surfaces;
        self
    }

    /// Seed of all random choices [default: 0].
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Selects the random numbers of one file among several that are read with the same seed, such as its index [default: 0].
    #[must_use]
    pub fn stream(mut self, stream: u64) -> Self {
        self.stream = stream;
        self
    }

    /// Whether a file with a NaN or infinite position is an error [default: false; always where points are chosen].
    #[must_use]
    pub fn finite(mut self, finite: bool) -> Self {
        self.finite = finite;
        self
    }

    /// Whether points whose position is NaN or infinite are left out and counted, see [`Contents::dropped`], with the faces that
    /// have them for a corner [default: false].
    #[must_use]
    pub fn drop_invalid(mut self, drop: bool) -> Self {
        self.drop_invalid = drop;
        self
    }

    /// Names of the columns in the order of the file, between commas, for files that do not name them: text and NumPy
    /// arrays. They replace the names in a line of text. A column called `_` is left out.
    ///
    /// ```
    /// use pointcloud::io::Reader;
    ///
    /// let reader = Reader::new().columns("x,y,z,intensity,r,g,b,label");
    /// let cloud = reader.parse(b"1 2 3 17 255 128 0 9\n", "a.txt")?.cloud;
    /// assert_eq!((cloud.colors().unwrap()[0], cloud.labels().unwrap()[0]), ([255, 128, 0], 9));
    /// # Ok::<(), pointcloud::Error>(())
    /// ```
    #[must_use]
    pub fn columns(mut self, names: &str) -> Self {
        let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
        self.columns = (names != [""]).then_some(names);
        self
    }

    /// Columns that [`read`](Self::read) returns beside the positions [default: all]. The coordinates then are the positions in single
    /// precision about their origin. Of a large file, only these columns are in memory. Without effect where points are chosen.
    ///
    /// ```
    /// use pointcloud::io::{OnlyColumns, Reader, write};
    ///
    /// let file = std::env::temp_dir().join("pointcloud-only.csv");
    /// std::fs::write(&file, "x,y,z,intensity,time\n1,2,3,17,5\n").unwrap();
    /// let only = OnlyColumns { properties: vec!["Intensity".into()], ..OnlyColumns::default() };
    /// let cloud = Reader::new().only(only).read(&file)?;
    /// assert_eq!((cloud.properties().len(), cloud.properties()[0].values[0]), (1, 17.0));
    /// # std::fs::remove_file(file).unwrap();
    /// # Ok::<(), pointcloud::Error>(())
    /// ```
    #[must_use]
    pub fn only(mut self, only: impl Into<Option<OnlyColumns>>) -> Self {
        self.only = only.into();
        self
    }

    /// Reads the points of a file.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`Error::NotFinite`], [`Error::EmptyCloud`], [`Error::NoSurface`] where the options say.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<PointCloud> {
        Ok(self.read_counted(path)?.0)
    }

    /// [`read`](Self::read), and how many points were dropped, see [`drop_invalid`](Self::drop_invalid).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_counted(&self, path: impl AsRef<Path>) -> Result<(PointCloud, usize)> {
        let path = path.as_ref();
        let contents = match self.points {
            Some(_) => self.read_chosen(path)?,
            None => self.choose_of(self.read_only(path)?, path)?,
        };
        Ok((contents.cloud, contents.dropped))
    }

    /// The points that are chosen, with what else the file says, and without faces.
    pub(super) fn read_chosen(&self, path: &Path) -> Result<Contents> {
        if let Some(contents) = self.choose_large(path)? {
            return Ok(contents);
        }
        self.choose_of(self.read_whole(path, self.draws_from_surfaces())?, path)
    }

    /// [`choose`](Self::choose), with what else the file at `path` says.
    pub(super) fn choose_of(&self, mut contents: Contents, path: &Path) -> Result<Contents> {
        let (cloud, faces) = (std::mem::take(&mut contents.cloud), std::mem::take(&mut contents.faces));
        contents.cloud = self.choose(Contents::mesh(cloud, faces)).map_err(|error| error.in_file(path))?;
        Ok(contents)
    }

    /// Reads a file as a triangle mesh, without choosing points; it has no faces where the file has none.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn read_mesh(&self, path: impl AsRef<Path>) -> Result<Mesh> {
        Ok(self.open(path)?.into_mesh())
    }

    /// Reads everything that a file holds, without choosing points.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Extension`] for a file of no known format; [`Error::Malformed`] for what the format does not
    /// allow.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Contents> {
        self.read_contents(path.as_ref(), true)
    }

    /// [`open`](Self::open) for a file in memory; `name` is the name of the file in messages, and its extension tells the
    /// format where the content does not.
    ///
    /// ```
    /// use pointcloud::io::Reader;
    ///
    /// let contents = Reader::new().parse(b"0 0 1\n0 2 0\n", "two.xyz")?;
    /// assert_eq!(contents.cloud.positions(), [[0.0, 0.0, 1.0], [0.0, 2.0, 0.0]]);
    /// assert!(contents.faces.is_empty());
    /// # Ok::<(), pointcloud::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn parse(&self, bytes: &[u8], name: impl AsRef<Path>) -> Result<Contents> {
        self.parse_contents(bytes, name.as_ref(), true)
    }

    /// Whether points are chosen.
    pub(super) fn chooses(&self) -> bool {
        self.points.is_some()
    }

    /// How many points are chosen, if any.
    pub(super) fn wanted(&self) -> Option<usize> {
        self.points
    }

    /// How points are chosen.
    pub(super) fn sampling_of_points(&self) -> Sampling {
        self.sampling
    }

    /// Whether points are drawn from the faces of a file.
    pub(super) fn draws_from_surfaces(&self) -> bool {
        self.points.is_some() && self.surfaces
    }

    /// The random numbers of the choice.
    pub(super) fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(derive_seed(self.seed, &[self.stream]))
    }

    /// Whether points that are not finite are left out.
    pub(super) fn drops_invalid(&self) -> bool {
        self.drop_invalid
    }

    /// The columns that are kept, where not all are.
    pub(super) fn only_columns(&self) -> Option<&OnlyColumns> {
        self.only.as_ref()
    }

    /// Names of the columns that the caller gives.
    pub(super) fn names(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// The columns of [`only`](Self::only), without faces.
    fn read_only(&self, path: &Path) -> Result<Contents> {
        let Some(only) = &self.only else { return self.read_contents(path, false) };
        if let Some(contents) = self.read_large_only(path, only)? {
            return Ok(contents);
        }
        let mut contents = self.read_whole(path, false)?;
        let cloud = std::mem::take(&mut contents.cloud);
        let origin = cloud.origin();
        contents.cloud = only.of(cloud, origin);
        contents.cloud.set_origin(origin);
        Ok(contents)
    }

    fn read_contents(&self, path: &Path, faces: bool) -> Result<Contents> {
        if let Some(contents) = self.read_large(path, faces)? {
            return Ok(contents);
        }
        self.read_whole(path, faces)
    }

    /// A file that is read as a whole, without the labels that are in another one.
    fn read_whole(&self, path: &Path, faces: bool) -> Result<Contents> {
        let mut contents = self.parse_contents(&read_bytes(path)?, path, faces)?;
        contents.left_out.extend(labels_left_out(path)?);
        Ok(contents)
    }

    pub(super) fn parse_contents(&self, bytes: &[u8], path: &Path, faces: bool) -> Result<Contents> {
        let mut contents = self.with_source(bytes, path, faces, |format, source| (format.read)(source))?;
        if self.drop_invalid {
            contents.drop_invalid();
        }
        Ok(contents)
    }

    /// Finds the format of a file in memory and hands the file to it.
    pub(super) fn with_source<T>(
        &self,
        bytes: &[u8],
        path: &Path,
        faces: bool,
        take: impl FnOnce(&Format, &Source<'_>) -> Result<T>,
    ) -> Result<T> {
        let unpacked = guard(path, "of the compression", || compression::unpack(path, bytes, None))?;
        let (inner, bytes) = match &unpacked {
            Some((inner, bytes)) => (inner.as_path(), bytes.as_slice()),
            None => (path, bytes),
        };
        let decoded = decode(bytes);
        let bytes = decoded.as_ref();
        let format = Format::of_head(inner, bytes, bytes.len() as u64)?;
        let columns = self.columns.as_deref();
        if columns.is_some() && format.names_columns {
            let path = path.to_owned();
            return Err(Error::NamedColumns { path, format: format.name() });
        }
        guard(path, format.library, || take(format, &Source { path, bytes, faces, columns }))
    }

    /// Chooses points of what [`open`](Self::open) returned, as the options say.
    ///
    /// # Errors
    /// [`Error::NotFinite`], [`Error::EmptyCloud`], [`Error::NoSurface`].
    pub fn choose(&self, contents: Contents) -> Result<PointCloud> {
        let Contents { cloud, faces, .. } = contents;
        if self.finite || self.points.is_some() {
            cloud.check_finite()?;
        }
        let Some(n) = self.points else { return Ok(cloud) };
        let mut rng = self.rng();
        if self.surfaces && !faces.is_empty() {
            let mesh = Mesh::with_columns(cloud, faces);
            if self.sampling == Sampling::Farthest {
                let candidates = sample_uniform(&mesh, CANDIDATES * n, &mut rng)?;
                return resample(&candidates, n, Sampling::Farthest, &mut rng);
            }
            return sample_uniform(&mesh, n, &mut rng);
        }
        if cloud.len() == n && self.sampling == Sampling::First {
            return Ok(cloud);
        }
        resample(&cloud, n, self.sampling, &mut rng)
    }
}

/// Reads the points of a file with all their columns: the vertices, whether or not there are faces.
///
/// # Errors
/// As [`Reader::open`].
pub fn read(path: impl AsRef<Path>) -> Result<PointCloud> {
    Reader::new().read(path)
}

/// The labels in files of their own, for points that are read as a whole.
pub(super) fn labels_left_out(path: &Path) -> Result<Vec<String>> {
    let left_out = |file: PathBuf| {
        format!("the labels of {}, because these points are not read in blocks", file.display())
    };
    Ok(label_files_of(path)?.into_iter().map(left_out).collect())
}

/// Text without its byte order mark; what is not in UTF-8 but in UTF-16 is decoded.
fn decode(bytes: &[u8]) -> Cow<'_, [u8]> {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let units = bytes[2..].as_chunks::<2>().0.iter().map(|pair| unit(*pair));
        let text: String =
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Cow::Owned(text.into_bytes())
    };
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => Cow::Borrowed(text),
        // The first sign of a text is ascii; two bytes of a binary file may look like a mark.
        [0xff, 0xfe, 1..=127, 0, 1..=127, 0, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, 0, 1..=127, 0, 1..=127, ..] => wide(u16::from_be_bytes),
        _ => Cow::Borrowed(bytes),
    }
}

pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::io(path, "read", source))
}
