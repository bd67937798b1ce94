//! Small files of other programs, and texts of the same kinds, with what a reader must make of them.

use std::path::{Path, PathBuf};

use pointcloud::dataset::list_files;
use pointcloud::io::{self, Contents, Format, Reader, losses, writable_extensions};
use pointcloud::{Error, PointCloud};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

fn open(name: &str) -> Contents {
    Reader::new().open(file(name)).unwrap_or_else(|error| panic!("{error}"))
}

fn parse(text: &str, name: &str) -> Contents {
    Reader::new().parse(text.as_bytes(), name).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Columns by their uses: `intensity=17 colour=255,128,0 label=9 normal=0,0,1` of the first point, in that order.
fn first(cloud: &PointCloud) -> String {
    let list = |values: &[f64]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut parts = vec![list(&cloud.point(0))];
    if let Some(normals) = cloud.normals() {
        parts.push(format!("normal={}", list(&normals[0].map(f64::from))));
    }
    if let Some(colors) = cloud.colors() {
        parts.push(format!("colour={}", list(&colors[0].map(f64::from))));
    }
    if let Some(labels) = cloud.labels() {
        parts.push(format!("label={}", labels[0]));
    }
    parts.extend(
        cloud.properties().iter().map(|property| format!("{}={}", property.name, property.values[0])),
    );
    parts.join(" ")
}

#[test]
fn names_of_columns() {
    for (name, points, expected) in [
        ("t_cc_header.txt", 3, "1.5,2.5,3.5 colour=255,128,0 Scalar_field=0.25"),
        ("t_pdal.csv", 2, "637012.24,849028.31,431.66 colour=68,77,88 label=1 Intensity=143"),
        ("p_diffuse.ply", 2, "1,2,3 colour=255,128,0"),
        ("p_ushort_rgb.ply", 2, "1,2,3 colour=255,128,0"),
        ("p_capital_xyz.ply", 2, "1,2,3"),
        ("p_dales.ply", 2, "1,2,3 label=1 intensity=100 ins_class=0"),
        ("p_float_intensity.ply", 3, "0,0,0 intensity=0.25"),
    ] {
        let cloud = open(name).cloud;
        assert_eq!(cloud.len(), points, "{name}");
        assert_eq!(first(&cloud), expected, "{name}");
    }
}

#[test]
fn spellings_are_the_same_in_every_format() {
    // Coordinates, normals, colours, the label, and a number.
    for names in [
        "X Y Z Nx Ny Nz R G B Classification Intensity",
        "x y z normal_x normal_y normal_z red green blue label intensity",
        "X Y Z NX NY NZ Red Green Blue Class scalar_Intensity",
        "x y z NormalX NormalY NormalZ diffuse_red diffuse_green diffuse_blue scalar_Label Intensity",
        "X y Z nx ny nz RED GREEN BLUE CLASSIFICATION INTENSITY",
    ] {
        let words: Vec<&str> = names.split(' ').collect();
        let row = "1 2 3 0 0 1 255 128 0 7 0.5";
        let types = ["float"; 6].into_iter().chain(["uchar"; 4]).chain(["float"]);
        let properties: String =
            types.zip(&words).map(|(kind, name)| format!("property {kind} {name}\n")).collect();
        let ply = format!("ply\nformat ascii 1.0\nelement vertex 1\n{properties}end_header\n{row}\n");
        let pcd = format!(
            "FIELDS {names}\nSIZE 4 4 4 4 4 4 1 1 1 1 4\nTYPE F F F F F F U U U U F\nWIDTH 1\nHEIGHT 1\nDATA ascii\n{row}\n"
        );
        let csv = format!("{}\n{}\n", words.join(","), row.replace(' ', ","));
        let txt = format!("// {names}\n1\n{row}\n");
        let expected = format!("1,2,3 normal=0,0,1 colour=255,128,0 label=7 {}=0.5", words[10]);
        for (text, name) in [(ply, "a.ply"), (pcd, "a.pcd"), (csv, "a.csv"), (txt, "a.txt")] {
            let contents = parse(&text, name);
            assert_eq!(first(&contents.cloud), expected, "{name} {names}");
            assert!(contents.cloud.property("intensity").is_some());
        }
    }
}

#[test]
fn columns_without_names_are_no_label_by_guess() {
    for (name, expected) in [
        ("t_xyzi.txt", "1,2,3 column_4=25"),
        ("t_xyzirgb_u8.txt", "1,2,3 column_4=17 column_5=255 column_6=128 column_7=0"),
        ("t_xyzirgb_label.txt", "1,2,3 column_4=17 column_5=255 column_6=128 column_7=0 column_8=9"),
        ("t_pts.pts", "1,2,3 colour=255,128,0 column_4=-1200"),
    ] {
        let contents = open(name);
        assert_eq!(first(&contents.cloud), expected, "{name}");
        assert!(
            contents.notes.iter().any(|note| note.contains("name the columns")),
            "{name}: {:?}",
            contents.notes
        );
    }
}

#[test]
fn the_caller_names_columns() {
    for (name, columns, expected) in [
        ("t_xyzi.txt", "x,y,z,intensity", "1,2,3 intensity=25"),
        ("t_xyzirgb_u8.txt", "x,y,z,intensity,r,g,b", "1,2,3 colour=255,128,0 intensity=17"),
        ("t_xyzirgb_label.txt", "x,y,z,intensity,r,g,b,label", "1,2,3 colour=255,128,0 label=9 intensity=17"),
        ("t_xyzirgb_label.txt", "x, y, z, _, r, g, b, _", "1,2,3 colour=255,128,0"),
        // Names in the file are replaced.
        ("t_cc_header.txt", "y,x,z,r,g,b,intensity", "2.5,1.5,3.5 colour=255,128,0 intensity=0.25"),
        ("t_class_names.csv", "x,y,z,label", "1,2,3 label=1"),
    ] {
        let contents = Reader::new().columns(columns).open(file(name)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(first(&contents.cloud), expected, "{name} {columns}");
    }
    for (name, columns, message) in [
        ("t_xyzi.txt", "x,y,z", "line 1: found 4 values, expected 3, the columns x,y,z"),
        ("t_xyzi.txt", "x,y,h,i", "found columns 'x', 'y', 'h', 'i', expected columns x, y and z"),
        ("p_diffuse.ply", "x,y,z,a,b,c", "a ply file names its columns"),
    ] {
        let error = Reader::new().columns(columns).open(file(name)).unwrap_err().to_string();
        assert!(error.contains(message), "{error}\nlacks\n{message}");
    }
}

#[test]
fn words_name_the_classes() {
    let cloud = open("t_class_names.csv").cloud;
    assert_eq!(cloud.labels(), Some([1, 0].as_slice()));
    assert_eq!(cloud.label_words().unwrap(), ["ground", "tree"]);
    let error = Reader::new().parse(b"x,y,z,note\n1,2,3,tree\n", "a.csv").unwrap_err().to_string();
    assert!(error.contains("found 'tree', expected a number in column 4"), "{error}");
    let mixed = Reader::new().parse(b"x,y,z,class\n1,2,3,tree\n1,2,3,4\n1,2,3,\n", "a.csv").unwrap_err();
    assert!(mixed.to_string().contains("line 4"), "{mixed}");
}

#[test]
fn dialects_of_text() {
    for (name, points, expected) in [
        ("t_tabs_blanks.xyz", 2, "1,2,3"),
        ("t_decimal_comma_semicolon.csv", 2, "1.5,2.5,3.5 intensity=100"),
        ("t_latin1_comment.txt", 2, "1,2,3"),
        ("t_nan_ind.xyz", 2, "1,2,3 column_4=NaN"),
        ("o_bom.obj", 4, "0,0,0"),
        ("p_bom.ply", 1, "1,2,3"),
        ("p_objinfo_late.ply", 2, "0,0,0"),
        ("c_old.pcd", 2, "1,2,3"),
        ("p_zero.ply", 0, ""),
    ] {
        let cloud = open(name).cloud;
        assert_eq!(cloud.len(), points, "{name}");
        if points > 0 {
            assert_eq!(first(&cloud), expected, "{name}");
        }
    }
    for (text, name, expected) in [
        ("\u{feff}x,y,z\n1,2,3\n", "a.csv", "1,2,3"),
        ("\u{feff}OFF\n1 0 0\n1 2 3\n", "a.off", "1,2,3"),
        (
            "\u{feff}# .PCD v.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 1\nDATA ascii\n1 2 3\n",
            "a.pcd",
            "1,2,3",
        ),
        (
            "\u{feff}solid a\nfacet normal 0 0 1\nouter loop\nvertex 1 2 3\nvertex 2 2 3\nvertex 1 3 3\nendloop\nendfacet\n",
            "a.stl",
            "1,2,3",
        ),
        ("1,5\t2,5\t3,5\n", "a.txt", "1.5,2.5,3.5"),
        ("1,5 2,5 3,5\n", "a.txt", "1.5,2.5,3.5"),
        ("1;2;3;\n", "a.csv", "1,2,3"),
        ("1 2 1.0D1\n", "a.xyz", "1,2,10"),
        ("VERSION .6\nFIELDS x y z\nPOINTS 1\nDATA ascii\n1 2 3\n", "a.pcd", "1,2,3"),
        ("2\r\n1 2 3\r\n1\r\n4 5 6\r\n", "a.pts", "1,2,3"),
    ] {
        assert_eq!(first(&parse(text, name).cloud), expected, "{text:?}");
    }
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("x,y,z\n1,2,3\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(first(&Reader::new().parse(&utf16, "a.csv").unwrap().cloud), "1,2,3");
    for word in ["1.#QNAN", "-1.#IND", "-nan(ind)", "nan", "1.#INF"] {
        let ply = format!(
            "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\nend_header\n\
             1 2 {word}\n"
        );
        let pcd = format!("FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 1\nDATA ascii\n1 2 {word}\n");
        for (text, name) in [(ply, "a.ply"), (pcd, "a.pcd"), (format!("v 1 2 {word}\n"), "a.obj")] {
            assert!(!parse(&text, name).cloud.positions()[0][2].is_finite(), "{name} {word}");
        }
    }
}

#[test]
fn packed_colors_of_pcd() {
    for name in ["c_rgb_float_plain.pcd", "c_lower_type.pcd"] {
        let colors = open(name).cloud.colors().unwrap().to_vec();
        assert!(colors.iter().all(|color| color[0] == 128), "{name}: {colors:?}");
        assert_eq!(colors[0], colors[colors.len() - 1]);
    }
    let integer = "FIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F U\nPOINTS 1\nDATA ascii\n1 2 3 4210752\n";
    assert_eq!(parse(integer, "a.pcd").cloud.colors().unwrap()[0], [64, 64, 64]);
}

#[test]
fn arrays_and_their_members() {
    let transposed = open("n_3xN_1024.npy");
    assert_eq!((transposed.cloud.len(), transposed.cloud.properties().len()), (1024, 0));
    assert!(transposed.notes[0].contains("1024 points of 3 numbers"), "{:?}", transposed.notes);
    assert!(!open("z_arr0.npz").cloud.is_empty());
    let group = Reader::new().open(file("h_group.h5"));
    match group {
        Ok(contents) => assert!(!contents.cloud.is_empty()),
        // Many clouds in one file.
        Err(error) => assert!(error.to_string().contains("train/data"), "{error}"),
    }
}

#[test]
fn surfaces_of_meshes() {
    for (name, faces) in [
        ("p_tristrips.ply", 3),
        ("s_bin_solid_tail.stl", 2),
        ("s_upper.stl", 2),
        ("o_concave.obj", 3),
        ("o_continuation.obj", 2),
        ("o_two_corner.obj", 1),
        ("o_bom.obj", 2),
        ("f_coff.off", 1),
        ("f_noff.off", 1),
    ] {
        assert_eq!(open(name).faces.len(), faces, "{name}");
    }
    assert_eq!(open("f_coff.off").cloud.colors().unwrap(), [[255, 0, 0], [0, 255, 0], [0, 0, 255]]);
    assert_eq!(open("f_noff.off").cloud.normals().unwrap(), [[0.0, 0.0, 1.0]; 3]);
    assert_eq!(open("o_two_corner.obj").left_out, ["1 faces of fewer than three corners"]);
    // The notch of the concave polygon is between (4, 4), (2, 1) and (0, 4).
    let cloud = Reader::new().points(2000).read(file("o_concave.obj")).unwrap();
    for [x, y, _] in cloud.positions() {
        let roof = if *x < 2.0 { 4.0 - 1.5 * x } else { 1.0 + 1.5 * (x - 2.0) };
        assert!(*y <= roof + 1e-5, "({x}, {y}) lies in the notch");
    }
}

#[test]
fn points_that_are_not_finite_can_be_dropped() {
    let cloud = open("c_nan.pcd");
    assert_eq!((cloud.cloud.len(), cloud.dropped), (4, 0));
    let dropped = Reader::new().drop_invalid(true).open(file("c_nan.pcd")).unwrap();
    assert_eq!((dropped.cloud.len(), dropped.dropped), (2, 2));
    assert_eq!(Reader::new().points(2).drop_invalid(true).read(file("c_nan.pcd")).unwrap().len(), 2);
    let error = Reader::new().finite(true).read(file("c_nan.pcd")).unwrap_err();
    assert!(matches!(error, Error::NotFinite { row: 1, .. }) && error.to_string().contains("--drop-invalid"));
    let mesh = "OFF\n5 2 0\n0 0 0\n1 0 0\n0 1 0\nnan 0 0\n1 1 0\n3 0 1 3\n3 1 4 2\n";
    let mesh = Reader::new().drop_invalid(true).parse(mesh.as_bytes(), "a.off").unwrap();
    assert_eq!((mesh.cloud.len(), mesh.faces), (4, vec![[1, 3, 2]]));
    assert_eq!(mesh.left_out, ["1 faces of dropped points"]);
}

#[test]
fn coordinates_are_those_of_the_file() {
    let stray = open("d_utm_stray0.ply").cloud;
    assert_eq!(stray.len(), 201);
    for name in ["d_utm_stray0.ply", "d_mm900.ply", "l_country.las"] {
        let cloud = open(name).cloud;
        for i in 0..cloud.len() {
            for v in cloud.point(i) {
                let steps = v * 1000.0;
                assert!((steps - steps.round()).abs() < 1e-4, "{name}: {v}");
            }
        }
    }
    let local = open("d_local.ply").cloud;
    for i in 0..local.len() {
        for v in local.point(i) {
            assert!((v * 1e5 - (v * 1e5).round()).abs() < 1e-6, "{v}");
        }
    }
}

/// Every file of the cases, written in every format and read back.
#[test]
fn what_is_written_is_what_was_read_or_a_loss_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(file("")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(contents) = Reader::new().drop_invalid(true).open(&path) else { continue };
        for extension in writable_extensions() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let to = folder.path().join(format!("{name}.{extension}"));
            let lost = losses(&contents, Format::of_extension(extension).unwrap());
            io::write(&to, &contents.cloud).unwrap_or_else(|error| panic!("{name} to {extension}: {error}"));
            if contents.cloud.is_empty() {
                continue;
            }
            let back = io::read(&to).unwrap_or_else(|error| panic!("{name} to {extension}: {error}"));
            assert_eq!(back.len(), contents.cloud.len(), "{name} {extension}");
            let told = |what: &str| lost.iter().any(|line| line.starts_with(what));
            let las = extension.starts_with("la");
            // Files of singles have no more exact coordinates than LAS writes.
            let bound = if las { 1e-9 } else { 0.0 };
            let off = |i: usize| {
                let (a, b) = (contents.cloud.point(i), back.point(i));
                (0..3).map(|axis| (a[axis] - b[axis]).abs()).fold(0.0, f64::max)
            };
            let most = (0..back.len()).map(off).fold(0.0, f64::max);
            assert!(most <= bound || told("coordinates"), "{name} {extension}: {most} off, {lost:?}");
            assert_eq!(back.colors(), contents.cloud.colors(), "{name} {extension}");
            assert_eq!(back.normals(), contents.cloud.normals(), "{name} {extension}");
            assert_eq!(back.labels(), contents.cloud.labels(), "{name} {extension}");
            for property in contents.cloud.properties() {
                // LAS leaves out a field that is 0 everywhere.
                let zero = las && property.values.iter().all(|&v| v == 0.0);
                let found = back
                    .property(&property.name)
                    .or_else(|| back.property(&format!("original_{}", property.name)));
                let same =
                    |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()));
                let kept = found.is_some_and(|found| same(&found.values, &property.values));
                assert!(
                    kept || zero || told(&property.name),
                    "{name} {extension}: {}, {lost:?}",
                    property.name
                );
            }
        }
    }
}

