//! Files and trees of files turned into other formats by the binary.

mod common;

use std::fs;

use common::{CLASSES, TEST, TRAIN, Workplace};
use pointcloud::read_cloud;

#[test]
fn a_tree_comes_back_as_it_was() {
    let place = Workplace::new();
    place.succeed(&["convert", "set", "arrays", "--format", "npy"]);
    place.succeed(&["convert", "arrays", "back"]);
    let mut files = 0;
    for class in fs::read_dir(place.path("back")).unwrap() {
        for split in ["train", "test"] {
            for file in fs::read_dir(class.as_ref().unwrap().path().join(split)).unwrap() {
                let back = file.unwrap().path();
                let original = place.path("set").join(back.strip_prefix(place.path("back")).unwrap());
                let (back, original) = (read_cloud(back).unwrap(), read_cloud(original).unwrap());
                assert_eq!(back.positions(), original.positions());
                files += 1;
            }
        }
    }
    assert_eq!(files, CLASSES * (TRAIN + TEST));
}

#[test]
fn points_are_chosen_by_the_seed() {
    let place = Workplace::new();
    let draw = |to: &str, seed: &str| {
        place.succeed(&["convert", "set/cone/test", to, "--points", "10", "--seed", seed]);
        let file = fs::read_dir(place.path(to)).unwrap().next().unwrap().unwrap().file_name();
        let cloud = read_cloud(place.path(to).join(file)).unwrap();
        assert_eq!(cloud.len(), 10);
        cloud.into_positions()
    };
    let first = draw("a", "1");
    assert_eq!(first, draw("b", "1"));
    assert_ne!(first, draw("c", "2"));
}

#[test]
fn what_is_wrong_is_named() {
    let place = Workplace::new();
    place.fail(&["convert", "nothing", "out"], &["nothing: cannot read"]);
    place.fail(&["convert", "tiny.toml", "out.doc"], &["out.doc", "found extension 'doc'", "ply"]);
    fs::create_dir(place.path("mixed")).unwrap();
    fs::write(place.path("mixed/good.xyz"), "0 0 0\n1 2 3\n").unwrap();
    fs::write(place.path("mixed/torn.ply"), "ply\nformat ascii 1.0\nelement vertex 2\n").unwrap();
    place.fail(&["convert", "mixed", "out"], &["torn.ply"]);
    place.succeed(&["convert", "mixed", "kept", "--skip-bad"]);
    assert_eq!(read_cloud(place.path("kept/good.ply")).unwrap().positions()[1], [1.0, 2.0, 3.0]);
    assert_eq!(fs::read_dir(place.path("kept")).unwrap().count(), 1);
}
