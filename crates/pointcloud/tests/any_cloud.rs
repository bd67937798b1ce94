//! Any cloud in any format: what comes back is what was written, but for the losses that were told.

mod common;

use std::fmt::Write;

use common::{check_kept, parse};
use pointcloud::io::{Reader, inspect, writable_extensions};
use proptest::prelude::*;
use proptest::sample::select;

/// A column of a PLY file: its type, its name, and what its values are chosen from.
#[derive(Clone, Debug)]
struct Column {
    kind: &'static str,
    name: &'static str,
    values: &'static [f64],
}

const WHOLE: &[f64] = &[0.0, 1.0, 2.0, 6.0, 31.0, 32.0, 100.0];
const BYTES: &[f64] = &[0.0, 1.0, 2.0, 128.0, 255.0];
const WORDS: &[f64] = &[0.0, 255.0, 256.0, 65_535.0];
const SHARES: &[f64] = &[0.0, 0.003, 0.25, 0.4995, 1.0];
const NUMBERS: &[f64] =
    &[0.0, -1.5, 0.1, 1e-9, 123_456.789, 1e12, 1.152_921_504_606_847e18, 1e30, f64::NAN, f64::INFINITY];
const SINGLES: &[f64] = &[0.0, -1.5, 0.1, 0.123_456_79, 16_777_217.0, -3e-7, 1e5];
const HIGH: &[f64] = &[-2_147_483_648.0, -2_097_153.0, 0.0, 1_048_576_000.0, 2_147_483_647.0];
const LOW: &[f64] = &[0.0, 1.0, 4_294_967_295.0, 305_419_896.0];
const UNIT: &[f64] = &[0.0, 1.0, -1.0, 0.6, -0.8, 0.123_456_789_012];
const DOUBLES: &[f64] = &[0.0, -77.123_456_789_012, 637_177.98, 5_400_000.001, 1e-5, 16_777_217.5];

/// Types and values of three columns that belong together.
fn triple(
    names: [&'static str; 3],
    of: &'static [(&'static str, &'static [f64])],
) -> impl Strategy<Value = Vec<Column>> {
    select(of).prop_map(move |(kind, values)| names.map(|name| Column { kind, name, values }).into())
}

fn columns() -> impl Strategy<Value = Vec<Column>> {
    let positions = triple(["x", "y", "z"], &[("float", SINGLES), ("double", DOUBLES), ("int", WHOLE)]);
    let normals = triple(["nx", "ny", "nz"], &[("float", UNIT), ("double", UNIT)]);
    let colors = triple(
        ["red", "green", "blue"],
        &[("uchar", BYTES), ("ushort", BYTES), ("ushort", WORDS), ("float", SHARES), ("double", BYTES)],
    );
    let names = select(
        &[
            "intensity",
            "gps_time",
            "return_number",
            "label",
            "classification",
            "Class",
            "scalar_Intensity",
            "nir",
            "scan_angle",
            "a_name_that_is_longer_than_32_bytes_1",
            "a_name_that_is_longer_than_32_bytes_2",
            "rgb",
            "_",
            "a,b",
            "it's",
            "q#1",
            "t_high32",
            "user_data",
            "column_4",
            "X",
            "scan",
        ][..],
    );
    let kinds = select(
        &[
            ("uchar", BYTES),
            ("ushort", WORDS),
            ("int", WHOLE),
            ("float", SINGLES),
            ("double", NUMBERS),
            ("double", DOUBLES),
        ][..],
    );
    let rest = proptest::collection::vec((names, kinds), 0..5);
    // The two halves of an integer of 64 bits, as they come out of a file that has such integers.
    let long = select(&["int", "uint"][..]).prop_map(|kind| {
        let values = if kind == "int" { HIGH } else { &HIGH[2..] };
        let low = Column { kind: "uint", name: "stamp_low32", values: LOW };
        vec![Column { kind, name: "stamp_high32", values }, low]
    });
    let optional = (proptest::option::of(normals), proptest::option::of(colors), proptest::option::of(long));
    (positions, optional, rest).prop_map(|(mut columns, (normals, colors, long), rest)| {
        columns.extend(normals.into_iter().chain(colors).chain(long).flatten());
        for (name, (kind, values)) in rest {
            if columns.iter().all(|column| column.name != name) {
                columns.push(Column { kind, name, values });
            }
        }
        columns
    })
}

/// The text of a PLY file with such columns.
fn ply(columns: &[Column], rows: usize, choices: &[usize], comments: usize) -> String {
    let mut text = "ply\nformat ascii 1.0\n".to_owned();
    (0..comments).for_each(|i| writeln!(text, "comment  number {i}\nobj_info a  b").unwrap());
    writeln!(text, "element vertex {rows}").unwrap();
    for Column { kind, name, .. } in columns {
        writeln!(text, "property {kind} {name}").unwrap();
    }
    text.push_str("end_header\n");
    let mut choices = choices.iter().cycle();
    for _ in 0..rows {
        for Column { values, .. } in columns {
            let value = values[choices.next().unwrap() % values.len()];
            write!(text, "{value} ").unwrap();
        }
        text.push('\n');
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn comes_back_from_every_format(
        columns in columns(),
        rows in 0..6_usize,
        choices in proptest::collection::vec(0..1000_usize, 1..80),
        comments in 0..3_usize,
    ) {
        let contents = parse(&ply(&columns, rows, &choices, comments), "a.ply");
        let folder = tempfile::tempdir().unwrap();
        for extension in writable_extensions() {
            let kept = check_kept(&contents, extension, folder.path());
            prop_assert!(kept.is_ok(), "{}", kept.unwrap_err());
        }
        let shown = inspect(folder.path().join("a.ply")).unwrap().comments;
        prop_assert_eq!(shown.len(), 2 * comments);
        // The cloud of a LAS file has its header and records beside the points.
        let las = folder.path().join("a.las");
        let contents = Reader::new().open(&las).unwrap();
        let again = tempfile::tempdir().unwrap();
        for extension in writable_extensions() {
            let kept = check_kept(&contents, extension, again.path());
            prop_assert!(kept.is_ok(), "of LAS: {}", kept.unwrap_err());
        }
        // From then on nothing changes.
        let (second, third) = (again.path().join("a.las"), folder.path().join("third.las"));
        Reader::new().convert(&second, &third, true).unwrap();
        let [second, third] = [second, third].map(|path| std::fs::read(path).unwrap());
        prop_assert!(second == third, "from LAS to LAS");
    }
}