#[test]
fn las_from_las_keeps_what_is_no_point() {
    let folder = tempfile::tempdir().unwrap();
    let number = |bytes: &[u8], at: usize| f64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    for name in ["l_pf7.las", "l_country.las", "l_two_eb_vlrs.las"] {
        let to = folder.path().join(name);
        io::write(&to, &io::read(file(name)).unwrap()).unwrap();
        let (old, new) = (std::fs::read(file(name)).unwrap(), std::fs::read(&to).unwrap());
        assert_eq!(old[4..94], new[4..94], "{name}: identifiers, encoding, version, dates");
        assert_eq!(old[94..96], new[94..96], "{name}: size of the header");
        assert_eq!((old[104], &old[105..107]), (new[104], &new[105..107]), "{name}: point format and size");
        for at in (131..179).step_by(8) {
            assert_eq!(number(&old, at), number(&new, at), "{name}: scale and offset");
        }
        let data = |bytes: &[u8]| u32::from_le_bytes(bytes[96..100].try_into().unwrap()) as usize;
        assert_eq!(old[data(&old)..], new[data(&new)..], "{name}: every byte of every point");
        if old[25] >= 4 {
            assert_eq!(old[247..255], new[247..255], "{name}: number of points");
        }
        let packed = folder.path().join("packed.laz");
        io::write(&packed, &io::read(file(name)).unwrap()).unwrap();
        let (a, b) = (io::read(file(name)).unwrap(), io::read(&packed).unwrap());
        assert!((0..a.len()).all(|i| a.point(i) == b.point(i)), "{name}");
        assert_eq!(
            (a.properties(), a.labels(), a.colors()),
            (b.properties(), b.labels(), b.colors()),
            "{name}"
        );
    }
}

