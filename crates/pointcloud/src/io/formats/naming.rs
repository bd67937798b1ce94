//! What columns are that carry no names, or one name for several.

use crate::io::raw::HALVES;
use crate::io::shape::Shape;
use crate::scalar::{ScalarProperty, ScalarType};

/// Names the columns of a table without names, and returns what it assumed.
///
/// The first are `x y z`. Of the others, three neighbours are a colour where they are whole numbers from 0 to 255, one of
/// them above 1, or a normal where they all have length 1; and only where no other three could be. What remains is
/// `column_4` and so on: whether it is an intensity or a label cannot be told from the numbers.
pub(super) fn name_columns(columns: &mut [ScalarProperty], shape: &Shape) -> Vec<String> {
    let mut low_halves = 0;
    for (index, column) in columns.iter_mut().enumerate() {
        // The halves of a column of 64-bit integers have the number of that column.
        let half = HALVES.into_iter().find(|half| column.name.ends_with(half)).unwrap_or_default();
        low_halves += usize::from(half == HALVES[1]);
        column.name = match index {
            0..3 => ["x", "y", "z"][index].into(),
            _ => format!("column_{}{half}", index + 1 - low_halves),
        };
    }
    let Some(rest) = columns.get_mut(3..).filter(|rest| !rest.is_empty()) else { return Vec::new() };
    let triples = |is: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..rest.len().saturating_sub(2)).filter(|&first| is(first)).collect()
    };
    let float = |first: usize| rest[first..first + 3].iter().any(|column| column.scalar_type.is_float());
    let colors = triples(&|first| shape.is_color(first + 3));
    let normals = triples(&|first| shape.is_unit(first + 3) && float(first));
    let mut notes = Vec::new();
    let mut named = 0;
    for (found, names) in [(normals, ["nx", "ny", "nz"]), (colors, ["red", "green", "blue"])] {
        let [first] = found[..] else { continue };
        for (column, name) in rest[first..first + 3].iter_mut().zip(names) {
            column.name = name.into();
            if matches!(name, "red" | "green" | "blue") {
                column.scalar_type = ScalarType::U8;
            }
        }
        named += 3;
        let low_halves = rest[..first].iter().filter(|column| column.name.ends_with(HALVES[1])).count();
        let number = first + 4 - low_halves;
        notes.push(format!("columns {number} to {} are taken for {}", number + 2, names.join(" ")));
    }
    if named < rest.len() {
        let unnamed: Vec<&str> = rest
            .iter()
            .map(|column| column.name.as_str())
            .filter(|name| name.starts_with("column_"))
            .collect();
        notes.push(format!(
            "no name for {}: read as a number, not as intensity or label; name the columns, such as \
             x,y,z,intensity,r,g,b,label",
            unnamed.join(", ")
        ));
    }
    notes
}

/// What unnamed columns of a whole file could be.
pub(super) fn shape_of(columns: &[ScalarProperty]) -> Shape {
    let values: Vec<&[f64]> = columns.iter().map(|column| column.values.as_slice()).collect();
    Shape::of(&values)
}

