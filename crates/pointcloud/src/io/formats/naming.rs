//! What columns are that carry no names, or one name for several.

use crate::cloud::ScalarProperty;
use crate::scalar::ScalarType;

/// Largest difference from 1 of the length of what is taken for a normal.
const NORMAL_TOLERANCE: f64 = 1e-2;

/// Names the columns of a table without names: `x y z`; then a colour, where the next three are
/// whole numbers from 0 to 255, one of them above 1, or a normal, where they all have length 1; then
/// a `label`, where one column of whole numbers is left. What remains is `column_4` and so on.
pub(super) fn name_columns(columns: &mut [ScalarProperty]) {
    for (number, column) in columns.iter_mut().enumerate() {
        column.name = match number {
            0..3 => ["x", "y", "z"][number].into(),
            _ => format!("column_{}", number + 1),
        };
    }
    let Some(mut rest) = columns.get_mut(3..) else { return };
    if rest.len() >= 3 {
        let triple = &mut rest[..3];
        let names = if is_color(triple) {
            triple.iter_mut().for_each(|column| column.scalar_type = ScalarType::U8);
            Some(["red", "green", "blue"])
        } else {
            is_normal(triple).then_some(["nx", "ny", "nz"])
        };
        if let Some(names) = names {
            triple.iter_mut().zip(names).for_each(|(column, name)| column.name = name.into());
            rest = &mut rest[3..];
        }
    }
    if let [label] = rest
        && !label.values.is_empty()
        && label.values.iter().all(|&v| f64::from(v as i32) == v)
    {
        label.name = "label".into();
    }
}

fn is_color(triple: &[ScalarProperty]) -> bool {
    let mut values = triple.iter().flat_map(|column| &column.values);
    values.clone().all(|&v| f64::from(v as u8) == v) && values.any(|&v| v > 1.0)
}

fn is_normal(triple: &[ScalarProperty]) -> bool {
    let [a, b, c] = triple else { return false };
    let mut lengths =
        a.values.iter().zip(&b.values).zip(&c.values).map(|((a, b), c)| (a * a + b * b + c * c).sqrt());
    let float = triple.iter().all(|column| column.scalar_type.is_float());
    float && !a.values.is_empty() && lengths.all(|length| (length - 1.0).abs() < NORMAL_TOLERANCE)
}

/// Names the columns of one array with a name: `xyz`, `positions`, `points` (or `pos`, `coords`,
/// `vertices`) are `x y z` and what [`name_columns`] makes of the rest; `normals` and `colors` are
/// normals and colours (floats up to 1 are scaled to 255); one column has the name of the array, several get `_0`,
/// `_1` and so on.
pub(super) fn name_array(name: &str, columns: &mut [ScalarProperty]) {
    let names = match (name.to_ascii_lowercase().as_str(), columns.len()) {
        ("xyz" | "positions" | "position" | "points" | "pos" | "coords" | "vertices", 3..) => {
            return name_columns(columns);
        }
        ("normals" | "normal", 3) => ["nx", "ny", "nz"],
        ("colors" | "colours" | "color" | "rgb", 3) => {
            let share = |v: &f64| (0.0..=1.0).contains(v);
            let is_float = columns.iter().all(|column| column.scalar_type.is_float());
            let scale =
                if is_float && columns.iter().all(|c| c.values.iter().all(share)) { 255.0 } else { 1.0 };
            let fits = |v: &f64| (-0.5..255.5).contains(&(v * scale));
            if columns.iter().all(|column| column.values.iter().all(fits)) {
                for column in columns.iter_mut() {
                    column.values.iter_mut().for_each(|v| *v = (*v * scale).round() + 0.0);
                    column.scalar_type = ScalarType::U8;
                }
            }
            ["red", "green", "blue"]
        }
        (_, 1) => {
            columns[0].name = name.to_owned();
            return;
        }
        _ => {
            for (number, column) in columns.iter_mut().enumerate() {
                column.name = format!("{name}_{number}");
            }
            return;
        }
    };
    columns.iter_mut().zip(names).for_each(|(column, name)| column.name = name.into());
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
        name_columns(&mut columns);
        columns.into_iter().skip(3).map(|column| column.name).collect()
    }

    #[test]
    fn values_decide_what_a_column_is() {
        assert_eq!(named(&[&[0.5, 0.0, 0.0, 255.0, 0.0, 1.0]]), ["red", "green", "blue"]);
        assert_eq!(named(&[&[0.5, 0.0, 0.0, 0.0, 0.6, -0.8, 4.0]]), ["nx", "ny", "nz", "label"]);
        assert_eq!(
            named(&[&[0.5, 0.0, 0.0, 0.0, 0.6, 0.7, 4.5]]),
            ["column_4", "column_5", "column_6", "column_7"]
        );
        assert_eq!(named(&[&[0.5, 0.0, 0.0, 2.0], &[0.5, 0.0, 0.0, 3.0]]), ["label"]);
        assert_eq!(named(&[&[0.5, 0.0, 0.0, 2.5]]), ["column_4"]);
        assert!(named(&[&[0.5, 0.0]]).is_empty());
    }
}
