//! What is in one file.

use std::fmt;
use std::path::{Path, PathBuf};

use pointcloud::{
    Bounds, Format, Hdf5Clouds, PlySummary, PointCloud, inspect_hdf5, inspect_ply, read_vertices,
};
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
    /// Faces: as stored in PLY, triangles after splitting polygons in other formats.
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
    /// Reads the file at `path`, in the format of its content or its extension; a file of no
    /// known format is taken for PLY.
    pub(super) fn of(path: &Path) -> pointcloud::Result<Self> {
        match Format::detect(path) {
            Ok(Format::Ply) | Err(pointcloud::Error::Extension { .. }) => {
                Ok(Self::of_ply(path, inspect_ply(path)?))
            }
            Ok(Format::Hdf5) => Self::of_hdf5(path),
            Ok(format) => {
                let (cloud, triangles) = read_vertices(path)?;
                Ok(Self::of_cloud(path, format, &cloud, triangles.len()))
            }
            Err(error) => Err(error),
        }
    }

    fn of_ply(path: &Path, summary: PlySummary) -> Self {
        let elements = summary.elements.iter().map(|element| ElementInfo {
            name: element.name.clone(),
            count: element.count,
            properties: element.properties.iter().map(ToString::to_string).collect(),
        });
        Self {
            path: path.to_owned(),
            format: summary.format.name().to_owned(),
            points: summary.points,
            faces: summary.faces,
            properties: summary.vertex_properties().iter().map(|property| property.name.clone()).collect(),
            first: summary.first,
            last: summary.last,
            bounds: summary.bounds.map(Box3::from),
            non_finite: summary.non_finite,
            elements: elements.collect(),
            comments: summary.comments,
        }
    }

    /// All clouds of the file together; every array is an element.
    fn of_hdf5(path: &Path) -> pointcloud::Result<Self> {
        let (arrays, clouds) = (inspect_hdf5(path)?, Hdf5Clouds::read(path)?);
        let elements = arrays.into_iter().map(|array| ElementInfo {
            count: array.shape.first().copied().unwrap_or(1),
            properties: vec![format!("{} {:?}", array.kind, array.shape.get(1..).unwrap_or_default())],
            name: array.name,
        });
        let mut inspection = Self {
            path: path.to_owned(),
            format: Format::Hdf5.name().to_owned(),
            points: clouds.len() * clouds.points(),
            faces: 0,
            properties: Vec::new(),
            first: None,
            last: None,
            bounds: None,
            non_finite: 0,
            elements: elements.collect(),
            comments: vec![format!("{} clouds of {} points", clouds.len(), clouds.points())],
        };
        if let Some(classes) = clouds.classes() {
            let (least, most) = (classes.iter().min(), classes.iter().max());
            let range = least.zip(most).map(|(least, most)| format!("classes {least} to {most}, by cloud"));
            inspection.comments.extend(range);
        }
        for index in 0..clouds.len() {
            let cloud = clouds.cloud(index)?;
            inspection.non_finite += non_finite(cloud.positions());
            if let Some(Bounds { min, max }) = cloud.bounds() {
                let all = inspection.bounds.get_or_insert(Box3 { min, max });
                all.min = [0, 1, 2].map(|axis| all.min[axis].min(min[axis]));
                all.max = [0, 1, 2].map(|axis| all.max[axis].max(max[axis]));
            }
            if cloud.is_empty() {
                continue;
            }
            if inspection.first.is_none() {
                inspection.first = Some(stored(&cloud, 0));
                inspection.properties =
                    cloud.column_types().iter().map(|&(name, _)| name.to_owned()).collect();
            }
            inspection.last = Some(stored(&cloud, cloud.len() - 1));
        }
        Ok(inspection)
    }

    fn of_cloud(path: &Path, format: Format, cloud: &PointCloud, faces: usize) -> Self {
        let columns = cloud.column_types();
        let element =
            |name: &str, count, properties| ElementInfo { name: name.to_owned(), count, properties };
        let typed = columns.iter().map(|(name, scalar)| format!("{scalar} {name}")).collect();
        let mut elements = vec![element("vertex", cloud.len(), typed)];
        if faces > 0 || format == Format::Off {
            elements.push(element("face", faces, vec!["triangle".to_owned()]));
        }
        Self {
            path: path.to_owned(),
            format: format.name().to_owned(),
            points: cloud.len(),
            faces,
            properties: columns.iter().map(|&(name, _)| name.to_owned()).collect(),
            first: (!cloud.is_empty()).then(|| stored(cloud, 0)),
            last: (!cloud.is_empty()).then(|| stored(cloud, cloud.len() - 1)),
            bounds: cloud.bounds().map(Box3::from),
            non_finite: non_finite(cloud.positions()),
            elements,
            comments: Vec::new(),
        }
    }
}

/// Number of positions with a coordinate that is NaN or infinite.
pub(super) fn non_finite(positions: &[[f32; 3]]) -> usize {
    positions.iter().filter(|position| !position.iter().all(|value| value.is_finite())).count()
}

/// Coordinates of a point as decimals as short as in the file: 0.1 rather than 0.10000000149011612.
fn stored(cloud: &PointCloud, i: usize) -> [f64; 3] {
    let (position, origin, exact) = (cloud.positions()[i], cloud.origin(), cloud.point(i));
    [0, 1, 2].map(|axis| {
        if origin[axis] == 0.0 {
            position[axis].to_string().parse().unwrap_or(exact[axis])
        } else {
            exact[axis]
        }
    })
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
        if self.non_finite > 0 {
            writeln!(f, "warning: {} points are NaN or infinite; the file will be refused", self.non_finite)?;
            writeln!(f, "  fix: remove these points, or set data.skip_bad = true to leave such files out")?;
        }
        if self.points == 0 {
            writeln!(f, "warning: no points; the file will be refused")?;
        } else if self.first.is_none() {
            writeln!(f, "warning: the vertices have no x, y, z; the file will be refused")?;
        }
        Ok(())
    }
}

fn xyz([x, y, z]: [f64; 3]) -> String {
    format!("({x}, {y}, {z})")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::inspect::inspect;

    fn json(name: &str, text: &str) -> (serde_json::Value, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let inspection = inspect(&path, 2048, &|_| ()).unwrap();
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
        assert!(text.contains("  points      3\n") && text.contains("warning: 1 points are NaN"), "{text}");
    }

    #[test]
    fn an_off_file() {
        let (json, text) = json("A.OFF", "OFF\n4 1 0\n0.1 0 0\n1 0 0\n1 1 0\n0 1 0.3\n4 0 1 2 3\n");
        assert_eq!((&json["points"], &json["faces"]), (&4.into(), &2.into()));
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
        assert!(inspect("no/such.ply", 1, &|_| ()).is_err());
    }
}
