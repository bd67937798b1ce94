//! Formats that are known and not read, so that a refusal can name them.

/// What a file is called, the extensions of such files, and how they begin; empty where their beginning tells nothing.
type Foreign = (&'static str, &'static [&'static str], &'static [u8]);

const FOREIGN: [Foreign; 42] = [
    ("a Draco mesh", &["drc"], b"DRACO"),
    ("an FBX scene", &["fbx"], b"Kaydara FBX Binary"),
    ("a glTF scene", &["glb", "gltf"], b"glTF"),
    ("a VTK file", &["vtk", "vtp", "vtu", "vti", "vtr", "vts"], b"# vtk DataFile"),
    ("a Blender scene", &["blend"], b"BLENDER"),
    ("a COLLADA scene", &["dae"], b""),
    ("a 3D Studio scene", &["3ds", "max"], b""),
    ("a 3MF model", &["3mf"], b""),
    ("a USD scene", &["usd", "usda", "usdc", "usdz"], b"PXR-USDC"),
    ("a USD scene", &[], b"#usda"),
    ("a VRML scene", &["wrl", "x3d"], b"#VRML"),
    ("a STEP model", &["step", "stp"], b"ISO-10303-21"),
    ("an IGES model", &["igs", "iges"], b""),
    ("an XDMF file", &["xdmf", "xmf"], b""),
    ("a Gmsh mesh", &["msh"], b"$MeshFormat"),
    ("a Gaussian splat", &["splat", "ksplat", "spz"], b""),
    ("an Autodesk ReCap scan", &["rcp", "rcs"], b""),
    ("a FARO scan", &["fls", "fws", "lsproj"], b""),
    ("a Leica scan", &["ptx", "ptg"], b""),
    ("a Riegl scan", &["rxp", "rdbx"], b""),
    ("a Z+F scan", &["zfs", "zfprj"], b""),
    ("a CloudCompare project", &["bin"], b"CCB"),
    ("an ESRI shapefile", &["shp"], &[0, 0, 0x27, 0x0a]),
    ("a ROS bag", &["bag", "db3"], b"#ROSBAG"),
    ("an MCAP recording", &["mcap"], b"\x89MCAP"),
    ("a packet capture", &["pcap", "pcapng"], &[0xd4, 0xc3, 0xb2, 0xa1]),
    ("a MATLAB file", &["mat"], b"MATLAB 5.0"),
    ("a Python pickle", &["pkl", "pickle"], b""),
    ("a PyTorch file", &["pt", "pth"], b""),
    ("a safetensors file", &["safetensors"], b""),
    ("a Parquet table", &["parquet"], b"PAR1"),
    ("an Arrow table", &["feather", "arrow"], b"ARROW1"),
    ("an Excel table", &["xlsx", "xls"], b""),
    ("a JSON document", &["json", "geojson"], b""),
    ("an XZ archive", &["xz"], b"\xfd7zXZ"),
    ("a bzip2 archive", &["bz2"], b"BZh"),
    ("a 7-Zip archive", &["7z"], b"7z\xbc\xaf"),
    ("a ZIP or tar archive", &["zip", "tar", "tgz"], b""),
    ("a RAR archive", &["rar"], b"Rar!"),
    ("a PNG picture", &["png"], b"\x89PNG"),
    ("a JPEG picture", &["jpg", "jpeg"], &[0xff, 0xd8, 0xff]),
    ("a TIFF picture", &["tif", "tiff"], b""),
];

/// What a file is that begins with `start`, if that or its extension says so. Of a file with the extension of a format that is
/// read, only the beginning tells.
pub(super) fn name_of(start: &[u8], extension: &str, known_extension: bool) -> Option<&'static str> {
    let begins = |(_, _, magic): &&Foreign| !magic.is_empty() && start.starts_with(magic);
    let named = |(_, extensions, _): &&Foreign| !known_extension && extensions.contains(&extension);
    FOREIGN.iter().find(begins).or_else(|| FOREIGN.iter().find(named)).map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::io::Format;

    #[test]
    fn known_formats_are_refused_by_name() {
        for (name, start, found) in [
            ("a.drc", &b"DRACO\x02\x02"[..], "a Draco mesh"),
            ("a.DAE", b"<?xml", "a COLLADA scene"),
            ("a.ply", b"\x89PNG\r\n", "a PNG picture"),
            ("a.bin", b"CCB2", "a CloudCompare project"),
            ("a.ptx", b"1\n1\n", "a Leica scan"),
            ("noextension", b"BZh9", "a bzip2 archive"),
            ("a.pt", b"PK\x03\x04", "a PyTorch file"),
            ("a.las.zip", b"PK\x03\x04", "a ZIP or tar archive"),
        ] {
            let error = Format::of_head(Path::new(name), start, 9).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("{name}: found {found}, which is not read, expected one of: ply")),
                "{error}"
            );
        }
        // Content comes first, and what is read is no foreign format.
        assert_eq!(Format::of_head(Path::new("a.json"), b"ply\nformat", 9).unwrap().name(), "ply");
        for format in Format::all() {
            for extension in format.extensions() {
                assert_eq!(name_of(b"1 2 3", extension, true), None);
            }
        }
    }
}
