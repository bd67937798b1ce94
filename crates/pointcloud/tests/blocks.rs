//! Files of every kind, read block by block and as a whole: the same.

mod common;

use std::path::{Path, PathBuf};

use common::{cases, file};
use pointcloud::io::{self, Contents, Format, Reader, ReplaceFiles, losses, writable_extensions};
use pointcloud::{PointCloud, ScalarProperty, ScalarType};

/// [`cases`] and files of [`made`].
fn cases_and_made(folder: &Path) -> Vec<(PathBuf, Contents)> {
    let open = |path: PathBuf| (path.clone(), Reader::new().open(&path).unwrap());
    cases().into_iter().chain(made(folder).into_iter().map(open)).collect()
}

/// A conversion block by block writes the same bytes and tells the same losses as one in memory.
#[test]
fn blocks_make_the_same_files_as_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let reader = Reader::new().drop_invalid(true);
    for (path, contents) in cases_and_made(folder.path()) {
        for extension in writable_extensions() {
            let [whole, blocks] =
                ["whole", "blocks"].map(|name| folder.path().join(name).with_extension(extension));
            io::write(&whole, &contents.cloud).unwrap();
            let mut lost = reader.convert(&path, &blocks, false).unwrap();
            let mut expected = losses(&contents, Format::of_extension(extension).unwrap());
            lost.sort();
            expected.sort();
            assert_eq!(lost, expected, "{} {extension}", path.display());
            let [whole, blocks] = [whole, blocks].map(|path| std::fs::read(path).unwrap());
            assert!(whole == blocks, "{} {extension}", path.display());
        }
    }
}

/// Columns that are changed block by block are those that are changed in memory.
#[test]
fn blocks_are_changed_as_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let reader = Reader::new().drop_invalid(true);
    let change = |mut cloud: PointCloud, first: usize| {
        let rows: Vec<usize> = (first..first + cloud.len()).collect();
        if let Some(label) = cloud.take_labels() {
            cloud.push_property(ScalarProperty { name: "renamed".into(), ..label })?;
        }
        cloud.set_colors(Some(rows.iter().map(|row| [(row % 256) as u8, 7, 9]).collect()))?;
        cloud.set_classification(rows.iter().map(|row| (row % 11) as i32).collect())?;
        let values = rows.iter().map(|row| *row as f64 * 0.5).collect();
        cloud.push_property(ScalarProperty { name: "row_2".into(), scalar_type: ScalarType::F32, values })?;
        Ok(cloud)
    };
    for (path, contents) in cases_and_made(folder.path()) {
        let (points, words) = (contents.cloud.len(), contents.cloud.label_words().is_some());
        let expected = change(contents.cloud, 0).unwrap();
        for extension in writable_extensions() {
            let [whole, blocks] =
                ["whole", "blocks"].map(|name| folder.path().join(name).with_extension(extension));
            io::write(&whole, &expected).unwrap();
            let mut files = ReplaceFiles::default();
            let lost = reader.change_into(&mut files, &path, &blocks, points, &change).unwrap();
            assert_eq!(lost.iter().any(|line| line.starts_with("label: words become")), words, "{lost:?}");
            files.finish().unwrap();
            let [whole, blocks] = [whole, blocks].map(|path| std::fs::read(path).unwrap());
            assert!(whole == blocks, "{} {extension}", path.display());
        }
        let error = reader
            .change_into(
                &mut ReplaceFiles::default(),
                &path,
                &folder.path().join("no.ply"),
                points + 1,
                &change,
            )
            .unwrap_err();
        assert!(
            error.to_string().contains("as many as when it was read before"),
            "{}: {error}",
            path.display()
        );
        assert!(!folder.path().join("no.ply").exists());
    }
}

