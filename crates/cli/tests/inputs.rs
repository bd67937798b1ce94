//! Classifiers that read more than coordinates, from training to prediction.

mod common;

use std::fs;
use std::path::Path;

use common::{Workplace, json, json_lines, weights};
use pointcloud::io::{PlyFormat, write_ply};
use pointcloud::{PointCloud, ScalarProperty, ScalarType};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use train::{Classifier, ProgressMode, Weights, device};

/// Files of a class and split.
const FILES: usize = 6;

/// Random points of a cube, of one colour and with an intensity.
fn cloud(color: [u8; 3], rng: &mut impl Rng) -> PointCloud {
    let positions = (0..80).map(|_| std::array::from_fn(|_| rng.random())).collect();
    let mut cloud = PointCloud::new(positions);
    cloud.set_colors(Some(vec![color; 80])).unwrap();
    let (name, scalar_type) = ("scalar_Intensity".to_owned(), ScalarType::F32);
    let values = (0..80).map(|_| f64::from(rng.random::<f32>())).collect();
    cloud.push_property(ScalarProperty { name, scalar_type, values }).unwrap();
    cloud
}

/// A workplace whose set has the classes `blue` and `red`, which differ in nothing but their colour.
fn colored() -> Workplace {
    let place = Workplace::new();
    fs::remove_dir_all(place.path("set")).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (class, color) in [("blue", [20, 30, 220]), ("red", [230, 20, 40])] {
        for split in ["train", "test"] {
            let folder = place.path(&format!("set/{class}/{split}"));
            fs::create_dir_all(&folder).unwrap();
            for file in 0..FILES {
                let path = folder.join(format!("{file}.ply"));
                write_ply(path, &cloud(color, &mut rng), PlyFormat::BinaryLittleEndian).unwrap();
            }
        }
    }
    place
}

const COLOR: [&str; 9] = [
    "data.inputs=[\"color\", \"height\", \"intensity\"]",
    "model.head=pooled",
    "model.channels=8",
    "model.dropout=0",
    "data.validation_fraction=0",
    "optimizer.lr=0.02",
    "train.epochs=12",
    "augment.color_jitter=0.02",
    "augment.drop=0.3",
];

fn arguments<'a>(overrides: &[&'a str], output: &'a str) -> Vec<&'a str> {
    let set = overrides.iter().flat_map(|text| ["--set", *text]);
    ["train", "tiny.toml", "--quiet", "--output", output].into_iter().chain(set).collect()
}

fn accuracy(run: &Path) -> f64 {
    json(run.join("evaluation.json"))[0]["overall_accuracy"].as_f64().unwrap()
}

#[test]
fn what_only_the_colour_tells_is_learnt_from_the_colour() {
    let place = colored();
    place.succeed(&arguments(&COLOR, "run"));
    assert_eq!(accuracy(&place.path("run")), 1.0);

    // A cloud in memory is classified as its file is.
    let classifier =
        Classifier::open(place.path("run"), Weights::Last, &device("cpu").unwrap().device).unwrap();
    let file = place.path("set/red/test/0.ply");
    let (_, predicted) = classifier.predict(std::slice::from_ref(&file), ProgressMode::Quiet).remove(0);
    let cloud = pointcloud::io::read(&file).unwrap();
    let (predicted, classified) = (predicted.unwrap(), classifier.classify(&cloud).unwrap());
    assert_eq!(predicted.ranked[0].0, "red");
    assert_eq!(predicted, classified);
    let bare = PointCloud::new(cloud.positions().to_vec());
    let error = classifier.classify(&bare).unwrap_err().to_string();
    assert!(error.contains("no colours") && error.contains("found positions"), "{error}");

    // Files without the input, wherever they are read.
    write_ply(place.path("bare.ply"), &bare, PlyFormat::Ascii).unwrap();
    let parts = ["bare.ply", "no colours", "data.inputs", "found positions"];
    place.fail(&["predict", "run", "bare.ply"], &parts);
    fs::copy(place.path("bare.ply"), place.path("set/red/test/bare.ply")).unwrap();
    place.fail(&["eval", "run"], &parts);
    fs::rename(place.path("set/red/test/bare.ply"), place.path("set/red/train/bare.ply")).unwrap();
    place.fail(&arguments(&COLOR, "second"), &parts);
    let skip = [&COLOR[..], &["data.skip_bad=true", "train.epochs=1"]].concat();
    place.succeed(&arguments(&skip, "second"));
    assert_eq!(json(place.path("second/manifest.json"))["skipped_files"], 1);
}

