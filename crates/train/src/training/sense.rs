//! Warnings about values of a config that are allowed but make no sense.

use pointcloud::Bounds;

use crate::config::{Config, Task};
use crate::error::RunError;
use crate::task::{list_sizes, offsets};

/// A mean up to this value counts as 1: only a few points then have a second neighbour or sub-domain.
const ALMOST_ONE: f64 = 1.02;

/// A config, and what decides whether it makes sense for the data.
pub(crate) struct Sense<'a> {
    /// The config, with its lengths decided.
    pub(crate) config: &'a Config,
    /// Some training clouds, or regions.
    pub(crate) clouds: &'a [Vec<[f32; 3]>],
    /// Number of classes.
    pub(crate) classes: usize,
    /// Number of validation files.
    pub(crate) validation_files: usize,
}

impl Sense<'_> {
    /// One sentence, with the measured value, for every setting that makes no sense for the data.
    pub(crate) fn warnings(&self) -> Result<Vec<String>, RunError> {
        let mut warnings = kernels(self.config, self.clouds)?;
        warnings.extend(jitter(self.config, self.clouds));
        warnings.extend(validation(self.config, self.validation_files, self.classes));
        Ok(warnings)
    }
}

/// Kernels that reach no other point, and kernels whose points all lie in one sub-domain.
fn kernels(config: &Config, clouds: &[Vec<[f32; 3]>]) -> Result<Vec<String>, RunError> {
    let shapes = config.model.kernel_shapes();
    let sizes = list_sizes(&clouds.concat(), &offsets(clouds.iter().map(Vec::len)), &shapes)?;
    let key = config.model.kernel_key();
    let per_point = |count: u64, points: usize| count as f64 / points.max(1) as f64;
    // One warning of each kind, about the first convolution that has the problem.
    let (mut small, mut large) = (None, None);
    for (number, sizes) in (1..).zip(&sizes) {
        let neighbours = per_point(sizes.edges, sizes.points);
        let occupied = per_point(sizes.runs, sizes.points);
        if neighbours < ALMOST_ONE {
            small.get_or_insert_with(|| {
                format!(
                    "{key} is too small for the data: in convolution {number} a point has {neighbours:.2} neighbours on average, \
                     itself included"
                )
            });
        } else if occupied < ALMOST_ONE {
            large.get_or_insert_with(|| {
                format!(
                    "{key} is too large for the data: in convolution {number} the {neighbours:.0} neighbours of a point share \
                     {occupied:.2} sub-domains on average"
                )
            });
        }
    }
    Ok(small.into_iter().chain(large).collect())
}

/// Noise that is larger than the clouds.
fn jitter(config: &Config, clouds: &[Vec<[f32; 3]>]) -> Option<String> {
    let augment = &config.augment;
    let bounded = augment.jitter_clip > 0.0;
    let noise = if bounded { augment.jitter_sigma.min(augment.jitter_clip) } else { augment.jitter_sigma };
    let width = |cloud: &Vec<[f32; 3]>| {
        Bounds::of(cloud).map(|bounds| bounds.extent().into_iter().fold(0.0, f64::max))
    };
    let widest = clouds.iter().filter_map(width).fold(0.0, f64::max);
    (f64::from(noise) > widest).then(|| {
        format!("augment.jitter_sigma is too large for the data: noise of {noise}, clouds at most {widest:.3} wide")
    })
}

/// Too few validation files to have every class.
fn validation(config: &Config, files: usize, classes: usize) -> Option<String> {
    let is_split = config.model.task() == Task::Classification && config.data.validation_fraction > 0.0;
    (is_split && files < classes).then(|| {
        format!(
            "data.validation_fraction is too small for the data: {files} validation files for {classes} classes, by which the \
             best epoch is chosen"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(overrides: &[&str]) -> Config {
        let text = "name = \"x\"\n[data]\nroot = \"x\"\n[model]\nkind = \"paper-classifier\"\n\
                    [optimizer]\nkind = \"adam\"\nlr = 0.1\n[train]\nepochs = 1\n";
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        Config::parse(text, "x.toml", &overrides).unwrap()
    }

    /// A 10x10 grid of points in the unit square.
    fn cloud() -> Vec<[f32; 3]> {
        (0..100).map(|i| [(i % 10) as f32 * 0.1, (i / 10) as f32 * 0.1, 0.0]).collect()
    }

    #[test]
    fn kernels_that_see_nothing_or_one_cell_are_told_with_the_figure() {
        let of = |overrides: &[&str]| kernels(&config(overrides), &[cloud()]).unwrap();
        assert_eq!(of(&["model.cell=0.15", "model.dilations=[1]"]), Vec::<String>::new());
        let small = of(&["model.cell=0.001", "model.dilations=[1]"]);
        assert_eq!(small.len(), 1);
        assert!(
            small[0].contains("model.cell is too small") && small[0].contains("1.00 neighbours"),
            "{small:?}"
        );
        let large = of(&["model.cell=50", "model.dilations=[1]"]);
        assert!(
            large[0].contains("model.cell is too large") && large[0].contains("100 neighbours"),
            "{large:?}"
        );
        let shells = of(&["model.shells.radius=0.01", "model.dilations=[1]"]);
        assert!(shells[0].contains("model.shells.radius is too small"), "{shells:?}");
    }

    #[test]
    fn noise_beyond_the_cloud_is_told() {
        let of = |overrides: &[&str]| jitter(&config(overrides), &[cloud()]);
        assert_eq!(of(&["augment.jitter_sigma=2"]), None, "the clip of 0.05 bounds it");
        let text = of(&["augment.jitter_sigma=2", "augment.jitter_clip=0"]).unwrap();
        assert!(text.contains("noise of 2, clouds at most 0.900 wide"), "{text}");
    }

    #[test]
    fn too_few_validation_files_are_told() {
        let text = validation(&config(&[]), 2, 3).unwrap();
        assert!(text.contains("2 validation files for 3 classes"), "{text}");
        assert_eq!(validation(&config(&[]), 3, 3), None);
        assert_eq!(validation(&config(&["data.validation_fraction=0"]), 0, 3), None);
    }
}
