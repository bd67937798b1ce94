//! Which array of an HDF5 file holds what.

use super::arrays::Source;
use crate::error::Result;

/// Names of the array of positions, the first that is there.
const POSITIONS: [&str; 6] = ["data", "points", "positions", "xyz", "pos", "coords"];

/// Names of the array of labels, of clouds or of points.
const LABELS: [&str; 3] = ["label", "labels", "class"];

/// Names of arrays that belong to the points and must fit them.
const OF_POINTS: [&str; 5] = ["pid", "normal", "normals", "color", "colors"];

/// More numbers per point than this are taken for something that is no point cloud.
const MOST_CHANNELS: usize = 1024;

/// Numbers per point that an array of another name may have.
const MOST_UNNAMED: usize = 12;

pub(super) const EXPECTED: &str = "an array 'data' of shape [clouds, points, 3+] or [points, 3+]";

/// Which array is what.
#[derive(Clone)]
pub(super) struct Layout {
    pub(super) positions: usize,
    pub(super) clouds: usize,
    pub(super) points: usize,
    pub(super) channels: usize,
    /// Whether the one cloud lacks the first axis.
    pub(super) flat: bool,
    class: Option<usize>,
    /// Other arrays of the points, with so many numbers for each.
    pub(super) columns: Vec<(usize, usize)>,
}

/// Groups and name of an array.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The array of positions: that of a known name, in the root or in the only group that has one; else the only array of
/// that shape.
fn positions_of(source: &Source) -> Result<usize> {
    let named = |name: &&str| {
        let all =
            || source.arrays.iter().enumerate().filter(|(_, array)| split(&array.listed.name).1 == *name);
        let root = all().find(|(_, array)| array.listed.name == **name).map(|(index, _)| index);
        let several = all().count();
        root.map(Ok).or_else(|| match several {
            0 => None,
            1 => all().next().map(|(index, _)| Ok(index)),
            _ => Some(Err(source.no_clouds("one group of clouds; split the file into one file per group"))),
        })
    };
    if let Some(found) = POSITIONS.iter().find_map(named) {
        return found;
    }
    let is_points = |index: &usize| {
        let shape = source.arrays[*index].listed.shape.as_slice();
        source.is_number(*index) && matches!(shape, [_, 3..=MOST_UNNAMED] | [_, _, 3..=MOST_UNNAMED])
    };
    let unnamed: Vec<usize> = (0..source.arrays.len()).filter(is_points).collect();
    match unnamed[..] {
        [only] => Ok(only),
        _ => Err(source.no_clouds(EXPECTED)),
    }
}

impl Layout {
    pub(super) fn of(source: &Source) -> Result<Self> {
        let shape = |index: usize| source.arrays[index].listed.shape.as_slice();
        let positions = positions_of(source)?;
        // What belongs to the positions is in their group.
        let group = split(&source.arrays[positions].listed.name).0.to_owned();
        let (clouds, points, channels, flat) = match *shape(positions) {
            [clouds, points, channels @ 3..=MOST_CHANNELS] => (clouds, points, channels, false),
            [points, channels @ 3..=MOST_CHANNELS] => (1, points, channels, true),
            _ => return Err(source.refuse(positions, format!("shape {:?}", shape(positions)), EXPECTED)),
        };
        let mut layout = Self { positions, clouds, points, channels, flat, class: None, columns: Vec::new() };
        for index in 0..source.arrays.len() {
            let (of_group, name) = split(&source.arrays[index].listed.name);
            if of_group != group {
                continue;
            }
            if index == positions
                || POSITIONS.contains(&name)
                || !(source.is_number(index) || LABELS.contains(&name))
            {
                continue;
            }
            // The axes after the points; of one cloud without the first axis the points come first.
            let of_points = match (flat, shape(index)) {
                (true, [n, rest @ ..]) if *n == points => Some(rest),
                (false, [s, n, rest @ ..]) if *s == clouds && *n == points => Some(rest),
                _ => None,
            };
            let of_clouds = !flat && matches!(shape(index), [s] | [s, 1] if *s == clouds);
            match (of_clouds, of_points) {
                (true, _) if LABELS.contains(&name) => layout.class = layout.class.or(Some(index)),
                (true, _) => {}
                (false, Some([])) => layout.columns.push((index, 1)),
                (false, Some(&[channels @ 1..=MOST_CHANNELS])) => layout.columns.push((index, channels)),
                _ if LABELS.contains(&name) || OF_POINTS.contains(&name) => {
                    let per_cloud = if LABELS.contains(&name) {
                        format!("[{clouds}], [{clouds}, 1] or ")
                    } else {
                        String::new()
                    };
                    let expected = match flat {
                        true => format!("[{points}] or [{points}, ..]"),
                        false => format!("{per_cloud}[{clouds}, {points}] or [{clouds}, {points}, ..]"),
                    };
                    let expected = format!("{expected}, as 'data' has shape {:?}", shape(positions));
                    return Err(source.refuse(index, format!("shape {:?}", shape(index)), &expected));
                }
                _ => {}
            }
        }
        Ok(layout)
    }

    /// What a file has that is no column of the points, one sentence each.
    pub(super) fn left_out(&self, source: &Source) -> Vec<String> {
        let is_column =
            |index: usize| index == self.positions || self.columns.iter().any(|(column, _)| *column == index);
        let arrays = source.arrays.iter().enumerate().filter(|(index, _)| !is_column(*index));
        let told = arrays.map(|(index, array)| {
            let name = &array.listed.name;
            match self.class {
                Some(class) if class == index => format!("dataset '{name}', one class per cloud"),
                _ => format!("dataset '{name}': {} {:?}", array.listed.kind, array.listed.shape),
            }
        });
        told.chain(source.attributes.iter().cloned()).collect()
    }

    /// The class of every cloud.
    pub(super) fn classes(&self, source: &Source) -> Result<Option<Vec<i64>>> {
        let Some(index) = self.class else { return Ok(None) };
        let array = source.read(index)?;
        let class = |(cloud, value): (usize, f64)| {
            let whole = value.fract() == 0.0 && value.abs() < 9e15;
            let found = || source.refuse(index, format!("{value} for cloud {cloud}"), "whole numbers");
            whole.then_some(value as i64).ok_or_else(found)
        };
        array.values().enumerate().map(class).collect::<Result<Vec<i64>>>().map(Some)
    }

    /// The error for a file of which one cloud is wanted; none where it has just one.
    pub(super) fn check_only(&self, source: &Source) -> Result<()> {
        let found = format!("{} clouds of {} points", self.clouds, self.points);
        match self.clouds {
            1 => Ok(()),
            _ => Err(source.refuse(
                self.positions,
                found,
                "one cloud; `pointwise convert` makes a file of each",
            )),
        }
    }
}
