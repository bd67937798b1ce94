//! Writes a scene of furnished rooms side by side, to try prediction on: `cargo run --release -p pointcloud --example large_scene --
//! 5000000 big.ply`.

use pointcloud::io::{PlyFormat, write_ply};
use pointcloud::synth::{SceneSynthConfig, scene};
use pointcloud::{PointCloud, derive_seed};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let points: usize = arguments.next().map_or(Ok(5_000_000), |text| text.parse())?;
    let path = arguments.next().unwrap_or_else(|| "big.ply".into());
    let config = SceneSynthConfig::default();
    let (mut positions, mut labels, mut colors) = (Vec::new(), Vec::new(), Vec::new());
    for room in 0.. {
        if positions.len() >= points {
            break;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(7, &[room]));
        let cloud = scene(&config, &mut rng);
        // Ten rooms in a row, each on a square of 7 metres.
        let (x, y) = ((room % 10) as f32 * 7.0, (room / 10) as f32 * 7.0);
        positions.extend(cloud.positions().iter().map(|p| [p[0] + x, p[1] + y, p[2]]));
        labels.extend_from_slice(cloud.labels().unwrap_or_default());
        colors.extend_from_slice(cloud.colors().unwrap_or_default());
    }
    positions.truncate(points);
    labels.truncate(points);
    colors.truncate(points);
    let mut cloud = PointCloud::new(positions);
    cloud.set_labels(Some(labels))?;
    cloud.set_colors(Some(colors))?;
    write_ply(&path, &cloud, PlyFormat::BinaryLittleEndian)?;
    println!("{points} points in {path}");
    Ok(())
}