#[test]
fn records_of_las_are_kept() {
    // A projection before the points, and a record after them.
    let mut bytes = std::fs::read(file("l_pf7.las")).unwrap();
    let body = b"PROJCS[]";
    let mut record = vec![0; 54];
    record[2..17].copy_from_slice(b"LASF_Projection");
    record[18..20].copy_from_slice(&2112_u16.to_le_bytes());
    record[20..22].copy_from_slice(&(body.len() as u16).to_le_bytes());
    record[22..26].copy_from_slice(b"WKT!");
    record.extend(body);
    let added = record.len() as u32;
    bytes.splice(375..375, record);
    bytes[96..100].copy_from_slice(&(375 + added).to_le_bytes());
    bytes[100..104].copy_from_slice(&1_u32.to_le_bytes());
    let end = bytes.len() as u64;
    bytes[235..243].copy_from_slice(&end.to_le_bytes());
    bytes[243..247].copy_from_slice(&1_u32.to_le_bytes());
    let mut extended = vec![0; 60];
    extended[2..6].copy_from_slice(b"mine");
    extended[20..28].copy_from_slice(&3_u64.to_le_bytes());
    extended.extend(b"abc");
    bytes.extend(&extended);

    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("a.las");
    std::fs::write(&from, &bytes).unwrap();
    for name in ["b.las", "b.laz"] {
        let to = folder.path().join(name);
        io::write(&to, &io::read(&from).unwrap()).unwrap();
        let new = std::fs::read(&to).unwrap();
        assert_eq!(new[375..375 + added as usize], bytes[375..375 + added as usize], "{name}");
        let at = u64::from_le_bytes(new[235..243].try_into().unwrap()) as usize;
        assert_eq!(new[at..], extended, "{name}");
        assert_eq!(io::read(&to).unwrap().len(), 5);
    }
}

