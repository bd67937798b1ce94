//! Columns sorted into positions, normals, colours, labels and further properties.

use std::collections::HashSet;

use super::color::colors_of;
use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::contents::{ColumnUse, Contents};
use crate::io::facts::Facts;
use crate::io::raw::HALVES;
use crate::names::{self, Role};
use crate::scalar::{ScalarProperty, ScalarType};

/// A column with a type, and what its numbers have in common in the whole file, of which the column may be a part.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) column: ScalarProperty,
    pub(crate) facts: Facts,
    /// The column of the file that it is made of.
    pub(crate) stored: usize,
}

/// The columns of the file that hold the coordinates.
pub(crate) fn axes_of(entries: &[Entry]) -> Option<[usize; 3]> {
    triple(entries, Role::Position).map(|axes| axes.map(|index| entries[index].stored))
}

/// What became of the columns of a file.
#[derive(Debug)]
pub(crate) struct Sorted {
    pub(crate) contents: Contents,
    /// What is known of the columns in the order in which writers have them.
    pub(crate) facts: Vec<Facts>,
}

/// Sorts columns by their names, see [`names`]. Blanks in names become `_`, and a name that occurs again gets a number.
///
/// Normals must be floats or from -1 to 1, colours numbers from 0 to 65,535, labels whole numbers. A column that does not
/// fit stays a property, with a note.
///
/// # Errors
/// The names that are there, where one of the coordinates is missing.
pub(crate) fn cloud_of_entries(mut rest: Vec<Entry>) -> std::result::Result<Sorted, String> {
    let Some(axes) = triple(&rest, Role::Position) else {
        let names: Vec<String> = rest.iter().map(|entry| format!("'{}'", entry.column.name)).collect();
        return Err(if names.is_empty() {
            "no columns".into()
        } else {
            format!("columns {}", names.join(", "))
        });
    };
    let [x, y, z] = take(&mut rest, axes);
    let points = x.column.values.iter().zip(&y.column.values).zip(&z.column.values);
    let points = points.map(|((&x, &y), &z)| [x, y, z]);
    // Singles hold the numbers of these types exactly.
    let exact =
        |entry: &Entry| entry.column.scalar_type == ScalarType::F32 || entry.column.scalar_type.size() <= 2;
    let cloud = if [&x, &y, &z].into_iter().all(exact) {
        PointCloud::new(points.map(|point| point.map(|v| v as f32)).collect())
    } else {
        PointCloud::from_coordinates(points.collect())
    };
    let mut sorted =
        Sorted { contents: Contents::from(cloud), facts: [&x, &y, &z].map(|entry| entry.facts).into() };
    sorted.contents.uses([x, y, z].map(|entry| entry.column.name), "position");
    make_distinct(&mut rest);
    sorted.take_all(rest).map_err(|error| error.to_string())?;
    Ok(sorted)
}

/// [`cloud_of_entries`] for columns of a whole file.
///
/// # Errors
/// As [`cloud_of_entries`].
pub(crate) fn cloud_of_table(columns: Vec<ScalarProperty>) -> std::result::Result<Contents, String> {
    let mut entries: Vec<Entry> = Vec::new();
    for (index, column) in columns.into_iter().enumerate() {
        // The low half of an integer follows the high one.
        let before = entries.last().filter(|before| are_halves(&before.column.name, &column.name));
        let stored = before.map_or(index, |before| before.stored);
        let facts = Facts::of(&column.values);
        entries.push(Entry { column, facts, stored });
    }
    Ok(cloud_of_entries(entries)?.contents)
}

/// Whether two names are those of the halves of one column of 64-bit integers.
pub(crate) fn are_halves(high: &str, low: &str) -> bool {
    let stem = high.strip_suffix(HALVES[0]);
    stem.is_some() && stem == low.strip_suffix(HALVES[1])
}

/// The columns of the file that became two.
fn split_names(entries: &[Entry]) -> Vec<String> {
    let pairs = entries.windows(2).filter(|pair| {
        pair[0].stored == pair[1].stored && are_halves(&pair[0].column.name, &pair[1].column.name)
    });
    pairs.filter_map(|pair| pair[0].column.name.strip_suffix(HALVES[0]).map(str::to_owned)).collect()
}

