//! The magic words of OFF files.

/// Which numbers a vertex has, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kind {
    /// A fourth, homogeneous coordinate, by which the others are divided.
    pub(super) weight: bool,
    /// The number of dimensions follows the magic word.
    pub(super) dimensions: bool,
    pub(super) normal: bool,
    pub(super) color: bool,
    pub(super) texture: bool,
}

impl Kind {
    /// What the magic word at the start of `text` says, and the text after it.
    ///
    /// Any case is taken; `n` before a capital `OFF` means dimensions, else normals.
    pub(super) fn of_magic(text: &str) -> Option<(Self, &str)> {
        let mut kind = Self::default();
        let mut rest = text;
        let part = |rest: &mut &str, prefix: &str, exact: bool| {
            let head = rest.get(..prefix.len())?;
            let found = if exact { head == prefix } else { head.eq_ignore_ascii_case(prefix) };
            found.then(|| *rest = &rest[prefix.len()..])
        };
        kind.texture = part(&mut rest, "ST", false).is_some();
        kind.color = part(&mut rest, "C", false).is_some();
        kind.normal = !rest.starts_with("nOFF") && part(&mut rest, "N", false).is_some();
        kind.weight = part(&mut rest, "4", true).is_some();
        kind.dimensions = part(&mut rest, "n", true).is_some();
        part(&mut rest, "OFF", false)?;
        Some((kind, rest))
    }

    /// Names of the numbers before the colour.
    pub(super) fn columns(self) -> Vec<&'static str> {
        let mut names = vec!["x", "y", "z"];
        if self.weight {
            names.push("w");
        }
        if self.normal {
            names.extend(["nx", "ny", "nz"]);
        }
        names
    }
}
