//! What the measurements share: arguments, checks of them, and how results are printed.

use std::path::{Path, PathBuf};

use ::bench::Spread;
use ::train::text::bytes;
use pointcloud::io::replace_file;
use serde::Serialize;

use crate::output::line;

/// Where a table for people and JSON for programs go.
#[derive(Debug, clap::Args)]
pub(super) struct Json {
    /// Write JSON, one line, to a file, or instead of the table to the standard output (`-`)
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
}

impl Json {
    /// Whether people are to read something.
    pub(super) fn has_table(&self) -> bool {
        self.json.as_deref() != Some(Path::new("-"))
    }

    pub(super) fn write(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.json.as_deref().map_or(Ok(()), |path| write_json(path, value))
    }
}

/// One line of JSON into a file or, for `-`, to the standard output.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string(value)?;
    if path.as_os_str() == "-" {
        return Ok(line(text)?);
    }
    Ok(replace_file(path, |out| writeln!(out, "{text}"))?)
}

/// Rows of text in columns, numbers to the right; the first column to the left.
pub(super) fn table(rows: &[Vec<String>]) -> anyhow::Result<()> {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// The middle time, and in parentheses the shortest, in milliseconds.
pub(super) fn milliseconds(time: Spread) -> String {
    format!("{:.2} ({:.2})", 1e3 * time.median_s, 1e3 * time.min_s)
}

/// `1.2 GB`, or `unknown`.
pub(super) fn memory(bytes: Option<u64>) -> String {
    bytes.map_or("unknown".into(), |bytes| format!("{:.0} MB", bytes as f64 / 1e6))
}

/// Refuses 0 repetitions or other counts.
pub(super) fn ensure_some(count: usize, argument: &str) -> anyhow::Result<()> {
    anyhow::ensure!(count > 0, "{argument} is 0, expected 1 or more");
    Ok(())
}

/// Refuses 0 repetitions, and more than there is memory for their times.
pub(super) fn ensure_repetitions(count: usize) -> anyhow::Result<()> {
    let most = 1_000_000;
    anyhow::ensure!((1..=most).contains(&count), "--reps is {count}, expected 1 to {most}");
    Ok(())
}

/// Bytes that a point takes at least, with its neighbour lists.
const OF_A_POINT: u64 = 200;

/// Refuses more points at a time than memory could hold.
pub(super) fn ensure_memory(clouds: usize, points: usize) -> anyhow::Result<()> {
    let all = (clouds as u64).saturating_mul(points as u64);
    let needed = all.saturating_mul(OF_A_POINT);
    match ::train::available_memory() {
        Some(available) if needed > available.bytes => anyhow::bail!(
            "{all} points take at least {}, but {} of memory are available ({})",
            bytes(needed),
            bytes(available.bytes),
            available.limit
        ),
        _ => Ok(()),
    }
}

/// Refuses lengths that are not above 0.
pub(super) fn ensure_length(length: f64, argument: &str) -> anyhow::Result<()> {
    anyhow::ensure!(length.is_finite() && length > 0.0, "{argument} is {length}, expected a number above 0");
    Ok(())
}

/// The clouds of a file, or synthetic ones.
pub(super) fn clouds(
    file: Option<&Path>,
    clouds: usize,
    points: usize,
) -> anyhow::Result<Vec<Vec<[f32; 3]>>> {
    ensure_some(clouds, "--clouds")?;
    ensure_some(points, "--points")?;
    ensure_memory(clouds, points)?;
    Ok(match file {
        Some(path) => ::bench::read_positions(path, points, Some(clouds))?,
        None => ::train::synthetic::surfaces(clouds, points),
    })
}
