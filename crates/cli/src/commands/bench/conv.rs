//! `pointwise bench conv`

use std::path::PathBuf;

use ::bench::ConvBench;
use anyhow::ensure;

use super::super::devices::pick;
use super::results::{clouds, ensure_length, ensure_repetitions, write_json};

/// Search, forward and backward of a stack of pointwise convolutions with SELU
#[derive(Debug, clap::Args)]
#[command(after_help = "Example, the workload of the paper:
  pointwise bench conv --clouds 128 --points 2048")]
pub(super) struct Conv {
    /// Raw little-endian f32 x y z, clouds one after the other [default: synthetic shapes]
    #[arg(long, value_name = "FILE")]
    positions: Option<PathBuf>,
    /// Number of clouds
    #[arg(long, default_value_t = 128, value_name = "B")]
    clouds: usize,
    /// Points per cloud
    #[arg(long, default_value_t = 2048, value_name = "N")]
    points: usize,
    /// Edge of a kernel cell
    #[arg(long, default_value_t = 0.1)]
    cell: f32,
    /// Dilation of every convolution
    #[arg(long, default_value = "1,2,3,4", value_delimiter = ',')]
    dilations: Vec<usize>,
    /// Channels of the input, then of every output
    #[arg(long, default_value = "3,9,9,9,9", value_delimiter = ',')]
    channels: Vec<usize>,
    /// Repetitions
    #[arg(long, default_value_t = 5, value_name = "R")]
    reps: usize,
    /// Where to compute
    #[arg(long, default_value = "auto")]
    device: String,
    /// Where the JSON line goes (`-`: standard output)
    #[arg(long, value_name = "FILE", default_value = "-")]
    json: PathBuf,
}

impl Conv {
    pub(super) fn run(self) -> anyhow::Result<()> {
        ensure!(
            self.channels.len() == self.dilations.len() + 1,
            "--channels has {} numbers, expected {}: the input's, then one per dilation",
            self.channels.len(),
            self.dilations.len() + 1
        );
        ensure_repetitions(self.reps)?;
        ensure_length(f64::from(self.cell), "--cell")?;
        let positions = clouds(self.positions.as_deref(), self.clouds, self.points)?.concat();
        let bench = ConvBench {
            clouds: self.clouds,
            points: self.points,
            cell: self.cell,
            dilations: self.dilations,
            channels: self.channels,
            repetitions: self.reps,
        };
        write_json(&self.json, &bench.run(&positions, &pick(&self.device, false)?.device)?)
    }
}
