//! One row of an element, as `ply-rs-bw` fills it.

use ply_rs::ply::{Property, PropertyAccess, PropertyAccessResult};

/// Scalars that need no allocation; more spill into a vector.
const INLINE: usize = 12;

/// The values of one row in header order; `f64` holds every PLY number exactly.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    inline: [f64; INLINE],
    count: usize,
    spilled: Vec<f64>,
    lists: Vec<Vec<f64>>,
}

impl Row {
    /// The scalar values, without the lists.
    pub(crate) fn scalars(&self) -> &[f64] {
        if self.spilled.is_empty() { &self.inline[..self.count] } else { &self.spilled }
    }

    /// The lists, without the scalars.
    pub(crate) fn lists(&self) -> &[Vec<f64>] {
        &self.lists
    }

    pub(crate) fn push_scalar(&mut self, value: f64) {
        if let Some(slot) = self.inline.get_mut(self.count) {
            *slot = value;
        } else {
            if self.spilled.is_empty() {
                self.spilled.extend(self.inline);
            }
            self.spilled.push(value);
        }
        self.count += 1;
    }

    pub(crate) fn push_list(&mut self, values: Vec<f64>) {
        self.lists.push(values);
    }
}

/// The parser sets properties in header order, so names need not be looked at.
impl PropertyAccess for Row {
    fn new() -> Self {
        Self { inline: [0.0; INLINE], count: 0, spilled: Vec::new(), lists: Vec::new() }
    }

    fn set_property(&mut self, _name: &str, property: Property) -> PropertyAccessResult {
        fn wide<T: Into<f64>>(values: Vec<T>) -> Vec<f64> {
            values.into_iter().map(Into::into).collect()
        }
        match property {
            Property::Char(value) => self.push_scalar(value.into()),
            Property::UChar(value) => self.push_scalar(value.into()),
            Property::Short(value) => self.push_scalar(value.into()),
            Property::UShort(value) => self.push_scalar(value.into()),
            Property::Int(value) => self.push_scalar(value.into()),
            Property::UInt(value) => self.push_scalar(value.into()),
            Property::Float(value) => self.push_scalar(value.into()),
            Property::Double(value) => self.push_scalar(value),
            Property::ListChar(values) => self.push_list(wide(values)),
            Property::ListUChar(values) => self.push_list(wide(values)),
            Property::ListShort(values) => self.push_list(wide(values)),
            Property::ListUShort(values) => self.push_list(wide(values)),
            Property::ListInt(values) => self.push_list(wide(values)),
            Property::ListUInt(values) => self.push_list(wide(values)),
            Property::ListFloat(values) => self.push_list(wide(values)),
            Property::ListDouble(values) => self.push_list(values),
        }
        PropertyAccessResult::Set
    }

    fn set_float(&mut self, _name: &str, value: f32) -> PropertyAccessResult {
        self.push_scalar(value.into());
        PropertyAccessResult::Set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_spill_in_order() {
        for count in [0, 1, INLINE - 1, INLINE, INLINE + 1, 3 * INLINE] {
            let mut row = Row::new();
            let values: Vec<f64> = (0..count).map(|i| i as f64).collect();
            values.iter().for_each(|&value| row.push_scalar(value));
            assert_eq!(row.scalars(), values);
        }
    }
}
