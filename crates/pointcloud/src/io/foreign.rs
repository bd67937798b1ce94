//! Formats that are known and not read, so that a refusal can name them.

use self::Sign::{Bytes, Json, Lines, Text, Words, Xml, Zip};

/// What the start of a file tells its format by.
enum Sign {
    /// These bytes, from this byte on.
    Bytes(usize, &'static [u8]),
    /// The start of a text, in any case.
    Text(&'static str),
    /// The first words of a text, in any case; `*` is any word.
    Words(&'static [&'static str]),
    /// The first lines of a text, in the same way.
    Lines(&'static [&'static str]),
    /// The first elements of an XML document, one of which has this name.
    Xml(&'static str),
    /// A JSON document with this key among the first.
    Json(&'static str),
    /// A ZIP archive with a member among the first whose name contains this.
    Zip(&'static str),
}

impl Sign {
    fn is_of(&self, start: &[u8]) -> bool {
        let has = |part: &str| start.windows(part.len()).any(|window| window == part.as_bytes());
        let text = start.trim_ascii_start();
        match self {
            Bytes(at, bytes) => start.get(*at..).is_some_and(|rest| rest.starts_with(bytes)),
            Text(part) => {
                text.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part.as_bytes()))
            }
            Words(words) => begins_with(text.split(u8::is_ascii_whitespace), words),
            Lines(lines) => begins_with(text.split(|&b| b == b'\n'), lines),
            Xml(name) => text.starts_with(b"<") && has(&format!("<{name}")),
            Json(key) => text.starts_with(b"{") && has(&format!("\"{key}\"")),
            Zip(member) => start.starts_with(b"PK\x03\x04") && has(member),
        }
    }
}

/// Whether the first of these parts, without those that are empty, are `wanted`.
fn begins_with<'a>(parts: impl Iterator<Item = &'a [u8]>, wanted: &[&str]) -> bool {
    let mut parts = parts.map(<[u8]>::trim_ascii).filter(|part| !part.is_empty());
    let is = |part: &[u8], wanted: &str| wanted == "*" || part.eq_ignore_ascii_case(wanted.as_bytes());
    wanted.iter().all(|wanted| parts.next().is_some_and(|part| is(part, wanted)))
}

/// The name of what many formats are packed in.
const ARCHIVE: &str = "a ZIP archive";

/// What Git LFS leaves in place of a file that was not fetched.
pub(super) const POINTER: &str = "a Git LFS pointer in place of the data, which were not fetched";

