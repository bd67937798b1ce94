//! LAS files made of LAS files: everything that is no point is kept, and extra bytes are what they are described to be.

use std::path::{Path, PathBuf};

use pointcloud::io;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
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
    let two = io::read(file("l_two_eb_vlrs.las")).unwrap();
    assert_eq!(two.property("confidence").unwrap().values, [6.0, 7.0, 8.0, 9.0, 10.0]);
    assert_eq!(two.property("Deviation").unwrap().values[0], 3840.0);
    let triple = io::read(file("l_triple_eb.las")).unwrap();
    assert!(triple.normals().is_some());
    assert_eq!(triple.property("height").unwrap().values[0], 0.5);
}
