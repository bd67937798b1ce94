//! `pointwise bench`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Subcommand;
use train::bench::ConvBench;
use train::device;

use super::output::line;

/// Measure how fast the parts are on this machine
#[derive(Debug, clap::Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Conv(Conv),
}

/// Search, forward and backward of a stack of pointwise convolutions with SELU
#[derive(Debug, clap::Args)]
#[command(after_help = "Example, the workload of the paper:
  pointwise bench conv --clouds 128 --points 2048")]
struct Conv {
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

impl Bench {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let What::Conv(conv) = self.what;
        conv.run()
    }
}

impl Conv {
    fn run(self) -> anyhow::Result<ExitCode> {
        ensure!(
            self.channels.len() == self.dilations.len() + 1,
            "--channels has {} numbers, expected {}: the input's, then one per dilation",
            self.channels.len(),
            self.dilations.len() + 1
        );
        ensure!(self.reps > 0, "--reps is 0, expected 1 or more");
        let bench = ConvBench {
            clouds: self.clouds,
            points: self.points,
            cell: self.cell,
            dilations: self.dilations,
            channels: self.channels,
            repetitions: self.reps,
        };
        let positions = match &self.positions {
            Some(path) => bench.read_positions(path)?,
            None => bench.synthetic_positions(),
        };
        let times = bench.run(&positions, &device(&self.device)?)?;
        let times = serde_json::to_string(&times)?;
        if self.json.as_os_str() == "-" {
            line(times)?;
        } else {
            std::fs::write(&self.json, times)
                .with_context(|| format!("cannot write {}", self.json.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