/// Whether an array of that name begins with the coordinates.
pub(super) fn is_positions(name: &str) -> bool {
    let known = ["xyz", "positions", "position", "points", "pos", "coords", "coord", "vertices"];
    known.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Names the columns of one array with a name, and returns what it assumed.
///
/// `xyz`, `positions`, `points` (or `pos`, `coords`,
/// `vertices`) are `x y z` and what [`name_columns`] makes of the rest; `normals` and `colors` are
/// normals and colours (floats up to 1 are scaled to 255); one column has the name of the array, several get `_0`,
/// `_1` and so on.
pub(super) fn name_array(name: &str, columns: &mut [ScalarProperty], shape: &Shape) -> Vec<String> {
    if let [high, low] = columns
        && high.name.ends_with(HALVES[0])
        && low.name.ends_with(HALVES[1])
    {
        // The halves of one column.
        (high.name, low.name) = (format!("{name}{}", HALVES[0]), format!("{name}{}", HALVES[1]));
        return Vec::new();
    }
    let names = match (name.to_ascii_lowercase().as_str(), columns.len()) {
        (_, 3..) if is_positions(name) => return name_columns(columns, shape),
        ("normals" | "normal", 3) => ["nx", "ny", "nz"],
        ("colors" | "colours" | "color" | "rgb", 3) => ["red", "green", "blue"],
        (_, 1) => {
            columns[0].name = name.to_owned();
            return Vec::new();
        }
        _ => {
            for (number, column) in columns.iter_mut().enumerate() {
                column.name = format!("{name}_{number}");
            }
            return Vec::new();
        }
    };
    columns.iter_mut().zip(names).for_each(|(column, name)| column.name = name.into());
    Vec::new()
}

/// Gives columns, whose names `name` finds, the names that the caller wants; else what was found and expected. A column called
/// `_` is left out.
pub(super) fn rename<C>(
    columns: &mut Vec<C>,
    names: &[String],
    name: fn(&mut C) -> &mut String,
) -> std::result::Result<(), (String, String)> {
    if columns.len() != names.len() {
        let expected = format!("{}, the columns {}", names.len(), names.join(","));
        return Err((format!("{} columns", columns.len()), expected));
    }
    columns.iter_mut().zip(names).for_each(|(column, new)| name(column).clone_from(new));
    columns.retain_mut(|column| name(column) != "_");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(rows: &[&[f64]]) -> Vec<String> {
        let column = |i: usize| ScalarProperty {
            name: String::new(),
            scalar_type: ScalarType::F64,
            values: rows.iter().map(|row| row[i]).collect(),
        };
        let mut columns: Vec<_> = (0..rows[0].len()).map(column).collect();
        let shape = shape_of(&columns);
        name_columns(&mut columns, &shape);
        columns.into_iter().skip(3).map(|column| column.name).collect()
    }

    #[test]
    fn halves_have_the_number_of_their_column() {
        let column = |name: &str| ScalarProperty {
            name: name.to_owned(),
            scalar_type: ScalarType::F64,
            values: vec![0.5],
        };
        let mut columns = ["", "", "", "_high32", "_low32", ""].map(column);
        let shape = shape_of(&columns);
        name_columns(&mut columns, &shape);
        let names = columns.map(|column| column.name);
        assert_eq!(names, ["x", "y", "z", "column_4_high32", "column_4_low32", "column_5"]);

        // The fifth to seventh columns of the file.
        let mut columns = ["", "", "", "_high32", "_low32", "", "", ""].map(column);
        columns[3].values = vec![-2.0];
        for (column, value) in columns[5..].iter_mut().zip([255.0, 10.0, 20.0]) {
            column.values = vec![value];
        }
        let shape = shape_of(&columns);
        assert_eq!(name_columns(&mut columns, &shape)[0], "columns 5 to 7 are taken for red green blue");
    }

    #[test]
    fn values_decide_only_where_they_are_clear() {
        assert_eq!(named(&[&[0.5, 0.0, 0.0, 255.0, 0.0, 1.0]]), ["red", "green", "blue"]);
        assert_eq!(named(&[&[0.5, 0.0, 0.0, 0.0, 0.6, -0.8, 4.5]]), ["nx", "ny", "nz", "column_7"]);
        assert_eq!(
            named(&[&[0.5, 0.0, 0.0, 0.0, 0.6, 0.7, 4.5]]),
            ["column_4", "column_5", "column_6", "column_7"]
        );
        assert_eq!(
            named(&[&[0.5, 0.0, 0.0, -1200.0, 255.0, 128.0, 0.0]]),
            ["column_4", "red", "green", "blue"]
        );
        // An intensity, or a channel and a label: both are possible.
        assert_eq!(
            named(&[&[0.5, 0.0, 0.0, 17.0, 255.0, 128.0, 0.0]]),
            ["column_4", "column_5", "column_6", "column_7"]
        );
        assert_eq!(named(&[&[0.5, 0.0, 0.0, 2.0], &[0.5, 0.0, 0.0, 3.0]]), ["column_4"], "no label by guess");
        assert!(named(&[&[0.5, 0.0]]).is_empty());
    }
}
