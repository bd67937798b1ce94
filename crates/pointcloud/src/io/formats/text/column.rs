//! One column of a table while its words come in.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::io::facts::LARGEST_WHOLE;
use crate::io::number::Number;
use crate::io::raw::{Raw, Stored};
use crate::scalar::{has_more_digits, is_single, parse_float};

/// Most distinct words that a column of classes may have.
pub(super) const MOST_WORDS: usize = 10_000;

/// The integers of 64 bits, signed and not.
const IN_64_BITS: RangeInclusive<i128> = i64::MIN as i128..=u64::MAX as i128;

/// Why a column does not take a word.
pub(super) enum Refused {
    Empty,
    NoNumber,
    /// There are [`MOST_WORDS`] others.
    TooMany,
}

/// Values of a column and the narrowest type that text tells.
pub(super) struct TextColumn {
    values: Vec<f64>,
    int: bool,
    single: bool,
    exact: bool,
    cut: bool,
    /// Whether a cell was empty.
    empty: bool,
    /// Row and number where `f64` does not hold it.
    large: Vec<(usize, i128)>,
    /// Words in the order in which they were met; `None` for numbers.
    words: Option<HashMap<String, usize>>,
}

impl TextColumn {
    /// Of words, or of numbers, with room for `rows` of them.
    pub(super) fn new(words: bool, rows: usize) -> Self {
        let (int, single, exact, cut, empty) = (true, true, true, false, false);
        let (large, words) = (Vec::new(), words.then(HashMap::new));
        Self { values: Vec::with_capacity(rows), int, single, exact, cut, empty, large, words }
    }

    /// Adds what is in a line. A number may be missing where the column is `optional`.
    pub(super) fn push(&mut self, word: &str, optional: bool) -> std::result::Result<(), Refused> {
        match &mut self.words {
            _ if word.is_empty() && !optional => return Err(Refused::Empty),
            None if word.is_empty() => {
                (self.empty, self.int) = (true, false);
                self.values.push(f64::NAN);
            }
            Some(words) => {
                let next = words.len();
                if next >= MOST_WORDS && !words.contains_key(word) {
                    return Err(Refused::TooMany);
                }
                let index = *words.entry(word.to_owned()).or_insert(next);
                self.values.push(index as f64);
            }
            None => {
                let value = parse_float(word).ok_or(Refused::NoNumber)?;
                self.int &= word.parse::<i32>().is_ok();
                self.single &= is_single(word, value);
                if value.abs() >= LARGEST_WHOLE as f64 {
                    // Signed or not: all numbers together tell whether 64 bits hold them.
                    match word.parse::<i128>() {
                        Ok(whole) if !IN_64_BITS.contains(&whole) => self.exact = false,
                        Ok(whole) if whole.unsigned_abs() > LARGEST_WHOLE.into() => {
                            self.large.push((self.values.len(), whole));
                        }
                        Ok(_) => {}
                        Err(_) => self.exact = false,
                    }
                }
                let is_kept = || self.large.last().is_some_and(|(row, _)| *row == self.values.len());
                self.cut = self.cut || (has_more_digits(word, value) && !is_kept());
                self.exact &= value.fract() == 0.0;
                self.values.push(value);
            }
        }
        Ok(())
    }

    /// Whether a number was missing.
    pub(super) fn has_empty(&self) -> bool {
        self.empty
    }

    /// Whether the column holds words.
    pub(super) fn has_words(&self) -> bool {
        self.words.is_some()
    }

    pub(super) fn into_raw(self, name: &str) -> Raw {
        let Self { values, int, single, exact, cut, large, words, .. } = self;
        let mut met: Vec<(String, usize)> = words.into_iter().flatten().collect();
        met.sort_unstable_by_key(|(_, index)| *index);
        let stored = Stored::Text { int, single, exact, cut };
        let words = met.into_iter().map(|(word, _)| word).collect();
        Raw { stored, large, words, ..Raw::numbers(name, Number::I64, values) }
    }
}
