//! What is in one file.

use std::fmt;
use std::path::{Path, PathBuf};

use pointcloud::io::{Element, Reader};
use pointcloud::{Bounds, printable_number};
use serde::Serialize;

/// Contents of one file of points or of a surface. Coordinates are in the unit of the file; one that is not
/// finite is `null` in the JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct FileInspection {
    /// The file.
    pub(crate) path: PathBuf,
    /// `ascii`, `binary_little_endian` or `binary_big_endian` for PLY; else `off`, `las` and so on.
    pub(crate) format: String,
    /// Points or vertices.
    pub(crate) points: usize,
    /// Faces as the file has them, before polygons are split; triangles of strips.
    pub(crate) faces: usize,
    /// Names of the properties of the vertices, in file order.
    pub(crate) properties: Vec<String>,
    /// Coordinates of the first point or vertex.
    pub(crate) first: Option<[f64; 3]>,
    /// Coordinates of the last point or vertex.
    pub(crate) last: Option<[f64; 3]>,
    /// Box around all points with finite coordinates.
    pub(crate) bounds: Option<Box3>,
    /// Points with a coordinate that is NaN or infinite. Loading refuses such a file.
    pub(crate) non_finite: usize,
    /// Elements in file order.
    pub(crate) elements: Vec<ElementInfo>,
    /// Comments of the header.
    pub(crate) comments: Vec<String>,
    /// What every column of the points was taken for: `position`, `normal`, `colour`, `label` or `number`.
    pub(crate) columns: Vec<ColumnInfo>,
    /// What the reader assumed.
    pub(crate) notes: Vec<String>,
    /// What the file has and the points have not.
    pub(crate) left_out: Vec<String>,
}

/// A column of the points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ColumnInfo {
    /// Its name in the file.
    pub(crate) name: String,
    /// What it was taken for.
    pub(crate) taken_for: String,
}

/// An element of a file: a table of rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ElementInfo {
    /// Its name.
    pub(crate) name: String,
    /// Its number of rows.
    pub(crate) count: usize,
    /// Its properties with their types, such as `float x`, in file order.
    pub(crate) properties: Vec<String>,
}

/// An axis-aligned box, corners included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Box3 {
    /// Smallest x, y, z.
    pub(crate) min: [f64; 3],
    /// Largest x, y, z.
    pub(crate) max: [f64; 3],
}

impl From<Bounds> for Box3 {
    fn from(bounds: Bounds) -> Self {
        Self { min: bounds.min, max: bounds.max }
    }
}

impl FileInspection {
    /// Reads the file at `path` with `reader`, in the format of its content or its extension.
    pub(super) fn of(path: &Path, reader: &Reader) -> pointcloud::Result<Self> {
        let summary = reader.inspect(path)?;
        let elements = summary.elements.into_iter();
        Ok(Self {
            path: path.to_owned(),
            format: summary.format,
            points: summary.points,
            faces: summary.faces,
            properties: summary.properties,
            first: summary.first,
            last: summary.last,
            bounds: summary.bounds.map(Box3::from),
            non_finite: summary.non_finite,
            elements: elements
                .map(|Element { name, count, properties, .. }| ElementInfo { name, count, properties })
                .collect(),
            comments: summary.comments,
            columns: summary
                .columns
                .into_iter()
                .map(|column| ColumnInfo { name: column.name, taken_for: column.taken_for.to_owned() })
                .collect(),
            notes: summary.notes,
            left_out: summary.left_out,
        })
    }
}

