//! Every key of the config reference is used by the network of its config, or refused.

use serde_json::Value;
use train::config::{Config, ConfigError, ModelConfig, Task, json_schema};
use train::device;
use train::network::NetworkSpec;
use train::task::{Packer, Unpacked};

/// A complete config for a task.
fn base(task: Task) -> &'static str {
    match task {
        Task::Classification => {
            "name = \"x\"\n[data]\nroot = \"x\"\n[model]\nkind = \"paper-classifier\"\n[optimizer]\nkind = \"sgd\"\nlr = 0.1\n[train]\nepochs = 1\n"
        }
        _ => {
            "name = \"x\"\n[data]\nroot = \"x\"\n[scenes]\n[model]\nkind = \"paper-segmenter\"\n[optimizer]\nkind = \"sgd\"\nlr = 0.1\n[train]\nepochs = 1\n"
        }
    }
}

/// Every key outside of `[model]`, `[optimizer]` and `[schedule]`, dotted, with its default as TOML and the task that its
/// mark names.
fn keys() -> Vec<(String, String, Option<String>)> {
    let schema = json_schema();
    let mut found = Vec::new();
    collect(&schema, &schema, "", None, &mut found);
    found
}

fn collect(
    schema: &Value,
    object: &Value,
    prefix: &str,
    task: Option<&str>,
    found: &mut Vec<(String, String, Option<String>)>,
) {
    for (name, property) in object["properties"].as_object().unwrap() {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if ["model", "optimizer", "schedule"].contains(&key.as_str()) {
            continue;
        }
        let task = property["x-task"].as_str().or(task);
        let reference = property["$ref"].as_str().or_else(|| property["anyOf"][0]["$ref"].as_str());
        let target = reference.and_then(|path| schema.pointer(&path[1..])).unwrap_or(property);
        if target["properties"].is_object() {
            collect(schema, target, &key, task, found);
        } else if let Some(default) = property.get("default") {
            found.push((key, default.to_string(), task.map(str::to_owned)));
        }
    }
}

/// Sets `key` in a config for `task`.
fn set(task: Task, key: &str, value: &str) -> Result<Config, ConfigError> {
    Config::parse(base(task), "x.toml", &[format!("{key}={value}")])
}

#[test]
fn a_key_of_the_other_task_is_refused_with_the_task_that_uses_it() {
    let mut refused = 0;
    for (key, value, only) in keys() {
        for task in [Task::Classification, Task::Segmentation] {
            let result = set(task, &key, &value);
            match &only {
                Some(only) if only != task.name() => {
                    let error = result.expect_err(&key);
                    // A whole section of the other task says so by the network that it does not fit.
                    if key.starts_with("scenes.") {
                        assert_eq!(error.key(), Some("model.kind"), "{error}");
                    } else {
                        let text = error.to_string();
                        assert!(matches!(error, ConfigError::UnusedKey { .. }), "{key}: {text}");
                        assert!(
                            text.starts_with(&format!("key `{}", key.rsplit_once('.').unwrap().0)),
                            "{text}"
                        );
                        assert!(text.contains(&format!("for {only} only")), "{text}");
                        assert!(text.contains("-classifier") && text.contains("-segmenter"), "{text}");
                    }
                    refused += 1;
                }
                _ => drop(result.unwrap_or_else(|error| panic!("{key} for {}: {error}", task.name()))),
            }
        }
    }
    // The keys of shapes and their reading, and the section [scenes].
    assert!(refused > 30, "{refused}");
}

#[test]
fn what_a_run_stores_has_no_key_that_its_network_does_not_use() {
    for task in [Task::Classification, Task::Segmentation] {
        let config = Config::parse(base(task), "x.toml", &[]).unwrap();
        let text = config.to_toml().unwrap();
        assert_eq!(Config::parse(&text, "x.toml", &[]).unwrap(), config);
        assert_eq!(text.contains("validation_fraction"), task == Task::Classification, "{text}");
        assert_eq!(text.contains("count_points"), task == Task::Segmentation, "{text}");
    }
}

#[test]
fn the_config_of_an_older_run_may_have_keys_that_have_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let text =
        base(Task::Segmentation).replace("root = \"x\"", "root = \"x\"\npoints = 64\norder = \"none\"");
    std::fs::write(&path, &text).unwrap();
    assert_eq!(Config::load(&path, &[]).unwrap_err().key(), Some("data.order"));
    let config = Config::of_run(&path).unwrap();
    assert_eq!(config, Config::parse(base(Task::Segmentation), "x.toml", &[]).unwrap());
}

#[test]
fn shells_can_be_chosen_for_every_network() {
    let device = device("cpu").unwrap().device;
    let positions: Vec<[f32; 3]> =
        (0..40).map(|i| [(i % 7) as f32 * 0.1, (i % 5) as f32 * 0.1, i as f32 * 0.01]).collect();
    for example in ModelConfig::examples() {
        let text = base(example.task())
            .replace("paper-classifier", example.kind())
            .replace("paper-segmenter", example.kind());
        // Networks of several resolutions have coarser kernels in place of dilated ones, and the size of their cells.
        let has_levels = !example.coarser().is_empty();
        let overrides: &[&str] = if has_levels {
            &["model.shells=2", "model.cell=0.13"]
        } else {
            &["model.shells.radius=0.2", "model.shells.count=2", "model.dilations=[1, 3, 2]"]
        };
        let owned: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        let config = Config::parse(&text, "x.toml", &owned).unwrap();
        let mut shapes = config.model.kernel_shapes();
        shapes.extend(config.model.coarser().into_iter().flat_map(|level| level.kernels));
        assert!(shapes.len() >= 3 && shapes.iter().all(|shape| shape.subdomains() == 2), "{shapes:?}");

        let spec = NetworkSpec { points: 20, channels_in: 3, classes: 4 };
        let batch = Unpacked {
            positions: positions.clone(),
            offsets: vec![0, 20, 40],
            features: positions.as_flattened().to_vec(),
            channels: 3,
            targets: vec![0; 2],
            ..Unpacked::default()
        };
        let batch = Packer::of(&config.model, 0.0, &device).pack(batch).unwrap();
        let logits = config.model.init(&spec, &device).logits(&batch.input);
        let rows = if example.task() == Task::Classification { 2 } else { 40 };
        assert_eq!(logits.dims(), [rows, 4]);
        assert!(logits.into_data().iter::<f32>().all(f32::is_finite));

        if has_levels {
            continue;
        }
        // Keys of cells have no effect beside a radius.
        let cells = if text.contains("residual") { "model.cells=[0.2, 0.2, 0.2]" } else { "model.cell=0.2" };
        let error = Config::parse(&text, "x.toml", &[cells.to_owned(), overrides[0].to_owned()]).unwrap_err();
        assert!(error.to_string().contains("beside a section [model.shells]"), "{error}");
    }
}
