//! Which column of a cloud goes where in a LAS point.

use std::collections::HashSet;
use std::ops::Range;

use super::extra::{ENTRY, EXTRA_TYPES};
use super::fields::{SIZES, bits, fields, has_color, has_time, is_reserved};
use super::read::coordinate;
use super::template::{self, Stored, Template};
use crate::cloud::PointCloud;
use crate::io::columns::{Column, Outline, columns_of, distinct_columns_of};
use crate::io::facts::{Facts, LARGEST_WHOLE};
use crate::io::number::{Number, put};
use crate::names::{self, Role};
use crate::scalar::ScalarType;

/// Steps that a 32-bit coordinate can tell apart on each side of the offset, with some room.
const STEPS: f64 = 2.1e9;

/// Finest step of a coordinate.
const FINEST: f64 = 1e-9;

/// Longest name of extra bytes.
const LONGEST_NAME: usize = 32;

/// Where a column goes.
#[derive(PartialEq)]
enum Target {
    Coordinate(usize),
    Field {
        offset: usize,
        number: Number,
        factor: f64,
    },
    Bits {
        byte: usize,
        first: u32,
    },
    /// Extra bytes, stored as `(value - summand) / factor`.
    Extra {
        offset: usize,
        number: Number,
        transform: (f64, f64),
    },
}

pub(super) struct Layout {
    pub(super) format: usize,
    targets: Vec<Target>,
    /// Descriptions of the extra bytes.
    pub(super) extra: Vec<Vec<u8>>,
    pub(super) scale: [f64; 3],
    pub(super) offset: [f64; 3],
    /// Bytes of a point.
    pub(super) size: usize,
    lost: Vec<String>,
}

