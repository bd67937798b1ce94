//! The lines of an OBJ file that are neither vertices, normals nor faces.

/// Keywords and what such lines are; lines of keywords that are not listed are counted together.
const KINDS: [(&[&str], &str); 9] = [
    (&["vt"], "texture coordinates"),
    (&["l", "p"], "lines and points"),
    (&["usemtl"], "uses of materials"),
    (&["mtllib", "maplib", "usemap"], "libraries of materials and textures"),
    (&["g", "o"], "names of objects and groups"),
    (&["s"], "smoothing groups"),
    (&["mg"], "merging groups"),
    (
        &[
            "vp", "cstype", "deg", "bmat", "step", "curv", "curv2", "surf", "parm", "trim", "hole", "scrv",
            "sp", "end", "con", "bsp", "bzp", "cdc", "cdp", "res", "ctech", "stech",
        ],
        "lines of curves and surfaces",
    ),
    (&["bevel", "c_interp", "d_interp", "lod", "shadow_obj", "trace_obj"], "settings of the display"),
];

/// How many lines of every kind there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Others {
    counts: [usize; KINDS.len()],
    unlisted: usize,
    /// The first keyword that is not listed.
    example: String,
}

impl Others {
    /// Counts a line by its first two words.
    pub(super) fn push(&mut self, key: &str, value: Option<&str>) {
        // This ends a smoothing or merging group.
        if matches!((key, value), ("s" | "mg", Some("off" | "0"))) {
            return;
        }
        match KINDS.iter().position(|(keys, _)| keys.contains(&key)) {
            Some(kind) => self.counts[kind] += 1,
            None => {
                if self.unlisted == 0 {
                    key.clone_into(&mut self.example);
                }
                self.unlisted += 1;
            }
        }
    }

    /// What the lines are, one sentence for every kind.
    pub(super) fn left_out(&self) -> impl Iterator<Item = String> {
        let counted = self.counts.iter().zip(KINDS).filter(|(count, _)| **count > 0);
        let unlisted = (self.unlisted > 0)
            .then(|| format!("{} lines of other keywords, such as '{}'", self.unlisted, self.example));
        counted.map(|(count, (_, what))| format!("{count} {what}")).chain(unlisted)
    }
}