/// Points near a line or a plane of any direction.
fn slab(flat: bool, rng: &mut impl Rng) -> PointCloud {
    let [x, y, z] = [rng.random_range(0.5..1.0), rng.random_range(-0.4..0.4), rng.random_range(-0.4..0.4f32)];
    let (mut a, mut b) = ([x, y, z], [-y, x, 0.0]);
    let turns = rng.random_range(0..3);
    a.rotate_left(turns);
    b.rotate_left(turns);
    let point = |rng: &mut _| {
        let [s, t, noise]: [f32; 3] = std::array::from_fn(|_| RngExt::random_range(rng, -1.0..1.0f32));
        [0, 1, 2].map(|axis| s * a[axis] + if flat { t * b[axis] } else { 0.0 } + 0.02 * noise)
    };
    PointCloud::new((0..100).map(|_| point(rng)).collect())
}

#[test]
fn lines_and_planes_in_any_pose_are_told_by_their_shape() {
    let place = Workplace::new();
    fs::remove_dir_all(place.path("set")).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for (class, flat) in [("line", false), ("plane", true)] {
        for file in 0..2 * FILES {
            let folder = place.path(&format!("set/{class}/{}", if file < FILES { "train" } else { "test" }));
            fs::create_dir_all(&folder).unwrap();
            let path = folder.join(format!("{file}.ply"));
            write_ply(path, &slab(flat, &mut rng), PlyFormat::BinaryLittleEndian).unwrap();
        }
    }
    let overrides = [
        "data.inputs=[\"shape\"]",
        "data.validation_fraction=0",
        "model.head=pooled",
        "model.dropout=0",
        "optimizer.lr=0.02",
        "augment.rotate=any",
        "train.epochs=12",
    ];
    for (name, resample) in [("once", "data.resample=false"), ("anew", "data.resample=true")] {
        place.succeed(&arguments(&[&overrides[..], &[resample]].concat(), name));
        assert_eq!(accuracy(&place.path(name)), 1.0, "{name}");
    }
    let classifier =
        Classifier::open(place.path("once"), Weights::Last, &device("cpu").unwrap().device).unwrap();
    let file = place.path(&format!("set/plane/test/{FILES}.ply"));
    let (_, predicted) = classifier.predict(std::slice::from_ref(&file), ProgressMode::Quiet).remove(0);
    assert_eq!(predicted.unwrap(), classifier.classify(&pointcloud::io::read(&file).unwrap()).unwrap());
}

#[test]
fn values_of_inputs_that_cannot_be_used_are_refused() {
    let place = Workplace::new();
    let fail = |overrides: &[&str], parts: &[&str]| place.fail(&arguments(overrides, "run"), parts);
    fail(&["data.inputs=[]"], &["data.inputs", "at least one input"]);
    fail(&["data.inputs=[\"xyz\", \"xyz\"]"], &["data.inputs", "\"xyz\" twice"]);
    fail(&["data.inputs=[\"room\"]"], &["data.inputs", "\"room\""]);
    fail(&["data.inputs=[\"vertical\"]"], &["data.inputs", "\"vertical\" is only of scenes"]);
    fail(&["data.inputs=[\"density\"]"], &["data.inputs", "\"density\" is only of scenes"]);
    fail(
        &["data.inputs=[\"shape\", \"planarity_64\"]"],
        &["data.inputs", "\"planarity_64\"", "the input \"shape\" has a column of this name"],
    );
    fail(&["augment.color_drop=0.5"], &["augment.color_drop", "\"color\" is not among the inputs"]);
    fail(&["augment.density_jitter=0.5"], &["augment.density_jitter", "\"density\" is not among the inputs"]);
    fail(&["augment.scale_axes=true", "augment.scale=[1, 1]"], &["augment.scale_axes", "two different"]);
    fail(&["model.inputs=one"], &["model.inputs"]);
    fail(
        &["data.inputs=[\"xyz\", \"one\"]", "model.convolution=depthwise", "model.channels=6"],
        &["model.channels", "a multiple of the 4 input channels"],
    );
}