impl Layout {
    pub(super) fn of(outline: &Outline<'_>, columns: &[Column<'_>]) -> Self {
        let format = format_of(outline);
        let (scale, offset) = grid_of(outline);
        let mut layout = Self {
            format,
            targets: Vec::new(),
            extra: Vec::new(),
            scale,
            offset,
            size: SIZES[format],
            lost: Vec::new(),
        };
        let black = |facts: &Facts| facts.within(0.0, 0.0);
        if outline.cloud.colors().is_some() && outline.points > 0 && outline.colors().iter().all(black) {
            layout.lost.push("colours: all are 0, which las files have for none".into());
        }
        if let Some(kind) = float_colors(outline) {
            layout.lost.push(format!("colours: {kind} becomes ushort, las holds 16 bits per channel"));
        }
        let template = Template::of(outline, columns, layout.size);
        layout.extra = template.entries();
        layout.size += template.size();
        let mut names = template.names();
        for (number, column) in columns.iter().enumerate() {
            let target = match number {
                0..3 => Target::Coordinate(number),
                // The offset is known when all columns are placed.
                _ if template.has(number) => Target::Coordinate(0),
                _ => {
                    let field = layout.field_of(outline, column, &outline.facts[number]);
                    // Two columns may have spellings of one name.
                    let field = field.filter(|field| !layout.targets.contains(field));
                    field.unwrap_or_else(|| layout.extra_of(outline, column, &mut names))
                }
            };
            layout.targets.push(target);
        }
        for (index, target) in layout.targets.iter_mut().enumerate() {
            if let Some(Stored { offset, number, transform }) = template.stored(index, layout.size) {
                *target = Target::Extra { offset, number, transform };
            }
        }
        layout.size += template.undescribed();
        layout
    }

    /// The field of a column; `None` where there is none, or it does not hold every value.
    fn field_of(&self, outline: &Outline<'_>, column: &Column<'_>, facts: &Facts) -> Option<Target> {
        let cloud = outline.cloud;
        let is_label = Some(column.name) == cloud.label_name();
        let same =
            |name: &str| if is_label { name == "classification" } else { names::same(name, column.name) };
        if let Some(field) = fields(self.format).iter().find(|field| same(&field.name)) {
            let is_color = cloud.colors().is_some() && matches!(column.name, "red" | "green" | "blue");
            // One channel alone would be read as a colour.
            if is_channel(&field.name) && !is_color {
                return None;
            }
            let factor = if is_color { color_factor(outline) } else { 1.0 };
            let holds = match field.number {
                Number::Scalar(scalar) => match scalar.integer_range() {
                    Some((low, high)) => facts.whole_within(low as f64, high as f64),
                    None => scalar == ScalarType::F64 || facts.single,
                },
                _ => facts.whole_within(0.0, LARGEST_WHOLE as f64),
            };
            let (offset, number) = (field.offset, field.number);
            return (is_color || holds).then_some(Target::Field { offset, number, factor });
        }
        let &(_, byte, first, count) = bits(self.format).iter().find(|(name, ..)| same(name))?;
        let most = f64::from((1_u32 << count) - 1);
        facts.whole_within(0.0, most).then_some(Target::Bits { byte, first })
    }

    /// Extra bytes for a column, in the type of the column.
    fn extra_of(
        &mut self,
        outline: &Outline<'_>,
        column: &Column<'_>,
        names: &mut HashSet<String>,
    ) -> Target {
        let (cloud, offset) = (outline.cloud, self.size);
        // A second label would be read in place of a classification that is 0 everywhere.
        let is_label = Some(column.name) == cloud.label_name();
        let second = cloud.labels().is_some() && !is_label && names::role_of(column.name).0 == Role::Label;
        let name = self.extra_name(column.name, second, names);
        let mut entry = vec![0; ENTRY];
        let kind = EXTRA_TYPES.iter().position(|&t| t == column.scalar_type).map(|at| at + 1);
        entry[2] = kind.unwrap_or(if column.scalar_type == ScalarType::F32 { 9 } else { 10 }) as u8;
        entry[4..4 + name.len()].copy_from_slice(name.as_bytes());
        self.extra.push(entry);
        self.size += column.scalar_type.size();
        Target::Extra { offset, number: Number::Scalar(column.scalar_type), transform: (1.0, 0.0) }
    }

    /// A name of at most 32 bytes that no field and no other column has; `second`: nor a label.
    fn extra_name(&mut self, name: &str, second: bool, names: &mut HashSet<String>) -> String {
        let mut wanted = name.to_owned();
        if is_reserved(&wanted) || second {
            wanted = format!("original_{name}");
            let has_field = fields(self.format).iter().any(|field| names::same(&field.name, name))
                || bits(self.format).iter().any(|(field, ..)| names::same(field, name));
            let reason = if second {
                "the label of LAS is the classification".to_owned()
            } else if is_channel(name) {
                "LAS holds colours of three channels only".to_owned()
            } else if has_field {
                "the field of LAS cannot hold its values".to_owned()
            } else {
                format!("point format {} of LAS has no such field", self.format)
            };
            self.lost.push(format!("{name}: written as extra bytes '{wanted}', {reason}"));
        }
        let cut = |name: &str, room: usize| {
            let end = (0..=room.min(name.len())).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
            name[..end].to_owned()
        };
        let short = cut(&wanted, LONGEST_NAME);
        let numbered = (2..).map(|number: u32| {
            let end = format!("_{number}");
            cut(&wanted, LONGEST_NAME - end.len()) + &end
        });
        let free =
            std::iter::once(short).chain(numbered).find(|name| !names.contains(name)).unwrap_or_default();
        if free != wanted {
            self.lost.push(format!("{name}: its name becomes '{free}', LAS names have at most 32 bytes"));
        }
        names.insert(free.clone());
        free
    }

    /// Adds what is lost where coordinates are up to `off` away from their steps.
    pub(super) fn lost(&self, off: f64, wide: bool) -> Vec<String> {
        let mut lost = self.lost.clone();
        // Coordinates in single precision are no more exact than the finest step.
        if off > if wide { 1e-12 } else { FINEST } {
            let [x, y, z] = self.scale;
            let line = format!("coordinates: rounded to steps of {x:e}, {y:e}, {z:e}, at most {off:.1e} off");
            lost.insert(0, line);
        }
        lost
    }

    /// How far the coordinates are from their steps; infinite where they are out of reach.
    pub(super) fn off(&self, cloud: &PointCloud, rows: Range<usize>) -> f64 {
        off(rows.map(|i| cloud.point(i)), self.scale, self.offset)
    }

    /// Writes a point into `record`, of which every byte is 0.
    pub(super) fn put(&self, columns: &[Column<'_>], i: usize, record: &mut [u8], stored: &mut Vec<u8>) {
        for (column, target) in columns.iter().zip(&self.targets) {
            let value = (column.value)(i);
            stored.clear();
            let offset = match *target {
                Target::Coordinate(axis) => {
                    let steps = ((value - self.offset[axis]) / self.scale[axis]).round();
                    put(stored, ScalarType::I32, steps);
                    4 * axis
                }
                Target::Field { offset, number, factor } => {
                    number.put(stored, if factor == 1.0 { value } else { (value * factor).round() });
                    offset
                }
                Target::Bits { byte, first } => {
                    record[byte] |= (value as u8) << first;
                    continue;
                }
                Target::Extra { offset, number, transform: (factor, summand) } => {
                    number.put(stored, (value - summand) / factor);
                    offset
                }
            };
            record[offset..offset + stored.len()].copy_from_slice(stored);
        }
    }
}

/// The type of the colours of the file, where it is one of floats.
fn float_colors(outline: &Outline<'_>) -> Option<ScalarType> {
    outline.cloud.stored_colors().map(|(kind, _)| kind).filter(|kind| kind.is_float())
}

/// What makes 16 bits of the channels of the columns.
fn color_factor(outline: &Outline<'_>) -> f64 {
    match outline.cloud.stored_colors() {
        None => 257.0,
        Some((ScalarType::F32 | ScalarType::F64, _)) => {
            let most = outline.colors().iter().map(|facts| facts.most).fold(0.0, f64::max);
            if most <= 1.0 {
                65535.0
            } else if most <= 255.0 {
                257.0
            } else {
                1.0
            }
        }
        Some(_) => 1.0,
    }
}

