//! Fixtures: inputs, output and gradients, written by a script.

use std::path::{Path, PathBuf};

use neighbors::{KernelShape, PackedClouds};
use serde_json::Value;

use super::{
    Inputs, Kind, Op, Pass, Tracked, device, lists, magnitudes, packed, pass, precisions, round_off,
};

fn directory(kind: Kind) -> PathBuf {
    let folder = kind.choose("full", "depthwise");
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder)
}

/// One file of `scripts/make_fixtures.py`.
pub(crate) struct Fixture {
    pub(crate) clouds: PackedClouds,
    pub(crate) shape: KernelShape,
    pub(crate) edges: usize,
    pub(crate) occupied: usize,
    pub(crate) inputs: Inputs,
    pub(crate) expected: Pass,
}

impl Fixture {
    /// Reads the fixture `name` of an operator.
    pub(crate) fn read(kind: Kind, name: &str) -> Self {
        let path = directory(kind).join(name).with_extension("json");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let json: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let sizes = &json["sizes"];
        let coordinates: Vec<f32> = numbers(&json["positions"]).into_iter().map(|v| v as f32).collect();
        let offsets: Vec<usize> = numbers(&json["offsets"]).into_iter().map(|v| v as usize).collect();
        Self {
            clouds: packed(coordinates.as_chunks::<3>().0, &offsets),
            shape: shape(&json["kernel"], &json["parameters"]),
            edges: whole(&json["edges"]),
            occupied: whole(&json["occupied"]),
            inputs: Inputs {
                kind,
                points: whole(&sizes["points"]),
                centres: whole(&sizes["points"]),
                subdomains: whole(&sizes["subdomains"]),
                channels_in: whole(&sizes["channels_in"]),
                channels_out: whole(&sizes["channels_out"]),
                columns: json["weight"][0][0].as_array().expect("a weight of three dimensions").len(),
                features: numbers(&json["features"]),
                weight: numbers(&json["weight"]),
                bias: Some(numbers(&json["bias"])),
                grad: numbers(&json["grad"]),
            },
            expected: Pass {
                output: numbers(&json["output"]),
                features: Some(numbers(&json["grad_features"])),
                weight: Some(numbers(&json["grad_weight"])),
                bias: Some(numbers(&json["grad_bias"])),
            },
        }
    }
}

fn shape(kernel: &Value, parameters: &Value) -> KernelShape {
    let three = |value: &Value| [0, 1, 2].map(|axis| whole(&value[axis]));
    let length = |value: &Value| value.as_f64().expect("a length") as f32;
    match kernel.as_str() {
        Some("cells") => KernelShape::Cells {
            size: three(&parameters["size"]),
            cell: length(&parameters["cell"]),
            dilation: three(&parameters["dilation"]),
        },
        Some("shells") => KernelShape::Shells {
            radius: length(&parameters["radius"]),
            shells: whole(&parameters["shells"]),
            dilation: whole(&parameters["dilation"]),
        },
        other => panic!("no kernel is called {other:?}"),
    }
}

fn whole(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("a whole number, found {value}")) as usize
}

/// The numbers of nested lists, in their order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Number(number) => vec![number.as_f64().expect("a finite number")],
        other => panic!("a number, found {other}"),
    }
}

/// Compares `op`, the operator of `kind` or its reference, with the files `names`.
pub(crate) fn check_fixtures(kind: Kind, names: &[&str], op: Op) {
    let device = device();
    for name in names {
        let Fixture { clouds, shape, inputs, expected, .. } = Fixture::read(kind, name);
        let neighborhood = lists(&clouds, &shape);
        let magnitude = magnitudes(&inputs, &neighborhood);
        for dtype in precisions(&device) {
            let got = pass(op, &inputs, &neighborhood, dtype, &device, Tracked::ALL);
            got.assert_close(
                &format!("{kind:?}, {name}, {dtype:?}"),
                &expected,
                &magnitude,
                round_off(dtype),
            );
        }
    }
}

/// The names of all fixtures of an operator, sorted.
pub(crate) fn fixture_names(kind: Kind) -> Vec<String> {
    let files = std::fs::read_dir(directory(kind)).expect("the fixtures lie beside the tests");
    let mut found: Vec<String> = files
        .map(|file| file.expect("a file of the folder").path())
        .map(|path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}
