//! One column of a table while its words come in.

use std::collections::HashMap;

use crate::names::{self, Role};
use crate::scalar::{ScalarProperty, ScalarType, is_single, parse_float};

/// Most distinct words that a column of classes may have.
const MOST_WORDS: usize = 10_000;

/// Singles hold all whole numbers up to this.
const EXACT_WHOLE: f64 = 16_777_216.0;

/// Values of a column and the narrowest type that text tells.
pub(super) struct TextColumn {
    values: Vec<f64>,
    whole: bool,
    single: bool,
    /// Words in the order in which they were met, where the column holds words.
    words: HashMap<String, usize>,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self { values: Vec::new(), whole: true, single: true, words: HashMap::new() }
    }
}

impl TextColumn {
    /// Adds a number; `None` where the word is none.
    pub(super) fn push(&mut self, word: &str) -> Option<()> {
        let value = parse_float(word)?;
        self.whole &= word.parse::<i32>().is_ok();
        self.single &= is_single(word, value);
        self.values.push(value);
        Some(())
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
    pub(super) fn finish(self, name: &str) -> (ScalarProperty, Option<Vec<String>>) {
        let Self { mut values, whole, single, words } = self;
        let name = name.to_owned();
        if !words.is_empty() {
            let mut met: Vec<(String, usize)> = words.into_iter().collect();
            met.sort_unstable();
            let mut rank = vec![0; met.len()];
            met.iter().enumerate().for_each(|(index, (_, old))| rank[*old] = index);
            values.iter_mut().for_each(|v| *v = rank[*v as usize] as f64);
            let words = met.into_iter().map(|(word, _)| word).collect();
            return (ScalarProperty { name, scalar_type: ScalarType::I32, values }, Some(words));
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
            return (ScalarProperty { name, scalar_type, values }, None);
        }
        values.iter_mut().for_each(|v| *v = scalar_type.round(*v));
        (ScalarProperty { name, scalar_type, values }, None)
    }
}
