//! Draws the pictures of the guide from the lists and gradients that the layer itself uses.
//!
//! ```sh
//! cargo run --release -p pointconv --example pictures -- docs/src/pictures
//! ```

mod gradients;
mod kernels;
mod panel;
mod svg;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use burn::tensor::Device;
use pointconv::{KernelShape, NeighborError, Neighborhood, PackedClouds};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Half of the edge of the square that is filled with points, in cells.
const EXTENT: f32 = 4.5;
/// Least distance of two points, in cells.
const APART: f32 = 0.56;

/// A flat cloud, in cells, whose point 0 lies in the middle.
struct Scene {
    positions: Vec<[f32; 3]>,
}

impl Scene {
    /// Points drawn one after the other; one that lies too near another is left out.
    fn new() -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(16);
        let mut positions = vec![[0.0_f32; 3]];
        for _ in 0..2_000 {
            let [x, y] = [(); 2].map(|()| random.random_range(-EXTENT..EXTENT));
            if positions.iter().all(|p| (p[0] - x).hypot(p[1] - y) >= APART) {
                positions.push([x, y, 0.0]);
            }
        }
        Self { positions }
    }

    /// The lists of a kernel.
    fn lists(&self, shape: &KernelShape) -> Result<Neighborhood, NeighborError> {
        Neighborhood::build(&PackedClouds::single(&self.positions[..])?, shape, &Device::flex())
    }
}

/// The slice through the middle of the kernel of 3x3x3 cells; the cloud is flat.
fn flat_kernel() -> KernelShape {
    KernelShape::cells(1.0).with_size([3, 3, 1])
}

fn draw(folder: &PathBuf) -> Result<(), Box<dyn std::error::Error>> {
    let scene = Scene::new();
    fs::create_dir_all(folder)?;
    for (name, picture) in [
        ("cells", kernels::cells(&scene)?),
        ("dilation", kernels::dilation(&scene)?),
        ("shells", kernels::shells(&scene)?),
        ("symmetry", gradients::symmetry(&scene)?),
        ("gradients", gradients::gradients(&scene)?),
    ] {
        fs::write(folder.join(name).with_extension("svg"), picture)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("expected the folder to write the pictures into");
        return ExitCode::FAILURE;
    };
    match draw(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}
