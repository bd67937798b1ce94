//! Columns sorted into positions, normals, colours, labels and further properties.

use std::collections::HashSet;

use super::color::colors_of;
use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::contents::{ColumnUse, Contents};
use crate::names::{self, Role};
use crate::scalar::{ScalarProperty, ScalarType};

/// Coordinates as they come in.
#[derive(Debug)]
pub(crate) enum Coordinates {
    /// Of types that `f32` holds exactly.
    Narrow(Vec<[f32; 3]>),
    /// Of all other types.
    Wide(Vec<[f64; 3]>),
}

impl Coordinates {
    /// Empty; narrow where `f32` holds every value of the three types exactly.
    pub(crate) fn of_types(types: [ScalarType; 3]) -> Self {
        let exact = |t: ScalarType| t == ScalarType::F32 || t.size() <= 2;
        if types.into_iter().all(exact) { Self::Narrow(Vec::new()) } else { Self::Wide(Vec::new()) }
    }

    pub(crate) fn push(&mut self, point: [f64; 3]) {
        match self {
            Self::Narrow(narrow) => narrow.push(point.map(|v| v as f32)),
            Self::Wide(wide) => wide.push(point),
        }
    }
}

/// Sorts columns by their names, see [`names`]; `axes` are the names of the coordinates.
///
/// Normals must be floats or from -1 to 1, colours numbers from 0 to 65,535, labels whole numbers. A column that does not fit stays a
/// property, with a note.
///
/// # Errors
/// As [`PointCloud::push_property`].
pub(crate) fn cloud_of(
    coordinates: Coordinates,
    axes: [String; 3],
    mut rest: Vec<ScalarProperty>,
) -> Result<Contents> {
    let cloud = match coordinates {
        Coordinates::Narrow(positions) => PointCloud::new(positions),
        Coordinates::Wide(wide) => PointCloud::from_coordinates(wide),
    };
    let mut contents = Contents::from(cloud);
    contents.uses(axes, "position");
    take_normals(&mut contents, &mut rest)?;
    take_colors(&mut contents, &mut rest)?;
    take_labels(&mut contents, &mut rest)?;
    if let Some(low) = rest.iter().find_map(|property| property.name.strip_suffix("_low32")) {
        let note = format!("{low}: integers beyond 2^53 are two columns, {low}_high32 · 2^32 + {low}_low32");
        contents.notes.push(note);
    }
    for property in rest {
        contents.columns.push(ColumnUse { name: property.name.clone(), taken_for: "number" });
        contents.cloud.push_property(property)?;
    }
    Ok(contents)
}

/// [`cloud_of`] for columns that include the coordinates and whose names are free: blanks become `_`, and a name
/// that occurs again gets a number.
///
/// # Errors
/// The names that are there, where one of the coordinates is missing.
pub(crate) fn cloud_of_table(mut columns: Vec<ScalarProperty>) -> std::result::Result<Contents, String> {
    let Some(axes) = triple(&columns, Role::Position) else {
        let names: Vec<String> = columns.iter().map(|column| format!("'{}'", column.name)).collect();
        let found =
            if names.is_empty() { "no columns".into() } else { format!("columns {}", names.join(", ")) };
        return Err(found);
    };
    let [x, y, z] = take(&mut columns, axes);
    let mut coordinates = Coordinates::of_types([x.scalar_type, y.scalar_type, z.scalar_type]);
    for ((&x, &y), &z) in x.values.iter().zip(&y.values).zip(&z.values) {
        coordinates.push([x, y, z]);
    }
    make_distinct(&mut columns);
    cloud_of(coordinates, [x.name, y.name, z.name], columns).map_err(|error| error.to_string())
}

/// Single words for names, each once.
fn make_distinct(columns: &mut [ScalarProperty]) {
    let mut taken = HashSet::from(["x", "y", "z"].map(str::to_owned));
    for column in columns {
        let odd = |c: char| c.is_whitespace() || c.is_control();
        let clean: String = column.name.trim().chars().map(|c| if odd(c) { '_' } else { c }).collect();
        let clean = if clean.is_empty() { "unnamed".to_owned() } else { clean };
        let numbered = (2..).map(|number: u32| format!("{clean}_{number}"));
        let free = std::iter::once(clean.clone()).chain(numbered).find(|name| !taken.contains(name));
        column.name = free.unwrap_or(clean);
        taken.insert(column.name.clone());
    }
}

/// Indices of the columns of three roles.
fn triple(columns: &[ScalarProperty], role: fn(usize) -> Role) -> Option<[usize; 3]> {
    let find = |part| names::find(columns.iter().map(|column| column.name.as_str()), role(part));
    Some([find(0)?, find(1)?, find(2)?])
}

/// Takes three columns out of the others.
fn take(columns: &mut Vec<ScalarProperty>, indices: [usize; 3]) -> [ScalarProperty; 3] {
    let mut order = [0, 1, 2];
    order.sort_by_key(|&part| std::cmp::Reverse(indices[part]));
    let mut taken = [const { None }; 3];
    for part in order {
        taken[part] = Some(columns.remove(indices[part]));
    }
    taken.map(|column| column.unwrap_or_else(|| unreachable!("every part is taken once")))
}

