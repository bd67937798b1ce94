//! LAS files of every point format through LAS and LAZ: every byte comes back.

mod common;

use std::path::Path;

use pointcloud::io::{self, Format};
use pointcloud::io::{Reader, ReplaceFiles, losses};

const SIZES: [usize; 11] = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67];
const POINTS: usize = 300;

/// A description of extra bytes: name, type, options, scales and offsets of three parts.
type Entry = (&'static str, u8, u8, [f64; 3], [f64; 3]);

fn described(&(name, kind, options, scales, offsets): &Entry) -> Vec<u8> {
    let mut entry = vec![0; 192];
    (entry[2], entry[3]) = (kind, options);
    entry[4..4 + name.len()].copy_from_slice(name.as_bytes());
    for part in 0..3 {
        entry[112 + 8 * part..120 + 8 * part].copy_from_slice(&scales[part].to_le_bytes());
        entry[136 + 8 * part..144 + 8 * part].copy_from_slice(&offsets[part].to_le_bytes());
    }
    entry[160..165].copy_from_slice(b"about");
    entry
}

fn record(user: &str, id: u16, body: &[u8]) -> Vec<u8> {
    let mut record = vec![0; 54];
    record[2..2 + user.len()].copy_from_slice(user.as_bytes());
    record[18..20].copy_from_slice(&id.to_le_bytes());
    record[20..22].copy_from_slice(&(body.len() as u16).to_le_bytes());
    record[22..30].copy_from_slice(b"describe");
    record.extend(body);
    record
}

/// A record after the points.
fn extended(user: &str, id: u16, body: &[u8]) -> Vec<u8> {
    let mut record = vec![0; 60];
    record[2..2 + user.len()].copy_from_slice(user.as_bytes());
    record[18..20].copy_from_slice(&id.to_le_bytes());
    record[20..28].copy_from_slice(&(body.len() as u64).to_le_bytes());
    record.extend(body);
    record
}

/// A file of version 1.`minor` whose points have `extra` bytes, of which `entries` describe the first.
fn las(minor: u8, format: usize, extra: usize, entries: &[Entry]) -> Vec<u8> {
    let size = SIZES[format] + extra;
    let start = [227, 227, 227, 235, 375][usize::from(minor)];
    let mut bytes = vec![0; start];
    bytes[..4].copy_from_slice(b"LASF");
    (bytes[24], bytes[25]) = (1, minor);
    bytes[26..33].copy_from_slice(b"scanner");
    bytes[94..96].copy_from_slice(&(start as u16).to_le_bytes());
    bytes[104] = format as u8;
    bytes[105..107].copy_from_slice(&(size as u16).to_le_bytes());
    let legacy = if format < 6 { POINTS } else { 0 };
    bytes[107..111].copy_from_slice(&(legacy as u32).to_le_bytes());
    for (axis, (scale, offset)) in
        [(0.001, -500_000.0), (0.01, 5_400_000.0), (0.0005, -1.25)].iter().enumerate()
    {
        bytes[131 + 8 * axis..139 + 8 * axis].copy_from_slice(&f64::to_le_bytes(*scale));
        bytes[155 + 8 * axis..163 + 8 * axis].copy_from_slice(&f64::to_le_bytes(*offset));
    }
    let mut records = vec![record("LASF_Spec", 4, &entries.iter().flat_map(described).collect::<Vec<_>>())];
    if entries.is_empty() {
        records.clear();
    }
    records.push(record("LASF_Projection", 2112, b"PROJCS[]"));
    bytes[100..104].copy_from_slice(&(records.len() as u32).to_le_bytes());
    bytes.extend(records.concat());
    let data = bytes.len() as u32;
    bytes[96..100].copy_from_slice(&data.to_le_bytes());
    let waves = matches!(format, 4 | 5 | 9 | 10).then(|| SIZES[format] - 29);
    for i in 0..POINTS * size {
        let (row, at) = (i / size, i % size);
        // Small bytes make no float that is not finite. The offset of a waveform is below 2^48.
        let wave = waves.is_some_and(|start| (start + 7..start + 9).contains(&at));
        bytes.push(if wave { 0 } else { (row * 31 + at * 17 + row * at % 13) as u8 & 0x3f });
    }
    let after = bytes.len() as u64;
    if minor == 3 && waves.is_some() {
        bytes[227..235].copy_from_slice(&after.to_le_bytes());
        bytes.extend(extended("LASF_Spec", 65535, b"waveforms"));
    }
    if minor == 4 {
        bytes[247..255].copy_from_slice(&(POINTS as u64).to_le_bytes());
        bytes[235..243].copy_from_slice(&after.to_le_bytes());
        bytes[243] = 2;
        bytes.extend(extended("somebody", 1, b"any bytes"));
        let waves = bytes.len() as u64;
        bytes[227..235].copy_from_slice(&waves.to_le_bytes());
        bytes.extend(extended("LASF_Spec", 65535, b"waveforms"));
    }
    bytes
}

/// The bytes that a writer does not count anew: returns and bounds are those of the points.
fn fixed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[111..131].fill(0);
    bytes[179..227].fill(0);
    if bytes[25] >= 4 {
        bytes[255..375].fill(0);
    }
    bytes
}