#[test]
fn extra_bytes_of_las() {
    let two = open("l_two_eb_vlrs.las").cloud;
    assert_eq!(two.property("confidence").unwrap().values, [6.0, 7.0, 8.0, 9.0, 10.0]);
    assert_eq!(two.property("Deviation").unwrap().values[0], 3840.0);
    let triple = open("l_triple_eb.las").cloud;
    assert!(triple.normals().is_some());
    assert_eq!(triple.property("height").unwrap().values[0], 0.5);
}

#[test]
fn large_integers_stay_different_numbers() {
    let pcd = "FIELDS x y z t\nSIZE 4 4 4 8\nTYPE F F F U\nPOINTS 2\nDATA ascii\n\
               1 2 3 1600000000123456789\n1 2 3 1600000000123456790\n";
    let csv = "x,y,z,t\n1,2,3,1600000000123456789\n1,2,3,1600000000123456790\n";
    for contents in [open("c_time_u8.pcd"), parse(pcd, "a.pcd"), parse(csv, "a.csv")] {
        let half = |name: &str, i: usize| contents.cloud.property(name).unwrap().values[i] as i128;
        for i in 0..2 {
            assert_eq!(
                (half("t_high32", i) << 32) + half("t_low32", i),
                1_600_000_000_123_456_789 + i as i128
            );
        }
        assert!(contents.notes[0].contains("t_high32 · 2^32 + t_low32"), "{:?}", contents.notes);
    }
    let small = parse("x,y,z,t\n1,2,3,1600000000123\n", "a.csv");
    assert_eq!(small.cloud.property("t").unwrap().values, [1_600_000_000_123.0]);
}

