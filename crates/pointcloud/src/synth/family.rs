//! The ten families.

use std::fmt;

/// A family of shapes: one class of the synthetic set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// A solid box.
    Block,
    /// A round solid that runs out into a point.
    Cone,
    /// Three beams that cross at right angles.
    Cross,
    /// Two balls on a rod.
    Dumbbell,
    /// A smooth round solid.
    Ellipsoid,
    /// A coiled tube of two to three turns.
    Helix,
    /// A ring of round section.
    Ring,
    /// A sheet that curves up one way and down the other.
    Saddle,
    /// A solid flight of three to five steps.
    Stairs,
    /// A slab on four legs.
    Table,
}

impl Family {
    /// All families, in the order of their names.
    pub const ALL: [Self; 10] = [
        Self::Block,
        Self::Cone,
        Self::Cross,
        Self::Dumbbell,
        Self::Ellipsoid,
        Self::Helix,
        Self::Ring,
        Self::Saddle,
        Self::Stairs,
        Self::Table,
    ];

    /// Name of the class and of its folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Cone => "cone",
            Self::Cross => "cross",
            Self::Dumbbell => "dumbbell",
            Self::Ellipsoid => "ellipsoid",
            Self::Helix => "helix",
            Self::Ring => "ring",
            Self::Saddle => "saddle",
            Self::Stairs => "stairs",
            Self::Table => "table",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_folders_will_be() {
        assert!(Family::ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()));
    }
}
