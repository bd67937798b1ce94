//! Columns that were extra bytes of a LAS file, and go back to the same bytes.

use std::collections::HashSet;

use super::extra::name_of;
use super::fields::is_reserved;
use crate::cloud::PointCloud;
use crate::io::columns::{Column, Outline};
use crate::io::facts::Facts;
use crate::io::number::Number;
use crate::io::raw::HALVES;
use crate::metadata::{LasExtra, LasMetadata};
use crate::names::{self, Role};
use crate::scalar::ScalarType;

/// The number of the extra bytes that a column is.
#[derive(Clone, Copy)]
struct Place {
    /// Index of the extra bytes in the file.
    extra: usize,
    /// Which number of them.
    part: usize,
    /// Which half of a 64-bit integer, the high one first.
    half: Option<usize>,
}

/// Where the number of a column is in a point, and what it is.
pub(super) struct Stored {
    pub(super) offset: usize,
    pub(super) number: Number,
    pub(super) transform: (f64, f64),
}

/// The extra bytes of the file that a cloud came from, for a file of the same columns.
pub(super) struct Template<'a> {
    extra: &'a [LasExtra],
    places: Vec<Option<Place>>,
    /// First byte of the extra bytes that are kept.
    offsets: Vec<Option<usize>>,
}

impl<'a> Template<'a> {
    /// The extra bytes that hold `columns`; those with a description begin at byte `start` of a point.
    pub(super) fn of(outline: &Outline<'a>, columns: &[Column<'_>], start: usize) -> Self {
        let extra = outline.cloud.las().map_or(&[] as &[_], |las| las.extra.as_slice());
        let mut places = places(extra, outline.cloud, columns);
        for (index, stored) in extra.iter().enumerate() {
            let is_here = |place: &Option<Place>| place.is_some_and(|place| place.extra == index);
            let holds = |(number, place): (usize, &Option<Place>)| match place {
                Some(place) if place.extra == index && place.half.is_none() => {
                    fits(stored, place.part, &columns[number], &outline.facts[number], outline.cloud.len())
                }
                _ => true,
            };
            if !places.iter().enumerate().all(holds) {
                places.iter_mut().filter(|place| is_here(place)).for_each(|place| *place = None);
            }
        }
        let mut offset = start;
        let mut offset_of = |(index, stored): (usize, &LasExtra)| {
            let used = stored.names.is_empty() || places.iter().flatten().any(|place| place.extra == index);
            let first = (used && !stored.entry.is_empty()).then_some(offset);
            offset += first.map_or(0, |_| size_of(stored));
            first
        };
        let offsets = extra.iter().enumerate().map(&mut offset_of).collect();
        Self { extra, places, offsets }
    }

    /// Descriptions of the extra bytes that are kept.
    pub(super) fn entries(&self) -> Vec<Vec<u8>> {
        let kept = self.extra.iter().zip(&self.offsets).filter(|(_, offset)| offset.is_some());
        kept.map(|(stored, _)| stored.entry.clone()).collect()
    }

    /// Names that no other extra bytes may have.
    pub(super) fn names(&self) -> HashSet<String> {
        self.entries().iter().map(|entry| name_of(entry)).collect()
    }

    /// Bytes of the extra bytes with a description.
    pub(super) fn size(&self) -> usize {
        let kept = self.extra.iter().zip(&self.offsets).filter(|(_, offset)| offset.is_some());
        kept.map(|(stored, _)| size_of(stored)).sum()
    }

    /// Bytes without a description; they follow all others.
    pub(super) fn undescribed(&self) -> usize {
        let is_kept = |index: usize| self.places.iter().flatten().any(|place| place.extra == index);
        let stored = self.extra.iter().enumerate().filter(|(_, stored)| stored.entry.is_empty());
        stored.filter(|(index, _)| is_kept(*index)).map(|(_, stored)| size_of(stored)).sum()
    }

    /// Whether a column is in these extra bytes.
    pub(super) fn has(&self, column: usize) -> bool {
        self.places[column].is_some()
    }

    /// Where a column is; `last` is the first of the bytes without a description.
    pub(super) fn stored(&self, column: usize, last: usize) -> Option<Stored> {
        let Place { extra, part, half } = self.places[column]?;
        let (stored, first) = (&self.extra[extra], self.offsets[extra].unwrap_or(last));
        let number = stored.number();
        let offset = first + part * number.size();
        let identity = (1.0, 0.0);
        Some(match (half, number) {
            (None, _) => Stored { offset, number, transform: stored.transform(part).unwrap_or(identity) },
            // The least significant byte comes first.
            (Some(0), Number::I64) => {
                Stored { offset: offset + 4, number: Number::Scalar(ScalarType::I32), transform: identity }
            }
            (Some(0), _) => {
                Stored { offset: offset + 4, number: Number::Scalar(ScalarType::U32), transform: identity }
            }
            (Some(_), _) => Stored { offset, number: Number::Scalar(ScalarType::U32), transform: identity },
        })
    }
}

