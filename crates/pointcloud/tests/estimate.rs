//! The estimate of what reading a file takes: its points, from the header or from pieces, for every format.

use std::fs;
use std::path::{Path, PathBuf};

use pointcloud::PointCloud;
use pointcloud::io::{Reader, write};

fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

#[test]
fn headers_tell_the_points() {
    for name in [
        "cases/c_old.pcd",
        "cases/d_utm_stray0.ply",
        "cases/e_pye57.e57",
        "cases/f_coff.off",
        "cases/k_000000.bin",
        "cases/l_pf7.las",
        "cases/n_3xN_1024.npy",
        "cases/p_gz.ply.gz",
        "formats/open3d_compressed.pcd",
        "formats/structured.npy",
        "formats/stored.npz",
        "formats/deflated.npz",
        "formats/h5py_gzip.h5",
        "formats/laspy_7.laz",
        "formats/trimesh.off",
    ] {
        let path = stored(name);
        let estimate = Reader::new().estimate(&path).unwrap();
        let found = Reader::new().inspect(&path).unwrap().points as u64;
        assert_eq!(estimate.points, found, "{name}");
        // The file, and a position of every point.
        let least = fs::metadata(&path).unwrap().len() + 12 * found;
        assert!(estimate.bytes >= least, "{name}: {estimate:?}");
    }
}

#[test]
fn pieces_tell_the_points_of_text_within_a_tenth() {
    let folder = tempfile::tempdir().unwrap();
    let n = 60_000;
    let positions: Vec<[f32; 3]> = (0..n).map(|i| [i as f32 * 0.37, (i % 1013) as f32 * 1.5, 7.0]).collect();
    let vertices: Vec<String> = positions.iter().map(|[x, y, z]| format!("{x} {y} {z}")).collect();
    let faces = |plus: usize| (0..n - 2).map(move |i| [i + plus, i + 1 + plus, i + 2 + plus]);
    let mut obj: String = vertices.iter().map(|row| format!("v {row}\n")).collect();
    obj.extend(faces(1).map(|[a, b, c]| format!("f {a} {b} {c}\n")));
    let corner = |i: usize| format!("vertex {}\n", vertices[i]);
    let facets = faces(0).map(|face| {
        format!("facet normal 0 0 1\nouter loop\n{}endloop\nendfacet\n", face.map(corner).concat())
    });
    let stl = format!("solid a\n{}endsolid a\n", facets.collect::<String>());
    for (name, text, points) in [
        ("a.obj", obj, n),
        // Every second triangle of a closed surface has a vertex of its own.
        ("a.stl", stl, n / 2),
        ("a.xyz", vertices.iter().map(|row| format!("{row}\n")).collect(), n),
        ("a.csv", format!("x,y,z\n{}", vertices.join("\n").replace(' ', ",")), n),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let estimate = Reader::new().estimate(&path).unwrap();
        let ratio = estimate.points as f64 / points as f64;
        assert!((0.9..1.1).contains(&ratio), "{name}: {estimate:?}");
    }
}

#[test]
fn formats_that_are_read_in_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = PointCloud::new((0..1000).map(|i| [i as f32, 0.5, 2.0]).collect());
    for name in ["a.ply", "a.pcd", "a.npy", "a.las", "a.laz", "a.csv", "a.xyz"] {
        let path = folder.path().join(name);
        write(&path, &cloud).unwrap();
        let estimate = Reader::new().estimate(&path).unwrap();
        assert!(estimate.in_blocks, "{name}");
        if !matches!(name, "a.csv" | "a.xyz") {
            assert_eq!(estimate.points, 1000, "{name}");
        }
    }
    for name in [
        "cases/e_pye57.e57",
        "cases/k_000000.bin",
        "cases/n_3xN_1024.npy",
        "cases/o_concave.obj",
        "formats/fortran_f8.npy",
        "formats/h5py_gzip.h5",
        "formats/open3d_compressed.pcd",
        "formats/stored.npz",
        "formats/trimesh.off",
        "formats/trimesh.stl",
    ] {
        assert!(Reader::new().estimate(stored(name)).unwrap().in_blocks, "{name}");
    }
}

#[test]
fn a_header_that_claims_too_much_counts_as_what_the_file_can_hold() {
    let folder = tempfile::tempdir().unwrap();
    let huge = 4_000_000_000_000_u64;
    let pcd = |data: &str| {
        format!(
            "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH {huge}\nHEIGHT 1\nPOINTS {huge}\nDATA {data}\n12345678"
        )
    };
    let vertex = "property float x\nproperty float y\nproperty float z\nend_header\n1 2 3\n";
    let npy = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({huge}, 3), }}\n");
    let npy = [b"\x93NUMPY\x01\x00", &(npy.len() as u16).to_le_bytes()[..], npy.as_bytes()].concat();
    for (name, bytes) in [
        ("a.off", format!("OFF\n{huge} {huge} 0\n0 0 0\n").into_bytes()),
        ("a.ply", format!("ply\nformat ascii 1.0\nelement vertex {huge}\n{vertex}").into_bytes()),
        (
            "b.ply",
            format!("ply\nformat binary_little_endian 1.0\nelement vertex {huge}\n{vertex}").into_bytes(),
        ),
        ("a.pcd", pcd("ascii").into_bytes()),
        ("b.pcd", pcd("binary").into_bytes()),
        ("c.pcd", pcd("binary_compressed").into_bytes()),
        ("a.npy", npy),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let estimate = Reader::new().estimate(&path).unwrap();
        assert!(estimate.bytes < 1 << 20, "{name}: {estimate:?}");
        assert!(Reader::new().read(&path).is_err(), "{name}");
    }
}
