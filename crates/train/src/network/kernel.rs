//! The kernel of a convolution, from the keys of a config: cells or shells.

use pointconv::KernelShape;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::{ConfigError, ensure, ensure_positive, ensure_some};

/// Section `[model.shells]`: kernels that are balls of concentric shells, instead of cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShellsConfig {
    /// Radius of the ball of a convolution with dilation 1, in the units of the clouds. Larger dilations keep the width of the
    /// shells: the ball grows with the gaps between them. Default 0.15.
    pub radius: f32,
    /// Number of shells. Default 3.
    pub count: usize,
}

impl Default for ShellsConfig {
    fn default() -> Self {
        Self { radius: 0.15, count: 3 }
    }
}

impl ShellsConfig {
    /// The kernel of a convolution with `dilation`.
    #[must_use]
    pub fn kernel_shape(&self, dilation: usize) -> KernelShape {
        let widths = self.count.saturating_sub(1).saturating_mul(dilation).saturating_add(1) as f32;
        let radius = if dilation == 1 { self.radius } else { self.radius / self.count as f32 * widths };
        KernelShape::shells(radius, self.count).with_dilation([dilation; 3])
    }

    fn validate(&self, dilations: &[usize]) -> Result<(), ConfigError> {
        ensure_positive(f64::from(self.radius), "model.shells.radius")?;
        ensure_some(self.count, "model.shells.count")?;
        for &dilation in dilations {
            if let Err(error) = self.kernel_shape(dilation).validate() {
                let found = format_args!("{} with dilation {dilation}: {error}", self.count);
                return ensure(false, "model.shells.count", found, "fewer shells or smaller model.dilations");
            }
        }
        Ok(())
    }
}

/// The kernel of a convolution: `shells` if the config has that section, otherwise `size` cells of edge `cell`.
pub(super) fn kernel_shape(
    shells: Option<&ShellsConfig>,
    size: [usize; 3],
    cell: f32,
    dilation: usize,
) -> KernelShape {
    match shells {
        Some(shells) => shells.kernel_shape(dilation),
        None => KernelShape::Cells { size, cell, dilation: [dilation; 3] },
    }
}

/// Checks the shells of a config, and that the key `key` for cells was not changed as well, because it would have no effect.
pub(super) fn validate_shells<T: PartialEq + std::fmt::Debug>(
    shells: Option<&ShellsConfig>,
    dilations: &[usize],
    key: &str,
    value: &T,
    default: &T,
) -> Result<(), ConfigError> {
    let Some(shells) = shells else { return Ok(()) };
    shells.validate(dilations)?;
    ensure(
        value == default,
        key,
        format_args!("{value:?} beside a section [model.shells]"),
        "one of both: shells have no cells",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_keep_their_width_when_the_dilation_grows() {
        let shells = ShellsConfig { radius: 0.3, count: 3 };
        let width = |dilation| {
            let (lower, upper) = shells.kernel_shape(dilation).shell_bounds(1).unwrap();
            upper - lower
        };
        for dilation in [2, 4] {
            assert!((width(dilation) - width(1)).abs() < 1e-6, "{} {}", width(dilation), width(1));
        }
        assert_eq!(shells.kernel_shape(1), KernelShape::shells(0.3, 3));
    }

    #[test]
    fn shells_and_changed_cells_exclude_each_other() {
        let shells = ShellsConfig::default();
        let check = |cell: f32| validate_shells(Some(&shells), &[1, 2], "model.cell", &cell, &0.1);
        check(0.1).unwrap();
        assert_eq!(check(0.2).unwrap_err().key(), Some("model.cell"));
        validate_shells(None, &[1], "model.cell", &0.2, &0.1).unwrap();
        let none = ShellsConfig { count: 0, ..shells };
        let error = validate_shells(Some(&none), &[1], "model.cell", &0.1, &0.1).unwrap_err();
        assert_eq!(error.key(), Some("model.shells.count"));
    }
}
