//! The operator against fixtures, written in double precision by `scripts/make_fixtures.py` from the definition alone:
//! positions in, output and gradients out.

mod common;

use std::path::{Path, PathBuf};

use common::{Batch, Inputs, Op, Pass, Tracked, device, magnitudes, pass, precisions, round_off};
use neighbors::KernelShape;
use pointconv::{pointwise_conv, reference};
use serde_json::Value;

const NAMES: [&str; 14] = [
    "cells",
    "cells_dilation_123",
    "cells_dilation_2",
    "cells_size_513",
    "cells_size_513_dilation_221",
    "duplicates",
    "faces_dilation_2",
    "faces_exact",
    "faces_rounded",
    "shell_bounds",
    "shells",
    "shells_dilation_2",
    "single_points",
    "wide",
];

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

struct Fixture {
    batch: Batch,
    shape: KernelShape,
    edges: usize,
    occupied: usize,
    inputs: Inputs,
    expected: Pass,
}

impl Fixture {
    fn read(name: &str) -> Self {
        let path = directory().join(name).with_extension("json");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let json: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let sizes = &json["sizes"];
        Self {
            batch: Batch {
                positions: numbers(&json["positions"])
                    .chunks(3)
                    .map(|p| [0, 1, 2].map(|a| p[a] as f32))
                    .collect(),
                offsets: numbers(&json["offsets"]).into_iter().map(|v| v as usize).collect(),
            },
            shape: shape(&json["kernel"], &json["parameters"]),
            edges: whole(&json["edges"]),
            occupied: whole(&json["occupied"]),
            inputs: Inputs {
                points: whole(&sizes["points"]),
                subdomains: whole(&sizes["subdomains"]),
                channels_in: whole(&sizes["channels_in"]),
                channels_out: whole(&sizes["channels_out"]),
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

fn check(op: Op) {
    let device = device();
    for name in NAMES {
        let Fixture { batch, shape, inputs, expected, .. } = Fixture::read(name);
        let neighborhood = batch.neighborhood(&shape);
        let magnitude = magnitudes(&inputs, &neighborhood);
        for dtype in precisions(&device) {
            let got = pass(op, &inputs, &neighborhood, dtype, &device, Tracked::ALL);
            got.assert_close(&format!("{name}, {dtype:?}"), &expected, &magnitude, round_off(dtype));
        }
    }
}

#[test]
fn the_operator() {
    check(pointwise_conv);
}

#[test]
fn the_reference() {
    check(reference::pointwise_conv);
}

#[test]
fn the_lists() {
    for name in NAMES {
        let fixture = Fixture::read(name);
        let neighborhood = fixture.batch.neighborhood(&fixture.shape);
        assert_eq!(neighborhood.edges(), fixture.edges, "{name}: edges");
        assert_eq!(neighborhood.run_subdomains().len(), fixture.occupied, "{name}: occupied sub-domains");
    }
}

/// No fixture is left aside.
#[test]
fn every_file_is_read() {
    let files = std::fs::read_dir(directory()).expect("the fixtures lie beside the tests");
    let mut found: Vec<String> = files
        .map(|file| file.expect("a file of the folder").path())
        .map(|path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, NAMES);
}
