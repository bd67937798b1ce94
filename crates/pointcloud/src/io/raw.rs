//! [`Raw`]: a column as a file stores it, before all of the file decides on its type.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::number::Number;
use crate::names::{self, Role};
use crate::scalar::{ScalarProperty, ScalarType};

/// Words of a column that are kept.
const MOST_WORDS: usize = 100_000;

/// What the names of the two halves of a column end in, see [`Raw::typed`].
pub(crate) const HALVES: [&str; 2] = ["_high32", "_low32"];

/// How a file stores a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stored {
    /// As numbers of a type.
    Number(Number),
    /// As text.
    Text {
        /// Whether every word is a number of `i32`.
        int: bool,
        /// Whether singles hold every number.
        single: bool,
        /// Whether every number beyond what `f64` holds is one of `i64`.
        exact: bool,
        /// Whether a number has digits beyond those of the `f64`, and is no such integer.
        cut: bool,
    },
}

/// A column of a file, or a part of it.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) name: String,
    pub(crate) stored: Stored,
    pub(crate) values: Vec<f64>,
    /// Row and number where `f64` does not hold it.
    pub(crate) large: Vec<(usize, i128)>,
    /// Where the column holds words: the words that `values` number.
    pub(crate) words: Vec<String>,
}

/// What decides on the type of a column.
#[derive(Clone, Debug)]
pub(crate) struct RawFacts {
    facts: Facts,
    stored: Stored,
    /// The largest of the numbers beyond what `f64` holds.
    large: Option<i128>,
    words: BTreeSet<String>,
}

impl RawFacts {
    /// Facts of two parts of a column.
    pub(crate) fn join(mut self, other: Self) -> Self {
        self.facts = self.facts.join(other.facts);
        self.large = self.large.max(other.large);
        // So many words name no classes, which the reader refuses.
        if self.words.len() <= MOST_WORDS {
            self.words.extend(other.words);
        }
        if let (
            Stored::Text { int, single, exact, cut },
            Stored::Text { int: also_int, single: also_single, exact: also_exact, cut: also_cut },
        ) = (&mut self.stored, other.stored)
        {
            (*int, *single, *exact) = (*int & also_int, *single & also_single, *exact & also_exact);
            *cut |= also_cut;
        }
        self
    }

    /// Facts of the numbers.
    pub(crate) fn numbers(&self) -> Facts {
        self.facts
    }

    /// The column without numbers.
    pub(crate) fn without_rows(&self, name: &str) -> Raw {
        let stored = self.stored;
        Raw { name: name.to_owned(), stored, values: Vec::new(), large: Vec::new(), words: Vec::new() }
    }

    /// Whether the column has digits that the `columns` which it becomes do not hold.
    pub(crate) fn loses_digits(&self, columns: usize) -> bool {
        let cut = matches!(self.stored, Stored::Text { cut: true, .. });
        cut || (self.large.is_some() && columns == 1)
    }

    /// Whether the column holds words.
    pub(crate) fn has_words(&self) -> bool {
        !self.words.is_empty()
    }
}

impl Raw {
    pub(crate) fn numbers(name: impl Into<String>, number: Number, values: Vec<f64>) -> Self {
        let stored = Stored::Number(number);
        Self { name: name.into(), stored, values, large: Vec::new(), words: Vec::new() }
    }

    pub(crate) fn facts(&self) -> RawFacts {
        RawFacts {
            facts: Facts::of(&self.values),
            stored: self.stored,
            large: self.large.iter().map(|(_, value)| *value).max(),
            words: self.words.iter().cloned().collect(),
        }
    }

