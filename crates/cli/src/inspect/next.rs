//! The command that one most likely wants after a look at something.

use std::path::Path;

use super::Inspection;
use crate::output::quoted;

/// Files with more points than this, and without faces, are taken for scenes.
const SCENE: usize = 20_000;

impl Inspection {
    /// The command that fits what was found at `path`; `None` for a file that no command can use.
    pub(crate) fn next(&self, path: &Path) -> Option<String> {
        let path = quoted(&path.display().to_string());
        Some(match self {
            Self::File(file) if file.first.is_none() => return None,
            Self::Run(run) if run.epochs_done < run.epochs => {
                format!("pointwise train {path}/config.toml --resume --output {path}")
            }
            Self::Run(run) if !run.is_evaluated => format!("pointwise eval {path}"),
            Self::Run(_) => format!("pointwise predict {path} FILE"),
            Self::Model(model) => format!("pointwise predict {} FILE", model.name),
            Self::Folder(_) | Self::Scenes(_) => format!("pointwise train --data {path}"),
            Self::Config(_) => format!("pointwise train {path}"),
            Self::File(file) if file.faces == 0 && file.points > SCENE => {
                format!("pointwise predict rooms {path}")
            }
            Self::File(_) => format!("pointwise predict modelnet10-s {path}"),
        })
    }
}