/// What a file is called, the extensions of such files, and what their start tells them by; none where it tells nothing.
type Foreign = (&'static str, &'static [&'static str], &'static [Sign]);

/// Of several formats that have a sign of a file, the first is the name; ZIP archives are many things.
const FOREIGN: [Foreign; 57] = [
    (POINTER, &[], &[Bytes(0, b"version https://git-lfs")]),
    ("a Draco mesh", &["drc"], &[Bytes(0, b"DRACO")]),
    ("an FBX scene", &["fbx"], &[Bytes(0, b"Kaydara FBX Binary"), Bytes(0, b"; FBX")]),
    ("a glTF scene", &["glb", "gltf"], &[Bytes(0, b"glTF"), Json("asset")]),
    (
        "a VTK file",
        &["vtk", "vtp", "vtu", "vti", "vtr", "vts"],
        &[Bytes(0, b"# vtk DataFile"), Xml("VTKFile")],
    ),
    ("a Blender scene", &["blend"], &[Bytes(0, b"BLENDER")]),
    ("a COLLADA scene", &["dae"], &[Xml("COLLADA")]),
    ("a 3D Studio scene", &["3ds", "max"], &[]),
    ("a 3MF model", &["3mf"], &[Zip("3D/")]),
    (
        "a USD scene",
        &["usd", "usda", "usdc", "usdz"],
        &[Bytes(0, b"PXR-USDC"), Bytes(0, b"#usda"), Zip(".usd")],
    ),
    ("a VRML or X3D scene", &["wrl", "x3d"], &[Bytes(0, b"#VRML"), Xml("X3D")]),
    ("a STEP model", &["step", "stp"], &[Bytes(0, b"ISO-10303-21")]),
    ("an IGES model", &["igs", "iges"], &[Bytes(72, b"S      1")]),
    (
        "a DXF drawing",
        &["dxf"],
        &[Lines(&["0", "SECTION"]), Lines(&["999", "*", "0", "SECTION"]), Bytes(0, b"AutoCAD Binary DXF")],
    ),
    ("a DWG drawing", &["dwg"], &[Bytes(0, b"AC10")]),
    ("a BPF point file", &["bpf"], &[Bytes(0, b"BPF!")]),
    ("an OpenCTM mesh", &["ctm"], &[Bytes(0, b"OCTM")]),
    ("a Medit mesh", &["mesh", "meshb"], &[Words(&["MeshVersionFormatted"])]),
    ("an ESRI scene layer (SLPK)", &["slpk"], &[Zip("3dSceneLayer"), Zip("nodepages/")]),
    ("an ESRI ASCII grid", &["agr", "grd"], &[Words(&["ncols", "*", "nrows"])]),
    ("an XDMF file", &["xdmf", "xmf"], &[Xml("Xdmf")]),
    ("a Gmsh mesh", &["msh"], &[Bytes(0, b"$MeshFormat")]),
    ("a Gaussian splat", &["splat", "ksplat", "spz"], &[]),
    ("an Autodesk ReCap scan", &["rcp", "rcs"], &[]),
    ("a FARO scan", &["fls", "fws", "lsproj"], &[]),
    ("a Leica scan", &["ptx", "ptg"], &[]),
    ("a Riegl scan", &["rxp", "rdbx"], &[]),
    ("a Z+F scan", &["zfs", "zfprj"], &[]),
    ("a CloudCompare project", &["bin"], &[Bytes(0, b"CCB")]),
    ("an ESRI shapefile", &["shp"], &[Bytes(0, &[0, 0, 0x27, 0x0a])]),
    ("a ROS bag", &["bag", "db3"], &[Bytes(0, b"#ROSBAG")]),
    ("an MCAP recording", &["mcap"], &[Bytes(0, b"\x89MCAP")]),
    ("a packet capture", &["pcap", "pcapng"], &[Bytes(0, &[0xd4, 0xc3, 0xb2, 0xa1])]),
    ("a MATLAB file", &["mat"], &[Bytes(0, b"MATLAB 5.0")]),
    ("a Python pickle", &["pkl", "pickle"], &[]),
    ("a PyTorch file", &["pt", "pth"], &[]),
    ("a safetensors file", &["safetensors"], &[]),
    ("an SQLite database", &["sqlite", "gpkg"], &[Bytes(0, b"SQLite format 3\0")]),
    ("a PDF document", &["pdf"], &[Bytes(0, b"%PDF-")]),
    ("a program", &["exe", "dll", "so"], &[Bytes(0, b"\x7fELF")]),
    ("a Parquet table", &["parquet"], &[Bytes(0, b"PAR1")]),
    ("an Arrow table", &["feather", "arrow"], &[Bytes(0, b"ARROW1")]),
    ("an Excel table", &["xlsx", "xls"], &[Zip("xl/")]),
    ("a JSON document", &["json", "geojson"], &[]),
    ("an HTML page", &["html", "htm"], &[Text("<!doctype html"), Text("<html"), Xml("html")]),
    ("a netCDF file", &["nc", "cdf"], &[Bytes(0, b"CDF\x01"), Bytes(0, b"CDF\x02"), Bytes(0, b"CDF\x05")]),
    ("an LZ4 archive", &["lz4"], &[Bytes(0, &[0x04, 0x22, 0x4d, 0x18])]),
    ("an XZ archive", &["xz"], &[Bytes(0, b"\xfd7zXZ")]),
    ("a bzip2 archive", &["bz2"], &[Bytes(0, b"BZh")]),
    ("a 7-Zip archive", &["7z"], &[Bytes(0, b"7z\xbc\xaf")]),
    ("a tar archive", &["tar", "tgz"], &[Bytes(257, b"ustar")]),
    ("a RAR archive", &["rar"], &[Bytes(0, b"Rar!")]),
    ("a PNG picture", &["png"], &[Bytes(0, b"\x89PNG")]),
    ("a JPEG picture", &["jpg", "jpeg"], &[Bytes(0, &[0xff, 0xd8, 0xff])]),
    ("a WebP picture", &["webp"], &[Bytes(8, b"WEBPVP8")]),
    ("a TIFF picture", &["tif", "tiff"], &[Bytes(0, b"II*\0"), Bytes(0, b"MM\0*")]),
    (ARCHIVE, &["zip"], &[Bytes(0, b"PK\x03\x04")]),
];

/// What a file is that begins with `start`, if that or its extension says so. Of a file with the extension of a format that is
/// read, only the beginning tells. An archive is what its extension says, unless a member tells more.
pub(super) fn name_of(start: &[u8], extension: &str, known_extension: bool) -> Option<&'static str> {
    let begins = |(_, _, signs): &&Foreign| signs.iter().any(|sign| sign.is_of(start));
    let named = |(_, extensions, _): &&Foreign| !known_extension && extensions.contains(&extension);
    let (found, by_extension) = (FOREIGN.iter().find(begins), FOREIGN.iter().find(named));
    let found = if found.is_some_and(|(name, ..)| *name == ARCHIVE) { by_extension.or(found) } else { found };
    found.or(by_extension).map(|(name, ..)| *name)
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
            ("a.las.zip", b"PK\x03\x04", "a ZIP archive"),
            ("a.xlsx", b"PK\x03\x04", "an Excel table"),
            ("a.txt", b"PK\x03\x04", "a ZIP archive"),
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
