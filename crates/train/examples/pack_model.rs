//! Packs a run into a model of the program: `cargo run --release --example pack_model -- RUN NAME`.
//!
//! The weights of the last epoch are written in half precision into `crates/train/models/NAME`, beside the config and the
//! manifest. The row in `src/models/mod.rs` and the figure in it are written by hand, after an evaluation of the packed weights.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use burn::store::{FloatCastAdapter, ModuleSnapshot, SafetensorsStore};
use burn::tensor::DType;
use train::config::Config;
use train::network::NetworkSpec;
use train::run::{Manifest, RunDirectory, load_weights};
use train::{Weights, device};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [run, name] = arguments.as_slice() else { return Err("usage: pack_model RUN NAME".into()) };
    let run = RunDirectory::open(run)?;
    let mut manifest = Manifest::read(&run)?;
    let mut config = Config::of_run(run.config())?;

    let points = config.scenes.as_ref().map_or(config.data.points, |scenes| scenes.points);
    let spec = NetworkSpec { points, channels_in: config.channels_in(), classes: manifest.classes.len() };
    let mut network = config.model.init(&spec, &device("cpu")?.device);
    load_weights(&mut network, &run, Weights::Last)?;

    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name);
    fs::create_dir_all(&folder)?;
    let mut store = SafetensorsStore::from_file(folder.join("weights.safetensors"))
        .clear_metadata()
        .with_to_adapter(FloatCastAdapter::to(DType::F16))
        .skip_enum_variants(true)
        .overwrite(true);
    network.save_into(&mut store)?;
    manifest.weights.retain(|weights, _| weights == Weights::Last.name());
    config.name.clone_from(name);
    config.data.root = Path::new("datasets").join(config.data.root.file_name().unwrap_or_default());
    fs::write(folder.join("config.toml"), config.to_toml()?)?;
    fs::write(folder.join("manifest.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
    println!("{}", folder.display());
    Ok(())
}