impl fmt::Display for FileInspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.path.display())?;
        writeln!(f, "  format      {}", self.format)?;
        writeln!(f, "  points      {}", self.points)?;
        writeln!(f, "  faces       {}", self.faces)?;
        if !self.properties.is_empty() {
            writeln!(f, "  properties  {}", self.properties.join(", "))?;
        }
        if let (Some(first), Some(last)) = (self.first, self.last) {
            writeln!(f, "  first       {}", xyz(first))?;
            writeln!(f, "  last        {}", xyz(last))?;
        }
        if let Some(bounds) = self.bounds {
            writeln!(f, "  bounds      {} to {}", xyz(bounds.min), xyz(bounds.max))?;
        }
        for element in &self.elements {
            writeln!(
                f,
                "  element     {} x {}: {}",
                element.name,
                element.count,
                element.properties.join(", ")
            )?;
        }
        for comment in &self.comments {
            writeln!(f, "  comment     {comment}")?;
        }
        for columns in self.columns.chunk_by(|a, b| a.taken_for == b.taken_for) {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            writeln!(f, "  {:<11} {}", columns[0].taken_for, names.join(" "))?;
        }
        for note in &self.notes {
            writeln!(f, "  note        {note}")?;
        }
        for what in &self.left_out {
            writeln!(f, "  not read    {what}")?;
        }
        if self.non_finite > 0 {
            writeln!(
                f,
                "warning: points with coordinates that are NaN, infinite or beyond single precision: {}; the file will be refused",
                self.non_finite
            )?;
            writeln!(
                f,
                "  fix: leave these points out with --drop-invalid or data.drop_invalid = true, or such files with \
                 data.skip_bad = true"
            )?;
        }
        if self.points == 0 {
            writeln!(f, "warning: no points; training and prediction will refuse the file")?;
        } else if self.first.is_none() {
            writeln!(f, "warning: the vertices have no x, y, z; the file will be refused")?;
        }
        Ok(())
    }
}

fn xyz([x, y, z]: [f64; 3]) -> String {
    format!("({}, {}, {})", printable_number(x), printable_number(y), printable_number(z))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use pointcloud::dataset::FolderOptions;
    use pointcloud::io::Reader;

    use crate::inspect::inspect;

    fn json(name: &str, text: &str) -> (serde_json::Value, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let inspection = inspect(&path, 2048, &Reader::new(), &FolderOptions::default(), &|_| ()).unwrap();
        (serde_json::to_value(&inspection).unwrap(), inspection.to_string())
    }

    #[test]
    fn a_ply_file() {
        let (json, text) = json(
            "a.ply",
            "ply\nformat ascii 1.0\ncomment made by hand\nelement vertex 3\nproperty float x\nproperty uchar red\n\
             property float y\nproperty float z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n\
             0.1 255 0 -1\n2 0 0 5\nnan 0 1 1\n3 0 1 2\n",
        );
        assert_eq!(json["points"], 3);
        assert_eq!(json["faces"], 1);
        assert_eq!(json["first"], serde_json::json!([0.1, 0.0, -1.0]));
        assert_eq!(json["last"], serde_json::json!([null, 1.0, 1.0]));
        assert_eq!(json["properties"], serde_json::json!(["x", "red", "y", "z"]));
        assert_eq!(json["bounds"], serde_json::json!({"min": [0.1, 0.0, -1.0], "max": [2.0, 0.0, 5.0]}));
        assert_eq!(json["format"], "ascii");
        assert_eq!(json["elements"][1]["name"], "face");
        assert_eq!(json["non_finite"], 1);
        assert!(
            text.contains("  points      3\n")
                && text.contains("beyond single precision: 1; the file will be refused"),
            "{text}"
        );
    }

    #[test]
    fn an_off_file() {
        let (json, text) = json("A.OFF", "OFF\n4 1 0\n0.1 0 0\n1 0 0\n1 1 0\n0 1 0.3\n4 0 1 2 3\n");
        // As the file has them.
        assert_eq!((&json["points"], &json["faces"]), (&4.into(), &1.into()));
        assert_eq!(json["first"], serde_json::json!([0.1, 0.0, 0.0]));
        assert_eq!(json["last"], serde_json::json!([0.0, 1.0, 0.3]));
        assert_eq!(json["properties"], serde_json::json!(["x", "y", "z"]));
        assert!(text.contains("format      off"), "{text}");
    }

    #[test]
    fn a_file_without_points_has_nulls() {
        let header =
            "ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nproperty float y\nproperty float z\n";
        let (json, text) = json("a.ply", &format!("{header}end_header\n"));
        assert_eq!(json["points"], 0);
        assert!(json["first"].is_null() && json["last"].is_null() && json["bounds"].is_null());
        assert!(text.contains("warning: no points"), "{text}");
    }

    #[test]
    fn a_missing_file_is_an_error() {
        assert!(inspect("no/such.ply", 1, &Reader::new(), &FolderOptions::default(), &|_| ()).is_err());
    }
}
