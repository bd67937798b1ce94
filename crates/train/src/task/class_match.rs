//! The classes of a data set and those of a network, matched by name.

use std::path::Path;

use crate::error::RunError;

/// The class of the network for every class of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClassMatch {
    /// Indices of the classes of the network, by those of the data; `None` for a class that is left out.
    pub(crate) class_of: Vec<Option<usize>>,
    /// What differs, a sentence each.
    pub(crate) notes: Vec<String>,
}

impl ClassMatch {
    /// Matches the classes `found` in the data at `root` with those of the network; `map` has pairs of a class of the data and
    /// the class of the network that it counts as, or an empty name if the class is left out.
    ///
    /// # Errors
    /// [`RunError::UnknownClasses`], [`RunError::ClassMap`].
    pub(crate) fn of(
        root: &Path,
        found: &[String],
        network: &[String],
        map: &[(String, String)],
    ) -> Result<Self, RunError> {
        check_map(map, found, network)?;
        let index = |name: &String| network.iter().position(|class| class == mapped(map, name));
        let left_out = |name: &String| mapped(map, name).is_empty();
        let unknown: Vec<&str> = found
            .iter()
            .filter(|name| index(name).is_none() && !left_out(name))
            .map(String::as_str)
            .collect();
        if !unknown.is_empty() {
            return Err(RunError::UnknownClasses {
                path: root.to_owned(),
                found: found.join(", "),
                expected: network.join(", "),
                unknown: unknown.join(", "),
            });
        }
        let class_of: Vec<Option<usize>> = found.iter().map(index).collect();
        let note = |(from, to): &(String, String)| match to.as_str() {
            "" => format!("class {from} of the data is left out"),
            to => format!("class {from} of the data counts as {to}"),
        };
        let mut notes: Vec<String> = map.iter().map(note).collect();
        let lacking: Vec<&str> = (0..network.len())
            .filter(|&class| !class_of.contains(&Some(class)))
            .map(|class| network[class].as_str())
            .collect();
        if !lacking.is_empty() {
            notes.push(format!(
                "the data has {} of the {} classes of the network: {} cannot be evaluated",
                network.len() - lacking.len(),
                network.len(),
                lacking.join(", ")
            ));
        }
        // Two classes that count as one may lie anywhere.
        let named: Vec<usize> =
            found.iter().filter(|name| mapped(map, name) == *name).filter_map(index).collect();
        if !named.is_sorted() {
            notes.push("the classes of the data are in another order; they are matched by name".into());
        }
        Ok(Self { class_of, notes })
    }
}

/// The class of the network that a class of the data counts as.
fn mapped<'a>(map: &'a [(String, String)], name: &'a String) -> &'a String {
    map.iter().find(|(from, _)| from == name).map_or(name, |(_, to)| to)
}

/// Every pair must name a class of each side, and no class of the data twice.
fn check_map(map: &[(String, String)], found: &[String], network: &[String]) -> Result<(), RunError> {
    for (index, (from, to)) in map.iter().enumerate() {
        let problem = if !found.contains(from) {
            format!("found no class {from} in the data, expected one of {}", found.join(", "))
        } else if !to.is_empty() && !network.contains(to) {
            format!("found no class {to} in the network, expected one of {}", network.join(", "))
        } else if map[..index].iter().any(|(other, _)| other == from) {
            format!("found {from} twice, expected each class of the data once")
        } else {
            continue;
        };
        return Err(RunError::ClassMap { from: from.clone(), to: to.clone(), problem });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn classes_are_matched_by_name_and_differences_are_told() {
        const LEFT_OUT: usize = usize::MAX;
        let network = names("bed chair table");
        let map = |text: &str| -> Vec<(String, String)> {
            text.split_whitespace()
                .filter_map(|pair| pair.split_once('='))
                .map(|(from, to)| (from.to_owned(), to.to_owned()))
                .collect()
        };
        for (found, pairs, class_of, told) in [
            ("bed chair table", "", &[0, 1, 2][..], &[][..]),
            ("table bed chair", "", &[2, 0, 1], &["in another order"]),
            ("bed table", "", &[0, 2], &["2 of the 3 classes of the network: chair cannot"]),
            (
                "armchair bed chair table",
                "armchair=chair",
                &[1, 0, 1, 2],
                &["armchair of the data counts as chair"],
            ),
            ("stool", "stool=chair", &[1], &["stool of the data counts", "1 of the 3 classes"]),
            ("bed chair table", "bed=table", &[2, 1, 2], &["bed of the data counts", "bed cannot be"]),
            ("bed chair lamp table", "lamp=", &[0, 1, LEFT_OUT, 2], &["lamp of the data is left out"]),
            ("bed chair table", "chair=", &[0, LEFT_OUT, 2], &["chair of the data is left", "chair cannot"]),
        ] {
            let matched = ClassMatch::of("data".as_ref(), &names(found), &network, &map(pairs)).unwrap();
            let class_of = class_of.iter().map(|&class| (class != LEFT_OUT).then_some(class));
            assert!(matched.class_of.into_iter().eq(class_of), "{found}");
            assert_eq!(matched.notes.len(), told.len(), "{:?}", matched.notes);
            for (note, part) in matched.notes.iter().zip(told) {
                assert!(note.contains(part), "{note}");
            }
        }
        for (found, pairs, parts) in [
            ("bed lamp stool", "", &["data: the classes are bed, lamp, stool", "lamp, stool", "--map"][..]),
            ("bed lamp", "lamp=lamp2", &["lamp=lamp2", "no class lamp2 in the network", "bed, chair"]),
            ("bed lamp", "light=bed", &["light=bed", "no class light in the data", "bed, lamp"]),
            ("bed lamp", "lamp=bed lamp=chair", &["found lamp twice"]),
        ] {
            let error = ClassMatch::of("data".as_ref(), &names(found), &network, &map(pairs)).unwrap_err();
            assert!(parts.iter().all(|part| error.to_string().contains(part)), "{error}");
        }
    }
}