#[test]
fn words_are_written_as_words() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = open("t_class_names.csv").cloud;
    io::write(folder.path().join("a.csv"), &cloud).unwrap();
    let back = io::read(folder.path().join("a.csv")).unwrap();
    assert_eq!((back.labels(), back.label_words()), (cloud.labels(), cloud.label_words()));
    let contents = open("t_class_names.csv");
    assert!(losses(&contents, Format::of_extension("csv").unwrap()).is_empty());
    let lost = losses(&contents, Format::of_extension("ply").unwrap());
    assert_eq!(lost, ["label: words become numbers, 0 = ground, 1 = tree"]);
}

#[test]
fn scans_of_kitti_and_nuscenes() {
    let kitti = open("k_000000.bin");
    assert!(
        kitti.cloud.property("intensity").is_some() && kitti.notes[0].contains("KITTI"),
        "{:?}",
        kitti.notes
    );
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("velodyne/000007.bin");
    std::fs::create_dir_all(folder.path().join("velodyne")).unwrap();
    std::fs::create_dir_all(folder.path().join("labels")).unwrap();
    let values: Vec<u8> = (0..8).flat_map(|i| (i as f32).to_le_bytes()).collect();
    std::fs::write(&scan, &values).unwrap();
    std::fs::write(folder.path().join("labels/000007.label"), [40, 0, 5, 0, 252, 0, 1, 0]).unwrap();
    let cloud = io::read(&scan).unwrap();
    assert_eq!(cloud.labels(), Some([40, 252].as_slice()));
    assert_eq!(cloud.property("instance").unwrap().values, [5.0, 1.0]);
    std::fs::write(folder.path().join("labels/000007.label"), [40, 0]).unwrap();
    assert!(io::read(&scan).unwrap_err().to_string().contains("found 2 bytes, expected 8"));

    let five: Vec<u8> = (0..5).flat_map(|i| (i as f32).to_le_bytes()).collect();
    let contents = Reader::new().parse(&five, "n__LIDAR_TOP__1.pcd.bin").unwrap();
    assert_eq!(first(&contents.cloud), "0,1,2 intensity=3 ring=4");
    let error = Reader::new().parse(&five, "scan.bin").unwrap_err().to_string();
    assert!(error.contains("--columns x,y,z,intensity"), "{error}");
    let error = Reader::new().columns("x,y,z,i").parse(&five, "scan.bin").unwrap_err().to_string();
    assert!(error.contains("found 20 bytes, expected a multiple of 16"), "{error}");
}

