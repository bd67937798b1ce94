//! Formats that are known and not read are told by their content, whatever the extension says.

use pointcloud::io::Reader;

#[test]
fn foreign_formats_are_told_by_their_content() {
    let zip = |name: &str| [&b"PK\x03\x04\x14\0\0\0\0\0"[..], &[0; 20], name.as_bytes(), b"data"].concat();
    let tar = [vec![b'a'; 257], b"ustar\x0000".to_vec()].concat();
    let iges = format!("{:72}S      1\n", "a part");
    for (bytes, found) in [
        (b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n".to_vec(), "a DXF drawing"),
        (b"999\nmade by\n0\nSECTION\n".to_vec(), "a DXF drawing"),
        (b"AutoCAD Binary DXF\r\n\x1a\0".to_vec(), "a DXF drawing"),
        (b"AC1032\0\0\0\0\0".to_vec(), "a DWG drawing"),
        (b"BPF!0003".to_vec(), "a BPF point file"),
        (b"OCTM\x05\0\0\0RAW\0".to_vec(), "an OpenCTM mesh"),
        (b"MeshVersionFormatted 2\nDimension 3\n".to_vec(), "a Medit mesh"),
        (zip("3dSceneLayer.json.gz"), "an ESRI scene layer (SLPK)"),
        (b"ncols 4\nnrows 6\nxllcorner 0.0\n".to_vec(), "an ESRI ASCII grid"),
        (b"NCOLS         4\r\nNROWS         6\r\n".to_vec(), "an ESRI ASCII grid"),
        (b"glTF\x02\0\0\0".to_vec(), "a glTF scene"),
        (b"{\n  \"asset\" : { \"version\": \"2.0\" }".to_vec(), "a glTF scene"),
        (b"Kaydara FBX Binary  \0\x1a\0".to_vec(), "an FBX scene"),
        (b"; FBX 7.4.0 project file\n".to_vec(), "an FBX scene"),
        (b"PXR-USDC\0\0".to_vec(), "a USD scene"),
        (b"#usda 1.0\n".to_vec(), "a USD scene"),
        (zip("scene.usdc"), "a USD scene"),
        (b"# vtk DataFile Version 3.0\n".to_vec(), "a VTK file"),
        (b"<?xml version=\"1.0\"?>\n<VTKFile type=\"PolyData\">".to_vec(), "a VTK file"),
        (b"<?xml version=\"1.0\"?>\n<COLLADA xmlns=\"a\">".to_vec(), "a COLLADA scene"),
        (b"<X3D profile='Interchange'>".to_vec(), "a VRML or X3D scene"),
        (b"#VRML V2.0 utf8\n".to_vec(), "a VRML or X3D scene"),
        (zip("3D/3dmodel.model"), "a 3MF model"),
        (iges.into_bytes(), "an IGES model"),
        (zip("notes/a.md"), "a ZIP archive"),
        (tar, "a tar archive"),
        (b"%PDF-1.7\n".to_vec(), "a PDF document"),
        (b"SQLite format 3\0".to_vec(), "an SQLite database"),
        (b"\x7fELF\x02".to_vec(), "a program"),
        (b"II*\0\x08\0".to_vec(), "a TIFF picture"),
        (b"MM\0*\0\0".to_vec(), "a TIFF picture"),
        (b"<!DOCTYPE html>\n<html lang=\"en\">".to_vec(), "an HTML page"),
        (b"\n<HTML><head>".to_vec(), "an HTML page"),
        (b"<?xml version=\"1.0\"?><html xmlns=\"a\">".to_vec(), "an HTML page"),
        (b"RIFF\x10\0\0\0WEBPVP8 ".to_vec(), "a WebP picture"),
        (b"\x04\x22\x4d\x18\x64\x40".to_vec(), "an LZ4 archive"),
        (b"CDF\x01\0\0\0\0".to_vec(), "a netCDF file"),
        (b"<las>".to_vec(), ""),
    ] {
        for name in ["a", "a.txt", "a.asc", "a.obj", "a.las"] {
            let error = Reader::new().parse(&bytes, name).unwrap_err().to_string();
            assert_eq!(error, Reader::new().inspect_bytes(&bytes, name).unwrap_err().to_string());
            let expected = format!("found {found}, which is not read, expected one of: ply");
            assert!(found.is_empty() != error.contains(&expected), "{name}: {error}\nlacks\n{expected}");
        }
    }
}

#[test]
fn pointers_of_git_lfs_say_what_to_do() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    for name in ["a", "a.ply", "a.las", "a.bin", "a.npy", "a.h5", "a.txt", "a.obj"] {
        let error = Reader::new().parse(pointer, name).unwrap_err().to_string();
        let message = "a Git LFS pointer in place of the data, which were not fetched, expected the data, which `git lfs pull` fetches";
        assert_eq!(error, format!("{name}: found {message}"));
    }
}
