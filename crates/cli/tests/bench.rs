//! `pointwise bench` on tiny workloads: every key is there, and nonsense is refused.

mod common;

use common::Workplace;
use serde_json::Value;

fn json(place: &Workplace, arguments: &[&str]) -> Value {
    let out = place.succeed(arguments);
    assert_eq!(out.lines().count(), 1, "{out}");
    serde_json::from_str(&out).unwrap()
}

/// That `value` has `min_s` and `median_s`, both above 0 and in this order.
fn assert_spread(value: &Value) {
    let [min, median] = ["min_s", "median_s"].map(|key| value[key].as_f64().unwrap());
    assert!(0.0 < min && min <= median, "{value}");
}

#[test]
fn conv_prints_one_line_with_its_keys() {
    let place = Workplace::new();
    let times =
        json(&place, &["bench", "conv", "--clouds", "3", "--points", "40", "--reps", "2", "--json", "-"]);
    for key in ["search_s", "fwd_s", "bwd_s", "search_median_s", "fwd_median_s", "bwd_median_s", "checksum"] {
        assert!(times[key].as_f64().unwrap() > 0.0, "{key}: {times}");
    }
    assert!(times["edges"].as_u64().unwrap() >= 4 * 3 * 40, "{times}");
    assert!(["avx512", "avx2", "neon", "portable"].contains(&times["instruction_set"].as_str().unwrap()));
    place.fail(&["bench", "conv", "--cell", "0"], &["--cell is 0", "above 0"]);
    place.fail(&["bench", "conv", "--channels", "3,9"], &["--channels has 2 numbers, expected 5"]);
    std::fs::write(place.path("short.f32"), [0; 30]).unwrap();
    place.fail(
        &["bench", "conv", "--positions", "short.f32", "--clouds", "1", "--points", "4"],
        &["short.f32", "found 30 bytes", "expected 48"],
    );
}

#[test]
fn search_times_both_structures_and_tells_the_crossover() {
    let place = Workplace::new();
    let small =
        ["bench", "search", "--sizes", "50,120", "--neighbours", "6", "--nearest", "3", "--reps", "2"];
    let result = json(&place, &[&small[..], &["--json", "-"]].concat());
    let rows = result["sizes"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["points"].as_u64().unwrap()).collect::<Vec<_>>(), [50, 120]);
    for row in rows {
        for structure in ["grid", "kd_tree"] {
            for key in ["build", "lists", "kernel", "nearest"] {
                assert_spread(&row[structure][key]);
            }
            assert!(row[structure]["lists_ns_per_pair"].as_f64().unwrap() > 0.0, "{row}");
        }
    }
    assert!(result["crossover"].as_object().unwrap().contains_key("lists"), "{result}");
    let out = place.succeed(&small);
    assert!(out.contains("kd-tree wins") && out.lines().count() == 8, "{out}");
    place.fail(&["bench", "search", "--sizes", "50,20"], &["[50, 20]", "ascending"]);
    place.fail(&["bench", "search", "--sizes", "0"], &["--sizes is 0", "1 or more"]);
    place.fail(&["bench", "search", "--neighbours", "0.5"], &["--neighbours is 0.5", "1 or more"]);
    place.fail(&["bench", "search", "--radius", "0"], &["--radius is 0"]);
}

#[test]
fn load_reads_a_folder_or_one_of_its_own() {
    let place = Workplace::new();
    let times = json(&place, &["bench", "load", "set", "--reps", "2", "--json", "-"]);
    assert_eq!((&times["files"], &times["points"]), (&70.into(), &(70 * 64).into()));
    assert_spread(&times["warm"]);
    assert!(times["bytes"].as_u64().unwrap() > 70 * 64 * 12);
    let times =
        json(&place, &["bench", "load", "--files", "11", "--points", "20", "--reps", "1", "--json", "-"]);
    assert_eq!((&times["files"], &times["points"]), (&20.into(), &400.into()));
    std::fs::create_dir(place.path("empty")).unwrap();
    place.fail(&["bench", "load", "empty"], &["empty", "no file to read", "ply"]);
    place.fail(&["bench", "load", "missing"], &["missing", "cannot read"]);
    place.fail(&["bench", "load", "set", "--reps", "0"], &["--reps is 0"]);
}

