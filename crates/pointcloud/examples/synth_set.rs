//! Writes the synthetic set with its default settings: `cargo run --example synth_set -- FOLDER`.

use pointcloud::synth::{SynthConfig, generate};

fn main() -> pointcloud::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "shapes10".into());
    let config = SynthConfig::default();
    generate(&folder, &config, &|done| {
        if done % 500 == 0 {
            println!("{done} of {}", config.clouds());
        }
    })?;
    println!("{} clouds in {folder}", config.clouds());
    Ok(())
}
