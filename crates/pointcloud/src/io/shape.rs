//! [`Shape`]: which three neighbouring columns could be a normal or a colour, by their numbers.

use super::facts::Facts;

/// Largest difference from 1 of the length of what is taken for a normal.
const NORMAL_TOLERANCE: f64 = 1e-2;

/// For every column, what it and the two after it could be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    triples: Vec<Triple>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Triple {
    /// The facts of all three.
    facts: Facts,
    /// Whether every row has length 1.
    unit: bool,
    /// Whether there are rows.
    rows: bool,
}

impl Shape {
    pub(crate) fn of(columns: &[&[f64]]) -> Self {
        let facts: Vec<Facts> = columns.iter().map(|values| Facts::of(values)).collect();
        Self::with_facts(columns, &facts)
    }

    /// [`of`](Self::of) columns of which `facts` are known.
    pub(crate) fn with_facts(columns: &[&[f64]], facts: &[Facts]) -> Self {
        let triple = |first: usize| {
            let [a, b, c] = [columns[first], columns[first + 1], columns[first + 2]];
            let mut lengths = a.iter().zip(b).zip(c).map(|((a, b), c)| (a * a + b * b + c * c).sqrt());
            let facts = facts[first].join(facts[first + 1]).join(facts[first + 2]);
            let unit = lengths.all(|length| (length - 1.0).abs() < NORMAL_TOLERANCE);
            Triple { facts, unit, rows: !a.is_empty() }
        };
        Self { triples: (0..columns.len().saturating_sub(2)).map(triple).collect() }
    }

    pub(crate) fn join(&self, other: &Self) -> Self {
        let join = |(a, b): (&Triple, &Triple)| Triple {
            facts: a.facts.join(b.facts),
            unit: a.unit & b.unit,
            rows: a.rows | b.rows,
        };
        Self { triples: self.triples.iter().zip(&other.triples).map(join).collect() }
    }

    /// That of the columns from `first` on.
    pub(crate) fn from(&self, first: usize) -> Self {
        Self { triples: self.triples.get(first..).unwrap_or_default().to_vec() }
    }

    /// That of the first `count` columns.
    pub(crate) fn of_first(&self, count: usize) -> Self {
        let triples = count.saturating_sub(2).min(self.triples.len());
        Self { triples: self.triples[..triples].to_vec() }
    }

    /// Says that `count` columns came of column `index`. What is only one of them is no colour and no normal.
    pub(crate) fn split(&mut self, index: usize, count: usize) {
        if count == 2 {
            let none = Triple { facts: Facts::of(&[f64::NAN]), unit: false, rows: true };
            let before = index.saturating_sub(2)..(index + 1).min(self.triples.len());
            self.triples[before].fill(none);
            if index <= self.triples.len() {
                self.triples.insert(index, none);
            }
        }
    }

    /// Whether the three columns from `first` on are bytes, one of them above 1.
    pub(crate) fn is_color(&self, first: usize) -> bool {
        self.triples.get(first).is_some_and(|triple| triple.facts.is_u8() && triple.facts.most > 1.0)
    }

    /// Whether the three columns from `first` on have length 1 in every row.
    pub(crate) fn is_unit(&self, first: usize) -> bool {
        self.triples.get(first).is_some_and(|triple| triple.unit && triple.rows)
    }
}