fn check(name: &str, bytes: &[u8], folder: &Path) {
    let path = |name: &str| folder.join(name);
    std::fs::write(path("a.las"), bytes).unwrap();
    let convert = |from: &str, to: &str| {
        let lost = Reader::new().convert(path(from), path(to), false).unwrap();
        assert!(lost.is_empty(), "{name}: {lost:?}");
    };
    convert("a.las", "b.las");
    convert("a.las", "c.laz");
    convert("c.laz", "d.las");
    io::write(path("e.las"), &io::read(path("a.las")).unwrap()).unwrap();
    for made in ["b.las", "d.las", "e.las"] {
        let made_bytes = std::fs::read(path(made)).unwrap();
        let (old, new) = (fixed(bytes), fixed(&made_bytes));
        let at = old.iter().zip(&new).position(|(a, b)| a != b);
        assert!(old == new, "{name} {made}: byte {at:?}, {} bytes become {}", old.len(), new.len());
    }
    check_classification(name, &std::fs::read(path("b.las")).unwrap(), folder);
}

/// Other classes change their bits of the points and nothing else, and they are those that were set.
fn check_classification(name: &str, bytes: &[u8], folder: &Path) {
    let (from, to) = (folder.join("b.las"), folder.join("classes.laz"));
    let class = |i: usize| (i * 7 % 32) as i32;
    let mut files = ReplaceFiles::default();
    let lost = Reader::new().change_into(&mut files, &from, &to, POINTS, &|mut cloud, first| {
        cloud.set_classification((first..first + cloud.len()).map(class).collect())?;
        Ok(cloud)
    });
    assert_eq!(lost.unwrap(), [""; 0], "{name}");
    files.finish().unwrap();
    let unpacked = folder.join("unpacked.las");
    Reader::new().convert(&to, &unpacked, false).unwrap();
    let number = |at: usize, length: usize| {
        bytes[at..at + length].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let (data, format, size) = (number(96, 4), bytes[104], number(105, 2));
    let (at, mask) = if format < 6 { (15, 0x1f) } else { (16, 0xff) };
    let mut expected = bytes.to_vec();
    for i in 0..POINTS {
        let byte = &mut expected[data + i * size + at];
        *byte = *byte & !mask | class(i) as u8;
    }
    assert!(std::fs::read(&unpacked).unwrap() == expected, "{name}");
}

const NONE: [f64; 3] = [0.0; 3];

#[test]
fn every_byte_of_a_las_file_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let formats = [(2, 0..4), (3, 0..6), (4, 0..11)];
    let formats = formats.into_iter().flat_map(|(minor, formats)| formats.map(move |format| (minor, format)));
    let long = "a_name_of_thirty_two_bytes_long_";
    let kinds: [(&str, usize, &[Entry]); 8] = [
        ("no extra bytes", 0, &[]),
        ("undescribed", 5, &[]),
        ("any bytes", 7, &[("blob", 0, 3, NONE, NONE), ("after", 7 - 4, 0, NONE, NONE)]),
        (
            "parts",
            4 + 12 + 12,
            &[
                (long, 13, 0, NONE, NONE),
                ("triple", 29, 0, NONE, NONE),
                ("scaled", 26, 24, [0.01, 0.1, 2.0], [1.0, -2.0, 0.0]),
            ],
        ),
        (
            "names of fields",
            4 + 2 + 4 + 1,
            &[
                ("intensity", 9, 0, NONE, NONE),
                ("Intensity", 3, 0, NONE, NONE),
                ("red", 9, 0, NONE, NONE),
                ("user_data", 1, 0, NONE, NONE),
            ],
        ),
        (
            "names of roles",
            12 + 1 + 4,
            &[
                ("NormalZ", 9, 0, NONE, NONE),
                ("NormalX", 9, 0, NONE, NONE),
                ("NormalY", 9, 0, NONE, NONE),
                ("label", 1, 0, NONE, NONE),
                ("x", 9, 0, NONE, NONE),
            ],
        ),
        ("64 bits", 24, &[("u", 7, 0, NONE, NONE), ("i", 8, 0, NONE, NONE), ("d", 10, 0, NONE, NONE)]),
        ("one name twice", 4 + 2, &[("a b", 5, 8, [0.5; 3], NONE), ("a b", 3, 0, NONE, NONE)]),
    ];
    for (minor, format) in formats {
        for (kind, extra, entries) in &kinds {
            let name = format!("1.{minor} format {format} {kind}");
            check(&name, &las(minor, format, *extra, entries), folder.path());
        }
    }
}