#[test]
fn compressed_files_of_every_format() {
    assert!(!open("p_gz.ply.gz").cloud.is_empty());
    let folder = tempfile::tempdir().unwrap();
    for name in ["t_pdal.csv", "p_dales.ply", "l_pf7.las", "o_concave.obj", "n_3xN_1024.npy", "s_upper.stl"] {
        let bytes = std::fs::read(file(name)).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &bytes).unwrap();
        let zstd =
            ruzstd::encoding::compress_to_vec(bytes.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
        for (extension, packed) in [("gz", gzip.finish().unwrap()), ("zst", zstd)] {
            let path = folder.path().join(format!("{name}.{extension}"));
            std::fs::write(&path, &packed).unwrap();
            assert_eq!(io::read(&path).unwrap(), open(name).cloud, "{name} {extension}");
            assert_eq!(
                Format::detect(&path).unwrap(),
                Format::detect(file(name)).unwrap(),
                "{name} {extension}"
            );
            let torn = Reader::new().parse(&packed[..packed.len() / 2], &path);
            let error = torn.unwrap_err().to_string();
            assert!(error.contains("what cannot be unpacked"), "{error}");
        }
    }
    assert_eq!(list_files(folder.path()).unwrap().len(), 12);
    let error = io::write(folder.path().join("a.ply.gz"), &PointCloud::default()).unwrap_err().to_string();
    assert!(error.contains("found extension 'gz'"), "{error}");
}

