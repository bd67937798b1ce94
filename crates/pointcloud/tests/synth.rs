//! The synthetic set: the same bytes for the same settings, complete or not there, and not too easy.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use pointcloud::dataset::FolderDataset;
use pointcloud::io;
use pointcloud::synth::{
    Family, Figure, SceneSynthConfig, ShapeKind, SynthConfig, SynthStatus, generate, generate_scenes, shape,
    status,
};
use pointcloud::transform::xyz_order;
use pointcloud::{Error, derive_seed};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

fn small() -> SynthConfig {
    SynthConfig { train_per_class: 3, test_per_class: 2, points: 70, ..SynthConfig::default() }
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let sets: Vec<_> = [1, 4]
        .into_iter()
        .map(|threads| {
            let root = folder.path().join(format!("set{threads}"));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let calls = AtomicUsize::new(0);
            let count = |_| _ = calls.fetch_add(1, Ordering::Relaxed);
            pool.install(|| generate(&root, &small(), &count)).unwrap();
            assert_eq!(calls.into_inner(), small().clouds());
            contents(&root)
        })
        .collect();
    assert_eq!(sets[0], sets[1]);
    assert_eq!(sets[0].len(), 51);
    let other = folder.path().join("other");
    generate(&other, &SynthConfig { seed: 2, ..small() }, &|_| {}).unwrap();
    assert_ne!(contents(&other)["ring/train/ring_0001.ply"], sets[0]["ring/train/ring_0001.ply"]);
}

/// Another platform may round sines differently.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn the_bytes_are_those_of_earlier_versions() {
    let folder = tempfile::tempdir().unwrap();
    let shapes = SynthConfig { train_per_class: 2, test_per_class: 1, points: 128, ..SynthConfig::default() };
    generate(folder.path().join("shapes"), &shapes, &|_| {}).unwrap();
    let rooms = SceneSynthConfig { train: 1, test: 1, density: 60.0, ..SceneSynthConfig::default() };
    generate_scenes(folder.path().join("rooms"), &rooms, &|_| {}).unwrap();
    for (file, expected) in [
        ("shapes/synth.toml", "ef2199c7eb91aa1f2559745bbe4c128696500e4afeab5bab9bc4f3bb65f9f596"),
        (
            "shapes/block/train/block_0001.ply",
            "d4af338b78b31ccf475c017ef5f028c0b8337f333f5f837814f8b0329003a45d",
        ),
        (
            "shapes/helix/test/helix_0003.ply",
            "8c3c5215d03ba55f5568162d7469c59aa5b27a113ac1cdab33ff245e136c2132",
        ),
        (
            "shapes/table/train/table_0002.ply",
            "cd830fdb8d17eefce91dfb82b7e49aa1ea11aadaac0bf7c89fe36ee919197f82",
        ),
        ("rooms/synth.toml", "e5c3f9652a9002a4690c0b2398bbe3daef5ebecdf206d35ed308db01088e4c29"),
        ("rooms/classes.txt", "b16a7a1bb5c8abda36ba6abfda0f340402da0b50e8bccd773ab90b7ef2576a64"),
        ("rooms/train/room_01.ply", "8d5637562e1209f7fa33b24e35d4f1e89ed4d8b69f08b1299232a58934460c15"),
        ("rooms/test/room_02.ply", "decfc96986ce441b6a68a0f85b0f64ebb958ded4dc51f2f5de38a5c08af7ba5a"),
    ] {
        let hash: String = Sha256::digest(fs::read(folder.path().join(file)).unwrap())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hash, expected, "{file}");
    }
}

