//! From the rows of element `vertex` to the columns of a [`PointCloud`].

use std::path::Path;

use super::header::{Element, Header, PropertyKind};
use super::row::Row;
use crate::cloud::{PointCloud, ScalarProperty};
use crate::error::{Error, Result};
use crate::scalar::ScalarType;

/// Names under which the class of a point is found, the first that is there.
const LABEL_NAMES: [&str; 5] = ["label", "scalar_Label", "class", "classification", "scalar_Classification"];

/// Which scalar of a row (lists not counted) is which column.
#[derive(Clone, Debug)]
pub(crate) struct VertexLayout {
    scalars: Vec<(String, ScalarType)>,
    pub(crate) xyz: [usize; 3],
}

impl VertexLayout {
    /// The layout of element `vertex`.
    ///
    /// # Errors
    /// [`Error::NoVertexElement`], [`Error::MissingCoordinate`].
    pub(crate) fn of(path: &Path, header: &Header) -> Result<Self> {
        let Some(vertex) = header.element("vertex") else {
            return Err(Error::NoVertexElement {
                path: path.to_owned(),
                found: listed(header.elements.iter().map(|e| format!("element '{}'", e.name)), "no element"),
            });
        };
        Self::of_element(vertex).map_err(|missing| Error::MissingCoordinate {
            path: path.to_owned(),
            missing,
            found: listed(vertex.properties.iter().map(|p| format!("'{p}'")), "none"),
        })
    }

    /// The layout of `vertex`, or the name of the missing coordinate.
    pub(crate) fn of_element(vertex: &Element) -> std::result::Result<Self, &'static str> {
        let scalars: Vec<(String, ScalarType)> = vertex
            .properties
            .iter()
            .filter_map(|property| match property.kind {
                PropertyKind::Scalar(scalar) => Some((property.name.clone(), scalar)),
                PropertyKind::List { .. } => None,
            })
            .collect();
        let mut xyz = [0; 3];
        for (slot, name) in xyz.iter_mut().zip(["x", "y", "z"]) {
            *slot = scalars.iter().position(|(other, _)| other == name).ok_or(name)?;
        }
        Ok(Self { scalars, xyz })
    }

    /// Stored type of x, y and z.
    pub(crate) fn coordinate_types(&self) -> [ScalarType; 3] {
        self.xyz.map(|index| self.scalars[index].1)
    }
}

fn listed(items: impl Iterator<Item = String>, none: &str) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { none.to_owned() } else { items.join(", ") }
}

/// The columns while rows come in.
#[derive(Debug)]
pub(crate) struct VertexColumns {
    layout: VertexLayout,
    /// Coordinates of types that `f32` holds exactly ...
    narrow: Option<Vec<[f32; 3]>>,
    /// ... or all others.
    wide: Vec<[f64; 3]>,
    /// All other scalars: index in the row, values.
    rest: Vec<(usize, Vec<f64>)>,
}

impl VertexColumns {
    pub(crate) fn new(layout: VertexLayout) -> Self {
        let exact = |t: ScalarType| t == ScalarType::F32 || (t.size() <= 2);
        let narrow = layout.coordinate_types().into_iter().all(exact).then(Vec::new);
        let rest = (0..layout.scalars.len())
            .filter(|index| !layout.xyz.contains(index))
            .map(|index| (index, Vec::new()))
            .collect();
        Self { layout, narrow, wide: Vec::new(), rest }
    }

    pub(crate) fn push(&mut self, row: &Row) {
        let scalars = row.scalars();
        let point = self.layout.xyz.map(|index| scalars[index]);
        match &mut self.narrow {
            Some(narrow) => narrow.push(point.map(|v| v as f32)),
            None => self.wide.push(point),
        }
        for (index, column) in &mut self.rest {
            column.push(scalars[*index]);
        }
    }

    /// Sorts the columns into normals, colours, labels and further properties.
    ///
    /// Normals are `nx ny nz` of float type, colours `red green blue` of type `uchar`, the label
    /// is the first of [`LABEL_NAMES`] whose values are whole. What does not fit stays a property.
    pub(crate) fn finish(self) -> Result<PointCloud> {
        let mut cloud = match self.narrow {
            Some(positions) => PointCloud::new(positions),
            None => PointCloud::from_coordinates(&self.wide),
        };
        let scalars = self.layout.scalars;
        let mut rest: Vec<ScalarProperty> = self
            .rest
            .into_iter()
            .map(|(index, values)| {
                let (name, scalar_type) = scalars[index].clone();
                ScalarProperty { name, scalar_type, values }
            })
            .collect();
        if let Some(normals) = take_triple(&mut rest, ["nx", "ny", "nz"], ScalarType::is_float) {
            cloud.set_normals(Some(zip3(&normals, |v| v as f32)))?;
        }
        let is_byte = |t: ScalarType| t == ScalarType::U8;
        if let Some(colors) = take_triple(&mut rest, ["red", "green", "blue"], is_byte) {
            cloud.set_colors(Some(zip3(&colors, |v| v as u8)))?;
        }
        if let Some((labels, name, scalar_type)) = take_labels(&mut rest) {
            cloud.set_labels(Some(labels))?;
            cloud.set_label_source(&name, scalar_type);
        }
        for property in rest {
            cloud.push_property(property)?;
        }
        Ok(cloud)
    }
}

fn take_triple(
    rest: &mut Vec<ScalarProperty>,
    names: [&str; 3],
    fits: impl Fn(ScalarType) -> bool,
) -> Option<[Vec<f64>; 3]> {
    let found = |name: &&str| rest.iter().any(|p| p.name == **name && fits(p.scalar_type));
    if !names.iter().all(found) {
        return None;
    }
    Some(names.map(|name| {
        let index = rest.iter().position(|p| p.name == name).unwrap_or_default();
        rest.remove(index).values
    }))
}

fn zip3<T>(columns: &[Vec<f64>; 3], convert: impl Fn(f64) -> T) -> Vec<[T; 3]> {
    let [a, b, c] = columns;
    a.iter().zip(b).zip(c).map(|((&a, &b), &c)| [convert(a), convert(b), convert(c)]).collect()
}

/// The labels with their name and type in the file.
fn take_labels(rest: &mut Vec<ScalarProperty>) -> Option<(Vec<i32>, String, ScalarType)> {
    let whole = |p: &ScalarProperty| p.values.iter().all(|&v| f64::from(v as i32) == v);
    let index = LABEL_NAMES
        .iter()
        .find_map(|&name| rest.iter().position(|p| p.name == name))
        .filter(|&index| whole(&rest[index]))?;
    let ScalarProperty { name, scalar_type, values } = rest.remove(index);
    Some((values.into_iter().map(|v| v as i32).collect(), name, scalar_type))
}
