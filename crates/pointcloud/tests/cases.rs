//! Small files of other programs, and texts of the same kinds, with what a reader must make of them.

mod common;

use common::{file, first, open, parse};
use pointcloud::Error;
use pointcloud::io::Reader;

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
fn pts_files_have_fixed_columns() {
    assert_eq!(first(&open("t_pts.pts").cloud), "1,2,3 colour=255,128,0 intensity=-1200");
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
        ("1\r\n1 2 3\r\n1\r\n4 5 6\r\n", "a.pts", "1,2,3"),
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