#[test]
fn the_articulated_set_has_classes_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("figures");
    let config = SynthConfig { kind: ShapeKind::Articulated, ..small() };
    generate(&root, &small(), &|_| {}).unwrap();
    assert!(matches!(status(&root, &config).unwrap(), SynthStatus::Differs { .. }));
    generate(&root, &config, &|_| {}).unwrap();
    assert_eq!(status(&root, &config).unwrap(), SynthStatus::Matches);
    let dataset = FolderDataset::open(&root).unwrap();
    assert_eq!(dataset.classes(), Figure::ALL.map(Figure::name));
    assert_eq!((dataset.split("train").unwrap().len(), dataset.split("test").unwrap().len()), (30, 20));
    let first = contents(&root);
    fs::remove_dir_all(&root).unwrap();
    generate(&root, &config, &|_| {}).unwrap();
    assert!(contents(&root) == first, "the same settings give the same bytes");
}

#[test]
fn it_is_a_folder_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("deep/shapes");
    generate(&root, &small(), &|_| {}).unwrap();
    let dataset = FolderDataset::open(&root).unwrap();
    assert_eq!(dataset.classes(), Family::ALL.map(Family::name));
    assert_eq!(dataset.split("train").unwrap().len(), 30);
    let test = dataset.split("test").unwrap();
    assert!(test[19].path.ends_with("table/test/table_0005.ply"));
    assert_eq!(io::read(&test[19].path).unwrap().len(), 70);
}

#[test]
fn status_tells_whether_the_set_is_the_wanted_one() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("set");
    assert_eq!(status(&root, &small()).unwrap(), SynthStatus::Missing);
    fs::create_dir(&root).unwrap();
    assert_eq!(status(&root, &small()).unwrap(), SynthStatus::Missing);
    generate(&root, &small(), &|_| {}).unwrap();
    assert_eq!(status(&root, &small()).unwrap(), SynthStatus::Matches);

    let other = SynthConfig { points: 71, ..small() };
    assert!(matches!(status(&root, &other).unwrap(), SynthStatus::Differs { .. }));
    generate(&root, &other, &|_| {}).unwrap();
    assert_eq!(status(&root, &other).unwrap(), SynthStatus::Matches);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the set");
}

#[test]
fn other_folders_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("precious");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("thesis.txt"), "years").unwrap();
    let error = generate(&root, &small(), &|_| {}).unwrap_err();
    assert!(matches!(error, Error::NotASynthSet { .. }), "{error}");
    assert_eq!(status(&root, &small()).unwrap(), SynthStatus::Foreign);
    assert_eq!(contents(&root).len(), 1);
    assert_eq!(status(root.join("thesis.txt"), &small()).unwrap(), SynthStatus::Foreign);
}

#[test]
fn a_run_that_is_interrupted_leaves_no_set() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("set");
    let stop = |done| {
        if done >= 20 {
            // A panic without the message on the terminal.
            std::panic::resume_unwind(Box::new("interrupted"));
        }
    };
    let run = std::panic::catch_unwind(|| generate(&root, &small(), &stop));
    assert!(run.is_err());
    assert_eq!(status(&root, &small()).unwrap(), SynthStatus::Missing);
    generate(&root, &small(), &|_| {}).unwrap();
    assert_eq!(status(&root, &small()).unwrap(), SynthStatus::Matches);
}

#[test]
fn settings_out_of_range_are_named() {
    for (config, message) in [
        (SynthConfig { points: 0, ..small() }, "synthetic set: points is 0, expected 1 to 10000000"),
        (
            SynthConfig { train_per_class: 2_000_000, test_per_class: 1, ..small() },
            "synthetic set: train_per_class + test_per_class is 2000001, expected 1 to 1000000",
        ),
        (SynthConfig { noise: f32::NAN, ..small() }, "synthetic set: noise is NaN, expected 0 to 0.2"),
        (SynthConfig { cut: 0.5, ..small() }, "synthetic set: cut is 0.5, expected 0 to 0.35"),
    ] {
        assert_eq!(generate("unused", &config, &|_| {}).unwrap_err().to_string(), message);
    }
}