/// Whether the colours can be extra bytes of the file.
pub(super) fn holds_colors(las: &LasMetadata) -> bool {
    let names = || las.extra.iter().flat_map(|stored| &stored.names).map(String::as_str);
    (0..3).all(|channel| names::find(names(), Role::Color(channel)).is_some())
}

fn size_of(stored: &LasExtra) -> usize {
    stored.number().size() * stored.names.len()
}

fn places(extra: &[LasExtra], cloud: &PointCloud, columns: &[Column<'_>]) -> Vec<Option<Place>> {
    let mut places = vec![None; columns.len()];
    let parts = extra.iter().enumerate().flat_map(|(index, stored)| {
        stored.names.iter().enumerate().map(move |(part, name)| (index, part, name.as_str()))
    });
    let parts: Vec<(usize, usize, &str)> = parts.collect();
    let position = |name: &str| columns.iter().position(|column| column.name == name);
    for &(index, part, name) in &parts {
        let place = |half| Some(Place { extra: index, part, half });
        // A second column of one name has a number.
        let second = if is_reserved(name) { position(&format!("{name}_2")) } else { None };
        if let Some(column) = second.or_else(|| position(name)) {
            places[column] = place(None);
            continue;
        }
        for (half, suffix) in HALVES.into_iter().enumerate() {
            if matches!(extra[index].number(), Number::I64 | Number::U64)
                && let Some(column) = position(&format!("{name}{suffix}"))
            {
                places[column] = place(Some(half));
            }
        }
        // Normals and colours have names of their own in a cloud.
        let role = names::role_of(name).0;
        let own = match role {
            Role::Normal(axis) if cloud.normals().is_some() => ["nx", "ny", "nz"][axis],
            Role::Color(channel) if cloud.colors().is_some() => ["red", "green", "blue"][channel],
            _ => continue,
        };
        let first = names::find(parts.iter().map(|part| part.2), role).map(|first| parts[first].2);
        if let Some(column) = position(own).filter(|&column| places[column].is_none() && first == Some(name))
        {
            places[column] = place(None);
        }
    }
    places
}

/// Whether the numbers of a column are in range of the extra bytes and on their steps.
fn fits(stored: &LasExtra, part: usize, column: &Column<'_>, facts: &Facts, points: usize) -> bool {
    let (factor, summand) = stored.transform(part).unwrap_or((1.0, 0.0));
    let raw = |value: f64| (value - summand) / factor;
    let range = match stored.number() {
        Number::Scalar(ScalarType::F32) => return stored.transform(part).is_some() || facts.single,
        Number::Scalar(ScalarType::F64) | Number::F16 => return true,
        Number::Scalar(scalar) => scalar.integer_range().map(|(low, high)| (low as f64, high as f64)),
        Number::I64 => Some((-(2.0_f64.powi(63)), 2.0_f64.powi(63))),
        Number::U64 => Some((0.0, 2.0_f64.powi(64))),
    };
    let Some((low, high)) = range else { return true };
    let within = |value: f64| (low - 0.01..=high + 0.01).contains(&raw(value));
    let in_range = facts.least > facts.most || (within(facts.least) && within(facts.most));
    // Normals are singles, and so are less exact than the steps.
    let on_step = |i: usize| (raw((column.value)(i)) - raw((column.value)(i)).round()).abs() < 0.01;
    !facts.nan && in_range && (0..points).all(on_step)
}
