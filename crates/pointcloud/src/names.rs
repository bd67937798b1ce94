//! The spellings of column names: one table for every format.

/// What a column is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Coordinate along an axis.
    Position(usize),
    /// Part of the normal.
    Normal(usize),
    /// Channel of the colour.
    Color(usize),
    /// Class of the point.
    Label,
    /// A further number.
    Number,
}

/// Spellings of every role as [`key`] gives them: those of CloudCompare, PDAL, the Point Cloud Library, Open3D, MeshLab and LAS.
///
/// Where a file has several spellings of one role, the first in the table is used.
const SPELLINGS: [(Role, &[&str]); 10] = [
    (Role::Position(0), &["x", "positionx", "posx", "coordx", "coordinatex", "xcoord", "xcoordinate"]),
    (Role::Position(1), &["y", "positiony", "posy", "coordy", "coordinatey", "ycoord", "ycoordinate"]),
    (Role::Position(2), &["z", "positionz", "posz", "coordz", "coordinatez", "zcoord", "zcoordinate"]),
    (Role::Normal(0), &["nx", "normalx", "xnormal", "normx", "normal0", "normals0"]),
    (Role::Normal(1), &["ny", "normaly", "ynormal", "normy", "normal1", "normals1"]),
    (Role::Normal(2), &["nz", "normalz", "znormal", "normz", "normal2", "normals2"]),
    (Role::Color(0), &["red", "r", "diffusered", "rf", "colorred", "colorr", "colourr", "vertexred"]),
    (Role::Color(1), &["green", "g", "diffusegreen", "gf", "colorgreen", "colorg", "colourg", "vertexgreen"]),
    (Role::Color(2), &["blue", "b", "diffuseblue", "bf", "colorblue", "colorb", "colourb", "vertexblue"]),
    (
        Role::Label,
        &[
            "label",
            "class",
            "classification",
            "labels",
            "semclass",
            "semanticlabel",
            "semantic",
            "classlabel",
            "classid",
            "category",
            "gtlabel",
        ],
    ),
];

/// A name without case, white space, punctuation and the prefix `scalar` of CloudCompare: `scalar_Label` is `label`.
pub(crate) fn key(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let bare = ["scalar_field_", "scalar field ", "scalar_", "scalar "]
        .iter()
        .find_map(|prefix| lower.strip_prefix(prefix).filter(|rest| !rest.is_empty()))
        .unwrap_or(&lower);
    bare.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether two names are spellings of one name.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a == b || key(a) == key(b)
}

/// The role of a name, and how far down it is in the list of spellings.
pub(crate) fn role_of(name: &str) -> (Role, usize) {
    let key = key(name);
    for (role, spellings) in SPELLINGS {
        if let Some(rank) = spellings.iter().position(|spelling| *spelling == key) {
            return (role, rank);
        }
    }
    (Role::Number, 0)
}

/// The column of `names` with a role: that of the first spelling, and of several the first.
pub(crate) fn find<'a>(names: impl Iterator<Item = &'a str>, role: Role) -> Option<usize> {
    let ranked = names.enumerate().filter_map(|(index, name)| {
        let (found, rank) = role_of(name);
        // `x` before `X`: two columns may differ in case alone.
        (found == role).then_some((rank, name != name.to_lowercase(), index))
    });
    ranked.min().map(|(.., index)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_other_programs() {
        for (names, role) in [
            (&["x", "X", "Position_X", "coord x"][..], Role::Position(0)),
            (&["nx", "Nx", "NX", "normal_x", "NormalX", "normal[0]"], Role::Normal(0)),
            (&["Red", "R", "diffuse_red", "RED", "Rf", "r"], Role::Color(0)),
            (
                &["Label", "scalar_Label", "Classification", "scalar_Classification", "CLASS", "sem_class"],
                Role::Label,
            ),
            (&["intensity", "scalar_Intensity", "rx", "time", "classes_2", "scalar"], Role::Number),
        ] {
            for name in names {
                assert_eq!(role_of(name).0, role, "{name}");
            }
        }
        assert!(same("scalar_Intensity", "intensity") && same("GpsTime", "gps_time") && !same("a", "b"));
    }

    #[test]
    fn the_first_spelling_is_used() {
        let names = ["scalar_Classification", "X", "x", "label"];
        assert_eq!(find(names.into_iter(), Role::Label), Some(3));
        assert_eq!(find(names.into_iter(), Role::Position(0)), Some(2));
        assert_eq!(find(names.into_iter(), Role::Normal(0)), None);
    }
}