#[test]
fn colours_in_extra_bytes_stay_there() {
    let folder = tempfile::tempdir().unwrap();
    let entries = ["Red", "Green", "Blue"].map(|name| (name, 3, 0, NONE, NONE));
    for (minor, format) in [(2, 1), (4, 6)] {
        check(&format!("format {format}"), &las(minor, format, 6, &entries), folder.path());
    }
}

/// A file with several chunks is read without their table, too.
#[test]
fn chunks_are_found_without_their_table() {
    const TIMES: usize = 400;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for format in [1, 3, 6, 7, 10] {
        let one = las(if format < 6 { 2 } else { 4 }, format, 0, &[]);
        let data = u32::from_le_bytes(one[96..100].try_into().unwrap()) as usize;
        let size = SIZES[format];
        let mut bytes = one[..data].to_vec();
        bytes.extend(one[data..data + POINTS * size].repeat(TIMES));
        let points = (POINTS * TIMES) as u64;
        if format < 6 {
            bytes[107..111].copy_from_slice(&(points as u32).to_le_bytes());
        } else {
            bytes[247..255].copy_from_slice(&points.to_le_bytes());
            bytes[227..247].fill(0);
        }
        std::fs::write(path("a.las"), &bytes).unwrap();
        Reader::new().convert(path("a.las"), path("b.laz"), false).unwrap();
        let mut compressed = std::fs::read(path("b.laz")).unwrap();
        let data = u32::from_le_bytes(compressed[96..100].try_into().unwrap()) as usize;
        compressed[data..data + 8].fill(0xff);
        std::fs::write(path("c.laz"), &compressed).unwrap();
        Reader::new().convert(path("c.laz"), path("d.las"), false).unwrap();
        io::write(path("e.las"), &io::read(path("c.laz")).unwrap()).unwrap();
        for made in ["d.las", "e.las"] {
            assert!(fixed(&bytes) == fixed(&std::fs::read(path(made)).unwrap()), "format {format}: {made}");
        }
    }
}

#[test]
fn what_las_has_beside_its_points_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.las");
    let mut bytes = las(4, 9, 0, &[]);
    std::fs::write(&path, &bytes).unwrap();
    let records = "LAS records: 3 dropped, with the coordinate reference system, ply files hold none \
                   (LASF_Projection 2112, somebody 1, LASF_Spec 65535)";
    assert_eq!(Reader::new().convert(&path, folder.path().join("a.ply"), false).unwrap(), [records]);
    // Waveforms in another file.
    bytes[6] |= 4;
    std::fs::write(&path, &bytes).unwrap();
    let lost = losses(&Reader::new().open(&path).unwrap(), Format::of_extension("las").unwrap());
    assert_eq!(lost, ["waveforms in the file .wdp beside it: dropped, not read from the file"]);
}