/// Share of clouds whose nearest class mean, each feature scaled to unit variance, is their own.
fn nearest_centroid(features: impl Fn(&[[f32; 3]]) -> Vec<f64>) -> f64 {
    const TRAIN: u64 = 100;
    const TEST: u64 = 40;
    let config = SynthConfig { points: 512, ..SynthConfig::default() };
    let draw = |family: usize, index: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(5, &[family as u64, index]));
        features(&shape(Family::ALL[family], &config, &mut rng))
    };
    let train: Vec<Vec<Vec<f64>>> =
        (0..10).map(|family| (0..TRAIN).map(|index| draw(family, index)).collect()).collect();
    let width = train[0][0].len();
    let mean = |rows: &[&Vec<f64>]| -> Vec<f64> {
        (0..width).map(|k| rows.iter().map(|row| row[k]).sum::<f64>() / rows.len() as f64).collect()
    };
    let all: Vec<&Vec<f64>> = train.iter().flatten().collect();
    let center = mean(&all);
    let deviation: Vec<f64> = (0..width)
        .map(|k| {
            (all.iter().map(|row| (row[k] - center[k]).powi(2)).sum::<f64>() / all.len() as f64)
                .sqrt()
                .max(1e-9)
        })
        .collect();
    let centroids: Vec<Vec<f64>> = train.iter().map(|rows| mean(&rows.iter().collect::<Vec<_>>())).collect();
    let mut right = 0;
    for family in 0..10 {
        for index in TRAIN..TRAIN + TEST {
            let row = draw(family, index);
            let distance = |centroid: &Vec<f64>| -> f64 {
                (0..width).map(|k| ((row[k] - centroid[k]) / deviation[k]).powi(2)).sum()
            };
            let nearest =
                (0..10).min_by(|&a, &b| distance(&centroids[a]).total_cmp(&distance(&centroids[b])));
            right += usize::from(nearest == Some(family));
        }
    }
    right as f64 / (10 * TEST) as f64
}

fn histogram(values: impl Iterator<Item = f64>, low: f64, high: f64) -> Vec<f64> {
    const BINS: usize = 16;
    let mut bins = vec![0.0; BINS];
    for value in values {
        bins[(((value - low) / (high - low) * BINS as f64) as usize).min(BINS - 1)] += 1.0;
    }
    bins
}

#[test]
fn simple_statistics_do_not_tell_the_families_apart() {
    let sorted = nearest_centroid(|points| {
        xyz_order(points).into_iter().flat_map(|i| points[i].map(f64::from)).collect()
    });
    let histograms = nearest_centroid(|points| {
        let radius = points.iter().map(|p| f64::from(p.iter().map(|v| v * v).sum::<f32>().sqrt()));
        let height = points.iter().map(|p| f64::from(p[2]));
        [histogram(radius, 0.0, 1.0), histogram(height, -1.0, 1.0)].concat()
    });
    let extents = nearest_centroid(|points| {
        (0..3)
            .map(|axis| {
                let values = || points.iter().map(|p| f64::from(p[axis]));
                values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
            })
            .collect()
    });
    let covariance = nearest_centroid(|points| {
        let moment = |a: usize, b: usize| {
            let mean = |k: usize| points.iter().map(|p| f64::from(p[k])).sum::<f64>() / points.len() as f64;
            let (ma, mb) = (mean(a), mean(b));
            points.iter().map(|p| (f64::from(p[a]) - ma) * (f64::from(p[b]) - mb)).sum::<f64>()
        };
        let [xx, yy, zz] = [moment(0, 0), moment(1, 1), moment(2, 2)];
        let [xy, yz, zx] = [moment(0, 1), moment(1, 2), moment(2, 0)];
        // The invariants of the covariance say as much as its eigenvalues.
        let determinant = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * zx) + zx * (xy * yz - yy * zx);
        vec![xx + yy + zz, xx * yy + yy * zz + zz * xx - xy * xy - yz * yz - zx * zx, determinant]
    });
    eprintln!(
        "nearest centroid: sorted {sorted:.3}, histograms {histograms:.3}, extents {extents:.3}, \
         covariance {covariance:.3}"
    );
    assert!(sorted < 0.4, "{sorted}");
    assert!(histograms < 0.6, "{histograms}");
    assert!(extents < 0.4, "{extents}");
    assert!(covariance < 0.4, "{covariance}");
}
