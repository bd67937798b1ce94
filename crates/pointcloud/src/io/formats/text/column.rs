//! One column of a table while its words come in.

use std::collections::HashMap;

use super::super::binary::{Number, whole_columns};
use crate::names::{self, Role};
use crate::scalar::{ScalarProperty, ScalarType, is_single, parse_float};

/// Most distinct words that a column of classes may have.
const MOST_WORDS: usize = 10_000;

/// Singles hold all whole numbers up to this.
const EXACT_WHOLE: f64 = 16_777_216.0;

/// `f64` holds all whole numbers up to this.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Values of a column and the narrowest type that text tells.
pub(super) struct TextColumn {
    values: Vec<f64>,
    whole: bool,
    single: bool,
    /// The numbers as integers, once one of them is beyond what `f64` holds and as long as all are whole.
    large: Option<Vec<i128>>,
    /// Words in the order in which they were met, where the column holds words.
    words: HashMap<String, usize>,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self { values: Vec::new(), whole: true, single: true, large: None, words: HashMap::new() }
    }
}

impl TextColumn {
    /// Adds a number; `None` where the word is none.
    pub(super) fn push(&mut self, word: &str) -> Option<()> {
        let value = parse_float(word)?;
        self.whole &= word.parse::<i32>().is_ok();
        if self.large.is_some() || value.abs() > LARGEST_WHOLE {
            self.push_large(word);
        }
        self.single &= is_single(word, value);
        self.values.push(value);
        Some(())
    }

    /// Adds a number to the integers, or gives them up where it is none.
    fn push_large(&mut self, word: &str) {
        let before = || self.values.iter().map(|&v| (v.fract() == 0.0).then_some(v as i128)).collect();
        let large: Option<Vec<i128>> = self.large.take().or_else(before);
        self.large = large.and_then(|mut large| {
            let whole = i128::from(word.parse::<i64>().ok()?);
            large.push(whole);
            (large.len() == self.values.len() + 1).then_some(large)
        });
    }

    /// Adds a word of a column of classes; `None` where the column has numbers, or too many words.
    pub(super) fn push_word(&mut self, word: &str) -> Option<()> {
        if self.words.is_empty() != self.values.is_empty() || word.is_empty() {
            return None;
        }
        let next = self.words.len();
        if next >= MOST_WORDS && !self.words.contains_key(word) {
            return None;
        }
        let index = *self.words.entry(word.to_owned()).or_insert(next);
        self.values.push(index as f64);
        Some(())
    }

    /// Whether the column holds words.
    pub(super) fn has_words(&self) -> bool {
        !self.words.is_empty()
    }

    /// The column, and its words in order where it holds words. Coordinates are not rounded to singles, since an axis may
    /// need doubles that another does not.
    pub(super) fn finish(self, name: &str) -> (Vec<ScalarProperty>, Option<Vec<String>>) {
        let Self { mut values, whole, single, large, words } = self;
        if let Some(large) = large.filter(|large| large.len() == values.len()) {
            return (whole_columns(name, Number::I64, &large), None);
        }
        let name = name.to_owned();
        if !words.is_empty() {
            let mut met: Vec<(String, usize)> = words.into_iter().collect();
            met.sort_unstable();
            let mut rank = vec![0; met.len()];
            met.iter().enumerate().for_each(|(index, (_, old))| rank[*old] = index);
            values.iter_mut().for_each(|v| *v = rank[*v as usize] as f64);
            let words = met.into_iter().map(|(word, _)| word).collect();
            return (vec![ScalarProperty { name, scalar_type: ScalarType::I32, values }], Some(words));
        }
        let scalar_type = match (whole, single) {
            (true, _) => ScalarType::I32,
            (_, true) => ScalarType::F32,
            _ => ScalarType::F64,
        };
        if matches!(names::role_of(&name).0, Role::Position(_)) {
            // Whole coordinates of one axis make no doubles of the others.
            let small = whole && values.iter().all(|v| v.abs() <= EXACT_WHOLE);
            let scalar_type = if small { ScalarType::F32 } else { scalar_type };
            return (vec![ScalarProperty { name, scalar_type, values }], None);
        }
        values.iter_mut().for_each(|v| *v = scalar_type.round(*v));
        (vec![ScalarProperty { name, scalar_type, values }], None)
    }
}