    /// The column in a type that holds all of it, with what is known of its numbers: `facts` are those of the whole column.
    ///
    /// Integers of 64 bits become `int` where all fit, else `double`, and where a `double` does not hold all of them two
    /// columns, `NAME_high32 · 2^32 + NAME_low32`. Words are numbered in their order.
    pub(crate) fn typed(mut self, facts: &RawFacts) -> Vec<(ScalarProperty, Facts)> {
        let exact = !matches!(facts.stored, Stored::Text { exact: false, .. });
        let unsigned = facts.large > Some(i64::MAX.into());
        // No type of 64 bits holds negative numbers and such large ones.
        let halves = facts.large.is_some() && exact && !(unsigned && facts.facts.least < 0.0);
        let coordinate = matches!(names::role_of(&self.name).0, Role::Position(_));
        // Coordinates are doubles: halves of them would be no coordinates.
        if halves && !coordinate {
            return self.halves(unsigned || facts.stored == Stored::Number(Number::U64));
        }
        if facts.has_words() {
            let rank = |word: &String| facts.words.range(..word.clone()).count() as f64;
            let ranks: Vec<f64> = self.words.iter().map(rank).collect();
            self.values.iter_mut().for_each(|v| *v = ranks[*v as usize]);
            let column = self.column(ScalarType::I32);
            return vec![(column, Facts::of_whole(0.0, (facts.words.len() - 1) as f64))];
        }
        let scalar_type = match facts.stored {
            Stored::Number(Number::Scalar(scalar)) => scalar,
            Stored::Number(Number::F16) => ScalarType::F32,
            Stored::Number(Number::I64 | Number::U64) if facts.facts.is_i32() => ScalarType::I32,
            Stored::Number(Number::I64 | Number::U64) => ScalarType::F64,
            Stored::Text { int, single, .. } => {
                let scalar_type = match (int, single) {
                    // Whole coordinates of one axis make no doubles of the others.
                    _ if int && coordinate && facts.facts.single => ScalarType::F32,
                    (true, _) => ScalarType::I32,
                    (_, true) => ScalarType::F32,
                    _ => ScalarType::F64,
                };
                // An axis may need doubles that another does not.
                if !coordinate {
                    self.values.iter_mut().for_each(|v| *v = scalar_type.round(*v));
                }
                scalar_type
            }
        };
        vec![(self.column(scalar_type), facts.facts)]
    }

    fn column(self, scalar_type: ScalarType) -> ScalarProperty {
        ScalarProperty { name: self.name, scalar_type, values: self.values }
    }

    fn halves(self, unsigned: bool) -> Vec<(ScalarProperty, Facts)> {
        let mut wholes: Vec<i128> = self.values.iter().map(|&v| v as i128).collect();
        self.large.iter().for_each(|&(row, value)| wholes[row] = value);
        let high = if unsigned { ScalarType::U32 } else { ScalarType::I32 };
        let half = |suffix: &str, scalar_type: ScalarType, of: fn(i128) -> i128| {
            let values = wholes.iter().map(|&v| of(v) as f64).collect();
            let (low, high) = scalar_type.integer_range().unwrap_or_default();
            let name = format!("{}{suffix}", self.name);
            (ScalarProperty { name, scalar_type, values }, Facts::of_whole(low as f64, high as f64))
        };
        vec![half(HALVES[0], high, |v| v >> 32), half(HALVES[1], ScalarType::U32, |v| v & 0xffff_ffff)]
    }

    /// The column by its own facts.
    pub(crate) fn into_columns(self) -> Vec<ScalarProperty> {
        let facts = self.facts();
        self.typed(&facts).into_iter().map(|(column, _)| column).collect()
    }
}

/// The words of a column in the order of their numbers.
pub(crate) fn words_of(facts: &RawFacts) -> Option<Vec<String>> {
    facts.has_words().then(|| facts.words.iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_integers_are_split() {
        let values = [1_600_000_000_123_456_789_i128, 1_600_000_000_123_456_790, -1];
        let mut raw = Raw::numbers("t", Number::I64, values.iter().map(|&v| v as f64).collect());
        raw.large = vec![(0, values[0]), (1, values[1])];
        let columns = raw.into_columns();
        assert_eq!((columns[0].name.as_str(), columns[1].name.as_str()), ("t_high32", "t_low32"));
        for (i, &value) in values.iter().enumerate() {
            let [high, low] = [0, 1].map(|half| columns[half].values[i] as i128);
            assert_eq!((high << 32) + low, value);
        }
    }

    #[test]
    fn integers_of_64_bits_become_the_smallest_type_that_holds_them() {
        let scalar_type =
            |number, value| Raw::numbers("a", number, vec![value]).into_columns()[0].scalar_type;
        assert_eq!(scalar_type(Number::I64, 3e9), ScalarType::F64);
        assert_eq!(scalar_type(Number::U64, 3.0), ScalarType::I32);
        assert_eq!(scalar_type(Number::F16, 0.5), ScalarType::F32);
    }
}