#[test]
fn e57_scans() {
    let error = Reader::new().open(file("e_head.e57")).unwrap_err().to_string();
    assert!(error.contains("expected an E57 file"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.e57");
    let mut writer = e57::E57Writer::from_file(&path, "file").unwrap();
    let prototype = vec![
        e57::Record::CARTESIAN_X_F64,
        e57::Record::CARTESIAN_Y_F64,
        e57::Record::CARTESIAN_Z_F64,
        e57::Record::COLOR_RED_U8,
        e57::Record::COLOR_GREEN_U8,
        e57::Record::COLOR_BLUE_U8,
    ];
    let mut points = writer.add_pointcloud("cloud", prototype).unwrap();
    for i in 0..3 {
        let mut values: Vec<_> = [637_012.245, 849_028.3, i as f64].map(e57::RecordValue::Double).into();
        values.extend([255, 128, i].map(e57::RecordValue::Integer));
        points.add_point(values).unwrap();
    }
    points.finalize().unwrap();
    writer.finalize().unwrap();
    let cloud = io::read(&path).unwrap();
    assert_eq!(cloud.point(2), [637_012.245, 849_028.3, 2.0]);
    assert_eq!(cloud.colors().unwrap(), [[255, 128, 0], [255, 128, 1], [255, 128, 2]]);
    assert_eq!(cloud.stored_colors(), None);
}
