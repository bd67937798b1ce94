//! The kinds of articulated figures.

/// A kind of figure: one class of the articulated set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Figure {
    /// A body with a head, two arms and two legs.
    Biped,
    /// A mast on feet, a jib across it, and a load on a rope.
    Crane,
    /// A palm with four fingers and a thumb.
    Hand,
    /// A shade on two arms on a heavy foot.
    Lamp,
    /// A head with six to eight arms that curl.
    Octopus,
    /// A stem that branches twice.
    Plant,
    /// A long body with a head, a tail and four legs.
    Quadruped,
    /// Two blades that cross, with a ring at the end of each.
    Scissors,
    /// One long chain of bones.
    Snake,
    /// Two bodies, one behind the other, and eight legs with knees.
    Spider,
}

impl Figure {
    /// All figures, in the order of their names.
    pub const ALL: [Self; 10] = [
        Self::Biped,
        Self::Crane,
        Self::Hand,
        Self::Lamp,
        Self::Octopus,
        Self::Plant,
        Self::Quadruped,
        Self::Scissors,
        Self::Snake,
        Self::Spider,
    ];

    /// Name of the class and of its folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Biped => "biped",
            Self::Crane => "crane",
            Self::Hand => "hand",
            Self::Lamp => "lamp",
            Self::Octopus => "octopus",
            Self::Plant => "plant",
            Self::Quadruped => "quadruped",
            Self::Scissors => "scissors",
            Self::Snake => "snake",
            Self::Spider => "spider",
        }
    }
}
