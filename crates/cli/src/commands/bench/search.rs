//! `pointwise bench search`

use std::path::PathBuf;

use ::bench::{Crossover, SearchBench, SearchTimes, read_positions};
use anyhow::ensure;
use serde_json::json;

use super::super::devices::pick;
use super::results::{Json, ensure_length, ensure_memory, ensure_repetitions, ensure_some, memory, table};
use crate::output::line;

/// Uniform grid against kd-tree: lists within a ball, lists of a kernel, nearest points
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise bench search
  pointwise bench search --sizes 1000,50000 --radius 0.1 --reps 9
  pointwise bench search --sizes 2048 --json -
  pointwise bench search --device wgpu

Times are the middle of the repetitions; what takes more than ten seconds is not repeated. Clouds are synthetic surfaces of
radius 1. The ball finds --neighbours points at every size, unless --radius sets it; the cells of the 3x3x3 kernel are chosen
for about as many. Ten million points take minutes, most of them in the kd-tree, and gigabytes.")]
pub(super) struct Search {
    /// Points of the clouds
    #[arg(long, default_value = "2048,16384,100000,1000000", value_delimiter = ',', value_name = "N,..")]
    sizes: Vec<usize>,
    /// Raw little-endian f32 x y z of one cloud, instead of --sizes
    #[arg(long, value_name = "FILE", conflicts_with = "sizes")]
    positions: Option<PathBuf>,
    /// Mean neighbours of a point within the ball
    #[arg(long, default_value_t = 30.0, value_name = "M", conflicts_with = "radius")]
    neighbours: f64,
    /// Radius of the ball, instead of --neighbours
    #[arg(long, value_name = "R")]
    radius: Option<f32>,
    /// Points that a query for the nearest ones finds
    #[arg(long, default_value_t = 16, value_name = "K")]
    nearest: usize,
    /// Repetitions
    #[arg(long, default_value_t = 5, value_name = "R")]
    reps: usize,
    /// A GPU that makes the lists of the kernel, too
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
    #[command(flatten)]
    json: Json,
}

impl Search {
    pub(super) fn run(self) -> anyhow::Result<()> {
        for &size in &self.sizes {
            ensure_some(size, "a size of --sizes")?;
            ensure_memory(1, size)?;
        }
        ensure!(
            self.sizes.is_sorted(),
            "--sizes is {:?}, expected ascending numbers, for the crossover is looked for in them",
            self.sizes
        );
        ensure!(
            self.neighbours.is_finite() && self.neighbours >= 1.0,
            "--neighbours is {}, expected 1 or more, for a point finds itself",
            self.neighbours
        );
        if let Some(radius) = self.radius {
            ensure_length(f64::from(radius), "--radius")?;
        }
        ensure_some(self.nearest, "--nearest")?;
        ensure_repetitions(self.reps)?;
        let device = self.device.as_deref().map(|name| pick(name, false)).transpose()?;
        let bench = SearchBench {
            neighbours: self.neighbours,
            radius: self.radius,
            nearest: self.nearest,
            device: device.as_ref().map(|found| found.device.clone()),
            repetitions: self.reps,
        };
        let mut rows = Vec::new();
        match &self.positions {
            Some(path) => rows.push(bench.run(&read_positions(path, 1, None)?.concat())?),
            None => {
                for &size in &self.sizes {
                    rows.push(bench.run_size(size)?);
                }
            }
        }
        let crossover = Crossover::of(&rows);
        if self.json.has_table() {
            print(&rows, crossover, device.as_ref().map_or("device", |found| &found.name))?;
        }
        self.json.write(&json!({ "sizes": rows, "crossover": crossover }))
    }
}

fn print(rows: &[SearchTimes], crossover: Crossover, device: &str) -> anyhow::Result<()> {
    let head = [
        "points",
        "structure",
        "build ms",
        "ball ms",
        "ns/pair",
        "ns/point",
        "kernel ms",
        "ns/pair",
        "nearest us",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for row in rows {
        for (name, times) in [("grid", row.grid), ("kd-tree", row.kd_tree)] {
            lines.push(vec![
                row.points.to_string(),
                name.into(),
                format!("{:.2}", 1e3 * times.build.median_s),
                format!("{:.2}", 1e3 * times.lists.median_s),
                format!("{:.1}", times.lists_ns_per_pair),
                format!("{:.0}", times.lists_ns_per_point),
                format!("{:.2}", 1e3 * times.kernel.median_s),
                format!("{:.1}", times.kernel_ns_per_pair),
                format!("{:.2}", 1e6 * times.nearest.median_s),
            ]);
        }
        if let Some(times) = row.device {
            let mut line = vec![String::new(); head.len()];
            line[0] = row.points.to_string();
            line[1] = device.into();
            line[6] = format!("{:.2}", 1e3 * times.kernel.median_s);
            line[7] = format!("{:.1}", times.kernel_ns_per_pair);
            lines.push(line);
        }
    }
    table(&lines)?;
    let Some(last) = rows.last() else { return Ok(()) };
    line(format_args!(
        "\nneighbours per point at {} points: {:.1} in the ball, {:.1} in the kernel; {} threads, {}, peak {}",
        last.points,
        last.neighbours,
        last.kernel_neighbours,
        last.threads,
        last.instruction_set,
        memory(last.peak_bytes)
    ))?;
    let from = |size: Option<usize>| match size {
        Some(size) => format!("from {size} points"),
        None => format!("none up to {}", last.points),
    };
    line(format_args!(
        "the kd-tree wins: ball {}; kernel {}; nearest {}",
        from(crossover.lists),
        from(crossover.kernel),
        from(crossover.nearest)
    ))?;
    Ok(())
}