#[test]
fn normals_come_from_meshes_and_points_are_drawn_anew() {
    let place = Workplace::new();
    fs::remove_dir_all(place.path("set")).unwrap();
    for (class, height) in [("flat", 0.3), ("tall", 2.0)] {
        for split in ["train", "test"] {
            let folder = place.path(&format!("set/{class}/{split}"));
            fs::create_dir_all(&folder).unwrap();
            for file in 0..4 {
                let top = height + 0.02 * f64::from(file);
                let corners = format!("0 0 0\n1 0 0\n0 1 0\n0 0 {top}\n");
                let faces = "3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n";
                fs::write(folder.join(format!("{file}.off")), format!("OFF\n4 4 0\n{corners}{faces}"))
                    .unwrap();
            }
        }
    }
    let inputs = "data.inputs=[\"xyz\", \"normal\"]";
    let axes = ["augment.scale=[0.8, 1.25]", "augment.scale_axes=true"];
    let once = [inputs, axes[0], axes[1], "data.validation_fraction=0.25"];
    let anew = [&once[..], &["data.resample=true"]].concat();
    place.succeed(&arguments(&once, "once"));
    place.succeed(&arguments(&anew, "anew"));
    place.succeed(&arguments(&anew, "again"));
    assert_eq!(weights(&place.path("anew")), weights(&place.path("again")));
    assert_ne!(weights(&place.path("anew")), weights(&place.path("once")));
    // Stopped and resumed, the same points are drawn.
    place.succeed(&arguments(&[&anew[..], &["train.epochs=1"]].concat(), "stopped"));
    place.succeed(&[&arguments(&anew, "stopped")[..], &["--resume"]].concat());
    assert_eq!(weights(&place.path("anew")), weights(&place.path("stopped")));
}

#[test]
fn votes_are_reported_beside_the_plain_figures_and_repeat() {
    let place = Workplace::new();
    place.succeed(&arguments(&["train.epochs=4"], "run"));
    let plain = place.succeed(&["eval", "run", "--quiet"]);
    let voted = place.succeed(&["eval", "run", "--quiet", "--votes", "5", "--json", "voted.json"]);
    let table = |text: &str| text.split("report:").next().unwrap().trim().to_owned();
    assert!(voted.starts_with(&table(&plain)), "{voted}");
    let rest = voted.replacen(&table(&plain), "", 1);
    assert!(rest.contains("\nwith 5 votes\n") && rest.contains("30 files, with 5 votes"), "{rest}");

    place.succeed(&["eval", "run", "--quiet", "--json", "plain.json"]);
    let (plain, voted) = (json(place.path("plain.json")), json(place.path("voted.json")));
    assert!(plain.get("with_votes").is_none() && plain.get("votes").is_none());
    let votes = &voted["with_votes"];
    assert_eq!((&votes["votes"], &votes["files_seen"]), (&5.into(), &30.into()));
    assert_ne!(votes["loss"], plain["loss"]);
    assert_eq!(voted["loss"], plain["loss"]);
    place.succeed(&["eval", "run", "--quiet", "--votes", "5", "--json", "again.json"]);
    assert_eq!(json(place.path("again.json")), voted);

    // What is predicted for a file is what was counted for it, in a list or alone, as a file or in memory.
    let mut classifier =
        Classifier::open(place.path("run"), Weights::Best, &device("cpu").unwrap().device).unwrap();
    let mut files = pointcloud::dataset::list_tree(place.path("set")).unwrap();
    files.retain(|path| path.parent().is_some_and(|folder| folder.ends_with("test")));
    let once = classifier.predict(&files, ProgressMode::Quiet);
    classifier.set_votes(5.try_into().unwrap());
    let mean = classifier.predict(&files, ProgressMode::Quiet);
    let mut right = 0;
    for ((path, mean), (_, once)) in mean.iter().zip(&once) {
        let (mean, once) = (mean.as_ref().unwrap(), once.as_ref().unwrap());
        assert_ne!(mean, once);
        let sum: f32 = mean.ranked.iter().map(|(_, probability)| probability).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        right += usize::from(path.components().any(|part| part.as_os_str() == mean.ranked[0].0.as_str()));
    }
    let accuracy = votes["overall_accuracy"].as_f64().unwrap();
    assert_eq!(right as f64 / files.len() as f64, accuracy);
    let (path, last) = mean.last().unwrap();
    let alone = classifier.classify(&pointcloud::io::read(path).unwrap()).unwrap();
    // One cloud of a batch and one alone are multiplied in other orders.
    assert_eq!(alone.ranked[0].0, last.as_ref().unwrap().ranked[0].0);
}

#[test]
fn points_that_predict_leaves_out_are_counted() {
    let place = Workplace::new();
    place.train(&["train.epochs=1"], "run", false).unwrap();
    let rows: String = (0..60).map(|i| format!("{} {} {}\n", i % 7, i % 5, i % 3)).collect();
    fs::write(place.path("holes.xyz"), format!("{rows}nan 1 2\n1 inf 2\n")).unwrap();
    place.fail(&["predict", "run", "holes.xyz"], &["holes.xyz: point 60", "--drop-invalid"]);
    let arguments = ["predict", "run", "holes.xyz", "--drop-invalid", "--output", "out"];
    let output = place.command(&arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && told.contains("holes.xyz: 2 points that are not finite were dropped"),
        "{told}"
    );
    assert_eq!(json_lines(place.path("out/predictions.jsonl"))[0]["dropped"], 2);
}