/// Whether a field is a channel of the colour.
fn is_channel(name: &str) -> bool {
    matches!(names::role_of(name).0, Role::Color(_))
}

/// The point format of the file that the cloud came from, where it holds the columns; else 6, or 7 with colours.
fn format_of(outline: &Outline<'_>) -> usize {
    let cloud = outline.cloud;
    let colored = cloud.colors().is_some();
    let all_fit = |index: usize| outline.facts[index].whole_within(0.0, 65535.0);
    let infrared =
        columns_of(cloud).iter().position(|column| names::same(column.name, "nir")).is_some_and(all_fit);
    let fresh = match (infrared, colored) {
        (true, _) => 8,
        (false, true) => 7,
        (false, false) => 6,
    };
    let Some(stored) = cloud.las().and_then(|las| las.header.get(104)) else { return fresh };
    let stored = usize::from(stored & 0x3f);
    // Extra bytes hold a label of any size.
    let is_extra = |name: &str| cloud.las().is_some_and(|las| las.has_extra(name));
    let label = columns_of(cloud)
        .iter()
        .position(|column| Some(column.name) == cloud.label_name() && !is_extra(column.name));
    let labels = stored >= 6 || label.is_none_or(|index| outline.facts[index].within(0.0, 31.0));
    let time = cloud.property("gps_time").is_none() || has_time(stored);
    let colors = !colored || has_color(stored) || cloud.las().is_some_and(template::holds_colors);
    if labels && time && colors { stored } else { fresh }
}

/// How far points are from steps of `scale`; infinite where they are out of reach.
pub(super) fn off(points: impl Iterator<Item = [f64; 3]>, scale: [f64; 3], offset: [f64; 3]) -> f64 {
    let mut most = 0.0_f64;
    for point in points {
        for axis in 0..3 {
            let steps = ((point[axis] - offset[axis]) / scale[axis]).round();
            let fits = (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&steps);
            let off = (coordinate(steps, scale[axis], offset[axis]) - point[axis]).abs();
            most = most.max(if fits { off } else { f64::INFINITY });
        }
    }
    most
}

/// Scale and offset of the coordinates.
///
/// Those of the file that the cloud came from, where they hold every point; else steps of 1, 2 or 5 times a power of ten,
/// the finest that reach over the cloud.
fn grid_of(outline: &Outline<'_>) -> ([f64; 3], [f64; 3]) {
    let cloud = outline.cloud;
    if let Some(las) = cloud.las() {
        let number =
            |at: usize| Number::Scalar(ScalarType::F64).read(las.header.get(at..).unwrap_or_default(), false);
        let scale = [0, 1, 2].map(|axis| number(131 + 8 * axis));
        let offset = [0, 1, 2].map(|axis| number(155 + 8 * axis));
        let off = || match outline.off_steps {
            Some(off) => off,
            None => off((0..cloud.len()).map(|i| cloud.point(i)), scale, offset),
        };
        if scale.iter().all(|step| *step > 0.0) && off() < 1e-3 * scale[0].min(scale[1]).min(scale[2]) {
            return (scale, offset);
        }
    }
    let bounds = outline.bounds;
    // Without the sign of a zero.
    let offset = bounds.map_or([0.0; 3], |bounds| bounds.center().map(|middle| middle.round() + 0.0));
    let scale = [0, 1, 2].map(|axis| {
        let reach = bounds.map_or(0.0, |b| (b.max[axis] - offset[axis]).max(offset[axis] - b.min[axis]));
        step_of((reach / STEPS).max(FINEST))
    });
    (scale, offset)
}

/// 1, 2 or 5 times a power of ten, at least `least`.
fn step_of(least: f64) -> f64 {
    let power = least.log10().floor() as i32;
    let steps = (power..=power + 1).flat_map(|power| [1.0, 2.0, 5.0].map(|first| (first, power)));
    let step = |(first, power): (f64, i32)| {
        if power < 0 { first / 10.0_f64.powi(-power) } else { first * 10.0_f64.powi(power) }
    };
    steps.map(step).find(|step| *step >= least * (1.0 - 1e-12)).unwrap_or(least)
}

/// What a LAS file cannot hold of a cloud.
pub(super) fn lost(outline: &Outline<'_>) -> Vec<String> {
    let Ok(columns) = distinct_columns_of(outline.cloud) else { return Vec::new() };
    let layout = Layout::of(outline, &columns);
    layout.lost(layout.off(outline.cloud, 0..outline.cloud.len()), outline.cloud.has_wide_coordinates())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_numbers() {
        for (least, step) in [(1e-9, 1e-9), (1.1e-3, 2e-3), (4.9e-4, 5e-4), (6e-4, 1e-3), (30.0, 50.0)] {
            assert_eq!(step_of(least), step, "{least}");
        }
    }
}
