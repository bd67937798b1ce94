//! The seeds of `pointwise train --seeds`.

use std::str::FromStr;

/// More trainings than anyone waits for: a typing error.
const MOST: usize = 1000;

/// Seeds in the order in which they are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seeds(pub(super) Vec<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || "expected A..B, which is A up to B - 1, or numbers with commas, such as 0,1,5".to_owned();
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| expected());
        let seeds: Vec<u64> = match text.split_once("..") {
            Some((first, end)) => (number(first)?..number(end)?).take(MOST + 1).collect(),
            None => text.split(',').map(number).collect::<Result<_, _>>()?,
        };
        let mut sorted = seeds.clone();
        sorted.sort_unstable();
        sorted.dedup();
        match seeds.len() {
            0 => Err(expected()),
            count if count > MOST => Err(format!("found more than {MOST} seeds")),
            count if sorted.len() < count => Err("found a seed twice".into()),
            _ => Ok(Self(seeds)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_ranges_or_lists() {
        assert_eq!("0..3".parse(), Ok(Seeds(vec![0, 1, 2])));
        assert_eq!("5, 1,7".parse(), Ok(Seeds(vec![5, 1, 7])));
        assert_eq!("4".parse(), Ok(Seeds(vec![4])));
        for (bad, part) in [
            ("3..3", "A..B"),
            ("", "A..B"),
            ("a..b", "A..B"),
            ("1,1", "twice"),
            ("0..99999999999", "more than"),
        ] {
            let error = bad.parse::<Seeds>().unwrap_err();
            assert!(error.contains(part), "{bad}: {error}");
        }
    }
}