/// So does a description.
#[test]
fn blocks_say_the_same_as_the_whole() {
    let (mut seen, folder) = (0, tempfile::tempdir().unwrap());
    for (path, _) in cases_and_made(folder.path()) {
        let bytes = std::fs::read(&path).unwrap();
        let whole = Reader::new().inspect_bytes(&bytes, &path).unwrap();
        let blocks = Reader::new().inspect(&path).unwrap();
        // NaN is not equal to itself.
        assert_eq!(format!("{blocks:?}"), format!("{whole:?}"), "{}", path.display());
        seen += 1;
    }
    assert!(seen > 40);
}

/// Many blocks: types, ranges, words and large numbers are those of the whole file.
#[test]
fn many_blocks_are_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let rows = 150_000;
    let row = |i: usize| {
        let late = i > 140_000;
        let (z, t) = (if late { "0.123456789012" } else { "1" }, if late { 1_u64 << 60 } else { 5 });
        let class = if late { "zebra" } else { ["tree", "ground"][i % 2] };
        format!("{},{},{z},{},{t},{class},{}\n", i % 977, i / 977, if late { 700 } else { i % 7 }, i % 256)
    };
    let text: String = (0..rows).map(row).collect();
    let from = folder.path().join("a.csv");
    std::fs::write(&from, format!("x,y,z,intensity,t,class,u\n{text}")).unwrap();
    let contents = Reader::new().open(&from).unwrap();
    assert_eq!(contents.cloud.label_words().unwrap(), ["ground", "tree", "zebra"]);
    for extension in writable_extensions() {
        let [whole, blocks] =
            ["whole", "blocks"].map(|name| folder.path().join(name).with_extension(extension));
        io::write(&whole, &contents.cloud).unwrap();
        Reader::new().convert(&from, &blocks, false).unwrap();
        assert!(std::fs::read(&whole).unwrap() == std::fs::read(&blocks).unwrap(), "{extension}");
        // And from that file to the next format.
        let again = folder.path().join("again.laz");
        Reader::new().convert(&blocks, &again, false).unwrap();
        assert_eq!(io::read(&again).unwrap().len(), rows, "{extension}");
        let (whole, blocks) = (Reader::new().open(&blocks).unwrap(), io::inspect(&blocks).unwrap());
        assert_eq!(blocks.bounds, whole.cloud.bounds(), "{extension}");
        // Changed columns get the numbers of their points, and a reduced cloud has its columns.
        let (mut files, numbered) = (ReplaceFiles::default(), folder.path().join("numbered.ply"));
        let number = |cloud: PointCloud, first: usize| {
            let mut cloud = cloud.bare();
            cloud.set_labels(Some((first..first + cloud.len()).map(|row| row as i32).collect()))?;
            Ok(cloud)
        };
        let path = folder.path().join("blocks").with_extension(extension);
        Reader::new().change_into(&mut files, &path, &numbered, rows, &number).unwrap();
        files.finish().unwrap();
        let numbered = io::read(&numbered).unwrap();
        assert!(numbered.labels().unwrap().iter().copied().eq(0..rows as i32), "{extension}");
        assert!((0..rows).all(|i| numbered.point(i) == whole.cloud.point(i)), "{extension}");
    }
}