#[test]
fn train_times_the_parts_of_a_step() {
    let place = Workplace::new();
    let tiny = ["bench", "train", "tiny.toml", "--classes", "4", "--batch", "3", "--reps", "2"];
    let times = json(&place, &[&tiny[..], &["--json", "-"]].concat());
    for key in ["step", "prepare", "search", "forward", "backward", "optimizer"] {
        assert_spread(&times[key]);
    }
    for key in ["step", "wait", "forward", "backward", "optimizer", "other"] {
        assert_spread(&times["pipelined"][key]);
    }
    assert_eq!((&times["batch"], &times["points"], &times["classes"]), (&3.into(), &48.into(), &4.into()));
    assert_eq!(times["parameters"], times["estimate"]["parameters"]);
    #[cfg(target_os = "linux")]
    assert!(times["peak_bytes"].as_u64().unwrap() > 1 << 20, "{times}");
    let out = place.succeed(&tiny);
    assert!(out.contains("backward") && out.contains("peak memory"), "{out}");
    place.fail(&["bench", "train", "tiny.toml", "--batch", "0"], &["--batch is 0", "1 or more"]);
    place.fail(&["bench", "train", "nothing.toml"], &["nothing.toml"]);
}

#[test]
fn kinds_side_by_side_and_trained() {
    let place = Workplace::new();
    let small = ["bench", "kinds", "--clouds", "2", "--points", "30", "--reps", "1", "--channels", "4,6"];
    let trained = ["--accuracy", "tiny.toml", "--set", "train.epochs=1", "--set", "model.channels=6"];
    let result = json(&place, &[&small[..], &trained, &["--json", "-"]].concat());
    let rows = result["layers"].as_array().unwrap();
    let kinds: Vec<&str> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["full", "separable", "depthwise", "1x1"].repeat(2));
    let parameters: Vec<u64> = rows[..4].iter().map(|row| row["parameters"].as_u64().unwrap()).collect();
    assert_eq!(parameters, [27 * 16 + 4, 27 * 4 + 16 + 4, 27 * 4 + 4, 16 + 4]);
    assert_eq!(rows[3]["multiplications"], 16.0);
    assert!(rows.iter().all(|row| row["forward"]["min_s"].as_f64().unwrap() > 0.0));
    for row in result["accuracy"].as_array().unwrap() {
        assert!((0.0..=1.0).contains(&row["accuracy"].as_f64().unwrap()), "{row}");
    }
    place.fail(&["bench", "kinds", "--channels", "0"], &["--channels is 0"]);
}

#[test]
fn a_run_of_every_kind_loads_again() {
    let place = Workplace::new();
    for kind in ["full", "separable", "depthwise", "1x1"] {
        let chosen = format!("model.convolution={kind}");
        let arguments =
            ["train", "tiny.toml", "--quiet", "--output", kind, "--set", "model.channels=6", "--set"];
        place.succeed(&[&arguments[..], &[&chosen]].concat());
        let stored: Value =
            serde_json::from_str(&std::fs::read_to_string(place.path(kind).join("evaluation.json")).unwrap())
                .unwrap();
        let evaluation: Value = serde_json::from_str(&place.succeed(&["eval", kind, "--json", "-"])).unwrap();
        assert_eq!(evaluation, stored[0]);
        let more = ["--set", &chosen, "--set", "train.epochs=3", "--resume"];
        place.succeed(&[&arguments[..7], &more].concat());
    }
    // Weights of one kind do not pass for another's.
    std::fs::copy(place.path("separable/best.safetensors"), place.path("depthwise/best.safetensors"))
        .unwrap();
    place.fail(&["eval", "depthwise"], &["depthwise/best.safetensors", "convolutions"]);
    place.fail(
        &["train", "tiny.toml", "--set", "model.convolution=depthwise"],
        &["model.channels", "found 4", "multiple of the 3 input channels"],
    );
    place.fail(&["train", "tiny.toml", "--set", "model.convolution=half"], &["model.convolution", "half"]);
}

#[test]
fn inspect_tells_how_much_memory_a_config_needs() {
    let place = Workplace::new();
    let out = place.succeed(&["inspect", "tiny.toml"]);
    assert!(out.contains("memory     about") && out.contains("clouds of 48 points"), "{out}");
    let result: Value = serde_json::from_str(&place.succeed(&["inspect", "tiny.toml", "--json"])).unwrap();
    let memory = &result["memory"];
    assert_eq!(memory["weights"], memory["parameters"].as_u64().unwrap() * 4);
    assert!(memory["total"].as_u64() > memory["neighbors"].as_u64(), "{result}");
}

#[test]
fn every_bench_has_a_help_text_with_examples() {
    let place = Workplace::new();
    for what in ["conv", "search", "load", "train", "kinds"] {
        let out = place.succeed(&["bench", what, "--help"]);
        assert!(out.contains("Example") && out.contains(&format!("pointwise bench {what}")), "{out}");
    }
}