fn take_normals(contents: &mut Contents, rest: &mut Vec<ScalarProperty>) -> Result<()> {
    let Some(indices) = triple(rest, Role::Normal) else { return Ok(()) };
    // Text does not tell the floats of an axis that is straight up from whole numbers.
    let fits = |p: &ScalarProperty| p.scalar_type.is_float() || p.values.iter().all(|v| v.abs() <= 1.0);
    if !indices.iter().all(|&index| fits(&rest[index])) {
        contents.notes.push("normals of whole numbers: they stay numbers".into());
        return Ok(());
    }
    let normals = take(rest, indices);
    let part = |axis: usize, i: usize| normals[axis].values[i] as f32;
    let count = normals[0].values.len();
    contents.cloud.set_normals(Some((0..count).map(|i| [part(0, i), part(1, i), part(2, i)]).collect()))?;
    contents.uses(normals.map(|normal| normal.name), "normal");
    Ok(())
}

fn take_colors(contents: &mut Contents, rest: &mut Vec<ScalarProperty>) -> Result<()> {
    let Some(indices) = triple(rest, Role::Color) else { return Ok(()) };
    let channels = take(rest, indices);
    let Some(colors) = colors_of(&channels) else {
        contents.notes.push("colours outside 0 to 65535: they stay numbers".into());
        rest.extend(channels);
        return Ok(());
    };
    contents.cloud.set_colors(Some(colors.bytes))?;
    if let Some((scalar_type, stored)) = colors.stored {
        contents.cloud.set_stored_colors(scalar_type, stored);
    }
    contents.uses(channels.map(|channel| channel.name), "colour");
    Ok(())
}

/// The label is the first of several spellings whose values are whole.
fn take_labels(contents: &mut Contents, rest: &mut Vec<ScalarProperty>) -> Result<()> {
    let whole = |p: &ScalarProperty| p.values.iter().all(|&v| f64::from(v as i32) == v);
    let named = rest.iter().enumerate().filter_map(|(index, column)| {
        let (role, rank) = names::role_of(&column.name);
        (role == Role::Label).then_some((rank, index))
    });
    let mut named: Vec<(usize, usize)> = named.collect();
    named.sort_unstable();
    let Some(&(_, index)) = named.iter().find(|(_, index)| whole(&rest[*index])) else {
        if let Some((_, index)) = named.first() {
            let name = &rest[*index].name;
            contents.notes.push(format!("{name}: not whole numbers, so it is not taken for the label"));
        }
        return Ok(());
    };
    let ScalarProperty { name, scalar_type, values } = rest.remove(index);
    contents.cloud.set_labels(Some(values.into_iter().map(|v| v as i32).collect()))?;
    contents.cloud.set_label_source(&name, scalar_type);
    contents.columns.push(ColumnUse { name, taken_for: "label" });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, scalar_type: ScalarType, value: f64) -> ScalarProperty {
        ScalarProperty { name: name.into(), scalar_type, values: vec![value] }
    }

    #[test]
    fn free_names_become_single_words_and_stay_distinct() {
        let float = |name| column(name, ScalarType::F32, 0.5);
        let names = ["X", "Y", "Z", "a b", "a_b", "", "x 2"].map(float);
        let cloud = cloud_of_table(names.into()).unwrap().cloud;
        let found: Vec<&str> = cloud.properties().iter().map(|p| p.name.as_str()).collect();
        assert_eq!(found, ["a_b", "a_b_2", "unnamed", "x_2"]);
        assert_eq!(cloud_of_table(vec![float("x"), float("q")]).unwrap_err(), "columns 'x', 'q'");
    }

    #[test]
    fn spellings_of_normals_colors_and_labels() {
        let float = |name| column(name, ScalarType::F32, 0.5);
        let byte = |name| column(name, ScalarType::U8, 7.0);
        for (normals, colors, label) in [
            (["normal_x", "normal_y", "normal_z"], ["r", "g", "b"], "class"),
            (["Nx", "Ny", "Nz"], ["Red", "Green", "Blue"], "Classification"),
            (["nx", "NY", "nZ"], ["diffuse_red", "diffuse_green", "diffuse_blue"], "scalar_Label"),
        ] {
            let mut columns: Vec<_> = ["X", "Y", "Z"].map(float).into();
            columns.extend(colors.map(byte));
            columns.extend(normals.map(float));
            columns.push(byte(label));
            columns.push(byte("Intensity"));
            let contents = cloud_of_table(columns).unwrap();
            let cloud = contents.cloud;
            assert_eq!(cloud.normals(), Some([[0.5; 3]].as_slice()));
            assert_eq!(cloud.colors(), Some([[7; 3]].as_slice()));
            assert_eq!(cloud.stored_colors(), None);
            assert_eq!((cloud.labels(), cloud.label_name()), (Some([7].as_slice()), Some(label)));
            assert_eq!(cloud.properties().len(), 1);
            assert!(cloud.property("intensity").is_some());
            let uses: Vec<&str> = contents.columns.iter().map(|column| column.taken_for).collect();
            assert_eq!(uses[..4], ["position", "position", "position", "normal"]);
            assert_eq!(uses[6..], ["colour", "colour", "colour", "label", "number"]);
        }
    }

    #[test]
    fn columns_that_do_not_fit_stay_numbers_with_a_note() {
        let columns = ["x", "y", "z", "nx", "ny", "nz", "r", "g", "b", "label"];
        let columns = columns.map(|name| column(name, ScalarType::I32, -2.0));
        let mut columns: Vec<_> = columns.into();
        columns[9] = column("label", ScalarType::F32, 0.5);
        let contents = cloud_of_table(columns).unwrap();
        assert_eq!((contents.cloud.properties().len(), contents.notes.len()), (7, 3));
    }
}
