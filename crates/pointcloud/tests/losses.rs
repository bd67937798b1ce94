//! What a file has beyond its points is told, format by format, or is an error that says why.

mod common;

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use common::{parse, refusal, told};
use e57::{E57Writer, Record, RecordDataType, RecordName, RecordValue};
use pointcloud::io::{self, Reader};

/// An NPY array.
fn npy(kind: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    file
}

fn floats(shape: &str, count: usize) -> Vec<u8> {
    npy("<f4", shape, &(0..count).flat_map(|i| (i as f32).to_le_bytes()).collect::<Vec<u8>>())
}

fn npz(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, zip::write::FileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn members_of_another_length() {
    let axes = || ["x.npy", "y.npy", "z.npy"].map(|name| (name, floats("(20,)", 20))).to_vec();
    let with = |name, array| [axes(), vec![(name, array)]].concat();
    let xyz = |name, array| vec![("xyz.npy", floats("(20, 3)", 60)), (name, array)];
    for (members, left_out) in [
        (axes(), None),
        (with("origin.npy", floats("(3,)", 3)), Some("member 'origin': 3 numbers for 20 points")),
        (with("empty.npy", floats("(0,)", 0)), Some("member 'empty': 0 numbers for 20 points")),
        (with("pose.npy", floats("(4, 4)", 16)), Some("member 'pose': 4 rows of 4 numbers for 20 points")),
        (with("label.npy", floats("(1,)", 1)), Some("member 'label': 1 number for 20 points")),
        (with("time.npy", floats("(20,)", 20)), None),
        (with("a.txt", b"by hand".to_vec()), Some("member 'a.txt', which is no array")),
        (with("names.npy", npy("<U1", "(20,)", &[0; 80])), Some("member 'names': type '<U1'")),
        (xyz("origin.npy", floats("(3,)", 3)), Some("member 'origin': 3 numbers for 20 points")),
        (xyz("points.npy", floats("(7, 3)", 21)), Some("member 'points': other points")),
    ] {
        let summary = told(&npz(&members), "a.npz").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(summary.points, 20);
        assert_eq!(summary.left_out, Vec::from_iter(left_out), "{left_out:?}");
    }
    let short = vec![axes()[0].clone(), ("y.npy", floats("(10,)", 10)), axes()[2].clone()];
    for (members, message) in [
        (
            short,
            "found member 'x': 20 numbers, member 'y': 10 numbers, member 'z': 20 numbers, expected coordinates of one length",
        ),
        (
            with("label.npy", floats("(21,)", 21)),
            "found member 'label': 21 numbers, expected 20, one per point",
        ),
        (
            xyz("labels.npy", floats("(19,)", 19)),
            "found member 'labels': 19 numbers, expected 20, one per point",
        ),
    ] {
        let error = refusal(&npz(&members), "a.npz");
        assert!(error.ends_with(message), "{error}\nlacks\n{message}");
    }
}

#[test]
fn members_of_three_columns_have_their_names() {
    for (name, columns) in [("rgb", "colour"), ("colors", "colour"), ("normals", "normal")] {
        let shape = |axis: &str| (format!("{axis}.npy"), floats("(20,)", 20));
        let array = npy("|i1", "(20, 3)", &[1; 60]);
        let all = [shape("x"), shape("y"), shape("z"), (format!("{name}.npy"), array)];
        let members: Vec<(&str, Vec<u8>)> =
            all.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        let summary = told(&npz(&members), "a.npz").unwrap();
        let uses: Vec<&str> = summary.columns.iter().map(|column| column.taken_for).collect();
        assert_eq!(uses, [["position"; 3], [columns; 3]].concat(), "{name}");
        assert_eq!(summary.last, Some([19.0; 3]));
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

#[test]
fn checksums_of_compressed_files() {
    let text = "1 2 3\n".repeat(1000);
    for (name, pack) in [("a.xyz.gz", gzip as fn(&[u8]) -> Vec<u8>), ("a.xyz.zst", zstd)] {
        let packed = pack(text.as_bytes());
        // The checksum of zstd is at the end, that of gzip before the length.
        let at = packed.len() - if name.ends_with("gz") { 8 } else { 4 };
        let mut wrong = packed.clone();
        wrong[at] ^= 1;
        assert_eq!(told(&packed, name).unwrap().points, 1000);
        assert_eq!(told(&[packed.clone(), packed.clone()].concat(), name).unwrap().points, 2000);
        for file in [
            wrong.clone(),
            [packed.clone(), wrong.clone()].concat(),
            [wrong.clone(), packed.clone()].concat(),
        ] {
            let error = refusal(&file, name);
            assert!(error.contains("found what cannot be unpacked ("), "{error}");
            assert!(name.ends_with("gz") || error.contains("the data have the checksum"), "{error}");
        }
    }
}

#[test]
fn zeros_after_compressed_data_are_padding() {
    let text = "1 2 3\n".repeat(1000);
    for (name, pack) in [("a.xyz.gz", gzip as fn(&[u8]) -> Vec<u8>), ("a.xyz.zst", zstd)] {
        let packed = pack(text.as_bytes());
        for zeros in [1, 512, 100_000] {
            let padded = [packed.clone(), vec![0; zeros]].concat();
            assert_eq!(told(&padded, name).unwrap().points, 1000, "{name} {zeros}");
            let error = refusal(&[padded, b"more".to_vec()].concat(), name);
            assert!(error.contains("there is more data after zeros"), "{error}");
        }
        let error = refusal(&[packed, b"more".to_vec()].concat(), name);
        assert!(error.contains("found"), "{error}");
    }
}

fn scan() -> Vec<u8> {
    let record = |name, data_type: RecordDataType| Record { name, data_type };
    let index = || RecordDataType::Integer { min: 0, max: 100 };
    let prototype = vec![
        Record::CARTESIAN_X_F64,
        Record::CARTESIAN_Y_F64,
        Record::CARTESIAN_Z_F64,
        record(RecordName::CartesianInvalidState, RecordDataType::Integer { min: 0, max: 2 }),
        record(RecordName::RowIndex, index()),
        record(RecordName::ColumnIndex, index()),
    ];
    let mut file = Cursor::new(Vec::new());
    let mut writer = E57Writer::new(&mut file, "a").unwrap();
    let mut points = writer.add_pointcloud("b", prototype).unwrap();
    for i in 0..5_i64 {
        let values = [1.0, 2.0, i as f64].map(RecordValue::Double).to_vec();
        let others = [[0, 0, 2, 1, 0][i as usize], i, i].map(RecordValue::Integer).to_vec();
        points.add_point([values, others].concat()).unwrap();
    }
    points.finalize().unwrap();
    writer.finalize().unwrap();
    drop(writer);
    file.into_inner()
}

#[test]
fn points_and_columns_of_scans() {
    let summary = told(&scan(), "a.e57").unwrap();
    assert_eq!(summary.points, 3);
    assert_eq!(
        summary.left_out,
        ["column 'columnIndex'", "column 'rowIndex'", "2 points without a valid position"]
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.e57");
    fs::write(&path, scan()).unwrap();
    let error = Reader::new().convert(&path, folder.path().join("a.ply"), true).unwrap_err().to_string();
    assert!(error.contains("2 points without a valid position"), "{error}");
}

/// The library gives intensities as singles.
#[test]
fn digits_of_intensities_of_scans() {
    let scan = |intensity: f64| {
        let double = RecordDataType::Double { min: None, max: None };
        let mut prototype = vec![Record::CARTESIAN_X_F64, Record::CARTESIAN_Y_F64, Record::CARTESIAN_Z_F64];
        prototype.push(Record { name: RecordName::Intensity, data_type: double });
        let mut file = Cursor::new(Vec::new());
        let mut writer = E57Writer::new(&mut file, "a").unwrap();
        let mut points = writer.add_pointcloud("b", prototype).unwrap();
        for value in [0.5, intensity] {
            points.add_point([1.0, 2.0, 3.0, value].map(RecordValue::Double).to_vec()).unwrap();
        }
        points.finalize().unwrap();
        writer.finalize().unwrap();
        drop(writer);
        told(&file.into_inner(), "a.e57").unwrap().left_out
    };
    assert_eq!(scan(0.25), [""; 0]);
    assert_eq!(scan(0.1), ["digits of the intensities beyond single precision"]);
}

#[test]
fn data_sets_beside_the_points() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hdf5/told.h5");
    let summary = told(&fs::read(path).unwrap(), "a.h5").unwrap();
    assert_eq!(summary.properties, ["x", "y", "z", "label"]);
    assert_eq!(
        summary.left_out,
        [
            "dataset 'names': string [20]",
            "dataset 'other': int64 [7]",
            "dataset 'meta/weights': double [4]",
            "attributes 'crs', 'date' of the file",
            "attribute 'by' of group 'meta'",
            "attribute 'unit' of dataset 'points'",
        ]
    );
}

fn ply(format: &str, count: usize, body: &[u8]) -> Vec<u8> {
    let properties = ["x", "y", "z"].map(|name| format!("property float {name}\n")).concat();
    let header = format!("ply\nformat {format} 1.0\nelement vertex {count}\n{properties}end_header\n");
    [header.as_bytes(), body].concat()
}

fn las(declared: u32, written: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.las");
    let rows: Vec<[f32; 3]> = (0..written).map(|i| [i as f32, 0.0, 0.0]).collect();
    io::write(&path, &pointcloud::PointCloud::new(rows)).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[107..111].copy_from_slice(&declared.to_le_bytes());
    if bytes[25] >= 4 {
        bytes[247..255].copy_from_slice(&u64::from(declared).to_le_bytes());
    }
    bytes
}

#[test]
fn rows_beyond_those_of_the_header() {
    let text = |format: &str| format.as_bytes().to_vec();
    let pcd = |data: &str| format!("FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 2\nDATA {data}\n");
    let pcd_binary = |more: &[u8]| [pcd("binary").as_bytes(), &[0; 24], more].concat();
    let ascii = |more: &str| ply("ascii", 2, format!("1 2 3\n4 5 6\n{more}").as_bytes());
    let binary = |more: &[u8]| ply("binary_little_endian", 2, &[&[0; 24][..], more].concat());
    let mut stl = vec![0; 84 + 3 * 50];
    stl[80] = 2;
    for triangle in 0..3 {
        stl[84 + 50 * triangle + 12..84 + 50 * triangle + 16]
            .copy_from_slice(&(triangle as f32).to_le_bytes());
    }
    for (name, bytes, left_out) in [
        ("a.ply", ascii(""), None),
        ("a.ply", ascii("\n\n"), None),
        ("a.ply", ascii("7 8 9\n\n1 2 3\n"), Some("2 rows after the 2 of the header")),
        ("a.ply", binary(b""), None),
        ("a.ply", binary(b"\r\n"), None),
        ("a.ply", binary(&[1; 24]), Some("2 rows after the 2 of the header")),
        ("a.ply", binary(&[1; 5]), Some("5 bytes after the 2 rows of the header")),
        ("a.off", text("OFF\n1 0 0\n1 2 3\n# end\n"), None),
        ("a.off", text("OFF\n1 0 0\n1 2 3\n4 5 6\n"), Some("1 rows after the 1 of the header")),
        ("a.pcd", text(&(pcd("ascii") + "1 2 3\n4 5 6\n7 8 9\n")), Some("1 rows after the 2 of the header")),
        ("a.pcd", pcd_binary(b""), None),
        ("a.pcd", pcd_binary(&[1; 12]), Some("1 rows after the 2 of the header")),
        ("a.las", las(5, 5), None),
        ("a.las", las(3, 5), Some("2 records after the 3 of the header")),
        ("a.stl", stl, Some("1 triangles after the 2 of the header")),
    ] {
        let summary = told(&bytes, name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(summary.left_out, Vec::from_iter(left_out), "{name} {left_out:?}");
    }
}

#[test]
fn coordinates_beyond_single_precision() {
    let folder = tempfile::tempdir().unwrap();
    let beyond =
        "coordinates up to 3.4e38, where single precision ends, which positions need; --drop-invalid";
    for (row, found, expected) in [
        ("1e300 0 0.1", "(1e300, 0, 0.1)", beyond),
        ("0 -1.7976931348623157e308 0", "(0, -1.7976931348623157e308, 0)", beyond),
        ("0.5 inf 0", "(0.5, inf, 0)", "finite coordinates; --drop-invalid"),
        ("nan 1 2", "(NaN, 1, 2)", "finite coordinates; --drop-invalid"),
    ] {
        let path = folder.path().join("a.xyz");
        fs::write(&path, format!("1 2 3\n{row}\n")).unwrap();
        let error = Reader::new().finite(true).read(&path).unwrap_err().to_string();
        let converted =
            Reader::new().convert(&path, folder.path().join("a.las"), false).unwrap_err().to_string();
        for error in [error, converted] {
            let message = format!("point 1: found position {found}, expected {expected}");
            assert!(error.contains(&message), "{error}\nlacks\n{message}");
        }
        let (cloud, dropped) = Reader::new().drop_invalid(true).read_counted(&path).unwrap();
        assert_eq!((cloud.len(), dropped), (1, 1));
    }
}

#[test]
fn colours_that_are_nan_are_told() {
    let pcd = |rows: [&str; 2]| {
        let header = "FIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F F\nPOINTS 2\nDATA ascii\n";
        format!("{header}1 2 3 {}\n4 5 6 {}\n", rows[0], rows[1])
    };
    let told = |rows| told(pcd(rows).as_bytes(), "a.pcd").unwrap().left_out;
    assert!(told(["1e-38", "2e-38"]).is_empty());
    assert_eq!(told(["1e-38", "nan"]), ["colours that are NaN, which are read as black"]);
}

#[test]
fn labels_that_are_no_labels_say_why() {
    for (value, why) in [
        ("4294967295", "numbers from 1 to 4294967295 beyond 32 bits"),
        ("-3000000000", "numbers from -3000000000 to 1 beyond 32 bits"),
        ("0.5", "not whole numbers"),
        ("nan", "not whole numbers"),
    ] {
        let notes = parse(&format!("x,y,z,label\n1,2,3,1\n1,2,3,{value}\n"), "a.csv").notes;
        assert_eq!(notes, [format!("label: {why}, so it is not taken for the label")]);
    }
}

#[test]
fn empty_cells_of_text() {
    let empty = |name: &str| vec![format!("empty cells of {name} are read as NaN")];
    for (text, values, notes) in [
        ("x,y,z,intensity\n1,2,3,\n4,5,6,7\n", &[f64::NAN, 7.0][..], empty("'intensity'")),
        ("x,y,z,intensity\n4,5,6,7\n1,2,3,\n", &[7.0, f64::NAN], empty("'intensity'")),
        ("x;y;z;intensity;\n1;2;3;;\n", &[f64::NAN], empty("'intensity'")),
        ("intensity,x,y,z\n,1,2,3\n5,1,2,3\n", &[f64::NAN, 5.0], empty("'intensity'")),
        ("x,y,z,intensity,\n1,2,3,4,\n", &[4.0], vec![]),
    ] {
        let summary = told(text.as_bytes(), "a.csv").unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(summary.notes, notes, "{text:?}");
        let cloud = parse(text, "a.csv").cloud;
        let found = &cloud.property("intensity").unwrap().values;
        assert_eq!(format!("{found:?}"), format!("{values:?}"), "{text:?}");
    }
    for (text, message) in [
        ("x,y,z\n1,,3\n", "line 2: found an empty cell, expected a number in column 2 'y'"),
        (
            "x,y,z,label\n1,2,3,4\n1,2,3,\n",
            "line 3: found an empty cell, expected a number in column 4 'label'",
        ),
        (
            "x,y,z,label\n1,2,3,a\n1,2,3,\n",
            "line 3: found an empty cell, expected a word in column 4 'label'",
        ),
        (
            "x,y,z,label\n1,2,3,1\n1,2,3,b\n",
            "found 'b', expected a number in column 4 'label', since its first cell is one; words begin in the first point",
        ),
    ] {
        let error = refusal(text.as_bytes(), "a.csv");
        assert!(error.ends_with(message), "{error}\nlacks\n{message}");
    }
}

#[test]
fn too_many_words_name_the_limit() {
    let rows: String = (0..10_001).map(|i| format!("1,2,3,w{i}\n")).collect();
    let error = refusal(format!("x,y,z,label\n{rows}").as_bytes(), "a.csv");
    let message =
        "line 10002: found more than 10000 different words, expected 10000 at most in column 4 'label'";
    assert!(error.ends_with(message), "{error}");
}

#[test]
fn digits_of_text_beyond_a_double() {
    let digits = |name: &str| vec![format!("digits of '{name}' beyond double precision")];
    for (row, left_out) in [
        ("1,2,3,0.1", vec![]),
        ("1,2,3,0.30000000000000004", vec![]),
        ("1,2,3,0.1000000000000000055511151231257827", vec![]),
        ("1,2,3,0.1234567890123456789", digits("t")),
        ("1,2.00000000000000000001,3,1", digits("y")),
        ("1,2,3,1234567890123456789", vec![]),
        ("1,2,3,123456789012345678901234567890", digits("t")),
    ] {
        let text = format!("x,y,z,t\n{row}\n");
        assert_eq!(told(text.as_bytes(), "a.csv").unwrap().left_out, left_out, "{row}");
    }
}

#[test]
fn obj_is_told_by_its_content() {
    for text in ["v 1 2 3\nv 4 5 6\n", "# made by\nmtllib a.mtl\no a\nv 1 2 3\nv 0 0 1\nv 1 0 0\nf 1 2 3\n"] {
        for name in ["a.txt", "a.xyz", "a", "a.asc"] {
            let summary = told(text.as_bytes(), name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(summary.format, "obj", "{name}");
        }
    }
    for text in ["v x y z\n1 2 3 4\n", "1 2 3\n"] {
        assert_eq!(told(text.as_bytes(), "a.txt").unwrap().format, "text");
    }
}