/// Single words for names, each once.
fn make_distinct(entries: &mut [Entry]) {
    let mut taken = HashSet::from(["x", "y", "z"].map(str::to_owned));
    for Entry { column, .. } in entries {
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
fn triple(entries: &[Entry], role: fn(usize) -> Role) -> Option<[usize; 3]> {
    let find = |part| names::find(entries.iter().map(|entry| entry.column.name.as_str()), role(part));
    Some([find(0)?, find(1)?, find(2)?])
}

/// Takes three columns out of the others.
fn take(entries: &mut Vec<Entry>, indices: [usize; 3]) -> [Entry; 3] {
    let mut order = [0, 1, 2];
    order.sort_by_key(|&part| std::cmp::Reverse(indices[part]));
    let mut taken = [const { None }; 3];
    for part in order {
        taken[part] = Some(entries.remove(indices[part]));
    }
    taken.map(|entry| entry.unwrap_or_else(|| unreachable!("every part is taken once")))
}

/// Whether a column of doubles has whole numbers only, and one that `i32` does not hold: integers of 64 bits become such doubles.
fn is_long(Entry { column, facts, .. }: &Entry) -> bool {
    let finite = facts.least.is_finite() && facts.most.is_finite();
    column.scalar_type == ScalarType::F64 && finite && facts.whole && !facts.nan && !facts.is_i32()
}

impl Sorted {
    fn take_all(&mut self, mut rest: Vec<Entry>) -> Result<()> {
        self.take_normals(&mut rest)?;
        self.take_colors(&mut rest)?;
        self.take_labels(&mut rest)?;
        if let Some(low) = rest.iter().find_map(|entry| entry.column.name.strip_suffix(HALVES[1])) {
            let note =
                format!("{low}: integers beyond 2^53 are two columns, {low}_high32 · 2^32 + {low}_low32");
            self.contents.notes.push(note);
        }
        self.contents.split = split_names(&rest);
        for Entry { mut column, facts, .. } in rest {
            if matches!(names::role_of(&column.name).0, Role::Position(_)) {
                // Text leaves coordinates unrounded, and this column holds none.
                column.values.iter_mut().for_each(|v| *v = column.scalar_type.round(*v));
            }
            self.contents.columns.push(ColumnUse { name: column.name.clone(), taken_for: "number" });
            self.contents.cloud.push_property(column)?;
            self.facts.push(facts);
        }
        Ok(())
    }

    fn take_normals(&mut self, rest: &mut Vec<Entry>) -> Result<()> {
        let Some(indices) = triple(rest, Role::Normal) else { return Ok(()) };
        // Text does not tell the floats of an axis that is straight up from whole numbers.
        let fits = |entry: &Entry| {
            let is_float = entry.column.scalar_type.is_float() && !is_long(entry);
            is_float || entry.facts.within(-1.0, 1.0)
        };
        if !indices.iter().all(|&index| fits(&rest[index])) {
            self.contents.notes.push("normals of whole numbers: they stay numbers".into());
            return Ok(());
        }
        let normals = take(rest, indices);
        self.facts.extend(normals.iter().map(|normal| normal.facts));
        let part = |axis: usize, i: usize| normals[axis].column.values[i] as f32;
        let rows =
            (0..normals[0].column.values.len()).map(|i| [part(0, i), part(1, i), part(2, i)]).collect();
        self.contents.cloud.set_normals(Some(rows))?;
        if normals.iter().any(|normal| !normal.facts.single) {
            self.contents.left_out.push("digits of the normals beyond single precision".into());
        }
        self.contents.uses(normals.map(|normal| normal.column.name), "normal");
        Ok(())
    }

    fn take_colors(&mut self, rest: &mut Vec<Entry>) -> Result<()> {
        let Some(indices) = triple(rest, Role::Color) else { return Ok(()) };
        let channels = take(rest, indices);
        let facts = channels.iter().map(|channel| channel.facts).reduce(Facts::join).unwrap_or_default();
        let Some(colors) = colors_of([0, 1, 2].map(|channel: usize| &channels[channel].column), &facts)
        else {
            self.contents.notes.push("colours outside 0 to 65535: they stay numbers".into());
            rest.extend(channels);
            return Ok(());
        };
        self.facts.extend(channels.iter().map(|channel| channel.facts));
        self.contents.cloud.set_colors(Some(colors.bytes))?;
        if let Some((scalar_type, stored)) = colors.stored {
            if !facts.single {
                self.contents.left_out.push("digits of the colours beyond single precision".into());
            }
            self.contents.cloud.set_stored_colors(scalar_type, stored);
        }
        self.contents.uses(channels.map(|channel| channel.column.name), "colour");
        Ok(())
    }

    /// The label is the first of several spellings whose values are whole.
    fn take_labels(&mut self, rest: &mut Vec<Entry>) -> Result<()> {
        let named = rest.iter().enumerate().filter_map(|(index, entry)| {
            let (role, rank) = names::role_of(&entry.column.name);
            (role == Role::Label).then_some((rank, index))
        });
        let mut named: Vec<(usize, usize)> = named.collect();
        named.sort_unstable();
        let Some(&(_, index)) = named.iter().find(|(_, index)| rest[*index].facts.is_i32()) else {
            if let Some((_, index)) = named.first() {
                let Entry { column: ScalarProperty { name, .. }, facts, .. } = &rest[*index];
                let finite = facts.least.is_finite() && facts.most.is_finite();
                let why = match facts.whole && !facts.nan && finite {
                    true => format!("numbers from {} to {} beyond 32 bits", facts.least, facts.most),
                    false => "not whole numbers".to_owned(),
                };
                self.contents.notes.push(format!("{name}: {why}, so it is not taken for the label"));
            }
            return Ok(());
        };
        let Entry { column: ScalarProperty { name, scalar_type, values }, facts, .. } = rest.remove(index);
        self.facts.push(facts);
        self.contents.cloud.set_labels(Some(values.into_iter().map(|v| v as i32).collect()))?;
        self.contents.cloud.set_label_source(&name, scalar_type);
        self.contents.columns.push(ColumnUse { name, taken_for: "label" });
        Ok(())
    }
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