/// A mesh of squares, as text that singles do not hold, in the formats of meshes, and arrays of every kind.
fn made(folder: &Path) -> Vec<PathBuf> {
    let (columns, rows) = (70, 60);
    let point = |i: usize| [(i % columns) as f32 * 0.1, (i / columns) as f32 * 0.7, (i % 13) as f32 * 0.3];
    let points: Vec<[f32; 3]> = (0..columns * rows).map(point).collect();
    let square = |i: usize| [i, i + 1, i + columns + 1, i + columns];
    let squares: Vec<[usize; 4]> =
        (0..columns * (rows - 1)).filter(|i| i % columns + 1 < columns).map(square).collect();
    let triangles = squares.iter().flat_map(|[a, b, c, d]| [[*a, *b, *c], [*a, *c, *d]]);
    let line = |[x, y, z]: &[f32; 3]| format!("{x} {y} {z}");
    let list = |squares: &[[usize; 4]], add: usize| -> Vec<String> {
        squares.iter().map(|s| s.map(|i| (i + add).to_string()).join(" ")).collect()
    };
    let mut files: Vec<(&str, Vec<u8>)> = Vec::new();
    // Steps that doubles do not tell apart at this offset.
    let mut las = std::fs::read(file("../formats/laspy_3.las")).unwrap();
    for (at, value) in (131..).step_by(8).zip([4.4e-311, 3e-294, 3e-294, 3.7e-294, 3.7e-294, 3.7e-294_f64]) {
        las[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    let data = u32::from_le_bytes(las[96..100].try_into().unwrap()) as usize;
    for (axis, steps) in [i32::MAX, 790_274_113, 1_419_341_853].iter().enumerate() {
        las[data + 4 * axis..data + 4 * axis + 4].copy_from_slice(&steps.to_le_bytes());
    }
    files.push(("steps.las", las));
    // Zeros with a sign, and numbers that single precision rounds to them.
    files.push(("zeros.xyz", b"1 4 -0\n-0 4 -0\n".to_vec()));
    files.push(("small.xyz", b"-1e-60 -0.3 0\n-0 0.3 -0\n".to_vec()));
    let head = format!("COFF\n{} {} 0\n", points.len(), squares.len());
    let vertices: String = points.iter().map(|p| format!("{} 255 0 7\n", line(p))).collect();
    let faces: String = list(&squares, 0).iter().map(|s| format!("4 {s} 0.5\n")).collect();
    files.push(("a.off", [head, vertices, faces].concat().into()));
    let vertices = |color: &str| points.iter().map(|p| format!("v {}{color}\n", line(p))).collect::<String>();
    let normals = "vn 0 0.6 0.8\n".repeat(points.len());
    let faces: String = list(&squares, 1).iter().map(|s| format!("f {s}\nf 1 2\nvt 0 0\n")).collect();
    files.push(("a.obj", [faces.as_str(), &vertices(" 0.1 0.2 0.3"), &normals].concat().into()));
    files.push(("b.obj", [vertices("").as_str(), "v 1 2 3 4 5 6\nvn 1 0 0\n", &faces].concat().into()));
    let corner = |p: &[f32; 3]| p.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let facet = |t: [usize; 3]| [vec![0; 12], t.map(|i| corner(&points[i])).concat(), vec![1, 0]].concat();
    let facets: Vec<u8> = triangles.clone().flat_map(facet).collect();
    let count = (2 * squares.len() as u32).to_le_bytes();
    files.push(("a.stl", [&[0; 80][..], &count, &facets].concat()));
    let facet = |t: [usize; 3]| {
        let corners = t.map(|i| format!("vertex {}\n", line(&points[i]))).concat();
        format!("facet normal 0 0 1\nouter loop\n{corners}endloop\nendfacet\n")
    };
    files.push(("b.stl", format!("solid\n{}endsolid\n", triangles.map(facet).collect::<String>()).into()));
    let rows: Vec<u8> = points.iter().flat_map(|p| [corner(p), vec![0, 0, 128, 63]].concat()).collect();
    files.push(("a.pcd.bin", [rows.as_slice(), &rows[..4 * points.len()]].concat()));
    files.push(("000001.bin", rows));
    files.push(("a.xyz", points.iter().map(|p| line(p) + "\n").collect::<String>().into()));
    let transposed: Vec<u8> =
        (0..3).flat_map(|axis| points.iter().flat_map(move |p| p[axis].to_le_bytes())).collect();
    for (name, shape, fortran) in [
        ("a.npy", format!("({}, 3)", points.len()), "True"),
        ("b.npy", format!("(3, {})", points.len()), "False"),
    ] {
        let header = format!("{{'descr': '<f4', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let start =
            [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat();
        files.push((name, [start, transposed.clone()].concat()));
    }
    let write = |(name, bytes): (&str, Vec<u8>)| {
        std::fs::write(folder.join(name), bytes).unwrap();
        folder.join(name)
    };
    files.into_iter().map(write).collect()
}
